/** Modes, states, outcomes and levels of endpoints: an icon, a colour and a word. */
import { ExperimentOutlined, EyeOutlined, LockOutlined } from '@ant-design/icons';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type {
  AlarmLevel,
  BreakGlass,
  EndpointProgram,
  EndpointRan,
  EndpointState,
  ExecutionKind,
  ExecutionOrigin,
  ExecutionOutcome,
  ExecutionVerdict,
  Message,
  PolicyMode,
} from '../../api/model';
import { Copy } from '../../parts/Copy';
import { instant } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { moment } from './telling';

/** From what only looks to what decides. */
export const MODES = ['observe', 'simulate', 'enforce'] as const;
export const OUTCOMES = ['would_block', 'blocked', 'ran'] as const;
export const KINDS = ['program', 'script', 'library', 'nameless'] as const;
export const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'] as const;

export const MODE_TONES: Record<PolicyMode, Tone> = {
  observe: 'unknown',
  simulate: 'partial',
  enforce: 'fixed',
};
export const MODE_ICONS: Record<PolicyMode, ReactNode> = {
  observe: <EyeOutlined aria-hidden="true" />,
  simulate: <ExperimentOutlined aria-hidden="true" />,
  enforce: <LockOutlined aria-hidden="true" />,
};

export function ModeMark({ mode, bare }: { mode: PolicyMode; bare?: boolean }) {
  const { t } = useWords();
  return (
    <span className={`mark ${MODE_TONES[mode]}${bare ? ' bare' : ''}`}>
      {MODE_ICONS[mode]}
      {t(`endpoints.mode-${mode}`)}
    </span>
  );
}

const STATES: Record<EndpointState, Tone> = { connected: 'fixed', away: 'unknown', revoked: 'none' };

export function EndpointStateMark({ state }: { state: EndpointState }) {
  const { t } = useWords();
  return <Mark tone={STATES[state]}>{t(`endpoints.state-${state}`)}</Mark>;
}

export const OUTCOME_TONES: Record<ExecutionOutcome, Tone> = {
  ran: 'none',
  would_block: 'partial',
  blocked: 'blocked',
};

export function OutcomeMark({ outcome }: { outcome: ExecutionOutcome }) {
  const { t } = useWords();
  return (
    <Mark tone={OUTCOME_TONES[outcome]} {...(outcome === 'ran' && { bare: true })}>
      {t(`endpoints.outcome-${outcome}`)}
    </Mark>
  );
}

const LEVEL_TONES: Record<AlarmLevel, Tone> = {
  critical: 'open',
  high: 'open',
  medium: 'blocked',
  low: 'unknown',
  informational: 'none',
};

export function LevelMark({ level }: { level: AlarmLevel }) {
  const { t } = useWords();
  return (
    <Mark tone={LEVEL_TONES[level]} {...(level === 'high' && { bare: true })}>
      {t(`endpoints.level-${level}`)}
    </Mark>
  );
}

/** Glass that is broken is seen wherever its group is. */
export function GlassMark({ glass }: { glass: BreakGlass | null | undefined }) {
  const { t } = useWords();
  if (!glass) return null;
  return (
    <span className="chip warn first" title={glass.why}>
      {t('endpoints.glass-until', { until: instant(moment(glass.until)) })}
    </span>
  );
}

export const endpointPath = (id: string) => `/endpoints/fleet/${encodeURIComponent(id)}`;
export const groupPath = (id: string) => `/endpoints/groups?${new URLSearchParams({ group: id }).toString()}`;
export const filePath = (sha256: string) => `/endpoints/executions?outcome=all&file=${sha256}`;
export const incidentPath = (id: number) => `/endpoints/incidents/${id}`;

export function EndpointLink({ id, machine }: { id: string; machine: string }) {
  return (
    <Link to={endpointPath(id)} className="strong anywhere">
      <Name text={machine || id} />
    </Link>
  );
}

/** Who vouches for a file. */
export function useOrigin(): (origin: ExecutionOrigin | null | undefined) => string {
  const { t } = useWords();
  return (origin) => {
    if (origin === null || origin === undefined) return '—';
    if (origin === 'nobody') return t('endpoints.origin-nobody');
    if ('package' in origin) return t('endpoints.origin-package', { name: origin.package.name });
    if ('changed_package' in origin)
      return t('endpoints.origin-changed', { name: origin.changed_package.name });
    return t('endpoints.origin-publisher', { name: origin.publisher.name });
  };
}

