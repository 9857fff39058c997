/** Files that ran on endpoints, or would not have where a group enforces. What would have been blocked comes first. */
import { Segmented, Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { ExecutedPage, ExecutedRow } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { count, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useHealth, useList } from './asking';
import { ExecutionDrawer } from './ExecutionDrawer';
import {
  DigestLink,
  KINDS,
  Origin,
  OutcomeMark,
  OUTCOMES,
  ReputationBar,
  RungLine,
  useKind,
  useOrigin,
} from './marks';
import { TakeTable } from './TakeTable';

const VIEWS = [...OUTCOMES, 'all'] as const;
type View = (typeof VIEWS)[number];

export function Executions() {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const health = useHealth().data?.health;
  const kind = useKind();
  const origin = useOrigin();
  const { kind: asked, q, sort, cursor, file } = filters;
  const usual: View = (health?.would_block ?? 0) > 0 ? 'would_block' : 'all';
  const view = VIEWS.find((known) => known === filters['outcome']) ?? usual;
  const query = { outcome: view === 'all' ? undefined : view, kind: asked, q, sort };
  const executions = useList<ExecutedPage>('/executions', { ...query, cursor, limit: 50 });
  return (
    <>
      <Panel flush>
        <div className="filters" role="search">
          <Segmented<View>
            size="small"
            aria-label={t('endpoints.outcome')}
            value={view}
            options={VIEWS.map((value) => ({
              value,
              label:
                value === 'would_block' && health && health.would_block > 0 ? (
                  <>
                    {t('endpoints.view-would_block')}{' '}
                    <span className="num muted">{count(health.would_block, language)}</span>
                  </>
                ) : (
                  t(`endpoints.view-${value}`)
                ),
            }))}
            onChange={(next) => set({ outcome: next })}
          />
          <SearchBox
            value={q ?? ''}
            label={t('endpoints.search-files')}
            width={240}
            onSearch={(text) => set({ q: text.trim() })}
          />
          <FacetSelect
            label={t('endpoints.kind')}
            value={asked}
            facets={KINDS.map((value) => ({ value, count: -1 }))}
            name={(value) => (KINDS.some((known) => known === value) ? kind(value as 'program') : value)}
            onChange={(kind) => set({ kind })}
          />
          <span className="grow" />
          <TakeTable<ExecutedRow>
            name="executions"
            path="/executions"
            query={query}
            total={executions.data?.total}
            keyOf={keyOf}
            columns={[
              [t('endpoints.outcome'), (row) => t(`endpoints.outcome-${row.ran.outcome}`)],
              [t('endpoints.path-of'), (row) => row.ran.path],
              ['SHA-256', (row) => row.ran.sha256],
              [t('endpoints.kind'), (row) => kind(row.ran.kind)],
              [t('endpoints.origin'), (row) => origin(row.ran.origin)],
              [t('endpoints.endpoints'), (row) => row.endpoints],
              [t('endpoints.outcome-would_block'), (row) => row.would_block],
              [t('endpoints.outcome-blocked'), (row) => row.blocked],
              [t('endpoints.times'), (row) => row.times],
              [t('endpoints.reputation'), (row) => row.reputation],
              [t('endpoints.first'), (row) => row.first],
              [t('endpoints.last'), (row) => row.last],
            ]}
          />
        </div>
        <Show of={executions} rows={12}>
          {(page) =>
            page.rows.length === 0 ? (
              <None view={view} filtered={Boolean(asked || q)} />
            ) : (
              <Rows page={page} busy={executions.isPlaceholderData} />
            )
          }
        </Show>
      </Panel>
      <ExecutionDrawer
        sha256={file ?? null}
        row={executions.data?.rows.find(({ ran }) => ran.sha256 === file)}
        onClose={() => set({ file: null, cursor })}
      />
    </>
  );
}

const keyOf = ({ ran }: ExecutedRow) => ran.sha256 ?? `${ran.kind} ${ran.path}`;

function None({ view, filtered }: { view: View; filtered: boolean }) {
  const { t } = useWords();
  if (filtered)
    return (
      <Blank
        title={t('empty.filtered')}
        action={<Link to="/endpoints/executions">{t('action.clear-filters')}</Link>}
      />
    );
  if (view === 'would_block' || view === 'blocked')
    return (
      <Blank
        title={t(`endpoints.none-${view}-title`)}
        action={<Link to="/endpoints/executions?outcome=all">{t('endpoints.see-all')}</Link>}
      >
        {t(`endpoints.none-${view}`)}
      </Blank>
    );
  return (
    <Blank
      title={t('endpoints.none-ran-title')}
      action={<Link to="/endpoints">{t('endpoints.to-fleet')}</Link>}
    >
      {t('endpoints.none-ran')}
    </Blank>
  );
}

function Rows({ page, busy }: { page: ExecutedPage; busy: boolean }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const columns = useColumns(filters['sort'] ?? 'last');
  return (
    <>
      <Table
        size="small"
        rowKey={keyOf}
        columns={columns}
        dataSource={page.rows}
        pagination={false}
        loading={busy}
        tableLayout="fixed"
        scroll={{ x: 1080 }}
        className="top-aligned"
        aria-label={t('endpoints.executions')}
        onChange={(_pages, _filters, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          set({ sort: one?.order && one.columnKey === 'endpoints' ? 'endpoints' : null });
        }}
      />
      <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
    </>
  );
}

function useColumns(sort: string): TableColumnsType<ExecutedRow> {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const kind = useKind();
  const n = (value: number) => count(value, language);
  // The server knows two orders, each with the greatest first.
  const sorted = (key: string) => ({
    key,
    sorter: true,
    sortDirections: ['descend' as const],
    sortOrder: sort === key ? ('descend' as const) : null,
    showSorterTooltip: false,
  });
  return [
    {
      title: t('endpoints.outcome'),
      width: 116,
      render: (_, { ran }) => (
        <>
          <OutcomeMark outcome={ran.outcome} />
          {ran.essential && <div className="small tone-blocked">{t('endpoints.essential')}</div>}
        </>
      ),
    },
    {
      title: t('endpoints.path-of'),
      render: (_, { ran }) => (
        <>
          {ran.sha256 ? (
            <button
              type="button"
              className="link mono anywhere strong"
              onClick={() => set({ file: ran.sha256, cursor: filters['cursor'] })}
            >
              <Name text={ran.path} />
            </button>
          ) : (
            <Name text={ran.path} className="mono anywhere strong" />
          )}
          <RungLine verdict={ran.verdict} />
        </>
      ),
    },
    {
      title: 'SHA-256',
      width: 148,
      render: (_, { ran }) => (
        <>
          <DigestLink sha256={ran.sha256} />
          <div className="muted small">{kind(ran.kind)}</div>
        </>
      ),
    },
    { title: t('endpoints.origin'), width: 136, render: (_, { ran }) => <Origin origin={ran.origin} /> },
    {
      title: t('endpoints.endpoints'),
      width: 116,
      align: 'right',
      ...sorted('endpoints'),
      render: (_, row) => (
        <>
          {row.ran.sha256 ? (
            <button
              type="button"
              className="link num"
              onClick={() => set({ file: row.ran.sha256, cursor: filters['cursor'] })}
            >
              {n(row.endpoints)}
            </button>
          ) : (
            <span className="num">{n(row.endpoints)}</span>
          )}
          {row.would_block > 0 && (
            <div className="small num tone-partial">{t('endpoints.n-would', { n: n(row.would_block) })}</div>
          )}
          {row.blocked > 0 && (
            <div className="small num tone-blocked">{t('endpoints.n-blocked', { n: n(row.blocked) })}</div>
          )}
        </>
      ),
    },
    {
      title: t('endpoints.times'),
      width: 92,
      align: 'right',
      render: (_, row) => <span className="num">{n(row.times)}</span>,
    },
    {
      title: t('endpoints.reputation'),
      width: 104,
      render: (_, row) => <ReputationBar value={row.reputation} />,
    },
    {
      title: t('endpoints.last'),
      width: 164,
      ...sorted('last'),
      render: (_, row) => (
        <>
          <span className="num nowrap">{instant(row.last)}</span>
          <div className="muted small num nowrap">{t('files.first', { at: instant(row.first) })}</div>
        </>
      ),
    },
  ];
}
