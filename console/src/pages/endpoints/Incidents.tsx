/** Lineages that were stopped for what they did to files, the newest first, and what is denied everywhere since. */
import { Table, Tag, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { IncidentPage, IncidentSummary } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { count, instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useList } from './asking';
import { DeniedEverywhere } from './Denied';
import { DigestLink, EndpointLink, incidentPath } from './marks';
import { TakeTable } from './TakeTable';

export function Incidents() {
  const { t } = useWords();
  const { filters } = useFilters();
  const { endpoint, cursor } = filters;
  const incidents = useList<IncidentPage>('/incidents', { endpoint, cursor, limit: 50 });
  return (
    <div className="grid">
      <Panel
        flush
        title={t('endpoints.incidents-title')}
        extra={
          <TakeTable<IncidentSummary>
            name="incidents"
            path="/incidents"
            query={{ endpoint }}
            total={incidents.data?.total}
            keyOf={(row) => row.id}
            columns={[
              [t('endpoints.when'), (row) => row.at],
              [t('endpoints.machine'), (row) => row.machine],
              [t('endpoints.program'), (row) => row.program],
              ['SHA-256', (row) => row.sha256],
              [t('endpoints.touched'), (row) => row.touched],
              [t('endpoints.how-restored'), (row) => row.restored],
              [t('endpoints.how-beside'), (row) => row.beside],
              [t('endpoints.how-failed'), (row) => row.failed],
            ]}
          />
        }
      >
        <OfEndpoint />
        <Show of={incidents} rows={8}>
          {(page) => <IncidentRows page={page} busy={incidents.isPlaceholderData} />}
        </Show>
      </Panel>
      <DeniedEverywhere />
    </div>
  );
}

/** Of which endpoint a list is, when it is of one. */
export function OfEndpoint() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const endpoint = filters['endpoint'];
  if (!endpoint) return null;
  return (
    <div className="filters">
      <Tag closable className="pinned" onClose={() => set({ endpoint: null })}>
        {t('endpoints.machine')}: <Name text={endpoint} className="mono" />
      </Tag>
    </div>
  );
}

export function IncidentRows({ page, busy, bare }: { page: IncidentPage; busy: boolean; bare?: boolean }) {
  const { t, language } = useWords();
  const { filters } = useFilters();
  const n = (value: number) => count(value, language);
  if (page.rows.length === 0)
    return (
      <Blank
        title={t('endpoints.no-incidents')}
        action={
          filters['endpoint'] && !bare ? (
            <Link to="/endpoints/incidents">{t('action.clear-filters')}</Link>
          ) : (
            <Link to="/endpoints/groups">{t('endpoints.to-groups')}</Link>
          )
        }
      >
        {t('endpoints.no-incidents-note')}
      </Blank>
    );
  const columns: TableColumnsType<IncidentSummary> = [
    {
      title: t('endpoints.when'),
      width: 142,
      render: (_, row) => (
        <Link to={incidentPath(row.id)} className="num nowrap">
          {instant(row.at)}
        </Link>
      ),
    },
    ...(bare
      ? []
      : [
          {
            title: t('endpoints.machine'),
            width: 170,
            render: (_: unknown, row: IncidentSummary) => (
              <EndpointLink id={row.endpoint} machine={row.machine} />
            ),
          },
        ]),
    {
      title: t('endpoints.program'),
      render: (_, row) => (
        <>
          <Link to={incidentPath(row.id)} className="mono anywhere strong">
            <Name text={row.program ?? t('endpoints.program-unknown')} />
          </Link>
          {row.sha256 && (
            <div className="small">
              <DigestLink sha256={row.sha256} />
            </div>
          )}
        </>
      ),
    },
    {
      title: t('endpoints.touched'),
      width: 90,
      align: 'right',
      render: (_, row) => <span className="num">{n(row.touched)}</span>,
    },
    {
      title: t('endpoints.undone'),
      width: 250,
      render: (_, row) => <UndoneLine row={row} />,
    },
    {
      title: t('endpoints.since'),
      width: 130,
      render: (_, row) =>
        row.denied ? (
          <Mark tone="fixed">{t('endpoints.denied-everywhere')}</Mark>
        ) : (
          <span className="muted">—</span>
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
        scroll={{ x: 980 }}
        className="top-aligned"
        aria-label={t('endpoints.incidents-title')}
      />
      {!bare && <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />}
    </>
  );
}

/** Each number leads to its files. */
function UndoneLine({ row }: { row: IncidentSummary }) {
  const { t, language } = useWords();
  const parts = [
    { how: 'restored', n: row.restored, tone: 'fixed' },
    { how: 'beside', n: row.beside, tone: 'unknown' },
    { how: 'failed', n: row.failed, tone: 'open' },
  ] as const;
  const there = parts.filter((part) => part.n > 0);
  if (there.length === 0) return <span className="muted">{t('endpoints.nothing-undone')}</span>;
  return (
    <span className="line wrap small">
      {there.map((part) => (
        <Link
          key={part.how}
          to={`${incidentPath(row.id)}?how=${part.how}`}
          className={`num tone-${part.tone}`}
        >
          {t(`endpoints.how-${part.how}`)} {count(part.n, language)}
        </Link>
      ))}
    </span>
  );
}
