/** The fleet from above: who is led, who does less than he should, in which modes and versions. Every number leads to its list. */
import { Link } from 'react-router';
import type { EndpointHealth } from '../../api/model';
import { count, percent } from '../../parts/format';
import { Shape, type Tone } from '../../parts/Marks';
import { useWords } from '../../words';
import { MODE_ICONS, MODE_TONES, MODES } from './marks';
import { versionsOf } from './telling';

export function Health({ health }: { health: EndpointHealth }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const away = health.endpoints - health.connected;
  return (
    <div className="panel endpoint-health">
      <div className="figures six inside">
        <Figure
          to="/endpoints?away=false"
          tone={away > 0 ? 'unknown' : 'fixed'}
          label={t('endpoints.connected')}
          value={n(health.connected)}
          of={`/ ${n(health.endpoints)}`}
          note={away > 0 ? t('endpoints.away-note', { n: n(away) }) : t('endpoints.all-connected')}
        />
        <Figure
          to="/endpoints?gaps=true"
          tone={health.with_gaps > 0 ? 'blocked' : 'fixed'}
          label={t('endpoints.with-gaps')}
          value={n(health.with_gaps)}
          note={t('endpoints.gaps-note')}
        />
        <Figure
          to="/endpoints?behind=true"
          tone={health.behind > 0 ? 'blocked' : 'fixed'}
          label={t('endpoints.behind')}
          value={n(health.behind)}
          note={t('endpoints.behind-note')}
        />
        <Figure
          to="/endpoints/executions?outcome=would_block"
          tone={health.would_block > 0 ? 'partial' : undefined}
          label={t('endpoints.would-block')}
          value={n(health.would_block)}
          note={t('endpoints.would-block-note')}
        />
        <Figure
          to="/endpoints/incidents"
          tone={health.incidents > 0 ? 'open' : undefined}
          label={t('endpoints.incidents')}
          value={n(health.incidents)}
          note={t('endpoints.incidents-note')}
        />
        <Figure
          to="/endpoints/changes"
          tone={health.proposed > 0 ? 'accent' : undefined}
          label={t('endpoints.proposed')}
          value={n(health.proposed)}
          note={t('endpoints.proposed-note')}
        />
      </div>
      <div className="endpoint-shares">
        <Share
          label={t('endpoints.by-mode')}
          whole={health.endpoints}
          parts={MODES.map((mode) => ({
            key: mode,
            name: t(`endpoints.mode-${mode}`),
            icon: <span className={`tone-${MODE_TONES[mode]}`}>{MODE_ICONS[mode]}</span>,
            count: health.modes[mode] ?? 0,
            colour: `var(--${MODE_TONES[mode]})`,
            to: `/endpoints?mode=${mode}`,
          }))}
        />
        <Share
          label={t('endpoints.by-version')}
          whole={health.endpoints}
          parts={versionsOf(health.versions).map(({ name, count }, i, all) => ({
            key: name || 'others',
            name: name || t('endpoints.older-versions'),
            count,
            to: name ? `/endpoints?version=${encodeURIComponent(name)}` : undefined,
            colour: `color-mix(in srgb, var(--accent) ${100 - (i * 80) / Math.max(1, all.length - 1)}%, var(--line))`,
          }))}
        />
      </div>
    </div>
  );
}

function Figure(props: {
  to?: string;
  tone: Tone | undefined;
  label: string;
  value: string;
  of?: string;
  note: string;
}) {
  const told = (
    <>
      <span className="label">{props.label}</span>
      <span className="value">
        {props.tone ? (
          <span className={`tone-${props.tone}`}>
            <Shape tone={props.tone} size={15} /> {props.value}
          </span>
        ) : (
          props.value
        )}
        {props.of && <small>{props.of}</small>}
      </span>
      <span className="note" title={props.note}>
        {props.note}
      </span>
    </>
  );
  if (!props.to) return <div className="figure">{told}</div>;
  return (
    <Link className="figure" to={props.to}>
      {told}
    </Link>
  );
}

interface Part {
  key: string;
  name: string;
  icon?: React.ReactNode;
  count: number;
  colour: string;
  to?: string;
}

/** One bar of shares, with each share by name below it. */
function Share({ label, whole, parts }: { label: string; whole: number; parts: Part[] }) {
  const { language } = useWords();
  const n = (value: number) => count(value, language);
  const there = parts.filter((part) => part.count > 0);
  return (
    <section aria-label={label}>
      <h3>{label}</h3>
      <div
        className="bar verdicts"
        role="img"
        aria-label={`${label}: ${there.map((part) => `${part.name} ${n(part.count)}`).join(', ')}`}
      >
        {there.map((part) => (
          <span
            key={part.key}
            style={{ flexGrow: part.count, background: part.colour }}
            title={`${part.name} ${n(part.count)}`}
          />
        ))}
      </div>
      <ul>
        {parts.map((part) => {
          const said = (
            <>
              {part.icon ?? (
                <span className="swatch" style={{ background: part.colour }} aria-hidden="true" />
              )}{' '}
              {part.name} <strong className="num">{n(part.count)}</strong>{' '}
              <small className="muted num">{share(part.count, whole)}</small>
            </>
          );
          return <li key={part.key}>{part.to ? <Link to={part.to}>{said}</Link> : <span>{said}</span>}</li>;
        })}
      </ul>
    </section>
  );
}

/** What is there never reads as nothing. */
function share(part: number, whole: number): string {
  const rounded = percent(part, whole);
  return part > 0 && rounded === 0 ? '<1%' : `${rounded}%`;
}
