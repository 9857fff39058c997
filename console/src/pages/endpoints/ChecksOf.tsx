/** How all checks stand on one endpoint, and what became of them. */
import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { CheckList, CheckStanding, CheckSummary, StandingPage } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { useList } from './asking';
import { SeverityMark, StandingMark, STATES } from './standing';
import { Drifts } from './Drifts';
import { Told } from './marks';

const ROWS_MAX = 500;

export function ChecksOf({ endpoint }: { endpoint: string }) {
  const { t } = useWords();
  const standings = useList<StandingPage>('/endpoint-checks/standings', { endpoint, limit: ROWS_MAX });
  const checks = useList<CheckList>('/endpoint-checks', {});
  return (
    <>
      <Show of={standings} rows={8}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Blank
              title={t('endpoints.check-none-asked')}
              action={<Link to="/endpoints/checks">{t('endpoints.tab-checks')}</Link>}
            >
              {t('endpoints.check-none-asked-note')}
            </Blank>
          ) : (
            <Rows rows={inOrder(rows)} checks={checks.data?.checks ?? []} />
          )
        }
      </Show>
      <h3 className="padded">{t('endpoints.check-view-drifts')}</h3>
      <Drifts query={{ endpoint }} of="endpoint" />
    </>
  );
}

/** What is not so comes first. */
function inOrder(rows: CheckStanding[]): CheckStanding[] {
  const place = (row: CheckStanding) => STATES.indexOf(row.checked.outcome?.state ?? 'unknown');
  return [...rows].sort((one, other) => place(one) - place(other));
}

function Rows({ rows, checks }: { rows: CheckStanding[]; checks: CheckSummary[] }) {
  const { t, say } = useWords();
  const of = (id: string) => checks.find((one) => one.id === id);
  const columns: TableColumnsType<CheckStanding> = [
    {
      title: t('endpoints.check-standing'),
      width: 116,
      render: (_, { checked }) => <StandingMark state={checked.outcome?.state ?? 'unknown'} />,
    },
    {
      title: t('endpoints.check'),
      render: (_, { checked }) => {
        const check = of(checked.check);
        return (
          <>
            <Link to={`/endpoints/checks?check=${encodeURIComponent(checked.check)}`} className="strong">
              <Name text={check ? say(check.title) : checked.check} />
            </Link>
            {check && <div className="muted small">{say(check.why)}</div>}
          </>
        );
      },
    },
    {
      title: t('endpoints.check-severity'),
      width: 92,
      render: (_, { checked }) => {
        const check = of(checked.check);
        return check ? <SeverityMark severity={check.severity} /> : '—';
      },
    },
    {
      title: t('endpoints.reason'),
      width: 300,
      render: (_, { checked }) => (
        <>
          {checked.outcome && <Told message={checked.outcome.why} className="anywhere" />}
          {checked.held && (
            <span className="chip first" title={t('endpoints.check-held-means')}>
              {t('endpoints.check-held')}
            </span>
          )}
        </>
      ),
    },
    {
      title: t('endpoints.since'),
      width: 142,
      render: (_, row) => <span className="num nowrap">{instant(row.since)}</span>,
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => row.checked.check}
      columns={columns}
      dataSource={rows}
      pagination={rows.length > 50 && { pageSize: 50, size: 'small', showSizeChanger: false }}
      tableLayout="fixed"
      scroll={{ x: 900 }}
      className="top-aligned"
      aria-label={t('endpoints.tab-checks')}
    />
  );
}
