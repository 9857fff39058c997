/** Conversations and their exchanges by the 13 elements, newest first. Filters live in the address. */
import { DownloadOutlined } from '@ant-design/icons';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Button, Segmented, Table, Tag, Tooltip, type TableColumnsType } from 'antd';
import { useMemo, type ReactNode } from 'react';
import { Link } from 'react-router';
import { address, get, type Query } from '../../api/client';
import type { SessionPage, SessionRow, SessionShape } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Go } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { bytes, count } from '../../parts/format';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { Shape } from '../../parts/Marks';
import { useFilters } from '../../parts/url';
import { useWords, type WordKey } from '../../words';
import { Histogram } from './Histogram';
import { connection, moment, operationName, place, span } from './parts';

/** Filters without a box of their own: they come from a click or a link. */
const PINNED = [
  'from',
  'to',
  'originator',
  'responder',
  'port',
  'transport',
  'operation',
  'result',
  'sha256',
  'community',
  'capture',
] as const;

const ROWS = 50;
/** Windows that are searched before a person is asked whether to go on. */
const WINDOWS = 20;

/** A page of sessions. What no index knows is searched for in windows: those with too few rows are put together. */
async function searched(query: Query, signal: AbortSignal): Promise<SessionPage> {
  const page = await get<SessionPage>('/sessions', query, signal);
  for (let windows = 1; windows < WINDOWS && page.searched_until && page.rows.length < ROWS; windows += 1) {
    const more = await get<SessionPage>('/sessions', { ...query, cursor: page.next ?? '' }, signal);
    page.rows.push(...more.rows);
    page.next = more.next ?? null;
    page.total = page.rows.length;
    page.total_is_least = more.total_is_least;
    page.searched_until = more.searched_until ?? null;
  }
  return page;
}

/** Searched in windows, only the rows that were found are counted. */
const inWindows = (page: SessionPage) => page.total_is_least && page.total <= page.rows.length;

export function Sessions() {
  const { language } = useWords();
  const { filters, set } = useFilters();
  const { session: _open, ...asked } = filters;
  const { cursor, ...kept } = asked;
  const query = { ...asked, limit: ROWS };
  const sessions = useQuery({
    queryKey: ['sessions', query],
    queryFn: ({ signal }) => searched(query, signal),
    placeholderData: keepPreviousData,
  });
  // The shape is that of the whole list; turning its pages does not change it.
  const shape = useQuery({
    queryKey: ['sessions', 'shape', kept],
    queryFn: ({ signal }) => get<SessionPage>('/sessions', { ...kept, facets: true, limit: 1 }, signal),
    placeholderData: keepPreviousData,
  });
  const drawn = shape.data?.shape ?? undefined;
  return (
    <Panel flush>
      <Bar filters={filters} set={set} shape={drawn}>
        <Button
          size="small"
          icon={<DownloadOutlined />}
          href={address('/sessions.export', { ...kept, format: 'csv', lang: language })}
          download
        >
          CSV
        </Button>
      </Bar>
      <Pinned filters={filters} set={set} />
      {drawn && drawn.rows > 0 && <Above shape={drawn} filters={filters} set={set} />}
      <Show of={sessions} rows={14}>
        {(page) => (
          <Rows
            page={page}
            busy={sessions.isPlaceholderData}
            filtered={Object.keys(kept).length > 0 || cursor !== undefined}
          />
        )}
      </Show>
    </Panel>
  );
}

type Set = ReturnType<typeof useFilters>['set'];

function Bar(props: {
  filters: Record<string, string>;
  set: Set;
  shape: SessionShape | undefined;
  children: ReactNode;
}) {
  const { filters, set, shape } = props;
  const { t } = useWords();
  const weapon = useWeaponName();
  return (
    <div className="filters">
      <Segmented
        size="small"
        aria-label={t('network.kind')}
        value={filters['kind'] ?? 'all'}
        options={(['all', 'conversation', 'exchange'] as const).map((value) => ({
          value,
          label: t(`network.kind-${value}`),
        }))}
        onChange={(next) => set({ kind: next === 'all' ? null : next })}
      />
      <SearchBox
        value={filters['host'] ?? ''}
        label={t('network.host-search')}
        width={158}
        onSearch={(text) => set({ host: text.trim() })}
      />
      <SearchBox
        value={filters['object'] ?? ''}
        label={t('network.object-search')}
        width={226}
        onSearch={(text) => set({ object: text.trim() })}
      />
      <SearchBox
        value={filters['account'] ?? ''}
        label={t('network.account-search')}
        width={122}
        onSearch={(text) => set({ account: text.trim() })}
      />
      <FacetSelect
        label={t('network.protocol')}
        value={filters['protocol']}
        facets={shape?.facets['protocol']}
        name={(value) => protocolName(value, t('network.unknown-protocol'))}
        onChange={(value) => set({ protocol: value })}
      />
      <FacetSelect
        label={t('network.weapon')}
        value={filters['weapon']}
        facets={shape?.facets['weapon']}
        name={weapon}
        onChange={(value) => set({ weapon: value })}
        width={120}
      />
      <span className="grow" />
      {props.children}
    </div>
  );
}

