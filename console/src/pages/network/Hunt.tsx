/** One hunt: how far it is, what was met, when, by whom, and what was read for it. */
import { DownloadOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Progress, Table, Tag, type TableColumnsType } from 'antd';
import { Link, useLocation, useNavigate } from 'react-router';
import { address, get, sayable, send } from '../../api/client';
import type { HuntHitPage, HuntHitRow, HuntRow, HuntShape, HuntTop, IndicatorsTaken } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { bytes, count, instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { HoldHunt, useHolds } from './Holds';
import { HuntChart } from './HuntChart';
import { STATES, isOver, share, within } from './hunting';
import { End, moment } from './parts';

const NARROW = ['value', 'host', 'since', 'until'] as const;

export function Hunt({ id }: { id: string }) {
  const found = useQuery({
    queryKey: ['hunts', 'one', id],
    queryFn: ({ signal }) => get<HuntRow>(`/hunts/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: (query) => (query.state.data && !isOver(query.state.data) ? 1000 : false),
  });
  return (
    <Show of={found} rows={10}>
      {(hunt) => (
        <div className="grid">
          <Head hunt={hunt} />
          <Found hunt={hunt} />
        </div>
      )}
    </Show>
  );
}

function Head({ hunt }: { hunt: HuntRow }) {
  const { t, say, language } = useWords();
  const actor = useActor();
  const n = (value: number) => count(value, language);
  const location = useLocation();
  const taken = (location.state as { taken?: IndicatorsTaken } | null)?.taken;
  const over = isOver(hunt);
  return (
    <Panel
      title={
        <span className="line">
          <Link to="/network/hunts">{t('hunt.list')}</Link>
          <span className="muted">/</span>
          <span className="anywhere">{hunt.name}</span>
          <Mark tone={STATES[hunt.state]}>{t(`hunt.state-${hunt.state}`)}</Mark>
        </span>
      }
      extra={<Doing hunt={hunt} />}
    >
      {!over && (
        <div className="line" style={{ marginBottom: 12 }}>
          <Progress percent={share(hunt)} size="small" style={{ flex: 1, margin: 0 }} />
          {hunt.job && <span className="muted small">{say(hunt.job.title)}</span>}
        </div>
      )}
      {hunt.state === 'failed' && (
        <Alert
          type="error"
          showIcon
          style={{ marginBottom: 12 }}
          title={hunt.job?.error ? say(hunt.job.error) : t('hunt.state-failed')}
        />
      )}
      {hunt.state === 'cancelled' && (
        <Alert type="warning" showIcon style={{ marginBottom: 12 }} title={t('hunt.cancelled-note')} />
      )}
      {hunt.figures.unreadable > 0 && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 12 }}
          title={t('hunt.unreadable', { n: n(hunt.figures.unreadable) })}
          description={
            <ul className="bad-lines mono small">
              {hunt.figures.unreadable_files.map((file) => (
                <li key={file} className="anywhere">
                  {file}
                </li>
              ))}
            </ul>
          }
        />
      )}
      {hunt.left_out > 0 && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 12 }}
          title={t('hunt.left-out', { n: n(hunt.left_out) })}
        />
      )}
      {taken && taken.bad_lines > 0 && (
        <Alert
          type="warning"
          showIcon
          closable
          style={{ marginBottom: 12 }}
          title={t('hunt.bad-lines', { n: n(taken.bad_lines), good: n(taken.added) })}
          description={
            <ul className="bad-lines">
              {taken.bad.slice(0, 10).map((bad) => (
                <li key={`${bad.source} ${bad.line}`}>
                  {t('network.bad-line', { source: bad.source, line: n(bad.line) })}{' '}
                  <span className="mono">{bad.text}</span> <span className="muted">{say(bad.why)}</span>
                </li>
              ))}
            </ul>
          }
        />
      )}
      <div className="figures inside four">
        <Figure
          label={t('hunt.met')}
          value={`${n(hunt.met)} / ${n(hunt.wanted)}`}
          tone={hunt.met > 0}
          note={hunt.list ? t('hunt.of-list') : within(hunt, t)}
        />
        <Figure
          label={t('hunt.hosts')}
          value={n(hunt.hosts)}
          tone={hunt.hosts > 0}
          note={t('hunt.hosts-note')}
        />
        <Figure
          label={t('network.hits')}
          value={n(hunt.hits)}
          tone={hunt.hits > 0}
          note={
            hunt.hits === 0 && over && hunt.state === 'done'
              ? t('hunt.nothing-met')
              : t('hunt.begun-note', { at: instant(hunt.created), by: actor(hunt.by) })
          }
        />
        <Figure
          label={t('hunt.read')}
          value={bytes(hunt.figures.bytes, language)}
          note={t('hunt.read-note', {
            files: n(hunt.figures.files),
            out: n(hunt.figures.ruled_out),
            pages: n(hunt.figures.pages),
            all: n(hunt.figures.of_pages),
          })}
        />
      </div>
    </Panel>
  );
}

function Figure(props: { label: string; value: string; note: string; tone?: boolean }) {
  return (
    <div className="figure">
      <span className="label">{props.label}</span>
      <span className={props.tone ? 'value tone-open' : 'value'}>{props.value}</span>
      <span className="note">{props.note}</span>
    </div>
  );
}

function Doing({ hunt }: { hunt: HuntRow }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const go = useNavigate();
  const queries = useQueryClient();
  const settled = () => queries.invalidateQueries({ queryKey: ['hunts'] });
  const onError = (error: unknown) => void message.error(say(sayable(error)));
  const cancel = useMutation({
    mutationFn: (job: string) => send('POST', `/jobs/${encodeURIComponent(job)}/cancel`),
    onSettled: settled,
    onError,
  });
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/hunts/${hunt.id}`),
    onSuccess: () => void go('/network/hunts'),
    onSettled: settled,
    onError,
  });
  const held = useHolds().data?.rows.some((hold) => hold.hunt === hunt.id);
  const denied = may('import') ? null : t('denied.import');
  const job = hunt.job;
  return (
    <span className="line no-print">
      {!isOver(hunt) && job && (
        <Act size="small" denied={denied} loading={cancel.isPending} onClick={() => cancel.mutate(job.id)}>
          {t('jobs.cancel')}
        </Act>
      )}
      <HoldHunt hunt={hunt} />
      <Act
        size="small"
        danger
        denied={denied ?? (held ? t('hold.keeps') : null)}
        loading={remove.isPending}
        onClick={() =>
          modal.confirm({
            title: t('hunt.remove-title', { name: hunt.name }),
            content: t('hunt.remove-means'),
            okText: t('network.remove'),
            okButtonProps: { danger: true },
            cancelText: t('network.delete-not'),
            onOk: () => remove.mutateAsync().catch(() => undefined),
          })
        }
      >
        {t('network.remove')}
      </Act>
    </span>
  );
}

/** Who met what, and when. */
function Found({ hunt }: { hunt: HuntRow }) {
  const { t, word, language } = useWords();
  const { filters, set } = useFilters();
  const narrow = {
    kind: filters['kind'],
    value: filters['value'],
    host: filters['host'],
    q: filters['q'],
    since: filters['since'],
    until: filters['until'],
  };
  const query = { ...narrow, cursor: filters['cursor'], limit: 50 };
  const path = `/hunts/${hunt.id}`;
  const shape = useQuery({
    queryKey: ['hunts', 'shape', hunt.id, narrow, hunt.hits],
    queryFn: ({ signal }) => get<HuntShape>(`${path}/shape`, narrow, signal),
    placeholderData: keepPreviousData,
  });
  const hits = useQuery({
    queryKey: ['hunts', 'hits', hunt.id, query, hunt.hits],
    queryFn: ({ signal }) => get<HuntHitPage>(`${path}/hits`, query, signal),
    placeholderData: keepPreviousData,
  });
  const filtered = Object.values(narrow).some((value) => value !== undefined);
  if (hunt.hits === 0) {
    return (
      <Panel>
        <Blank title={t(isOver(hunt) ? 'hunt.nothing-met' : 'hunt.nothing-yet')}>
          {hunt.state === 'done' &&
            t(hunt.figures.of_days === 0 ? 'hunt.nothing-there' : 'hunt.nothing-met-note')}
        </Blank>
      </Panel>
    );
  }
  const shown = (name: string, value: string) =>
    name === 'since' || name === 'until' ? instant(value) : value;
  return (
    <>
      <Show of={shape} rows={4}>
        {(shape) => (
          <div className="hunt-picture">
            <Panel title={t('hunt.by-time')}>
              <HuntChart shape={shape} onPick={(since, until) => set({ since, until })} />
            </Panel>
            <Panel title={t('hunt.top-indicators')}>
              <Tops
                tops={shape.indicators}
                others={(n) => t('hunt.n-hosts', { n })}
                name={(top) => `${word(`console.indicator.${top.kind ?? ''}`, top.kind ?? '')}`}
                onPick={(top) => set({ kind: top.kind ?? null, value: top.name })}
              />
            </Panel>
            <Panel title={t('hunt.top-hosts')}>
              <Tops
                tops={shape.hosts}
                others={(n) => t('hunt.n-indicators', { n })}
                name={(top) => top.label ?? ''}
                onPick={(top) => set({ host: top.name })}
              />
            </Panel>
          </div>
        )}
      </Show>
      <Panel title={t('hunt.who')} flush>
        <div className="filters">
          <SearchBox
            value={filters['q'] ?? ''}
            label={t('hunt.search')}
            onSearch={(text) => set({ q: text.trim() })}
          />
          <Button
            size="small"
            icon={<DownloadOutlined aria-hidden="true" />}
            href={address(`${path}/hits.export`, { ...narrow, format: 'csv', lang: language })}
            download
          >
            CSV
          </Button>
          {NARROW.filter((name) => filters[name] !== undefined).map((name) => (
            <Tag
              key={name}
              closable
              onClose={() => set(name === 'value' ? { value: null, kind: null } : { [name]: null })}
            >
              {t(`hunt.filter-${name}`)}: <span className="mono">{shown(name, filters[name] ?? '')}</span>
            </Tag>
          ))}
        </div>
        <Show of={hits} rows={8}>
          {(page) =>
            page.rows.length === 0 ? (
              <Blank
                title={t('empty.filtered')}
                action={
                  filtered && <Link to={`/network/hunts?hunt=${hunt.id}`}>{t('action.clear-filters')}</Link>
                }
              />
            ) : (
              <>
                <Rows rows={page.rows} />
                <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
              </>
            )
          }
        </Show>
      </Panel>
    </>
  );
}

function Tops(props: {
  tops: HuntTop[];
  others: (n: string) => string;
  name: (top: HuntTop) => string;
  onPick: (top: HuntTop) => void;
}) {
  const { language } = useWords();
  const most = Math.max(1, ...props.tops.map((top) => top.count));
  return (
    <ul className="hunt-tops">
      {props.tops.map((top) => (
        <li key={`${top.kind ?? ''} ${top.name}`}>
          <button type="button" onClick={() => props.onPick(top)}>
            <span className="hunt-top-name">
              <span className="mono ellipsis" title={top.name}>
                {top.name}
              </span>
              <span className="muted small ellipsis">{props.name(top)}</span>
            </span>
            <span className="hunt-top-bar" aria-hidden="true">
              <span style={{ width: `${(top.count / most) * 100}%` }} />
            </span>
            <span className="num small nowrap">
              {count(top.count, language)}
              <span className="muted"> · {props.others(count(top.others, language))}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The conversations that show it, within the time of the meetings. */
function sessions(row: HuntHitRow): string {
  const query = new URLSearchParams({ host: row.host.address });
  if (row.community) query.set('community', row.community);
  return `/network/sessions?${query.toString()}`;
}

function Rows({ rows }: { rows: HuntHitRow[] }) {
  const { t, word, language } = useWords();
  const { set } = useFilters();
  const columns: TableColumnsType<HuntHitRow> = [
    { title: t('hunt.host'), width: 250, render: (_, row) => <End end={row.host} /> },
    {
      title: t('network.indicator'),
      render: (_, row) => (
        <>
          <button
            type="button"
            className="plain-link mono anywhere"
            onClick={() => set({ kind: row.kind, value: row.value })}
          >
            {row.value}
          </button>
          <div className="muted small">
            {word(`console.indicator.${row.kind}`, row.kind)} ·{' '}
            {word(`console.hunt.place-${row.place}`, row.place)}
            {row.protocol ? ` · ${row.protocol.toUpperCase()}` : ''}
          </div>
        </>
      ),
    },
    {
      title: t('hunt.peer'),
      width: 200,
      render: (_, row) => (row.peer ? <End end={row.peer} /> : <span className="muted">—</span>),
    },
    {
      title: t('network.hits'),
      width: 90,
      align: 'right',
      render: (_, row) => <strong className="num">{count(row.count, language)}</strong>,
    },
    {
      title: t('network.first'),
      width: 170,
      render: (_, row) => <span className="num nowrap">{moment(row.first).slice(0, 19)}</span>,
    },
    {
      title: t('network.last'),
      width: 170,
      render: (_, row) => <span className="num nowrap">{moment(row.last).slice(0, 19)}</span>,
    },
    {
      width: 130,
      align: 'right',
      className: 'no-print nowrap',
      render: (_, row) => <Link to={sessions(row)}>{t('hunt.to-sessions')}</Link>,
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => `${row.kind} ${row.value} ${row.host.address}`}
      columns={columns}
      dataSource={rows}
      pagination={false}
      tableLayout="fixed"
      scroll={{ x: 1200 }}
      aria-label={t('hunt.who')}
    />
  );
}
