/** All files from above: what they are judged to be, how the analysis stands, of which types they are. */
import { Alert } from 'antd';
import { Link } from 'react-router';
import type { FileOverview } from '../../api/model';
import { ago, bytes, count, instant, percent } from '../../parts/format';
import { Shape } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Quoted } from '../../parts/Says';
import type { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { toneOf, useGroupName, VERDICTS } from './marks';

/** A worker that has not asked for longer does not work. */
const SILENT_MS = 120_000;
/** The largest groups; the filter has all of them. */
const GROUPS = 8;

export function Trouble({ overview }: { overview: FileOverview }) {
  const { t, say } = useWords();
  // A worker elsewhere opens them instead.
  const elsewhere = overview.workers.some((worker) => !isSilent(worker.last_seen));
  if (!overview.trouble) return null;
  return (
    <Alert
      type={elsewhere ? 'info' : 'warning'}
      showIcon
      className="spaced"
      title={t(elsewhere ? 'files.trouble-elsewhere' : 'files.trouble')}
      description={<Quoted text={say(overview.trouble)} />}
    />
  );
}

const isSilent = (lastSeen: string) => Date.now() - new Date(lastSeen).getTime() > SILENT_MS;

export function Tiles({ overview, verdict }: { overview: FileOverview; verdict: string | undefined }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const files = new Map(overview.verdicts.map((count) => [count.value, count.files]));
  const tiles = [
    ...VERDICTS.map((value) => ({ value, to: `/files?verdict=${value}` })),
    { value: '', to: '/files?state=waiting,leased,set-aside' },
  ].map((tile) => ({ ...tile, files: files.get(tile.value) ?? 0 }));
  const word = (value: string) =>
    t(`files.verdict-${(value || 'none') as (typeof VERDICTS)[number] | 'none'}`);
  return (
    <div className="panel file-tiles">
      <div className="figures six inside">
        {tiles.map(({ value, to, files }) => (
          <Link
            key={value}
            to={to}
            className="figure"
            aria-current={value !== '' && verdict === value ? 'true' : undefined}
          >
            <span className="label">{word(value)}</span>
            <span className="value">
              <span className={files > 0 ? `tone-${toneOf(value)}` : 'muted'}>
                <Shape tone={toneOf(value)} size={16} /> {n(files)}
              </span>
              <small>{share(files, overview.files)}</small>
            </span>
          </Link>
        ))}
      </div>
      <div
        className="bar verdicts"
        role="img"
        aria-label={t('files.bar', {
          what: tiles.filter((tile) => tile.files > 0).map((tile) => `${word(tile.value)} ${n(tile.files)}`),
        })}
      >
        {tiles
          .filter((tile) => tile.files > 0)
          .map((tile) => (
            <span
              key={tile.value}
              className={`fill-${toneOf(tile.value)}`}
              style={{ flexGrow: tile.files }}
              title={`${word(tile.value)} ${n(tile.files)}`}
            />
          ))}
      </div>
      <Standing overview={overview} />
    </div>
  );
}

/** A share of a hundred; what is there never reads as nothing. */
function share(part: number, whole: number): string {
  const rounded = percent(part, whole);
  return part > 0 && rounded === 0 ? '<1%' : `${rounded}%`;
}

/** How the analysis stands, in a line. */
function Standing({ overview }: { overview: FileOverview }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const { waiting, leased, set_aside, oldest, workers } = overview;
  return (
    <div className="file-standing small">
      <span>
        <Link to="/files?state=waiting">{t('files.waiting', { n: n(waiting) })}</Link>
        {waiting > 0 && oldest && (
          <span className="muted" title={instant(oldest)}>
            {' '}
            {t('files.oldest', { age: ago(oldest, language) })}
          </span>
        )}
      </span>
      <Link to="/files?state=leased">{t('files.leased', { n: n(leased) })}</Link>
      <Link to="/files?state=set-aside" className={set_aside > 0 ? 'tone-blocked' : undefined}>
        {t('files.set-aside', { n: n(set_aside) })}
      </Link>
      <span className="grow" />
      {workers.length === 0 && <span className="muted">{t('files.no-workers')}</span>}
      {workers.slice(0, 4).map((worker) => (
        <span key={worker.name} className={isSilent(worker.last_seen) ? 'muted' : undefined}>
          <Shape tone={isSilent(worker.last_seen) ? 'unknown' : 'fixed'} size={11} />{' '}
          <Name text={worker.name} className="strong" />{' '}
          <span className="muted num" title={instant(worker.last_seen)}>
            {t('files.worker', { n: n(worker.finished), age: ago(worker.last_seen, language) })}
          </span>
        </span>
      ))}
      {workers.length > 4 && (
        <span className="muted" title={workers.map((worker) => worker.name).join(', ')}>
          +{n(workers.length - 4)}
        </span>
      )}
      <span className="muted num">{t('files.kept', { size: bytes(overview.kept_bytes, language) })}</span>
    </div>
  );
}

/** Files by group of types; a bar is a filter. */
export function Groups({
  overview,
  filters,
  set,
}: { overview: FileOverview } & ReturnType<typeof useFilters>) {
  const { t, language } = useWords();
  const name = useGroupName();
  const groups = overview.groups.filter((group) => group.value !== '').slice(0, GROUPS);
  if (groups.length < 2) return null;
  const most = Math.max(1, ...groups.map((group) => group.files));
  return (
    <section className="spread file-groups no-print" aria-label={t('files.by-group')}>
      <ul>
        {groups.map((group) => (
          <li key={group.value}>
            <button
              type="button"
              aria-pressed={filters['group'] === group.value}
              onClick={() => set({ group: filters['group'] === group.value ? null : group.value })}
            >
              <span className="ellipsis">{name(group.value)}</span>
              <span className="bar" aria-hidden="true">
                <span style={{ width: `${(group.files / most) * 100}%`, background: 'var(--accent)' }} />
              </span>
              <span className="num">{count(group.files, language)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
