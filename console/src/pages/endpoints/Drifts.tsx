/** What became of checks, the newest first: what reads otherwise than before, and what agents set or undid. */
import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { CheckDrift, DriftPage } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { instant } from '../../parts/format';
import { Pager } from '../../parts/Pager';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useList } from './asking';
import { StandingMark, StepLine } from './standing';
import { EndpointLink, Told } from './marks';

const FEW = 20;

interface Props {
  query: { group?: string | undefined; endpoint?: string | undefined; check?: string | undefined };
  /** Beside something else: the last few of one endpoint or check. */
  of?: 'endpoint' | 'check';
}

export function Drifts({ query, of }: Props) {
  const { filters } = useFilters();
  const cursor = of ? undefined : filters['cursor'];
  const drifts = useList<DriftPage>('/endpoint-checks/drifts', { ...query, cursor, limit: of ? FEW : 50 });
  return (
    <Show of={drifts} rows={of ? 4 : 10}>
      {(page) => <Rows page={page} busy={drifts.isPlaceholderData} {...(of && { of })} />}
    </Show>
  );
}

function Rows({ page, busy, of }: { page: DriftPage; busy: boolean; of?: Props['of'] }) {
  const { t, say } = useWords();
  if (page.rows.length === 0)
    return <Blank title={t('endpoints.check-no-drifts')}>{t('endpoints.check-no-drifts-note')}</Blank>;
  const columns: TableColumnsType<CheckDrift> = [
    {
      title: t('endpoints.when'),
      width: 142,
      render: (_, row) => <span className="num nowrap">{instant(row.at)}</span>,
    },
    ...(of === 'endpoint'
      ? []
      : [
          {
            title: t('endpoints.machine'),
            width: 170,
            render: (_: unknown, row: CheckDrift) => <EndpointLink id={row.endpoint} machine={row.machine} />,
          },
        ]),
    ...(of === 'check'
      ? []
      : [
          {
            title: t('endpoints.check'),
            width: 220,
            render: (_: unknown, row: CheckDrift) => (
              <Link to={`/endpoints/checks?check=${encodeURIComponent(row.checked.check)}`}>
                {say(row.title)}
              </Link>
            ),
          },
        ]),
    {
      title: t('endpoints.check-what'),
      render: (_, row) => (
        <>
          <span className="line wrap">
            {row.was ? (
              <StandingMark state={row.was} />
            ) : (
              <span className="muted">{t('endpoints.check-new')}</span>
            )}
            <span aria-hidden="true">→</span>
            {row.became ? (
              <StandingMark state={row.became} />
            ) : (
              <span className="muted">{t('endpoints.check-gone')}</span>
            )}
          </span>
          {row.checked.outcome && (
            <div className="small muted">
              <Told message={row.checked.outcome.why} className="anywhere" />
            </div>
          )}
          <StepLine step={row.checked.step} />
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
        scroll={{ x: of ? 560 : 820 }}
        className="top-aligned"
        aria-label={t('endpoints.check-view-drifts')}
      />
      {!of && <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />}
    </>
  );
}