export function Origin({ origin }: { origin: ExecutionOrigin | null | undefined }) {
  const say = useOrigin();
  const changed = typeof origin === 'object' && origin !== null && 'changed_package' in origin;
  const tone = changed ? 'tone-blocked' : origin === 'nobody' ? 'muted' : undefined;
  return <Name text={say(origin)} className={`anywhere${tone ? ` ${tone}` : ''}`} />;
}

export function useKind(): (kind: ExecutionKind) => string {
  const { t } = useWords();
  return (kind) => t(`endpoints.kind-${kind}`);
}

/** Sentences that a machine told may hold anything a file name can. */
export function Told({ message, className }: { message: Message; className?: string }) {
  const { say } = useWords();
  return <Name text={say(message)} className={className} />;
}

/** A digest by its beginning, which opens what is known of the file. */
export function DigestLink({ sha256 }: { sha256: string | null | undefined }) {
  const { t } = useWords();
  if (!sha256) return <span className="muted small">{t('endpoints.unread')}</span>;
  return (
    <span className="digest nowrap">
      <Link to={filePath(sha256)} className="mono" title={sha256}>
        {sha256.slice(0, 12)}…
      </Link>
      <Copy text={sha256} what="SHA-256" />
    </span>
  );
}

export function Program({ program }: { program: EndpointProgram }) {
  return (
    <>
      <Name text={program.path} className="mono anywhere strong" />
      {program.command_line && program.command_line !== program.path && (
        <div className="small muted">
          <Name text={program.command_line} className="mono anywhere" />
        </div>
      )}
      <div className="line wrap small">
        {program.sha256 && <DigestLink sha256={program.sha256} />}
        {program.origin && <Origin origin={program.origin} />}
      </div>
    </>
  );
}

/** Programs one below the other, the one that began it first. */
export function Ancestors({ list }: { list: EndpointProgram[] | undefined }) {
  const { t } = useWords();
  if (!list || list.length === 0) return null;
  return (
    <ol className="crumbs ancestors" aria-label={t('endpoints.ancestors')}>
      {[...list].reverse().map((program, i) => (
        <li key={i} title={program.command_line ?? undefined}>
          <Name text={program.path} className="mono anywhere" />
        </li>
      ))}
    </ol>
  );
}

/** A reputation of 0 to 100 as a bar: the longer, the more is said for it. */
export function ReputationBar({ value, from }: { value: number | null | undefined; from?: number }) {
  const { t } = useWords();
  if (value === null || value === undefined)
    return (
      <span className="muted" title={t('endpoints.no-reputation')}>
        —
      </span>
    );
  const tone = value >= (from ?? 70) ? 'fixed' : value < 30 ? 'blocked' : 'unknown';
  return (
    <span className="score">
      <span className="num">{value}</span>
      <span className="bar" aria-hidden="true">
        <span style={{ width: `${value}%`, background: `var(--${tone})` }} />
      </span>
    </span>
  );
}

/** Where a file that ran came from on its machine. */
export function RanFrom({ ran }: { ran: EndpointRan }) {
  const { t } = useWords();
  const facts: [string, string | null | undefined][] = [
    [t('endpoints.parent'), ran.parent],
    [t('endpoints.writer'), ran.writer],
    [t('endpoints.user'), ran.user === null || ran.user === undefined ? null : `uid ${ran.user}`],
  ];
  const told = facts.filter(([, value]) => value);
  if (told.length === 0) return <span className="muted">—</span>;
  return (
    <>
      {told.map(([name, value]) => (
        <div key={name} className="small">
          <span className="muted">{name}</span> <Name text={value ?? ''} className="mono anywhere" />
        </div>
      ))}
    </>
  );
}

/** Which rule decided, in a line; the whole sentence is on it. */
export function RungLine({ verdict }: { verdict: Pick<ExecutionVerdict, 'rung' | 'why'> }) {
  const { t, say } = useWords();
  return (
    <div className="muted small" title={visible(say(verdict.why))}>
      {t(`endpoints.rung-${verdict.rung}`)}
    </div>
  );
}
