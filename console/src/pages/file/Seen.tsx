/** Where a file was seen and how widely, which files have it inside, and which are like it. */
import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { FileDetail, FileSighting, FileWithin } from '../../api/model';
import { count, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { usePrinting } from '../../parts/printing';
import { useWords } from '../../words';
import { pathOf, short, VerdictMark } from '../files/marks';

const ROWS = 10;
/** Of these the server tells the last ones. */
const SIGHTINGS_MAX = 500;
/** Two files that are further apart have nothing in common. */
const FAR = 100;

/** Paper has no pages to turn to. */
function usePaged(rows: number) {
  const printing = usePrinting();
  return rows > ROWS && !printing
    ? { pageSize: ROWS, size: 'small' as const, showSizeChanger: false }
    : (false as const);
}

export function SeenAt({ detail }: { detail: FileDetail }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const { file, sightings } = detail;
  const names = [...new Set(sightings.map((seen) => seen.name).filter((name) => name !== ''))];
  const wire = sightings.some((seen) => seen.source === 'wire');
  const some = sightings.length >= SIGHTINGS_MAX;
  return (
    <div id="seen">
      <Panel
        title={t('files.seen')}
        extra={
          <span className="line small no-print">
            {wire && <Link to={`/network/sessions?sha256=${file.sha256}`}>{t('files.to-sessions')}</Link>}
            <Link to={`/network/hunts?${new URLSearchParams({ look: `sha256,${file.sha256}` }).toString()}`}>
              {t('files.look-back')}
            </Link>
          </span>
        }
        flush
      >
        <div className="figures inside four seen-figures">
          <Figure
            label={t('files.hosts')}
            value={n(file.hosts)}
            note={file.hosts === 0 ? t('files.no-host') : t('files.hosts-note')}
          />
          <Figure label={t('files.first-seen')} value={instant(file.first_seen)} note="" />
          <Figure label={t('files.last-seen')} value={instant(file.last_seen)} note="" />
          <div className="figure">
            <span className="label">
              {t('files.names')} <span className="num">{n(names.length)}</span>
            </span>
            <ul className="seen-names">
              {names.slice(0, 3).map((name) => (
                <li key={name} className="ellipsis">
                  <Name text={name} />
                </li>
              ))}
              {names.length > 3 && <li className="muted small">+{n(names.length - 3)}</li>}
            </ul>
          </div>
        </div>
        {some && <p className="padded muted small">{t('files.last-sightings', { n: n(SIGHTINGS_MAX) })}</p>}
        <Sightings sightings={sightings} />
      </Panel>
    </div>
  );
}

function Figure(props: { label: string; value: string; note: string }) {
  return (
    <div className="figure">
      <span className="label">{props.label}</span>
      <span className="value">{props.value}</span>
      <span className="note">{props.note}</span>
    </div>
  );
}

function Sightings({ sightings }: { sightings: FileSighting[] }) {
  const { t, language } = useWords();
  const paged = usePaged(sightings.length);
  const times = sightings.flatMap((seen) => [Date.parse(seen.first_seen), Date.parse(seen.last_seen)]);
  const begin = times.reduce((least, time) => Math.min(least, time), Infinity);
  const length = Math.max(1, times.reduce((most, time) => Math.max(most, time), -Infinity) - begin);
  const share = (at: string) => ((Date.parse(at) - begin) / length) * 100;
  const columns: TableColumnsType<FileSighting> = [
    {
      title: t('files.host'),
      width: 170,
      render: (_, seen) =>
        seen.host ? (
          <Link className="mono" to={`/hosts?q=${encodeURIComponent(seen.host)}`}>
            {seen.host}
          </Link>
        ) : (
          <span className="muted">{t('files.host-unknown')}</span>
        ),
    },
    { title: t('files.source'), width: 110, render: (_, seen) => t(`files.source-${seen.source}`) },
    {
      title: t('files.name'),
      ellipsis: true,
      render: (_, seen) => <Name text={seen.name} />,
    },
    {
      title: t('files.times'),
      width: 70,
      align: 'right',
      render: (_, seen) => <span className="num">{count(seen.times, language)}</span>,
    },
    {
      title: t('files.span'),
      width: 170,
      className: 'no-print',
      render: (_, seen) => (
        <span className="lifeline" aria-hidden="true">
          <span
            style={{
              left: `min(${share(seen.first_seen)}%, calc(100% - 8px))`,
              width: `${share(seen.last_seen) - share(seen.first_seen)}%`,
            }}
          />
        </span>
      ),
    },
    {
      title: t('files.first-seen'),
      width: 142,
      render: (_, seen) => <span className="num nowrap">{instant(seen.first_seen)}</span>,
    },
    {
      title: t('files.last-seen'),
      width: 142,
      render: (_, seen) => <span className="num nowrap">{instant(seen.last_seen)}</span>,
    },
  ];
  if (sightings.length === 0) return <p className="padded muted">{t('files.never-seen')}</p>;
  return (
    <Table
      size="small"
      rowKey={(seen) => `${seen.host ?? ''} ${seen.source} ${seen.name}`}
      columns={columns}
      dataSource={sightings}
      tableLayout="fixed"
      scroll={{ x: 980 }}
      pagination={paged}
      aria-label={t('files.seen')}
    />
  );
}

export function Within({ within }: { within: FileWithin[] }) {
  const { t, language } = useWords();
  const paged = usePaged(within.length);
  const columns: TableColumnsType<FileWithin> = [
    {
      title: t('files.name'),
      width: '40%',
      render: (_, row) => (
        <>
          <Link className="strong file-name" to={pathOf(row.sha256)}>
            {row.name === '' ? t('files.unnamed') : <Name text={row.name} />}
          </Link>
          <div className="muted small mono">{short(row.sha256)}</div>
        </>
      ),
    },
    { title: t('files.path'), render: (_, row) => <Name text={row.path} className="mono small anywhere" /> },
  ];
  return (
    <Panel
      title={t('files.within')}
      extra={<span className="muted num">{count(within.length, language)}</span>}
      flush
    >
      <Table
        size="small"
        rowKey={(row) => `${row.sha256} ${row.path}`}
        columns={columns}
        dataSource={within}
        tableLayout="fixed"
        pagination={paged}
        aria-label={t('files.within')}
      />
    </Panel>
  );
}

export function Alike({ detail }: { detail: FileDetail }) {
  const { t } = useWords();
  const { alike, report } = detail;
  const hashed = report?.parts[0]?.file?.tlsh != null;
  return (
    <Panel title={t('files.alike')} flush>
      {alike.length === 0 ? (
        <p className="padded muted">{t(hashed ? 'files.none-alike' : 'files.no-tlsh')}</p>
      ) : (
        <ul className="alike">
          {alike.map((other) => (
            <li key={other.sha256}>
              <span className="alike-name">
                <Link to={pathOf(other.sha256)} className="strong ellipsis">
                  {other.name === '' ? short(other.sha256) : <Name text={other.name} />}
                </Link>
                <span className="muted small mono">{other.type}</span>
              </span>
              <span
                className="alike-bar"
                title={t('files.distance', { n: other.distance })}
                role="img"
                aria-label={t('files.distance', { n: other.distance })}
              >
                <span className="bar" aria-hidden="true">
                  <span
                    style={{
                      width: `${Math.max(2, 100 - (other.distance / FAR) * 100)}%`,
                      background: 'var(--accent)',
                    }}
                  />
                </span>
                <span className="num small">{other.distance}</span>
              </span>
              <VerdictMark verdict={other.standing} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function Pivots({ detail }: { detail: FileDetail }) {
  const { t, word, language } = useWords();
  const pivots = [...detail.pivots].sort((a, b) => b.files - a.files);
  return (
    <Panel title={t('files.pivots')} flush>
      {pivots.length === 0 ? (
        <p className="padded muted">{t('files.no-pivots')}</p>
      ) : (
        <ul className="pivots">
          {pivots.map((pivot) => (
            <li key={`${pivot.kind} ${pivot.value}`}>
              <span className="muted">{word(`console.files.pivot-${pivot.kind}`, pivot.kind)}</span>
              <Name text={pivot.value} className="mono anywhere" />
              {pivot.files > 0 ? (
                <Link
                  className="num nowrap strong"
                  to={`/files?${new URLSearchParams({ has: `${pivot.kind}:${pivot.value}` }).toString()}`}
                >
                  {t('files.n-others', { n: count(pivot.files, language) })}
                </Link>
              ) : (
                <span className="muted nowrap">{t('files.only-this')}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
