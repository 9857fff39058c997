/** What stands out and claims no weapon: behaviours beyond a threshold, and indicators that were met. */
import { useQuery } from '@tanstack/react-query';
import { Segmented, Table, Tag, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { NotableKind, NotablePage, NotableRow } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { Go } from '../../parts/Act';
import { count, instant } from '../../parts/format';
import { Pager } from '../../parts/Pager';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords, type Words } from '../../words';
import { End, Evidence, profilePath, span } from './parts';

export function Notables({ kind }: { kind: NotableKind }) {
  const { t, word, language } = useWords();
  const { filters, set } = useFilters();
  const { name, host, value, capture, cursor } = filters;
  const query = { kind, name, host, value, capture, cursor, limit: 50 };
  const found = useQuery({
    queryKey: ['notables', query],
    queryFn: ({ signal }) => get<NotablePage>('/notables', query, signal),
  });
  const counts = (found.data?.counts ?? []).filter((one) => one.kind === kind);
  const filtered = [name, host, value, capture].some((one) => one !== undefined);
  return (
    <>
      <div className="filters">
        {kind === 'behaviour' && counts.length > 0 && (
          <Segmented
            size="small"
            aria-label={t('network.behaviour')}
            value={name ?? 'all'}
            options={[
              { value: 'all', label: t('network.kind-all') },
              ...counts.map((one) => ({
                value: one.name,
                label: `${word(`console.behaviour.${one.name}`, one.name)} ${count(one.count, language)}`,
              })),
            ]}
            onChange={(next) => set({ name: next === 'all' ? null : next })}
          />
        )}
        <SearchBox
          value={host ?? ''}
          label={t('network.host-search')}
          width={180}
          onSearch={(text) => set({ host: text.trim() })}
        />
        {value && (
          <Tag closable onClose={() => set({ value: null })}>
            {t('network.indicator')}: <span className="mono">{value}</span>
          </Tag>
        )}
        {capture && (
          <Tag closable onClose={() => set({ capture: null })}>
            {t('network.capture')}: #{capture}
          </Tag>
        )}
      </div>
      <Show of={found}>
        {(page) =>
          page.rows.length === 0 ? (
            <Nothing kind={kind} filtered={filtered} />
          ) : (
            <>
              <NotableTable rows={page.rows} kind={kind} />
              <Pager shown={page.rows.length} next={page.next ?? undefined} />
            </>
          )
        }
      </Show>
    </>
  );
}

function Nothing({ kind, filtered }: { kind: NotableKind; filtered: boolean }) {
  const { t } = useWords();
  if (filtered) {
    return (
      <Blank
        title={t('empty.filtered')}
        action={<Link to={`/network/findings?what=${kind}`}>{t('action.clear-filters')}</Link>}
      />
    );
  }
  const [to, action] =
    kind === 'behaviour'
      ? (['/network/profiles', t('network.see-profiles')] as const)
      : (['/network/indicators', t('network.add-indicators')] as const);
  return (
    <Blank title={t(`network.none-${kind}`)} action={<Go to={to}>{action}</Go>}>
      {t(`network.none-${kind}-note`)}
    </Blank>
  );
}

/** What a person is told of a finding: its numbers beside their thresholds, in a sentence. */
export function saysOf(row: NotableRow, { say, t, word }: Words): string {
  const { notable } = row;
  if (notable.kind === 'indicator') {
    return say({
      code: 'console.network.met-at',
      params: { place: word(`console.met.${notable.place}`, notable.place), count: notable.count },
    });
  }
  const facts: Record<string, string> = {};
  for (const [name, value] of Object.entries(notable.facts)) {
    if (name.includes('share')) facts[name] = String(Math.round(value * 100));
    else if (name.includes('seconds')) facts[name] = span(value * 1_000_000);
    // Beyond 32 different things are estimated, and an estimate has no hundredths.
    else if (value > 32 && !Number.isInteger(value)) facts[name] = `≈${Math.round(value)}`;
    else facts[name] = String(Math.round(value * 100) / 100);
  }
  // A link that was never seen apart from it has no length.
  facts['seconds_known_before'] ??= t('network.not-known');
  return say({
    code: `console.behaviour-says.${notable.name}`,
    params: { ...facts, port: portOf(row), count: notable.count },
  });
}

