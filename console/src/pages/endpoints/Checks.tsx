/** Configuration checks: on how many endpoints each is as it should be, which groups ask for it or have it set, what changed. */
import { Segmented, Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { CheckList, CheckSummary } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { count, percent } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useGroupNames, useGroups, useList } from './asking';
import { ByEndpoint } from './ByEndpoint';
import { CheckDrawer } from './CheckDrawer';
import { AREAS, ComplianceBar, SeverityMark } from './standing';
import { Drifts } from './Drifts';
import { OfEndpoint } from './Incidents';
import { groupPath } from './marks';

const VIEWS = ['checks', 'endpoints', 'drifts'] as const;
type View = (typeof VIEWS)[number];

export function Checks() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const { group, area, check } = filters;
  const groups = useGroups().data?.groups ?? [];
  const nameOf = useGroupNames();
  const view = VIEWS.find((known) => known === filters['view']) ?? 'checks';
  const list = useList<CheckList>('/endpoint-checks', { group });
  return (
    <>
      {list.data && <Figures list={list.data} />}
      <Panel flush>
        <div className="filters" role="search">
          <Segmented<View>
            size="small"
            aria-label={t('endpoints.view')}
            value={view}
            options={VIEWS.map((value) => ({
              value,
              label: t(`endpoints.check-view-${value}`),
            }))}
            onChange={(next) => set({ view: next === 'checks' ? null : next })}
          />
          <FacetSelect
            label={t('endpoints.group')}
            value={group}
            facets={groups.map(({ id, endpoints_below }) => ({ value: id, count: endpoints_below }))}
            name={nameOf}
            width={200}
            onChange={(group) => set({ group })}
          />
          {view === 'checks' && (
            <FacetSelect
              label={t('endpoints.check-area')}
              value={area}
              facets={AREAS.map((value) => ({ value, count: -1 }))}
              name={(value) =>
                t(`endpoints.check-area-${AREAS.find((known) => known === value) ?? 'kernel'}`)
              }
              onChange={(area) => set({ area })}
            />
          )}
        </div>
        {view === 'checks' && (
          <Show of={list} rows={12}>
            {(data) => (
              <Rows
                checks={data.checks.filter((one) => !area || one.area === area)}
                busy={list.isPlaceholderData}
              />
            )}
          </Show>
        )}
        {view === 'endpoints' && <ByEndpoint group={group} />}
        {view === 'drifts' && (
          <>
            <OfEndpoint />
            <Drifts query={{ group, endpoint: filters['endpoint'] }} />
          </>
        )}
      </Panel>
      <CheckDrawer
        check={check ? (list.data?.checks.find(({ id }) => id === check) ?? null) : null}
        group={group}
        onClose={() => set({ check: null, state: null })}
      />
    </>
  );
}

/** All checks that are asked for, summed up. */
function Figures({ list }: { list: CheckList }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const sum = (of: (one: CheckSummary) => number) => list.checks.reduce((all, one) => all + of(one), 0);
  const asked = list.checks.filter((one) => one.asked_by.length + one.set_in.length > 0).length;
  const readings = sum((one) => one.compliant + one.not + one.unknown);
  const compliant = sum((one) => one.compliant);
  const figures = [
    [t('endpoints.checks-asked'), n(asked), t('endpoints.checks-asked-note', { n: n(list.checks.length) })],
    [
      t('endpoints.checks-share'),
      readings === 0 ? '—' : `${percent(compliant, readings)} %`,
      t('endpoints.checks-share-note', { n: n(compliant), all: n(readings) }),
    ],
    [
      t('endpoints.checks-failing'),
      n(list.checks.filter((one) => one.not > 0).length),
      t('endpoints.checks-failing-note'),
    ],
    [t('endpoints.checks-held'), n(sum((one) => one.held)), t('endpoints.checks-held-note')],
  ];
  return (
    <div className="figures four">
      {figures.map(([label, value, note]) => (
        <div key={label} className="figure">
          <span className="label">{label}</span>
          <span className="value">{value}</span>
          <span className="note">{note}</span>
        </div>
      ))}
    </div>
  );
}

function Rows({ checks, busy }: { checks: CheckSummary[]; busy: boolean }) {
  const { t, say, language } = useWords();
  const { filters, set } = useFilters();
  if (checks.length === 0)
    return (
      <Blank
        title={t('empty.filtered')}
        action={<Link to="/endpoints/checks">{t('action.clear-filters')}</Link>}
      />
    );
  const columns: TableColumnsType<CheckSummary> = [
    {
      title: t('endpoints.check-severity'),
      width: 92,
      render: (_, one) => <SeverityMark severity={one.severity} />,
    },
    {
      title: t('endpoints.check'),
      render: (_, one) => (
        <>
          <button type="button" className="link strong" onClick={() => set({ check: one.id })}>
            {say(one.title)}
          </button>
          <div className="muted small">{say(one.why)}</div>
        </>
      ),
    },
    {
      title: t('endpoints.check-area'),
      width: 92,
      render: (_, one) => t(`endpoints.check-area-${one.area}`),
    },
    {
      title: t('endpoints.check-compliance'),
      width: 250,
      render: (_, one) => <ComplianceBar counts={one} />,
    },
    {
      title: t('endpoints.check-asked-by'),
      width: 150,
      render: (_, one) => <Groups ids={one.asked_by} />,
    },
    {
      title: t('endpoints.check-set-in'),
      width: 150,
      render: (_, one) => (
        <>
          <Groups ids={one.set_in} />
          {one.held > 0 && (
            <div className="muted small num">
              {t('endpoints.check-n-held', { n: count(one.held, language) })}
            </div>
          )}
        </>
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey="id"
      columns={columns}
      dataSource={checks}
      pagination={false}
      loading={busy}
      tableLayout="fixed"
      scroll={{ x: 1000 }}
      className="top-aligned"
      rowClassName={(one) => (one.id === filters['check'] ? 'ant-table-row-selected' : '')}
      aria-label={t('endpoints.tab-checks')}
    />
  );
}

export function Groups({ ids }: { ids: string[] }) {
  const nameOf = useGroupNames();
  if (ids.length === 0) return <span className="muted">—</span>;
  return (
    <>
      {ids.map((id) => (
        <Link key={id} to={groupPath(id)} className="chip first">
          <Name text={nameOf(id)} />
        </Link>
      ))}
    </>
  );
}
