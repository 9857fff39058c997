/** What stands in the memory of processes and is in no file, or not as in its file, the newest first. */
import { Table, type TableColumnsType } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { MemoryFound, MemoryPage } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { bytes, instant } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useList } from './asking';
import { OfEndpoint } from './Incidents';
import { Ancestors, EndpointLink, Program, Told } from './marks';
import { TakeTable } from './TakeTable';

/** From here on it hardly is honest, and from there on somebody should look at it. */
const DECISIVE = 80;
const SUSPICIOUS = 40;

export function Memory({ views }: { views: ReactNode }) {
  const { t, say } = useWords();
  const { filters, set } = useFilters();
  const { endpoint, points, cursor } = filters;
  const memory = useList<MemoryPage>('/endpoint-memory', { endpoint, points, cursor, limit: 50 });
  return (
    <Panel flush>
      <div className="filters" role="search">
        {views}
        <FacetSelect
          label={t('endpoints.points')}
          value={points}
          facets={[SUSPICIOUS, DECISIVE].map((value) => ({ value: String(value), count: -1 }))}
          name={(value) => `≥ ${value}`}
          onChange={(points) => set({ points })}
        />
        <span className="grow" />
        <TakeTable<MemoryFound>
          name="endpoint-memory"
          path="/endpoint-memory"
          query={{ endpoint, points }}
          total={memory.data?.total}
          keyOf={(row) => row.id}
          columns={[
            [t('endpoints.when'), (row) => row.at],
            [t('endpoints.machine'), (row) => row.machine],
            [t('endpoints.points'), (row) => row.found.points],
            [t('endpoints.program'), (row) => row.found.program.path],
            [t('endpoints.memory-origin'), (row) => t(`endpoints.memory-origin-${row.found.origin}`)],
            [t('endpoints.path-of'), (row) => row.found.path],
            [
              t('endpoints.memory-reasons'),
              (row) => row.found.reasons.map(({ message }) => say(message)).join('; '),
            ],
          ]}
        />
      </div>
      <OfEndpoint />
      <Show of={memory} rows={10}>
        {(page) => <MemoryRows page={page} busy={memory.isPlaceholderData} />}
      </Show>
    </Panel>
  );
}

const toneOf = (points: number): Tone =>
  points >= DECISIVE ? 'open' : points >= SUSPICIOUS ? 'blocked' : 'unknown';

export function MemoryRows({ page, busy, bare }: { page: MemoryPage; busy: boolean; bare?: boolean }) {
  const { t } = useWords();
  const { filters } = useFilters();
  if (page.rows.length === 0) {
    const filtered = !bare && (filters['endpoint'] ?? filters['points']) !== undefined;
    return (
      <Blank
        title={t(filtered ? 'empty.filtered' : 'endpoints.no-memory')}
        action={
          filtered ? (
            <Link to="/endpoints/alarms?view=memory">{t('action.clear-filters')}</Link>
          ) : (
            <Link to="/endpoints/groups">{t('endpoints.to-groups')}</Link>
          )
        }
      >
        {!filtered && t('endpoints.no-memory-note')}
      </Blank>
    );
  }
  const columns: TableColumnsType<MemoryFound> = [
    {
      title: t('endpoints.points'),
      width: 84,
      render: (_, { found }) => <Mark tone={toneOf(found.points)}>{found.points}</Mark>,
    },
    {
      title: t('endpoints.when'),
      width: 142,
      render: (_, row) => <span className="num nowrap">{instant(row.at)}</span>,
    },
    ...(bare
      ? []
      : [
          {
            title: t('endpoints.machine'),
            width: 160,
            render: (_: unknown, row: MemoryFound) => (
              <EndpointLink id={row.endpoint} machine={row.machine} />
            ),
          },
        ]),
    {
      title: t('endpoints.memory-origin'),
      width: 210,
      render: (_, row) => <Region found={row.found} />,
    },
    {
      title: t('endpoints.memory-reasons'),
      width: 280,
      render: (_, { found }) => (
        <ul className="reasons-of">
          {found.reasons.map((reason, i) => (
            <li key={i}>
              <span className="num muted">{reason.points > 0 ? `+${reason.points}` : reason.points}</span>
              <Told message={reason.message} className="anywhere" />
            </li>
          ))}
        </ul>
      ),
    },
    {
      title: t('endpoints.program'),
      render: (_, { found }) => (
        <>
          <Program program={found.program} />
          <div className="muted small num">{t('endpoints.memory-process', { n: found.process })}</div>
          <Ancestors list={found.ancestors} />
        </>
      ),
    },
  ];
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
        scroll={{ x: 1060 }}
        className="top-aligned"
        aria-label={t('endpoints.tab-memory')}
      />
      {!bare && <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />}
    </>
  );
}

function Region({ found }: { found: MemoryFound['found'] }) {
  const { t, language } = useWords();
  return (
    <>
      <span className="strong">{t(`endpoints.memory-origin-${found.origin}`)}</span>
      {found.write && (
        <div>
          <span className="chip warn first">{t('endpoints.memory-writable')}</span>
        </div>
      )}
      {found.path && (
        <div className="small">
          <Name text={found.path} className="mono anywhere" />
        </div>
      )}
      <div className="muted small">
        {t('endpoints.memory-bytes', { size: bytes(found.bytes, language) })}{' '}
        <span className="mono anywhere">{found.place}</span>
      </div>
    </>
  );
}