function portOf({ notable }: NotableRow): string {
  if (notable.port == null) return notable.transport?.toUpperCase() ?? '';
  return `${notable.transport?.toUpperCase() ?? ''} ${notable.port}`.trim();
}

/** The sessions that show it: of a behaviour those of its ends, its port and its time. */
function sessionsOf(row: NotableRow): string {
  const { notable } = row;
  const query = new URLSearchParams();
  if (notable.kind === 'indicator') {
    query.set('capture', String(row.capture));
    query.set('originator', notable.originator);
    if (notable.responder) query.set('responder', notable.responder);
    return `/network/sessions?${query.toString()}`;
  }
  query.set(notable.name === 'first-seen-service' ? 'responder' : 'originator', notable.originator);
  if (notable.responder) query.set('responder', notable.responder);
  if (notable.port != null) query.set('port', String(notable.port));
  query.set('kind', 'conversation');
  query.set('from', notable.first);
  query.set('to', new Date(Date.parse(notable.last) + 1000).toISOString());
  return `/network/sessions?${query.toString()}`;
}

export function NotableTable({
  rows,
  kind,
  brief,
}: {
  rows: NotableRow[];
  kind?: NotableKind;
  brief?: boolean;
}) {
  const words = useWords();
  const { t, word, language } = words;
  const columns: TableColumnsType<NotableRow> = [
    {
      title: t(kind === 'indicator' ? 'network.indicator' : 'network.what'),
      width: kind === 'indicator' ? '24%' : '17%',
      render: (_, { notable }) =>
        notable.kind === 'indicator' ? (
          <>
            <div className="mono strong anywhere">{notable.value}</div>
            <div className="muted small">{word(`console.indicator.${notable.name}`, notable.name)}</div>
          </>
        ) : (
          <span className="strong">{word(`console.behaviour.${notable.name}`, notable.name)}</span>
        ),
    },
    {
      title: t('network.who-whom'),
      width: '24%',
      render: (_, row) => (
        <span className="whom">
          <End end={row.originator} />
          {(row.responder || row.notable.port != null) && <span className="muted">→</span>}
          {row.responder && <End end={row.responder} />}
          {row.notable.port != null && <span className="mono muted nowrap">{portOf(row)}</span>}
        </span>
      ),
    },
    {
      title: t('network.why'),
      render: (_, row) => (
        <>
          <div>{saysOf(row, words)}</div>
          <span className="line small">
            <Link to={sessionsOf(row)}>{t('network.see-its-sessions')}</Link>
            {row.responder && (
              <Link to={profilePath('link', row.notable.originator, row.responder.address)}>
                {t('network.link-profile')}
              </Link>
            )}
          </span>
        </>
      ),
    },
    {
      title: t('network.count'),
      width: 72,
      align: 'right',
      render: (_, row) => <span className="num">{count(row.notable.count, language)}</span>,
    },
    {
      title: t('network.first-last'),
      width: 142,
      render: (_, row) => (
        <>
          <div className="num nowrap">{instant(row.notable.first)}</div>
          <div className="num nowrap muted">{instant(row.notable.last)}</div>
        </>
      ),
    },
    ...(kind === 'indicator'
      ? [
          {
            title: t('network.evidence-title'),
            className: 'no-print',
            width: 136,
            align: 'right' as const,
            render: (_: unknown, row: NotableRow) => (
              <Evidence path={`/notables/${row.id}/evidence.pcap`} kept={row.evidence} />
            ),
          },
        ]
      : []),
  ];
  return (
    <Table
      size="small"
      rowKey="id"
      columns={columns}
      dataSource={rows}
      pagination={false}
      scroll={{ x: brief ? 860 : 1000 }}
      className="top-aligned"
      aria-label={t('network.findings')}
    />
  );
}
