/** What rules and sequences of behaviour found on endpoints, the newest first. */
import { Segmented, Table, type TableColumnsType } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { AlarmPage, AlarmSummary } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useList } from './asking';
import { OfEndpoint } from './Incidents';
import { Ancestors, EndpointLink, LevelMark, LEVELS, Program, Told } from './marks';
import { Memory } from './Memory';
import { TakeTable } from './TakeTable';

/** Alarms, and beside them what stands in memory. */
export function Alarms() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const view = filters['view'] === 'memory' ? 'memory' : 'alarms';
  const views = (
    <Segmented<'alarms' | 'memory'>
      size="small"
      aria-label={t('endpoints.view')}
      value={view}
      options={(['alarms', 'memory'] as const).map((value) => ({
        value,
        label: t(`endpoints.view-${value}`),
      }))}
      onChange={(next) => set({ view: next === 'alarms' ? null : next, level: null, points: null })}
    />
  );
  return view === 'memory' ? <Memory views={views} /> : <OfBehaviour views={views} />;
}

function OfBehaviour({ views }: { views: ReactNode }) {
  const { t, say, word } = useWords();
  const { filters, set } = useFilters();
  const { endpoint, level, cursor } = filters;
  const alarms = useList<AlarmPage>('/endpoint-alarms', { endpoint, level, cursor, limit: 50 });
  return (
    <Panel flush>
      <div className="filters" role="search">
        {views}
        <FacetSelect
          label={t('endpoints.level')}
          value={level}
          facets={LEVELS.map((value) => ({ value, count: -1 }))}
          name={(value) =>
            t('endpoints.level-from', { level: word(`console.endpoints.level-${value}`, value) })
          }
          width={160}
          onChange={(level) => set({ level })}
        />
        <span className="grow" />
        <TakeTable<AlarmSummary>
          name="endpoint-alarms"
          path="/endpoint-alarms"
          query={{ endpoint, level }}
          total={alarms.data?.total}
          keyOf={(row) => row.id}
          columns={[
            [t('endpoints.when'), (row) => row.at],
            [t('endpoints.level'), (row) => t(`endpoints.level-${row.alarm.level}`)],
            [t('endpoints.machine'), (row) => row.machine],
            [t('endpoints.alarm'), (row) => say(row.alarm.message)],
            [t('endpoints.rule'), (row) => row.alarm.rule],
            [t('endpoints.tags'), (row) => (row.alarm.tags ?? []).join(' ')],
            [t('endpoints.program'), (row) => row.alarm.program?.path],
          ]}
        />
      </div>
      <OfEndpoint />
      <Show of={alarms} rows={10}>
        {(page) => <AlarmRows page={page} busy={alarms.isPlaceholderData} />}
      </Show>
    </Panel>
  );
}

export function AlarmRows({ page, busy, bare }: { page: AlarmPage; busy: boolean; bare?: boolean }) {
  const { t } = useWords();
  const { filters } = useFilters();
  if (page.rows.length === 0) {
    const filtered = !bare && (filters['endpoint'] ?? filters['level']) !== undefined;
    return (
      <Blank
        title={t(filtered ? 'empty.filtered' : 'endpoints.no-alarms')}
        action={
          filtered ? (
            <Link to="/endpoints/alarms">{t('action.clear-filters')}</Link>
          ) : (
            <Link to="/endpoints">{t('endpoints.to-fleet')}</Link>
          )
        }
      >
        {!filtered && t('endpoints.no-alarms-note')}
      </Blank>
    );
  }
  const columns: TableColumnsType<AlarmSummary> = [
    {
      title: t('endpoints.level'),
      width: 104,
      render: (_, row) => <LevelMark level={row.alarm.level} />,
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
            width: 200,
            render: (_: unknown, row: AlarmSummary) => (
              <EndpointLink id={row.endpoint} machine={row.machine} />
            ),
          },
        ]),
    {
      title: t('endpoints.alarm'),
      width: 280,
      render: (_, { alarm }) => (
        <>
          <Told message={alarm.message} className="strong anywhere" />
          <div className="muted small mono anywhere">
            <Name text={alarm.rule} />
          </div>
          {(alarm.tags ?? []).map((tag) => (
            <span key={tag} className="chip first mono">
              <Name text={tag.replace(/^attack\./, '').toUpperCase()} />
            </span>
          ))}
        </>
      ),
    },
    {
      title: t('endpoints.program'),
      render: (_, { alarm }) => (
        <>
          {alarm.program ? <Program program={alarm.program} /> : <span className="muted">—</span>}
          <Ancestors list={alarm.ancestors} />
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
        scroll={{ x: 1020 }}
        className="top-aligned"
        aria-label={t('endpoints.tab-alarms')}
      />
      {!bare && <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />}
    </>
  );
}