export function protocolName(value: string, unknown: string): string {
  return value === 'unknown' ? unknown : value.toUpperCase();
}

function Pinned({ filters, set }: { filters: Record<string, string>; set: Set }) {
  const { t } = useWords();
  const pinned = PINNED.filter((name) => filters[name] !== undefined);
  if (pinned.length === 0) return null;
  const shown = (name: (typeof PINNED)[number], value: string) =>
    name === 'from' || name === 'to' ? moment(value) : name === 'capture' ? `#${value}` : value;
  return (
    <div className="filters">
      {pinned.map((name) => (
        <Tag key={name} closable onClose={() => set({ [name]: null })}>
          {t(`network.filter-${name}`)}: <span className="mono">{shown(name, filters[name] ?? '')}</span>
        </Tag>
      ))}
      <Link to="/network/sessions" className="small">
        {t('action.clear-filters')}
      </Link>
    </div>
  );
}

/** The list from above: when, which protocols, which hosts, which weapons. A bar is a filter. */
function Above({ shape, filters, set }: { shape: SessionShape; filters: Record<string, string>; set: Set }) {
  const { t, language } = useWords();
  const weapon = useWeaponName();
  const names: [string, WordKey, (value: string) => string][] = [
    ['protocol', 'network.by-protocol', (value) => protocolName(value, t('network.unknown-protocol'))],
    ['host', 'network.by-host', (value) => value],
    ['weapon', 'network.by-weapon', weapon],
  ];
  return (
    <div className="spread network no-print">
      <section aria-label={t('network.by-time')}>
        <h3>
          {t('network.by-time')}
          {shape.rows >= 10_000 && <> · {t('network.newest-rows', { n: count(shape.rows, language) })}</>}
        </h3>
        <Histogram shape={shape} onPick={(from, to) => set({ from, to })} />
      </section>
      {names.map(([name, title, shown]) => {
        const list = (shape.facets[name] ?? []).slice(0, 6);
        const top = Math.max(1, ...list.map((facet) => facet.count));
        return (
          <section key={name} aria-label={t(title)}>
            <h3>{t(title)}</h3>
            {list.length === 0 && (
              <span className="muted small">
                {t(name === 'weapon' ? 'network.no-weapon' : 'empty.filtered')}
              </span>
            )}
            <ul>
              {list.map((facet) => (
                <li key={facet.value}>
                  <button
                    type="button"
                    aria-pressed={filters[name] === facet.value}
                    title={shown(facet.value)}
                    onClick={() => set({ [name]: filters[name] === facet.value ? null : facet.value })}
                  >
                    <span className={name === 'host' ? 'ellipsis mono' : 'ellipsis'}>
                      {shown(facet.value)}
                    </span>
                    <span className="bar" aria-hidden="true">
                      <span
                        style={{
                          width: `${(facet.count / top) * 100}%`,
                          background: name === 'weapon' ? 'var(--open)' : 'var(--accent)',
                        }}
                      />
                    </span>
                    <span className="num">{count(facet.count, language)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

function Rows({ page, busy, filtered }: { page: SessionPage; busy: boolean; filtered: boolean }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const columns = useColumns((row) => set({ session: String(row.id), cursor: filters['cursor'] }));
  if (page.rows.length === 0 && page.searched_until) {
    return (
      <Blank
        title={t('network.none-until', { when: moment(page.searched_until) })}
        action={
          <Button type="primary" onClick={() => set({ ...filters, cursor: page.next ?? null })}>
            {t('network.search-on')}
          </Button>
        }
      >
        {t('network.search-note')}
      </Blank>
    );
  }
  if (page.rows.length === 0) {
    return filtered ? (
      <Blank
        title={t('empty.filtered')}
        action={<Link to="/network/sessions">{t('action.clear-filters')}</Link>}
      />
    ) : (
      <Blank
        title={t('network.empty-title')}
        action={
          <Go to="/network/captures" type="primary">
            {t('network.upload')}
          </Go>
        }
      >
        {t('network.empty')}
      </Blank>
    );
  }
  return (
    <>
      <Table
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={page.rows}
        pagination={false}
        loading={busy}
        tableLayout="fixed"
        scroll={{ x: 1100 }}
        className="top-aligned"
        aria-label={t('network.sessions')}
      />
      {page.searched_until ? (
        <div className="pager muted small">
          {t('network.searched-until', { when: moment(page.searched_until) })}
        </div>
      ) : (
        page.total_is_least &&
        !inWindows(page) && (
          <div className="pager muted small">{t('network.at-least', { n: count(page.total, language) })}</div>
        )
      )}
      <Pager
        {...(inWindows(page) ? {} : { total: page.total })}
        shown={page.rows.length}
        next={page.next ?? undefined}
      />
    </>
  );
}

function useColumns(onOpen: (row: SessionRow) => void): TableColumnsType<SessionRow> {
  const { t, word, language } = useWords();
  const weapon = useWeaponName();
  return useMemo(() => {
    const head = (name: WordKey, numbers: string) => (
      <Tooltip title={t('network.element', { n: numbers })}>
        <span>
          {t(name)} <span className="element">{numbers}</span>
        </span>
      </Tooltip>
    );
    return [
      {
        title: head('network.time', '6'),
        width: 166,
        render: (_, { record, ...row }) => (
          <>
            <div className="small">
              <button type="button" className="link num nowrap" onClick={() => onOpen({ record, ...row })}>
                {moment(record.start)}
              </button>
            </div>
            <div className="muted small ellipsis">
              {record.transaction == null
                ? [
                    t('network.a-conversation'),
                    span(record.duration_us),
                    connection(record.state, word),
                  ].join(' · ')
                : t('network.an-exchange', { n: record.transaction })}
            </div>
          </>
        ),
      },
      {
        title: head('network.ends', '1–5'),
        width: 212,
        render: (_, { record }) => (
          <>
            <div className="mono small anywhere">{place(record.originator, record.originator_port)}</div>
            <div className="mono small anywhere">
              <span className="muted">→</span> {place(record.responder, record.responder_port)}{' '}
              <span className="muted">{record.transport}</span>
            </div>
          </>
        ),
      },
      {
        title: head('network.protocol', '8'),
        width: 98,
        render: (_, { record, weapons }) => (
          <>
            <div className="ellipsis" title={record.protocol?.toUpperCase()}>
              {record.protocol ? record.protocol.toUpperCase() : <span className="muted">—</span>}
              {weapons.length > 0 && (
                <Tooltip title={weapons.map(weapon).join(', ')}>
                  <span className="tone-open" aria-label={weapons.map(weapon).join(', ')}>
                    {' '}
                    <Shape tone="open" size={11} />
                  </span>
                </Tooltip>
              )}
            </div>
            <div className="muted small ellipsis" title={record.version ?? undefined}>
              {record.version}
            </div>
          </>
        ),
      },
      {
        title: head('network.subject', '9'),
        width: '8%',
        render: (_, { record }) => <Two first={record.account} second={record.host_name} />,
      },
      {
        title: head('network.object', '10'),
        render: (_, { record }) =>
          record.object ? (
            <div className="object small" title={record.object}>
              {record.object}
            </div>
          ) : (
            <span className="muted">—</span>
          ),
      },
      {
        title: head('network.operation', '11'),
        width: 142,
        render: (_, { record }) => <Done operation={record.operation} result={record.result} />,
      },
      {
        title: head('network.volume', '7'),
        width: 88,
        align: 'right',
        render: (_, { record }) => (
          <Tooltip
            title={t('network.packets', {
              out: count(record.originator_packets, language),
              back: count(record.responder_packets, language),
            })}
          >
            <div className="num small nowrap">↑ {bytes(record.originator_bytes, language)}</div>
            <div className="num small nowrap">↓ {bytes(record.responder_bytes, language)}</div>
          </Tooltip>
        ),
      },
      {
        title: head('network.fingerprint', '12'),
        width: 122,
        render: (_, { record }) => <Two first={record.client} second={record.server} small />,
      },
      {
        title: head('network.payload', '13'),
        width: '9%',
        render: (_, { record }) => <Carried record={record} />,
      },
    ];
  }, [t, word, language, weapon, onOpen]);
}

function Done({ operation, result }: { operation?: string | null; result?: string | null }) {
  const short = operationName(operation);
  if (!short && !result) return <span className="muted">—</span>;
  return (
    <>
      <div className="small anywhere" title={operation ?? undefined}>
        {short ?? <span className="muted">—</span>}
      </div>
      <div className="muted small ellipsis" title={result ?? undefined}>
        {result}
      </div>
    </>
  );
}

function Two({ first, second, small }: { first?: string | null; second?: string | null; small?: boolean }) {
  if (!first && !second) return <span className="muted">—</span>;
  return (
    <>
      <div className={small ? 'ellipsis small' : 'ellipsis'} title={first ?? undefined}>
        {first ?? <span className="muted">—</span>}
      </div>
      <div className="muted small ellipsis" title={second ?? undefined}>
        {second}
      </div>
    </>
  );
}

export function Carried({ record }: { record: SessionRow['record'] }) {
  const { t, language } = useWords();
  const payload = record.payload;
  if (!payload) return <span className="muted">—</span>;
  if (payload.kind === 'first-bytes') {
    return (
      <div className="mono small ellipsis muted">
        {payload.originator.slice(0, 16) || payload.responder.slice(0, 16)}
      </div>
    );
  }
  return (
    <>
      <div className="ellipsis" title={payload.name}>
        {payload.name || t('network.unnamed')}
      </div>
      <div className="muted small ellipsis" title={payload.sha256 ?? undefined}>
        {[
          bytes(payload.size, language),
          payload.media_type,
          payload.complete ? null : t('network.incomplete'),
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
    </>
  );
}
