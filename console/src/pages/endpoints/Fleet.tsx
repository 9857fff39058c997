/** Machines with an agent: how they are, what they are held to and what they hold to. Filters live in the address. */
import { Alert, Table, Tooltip, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { EndpointHealth, EndpointPage, EndpointRow } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { ago, count, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useGroupNames, useGroups, useList } from './asking';
import { Enrol } from './Enrol';
import { Health } from './Health';
import { IsolationMark } from './Isolation';
import { EndpointLink, endpointPath, EndpointStateMark, groupPath, ModeMark, MODES, Told } from './marks';
import { TakeTable } from './TakeTable';
import { versionsOf } from './telling';

const ASKED = ['q', 'group', 'mode', 'away', 'gaps', 'behind', 'isolated', 'version', 'cursor'] as const;

export function Fleet() {
  const { t } = useWords();
  const { filters } = useFilters();
  const asked = Object.fromEntries(ASKED.map((name) => [name, filters[name]]));
  const fleet = useList<EndpointPage>('/endpoints', { ...asked, limit: 50 }, true);
  return (
    <Show of={fleet} rows={12}>
      {(page) =>
        !page.link && page.health.endpoints === 0 ? (
          <Panel>
            <Blank
              title={t('endpoints.off')}
              action={<Link to="/endpoints/groups">{t('endpoints.to-groups')}</Link>}
            >
              {t('endpoints.off-note')}
              <code className="code collectors-command">redoubt up --link 0.0.0.0:7312</code>
            </Blank>
          </Panel>
        ) : page.health.endpoints === 0 ? (
          <Enrol />
        ) : (
          <>
            {!page.link && (
              <Alert type="warning" showIcon className="spaced" title={t('endpoints.off-leads-none')} />
            )}
            <Health health={page.health} />
            <Panel flush>
              <Bar health={page.health}>
                <TakeTable<EndpointRow>
                  name="endpoints"
                  path="/endpoints"
                  query={asked}
                  total={page.total}
                  keyOf={(row) => row.endpoint}
                  columns={[
                    [t('endpoints.machine'), (row) => row.machine],
                    [t('endpoints.endpoint-id'), (row) => row.endpoint],
                    [t('endpoints.collector'), (row) => row.collector],
                    [t('endpoints.system'), (row) => row.system],
                    [t('endpoints.version'), (row) => row.version],
                    [t('endpoints.group'), (row) => row.group_name],
                    [t('endpoints.state'), (row) => t(`endpoints.state-${row.state}`)],
                    [t('endpoints.mode'), (row) => t(`endpoints.mode-${row.mode}`)],
                    [
                      t('endpoints.isolation'),
                      (row) => row.isolation && t(`endpoints.isolation-${row.isolation.state}`),
                    ],
                    [t('endpoints.orders'), (row) => row.orders],
                    [t('endpoints.orders-wanted'), (row) => row.orders_wanted],
                    [t('endpoints.gaps'), (row) => row.gaps.length],
                    [t('endpoints.heard'), (row) => row.heard],
                  ]}
                />
              </Bar>
              <Rows page={page} busy={fleet.isPlaceholderData} />
            </Panel>
          </>
        )
      }
    </Show>
  );
}

function Bar({ health, children }: { health: EndpointHealth; children: React.ReactNode }) {
  const { t, word } = useWords();
  const { filters, set } = useFilters();
  const groups = useGroups().data?.groups;
  const nameOf = useGroupNames();
  return (
    <div className="filters" role="search">
      <SearchBox
        value={filters['q'] ?? ''}
        label={t('endpoints.search')}
        width={240}
        onSearch={(text) => set({ q: text.trim() })}
      />
      <FacetSelect
        label={t('endpoints.group')}
        value={filters['group']}
        facets={groups?.map((group) => ({ value: group.id, count: group.endpoints_below }))}
        name={nameOf}
        width={160}
        onChange={(group) => set({ group })}
      />
      <FacetSelect
        label={t('endpoints.mode')}
        value={filters['mode']}
        facets={MODES.map((value) => ({ value, count: health.modes[value] ?? 0 }))}
        name={(value) => word(`console.endpoints.mode-${value}`, value)}
        onChange={(mode) => set({ mode })}
      />
      <FacetSelect
        label={t('endpoints.state')}
        value={filters['away']}
        facets={['false', 'true'].map((value) => ({ value, count: -1 }))}
        name={(value) => word(`console.endpoints.away-${value}`, value)}
        onChange={(away) => set({ away })}
      />
      <FacetSelect
        label={t('endpoints.gaps')}
        value={filters['gaps']}
        facets={[{ value: 'true', count: health.with_gaps }]}
        name={(value) => word(`console.endpoints.gaps-${value}`, value)}
        onChange={(gaps) => set({ gaps })}
      />
      <FacetSelect
        label={t('endpoints.orders')}
        value={filters['behind']}
        facets={[{ value: 'true', count: health.behind }]}
        name={() => t('endpoints.behind')}
        onChange={(behind) => set({ behind })}
      />
      <FacetSelect
        label={t('endpoints.isolation')}
        value={filters['isolated']}
        facets={[{ value: 'true', count: health.isolated }]}
        name={(value) => word(`console.endpoints.isolated-${value}`, value)}
        onChange={(isolated) => set({ isolated })}
      />
      <FacetSelect
        label={t('endpoints.version')}
        value={filters['version']}
        facets={versionsOf(health.versions, Infinity).map(({ name, count }) => ({ value: name, count }))}
        name={(version) => version}
        onChange={(version) => set({ version })}
      />
      <span className="grow" />
      {children}
    </div>
  );
}

function Rows({ page, busy }: { page: EndpointPage; busy: boolean }) {
  const { t } = useWords();
  const columns = useColumns();
  if (page.rows.length === 0)
    return (
      <Blank title={t('empty.filtered')} action={<Link to="/endpoints">{t('action.clear-filters')}</Link>} />
    );
  return (
    <>
      <Table
        size="small"
        rowKey="endpoint"
        columns={columns}
        dataSource={page.rows}
        pagination={false}
        loading={busy}
        tableLayout="fixed"
        scroll={{ x: 1036 }}
        className="top-aligned"
        aria-label={t('endpoints.fleet')}
      />
      <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
    </>
  );
}

function useColumns(): TableColumnsType<EndpointRow> {
  const { t, say, language } = useWords();
  return [
    {
      title: t('endpoints.machine'),
      render: (_, row) => (
        <>
          <EndpointLink id={row.endpoint} machine={row.machine} />
          <div className="muted small mono ellipsis" title={row.collector}>
            {row.collector}
          </div>
        </>
      ),
    },
    {
      title: t('endpoints.system'),
      width: 190,
      render: (_, row) => (
        <>
          <Name text={row.system || '—'} className="anywhere" />
          <div className="muted small">
            {t('endpoints.agent')} <Name text={row.version} />
            <Coming row={row} />
          </div>
        </>
      ),
    },
    {
      title: t('endpoints.group'),
      width: 140,
      render: (_, row) => (
        <Link to={groupPath(row.group)} className="anywhere">
          <Name text={row.group_name} />
        </Link>
      ),
    },
    {
      title: t('endpoints.state'),
      width: 112,
      render: (_, row) => (
        <>
          <EndpointStateMark state={row.state} />
          <IsolationMark isolation={row.isolation} />
        </>
      ),
    },
    { title: t('endpoints.mode'), width: 108, render: (_, row) => <ModeMark mode={row.mode} /> },
    {
      title: t('endpoints.orders'),
      width: 100,
      render: (_, row) => (
        <>
          <Orders row={row} />
          {row.refused && (
            <Tooltip title={say(row.refused)} trigger={['hover', 'focus']}>
              <div className="small tone-open" tabIndex={0}>
                {t('endpoints.refused')}
              </div>
            </Tooltip>
          )}
        </>
      ),
    },
    {
      title: t('endpoints.gaps'),
      width: 170,
      render: (_, row) => {
        const [first] = row.gaps;
        if (!first) return <span className="muted">{t('endpoints.no-gaps')}</span>;
        return (
          <Link to={`${endpointPath(row.endpoint)}#gaps`} className="tone-blocked small">
            <span className="clamp">
              <Told message={first} />
            </span>
            {row.gaps.length > 1 && (
              <span className="num">{t('endpoints.more', { n: count(row.gaps.length - 1, language) })}</span>
            )}
          </Link>
        );
      },
    },
    {
      title: t('endpoints.heard'),
      width: 104,
      render: (_, row) => (
        <span className="nowrap" title={instant(row.heard)}>
          {ago(row.heard, language)}
        </span>
      ),
    },
  ];
}

/** How far it is with the release that it is to run, while it does not run it. */
export function Coming({ row }: { row: EndpointRow }) {
  const { t, say } = useWords();
  const wanted = row.version_wanted;
  if (!wanted || (row.update?.state ?? 'done') === 'done') return null;
  const { version, state, why } = row.update ?? { version: wanted, state: 'wanted' as const };
  if (state === 'done') return null;
  return (
    <div className={state === 'failed' ? 'tone-open' : undefined}>
      {t(`endpoints.update-${state}`, { version })}
      {why && <div>{say(why)}</div>}
    </div>
  );
}

/** The version it holds to; beside it the one it is to have, when that is another. */
export function Orders({ row }: { row: Pick<EndpointRow, 'orders' | 'orders_wanted'> }) {
  const { t } = useWords();
  const has = row.orders ?? null;
  if (has === row.orders_wanted) return <span className="num">{has}</span>;
  return (
    <span
      className="num tone-blocked nowrap"
      title={t('endpoints.orders-behind', { has: has ?? '—', wanted: row.orders_wanted })}
    >
      {has ?? t('endpoints.no-orders')} → {row.orders_wanted}
    </span>
  );
}
