/** How all checks stand on each endpoint, those first on which most is not as it should be. */
import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { CheckedEndpoint, CheckedEndpoints } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { useList } from './asking';
import { endpointPath } from './marks';
import { ComplianceBar } from './standing';

/** The server gives no more of them. */
const ROWS_MAX = 500;

export function ByEndpoint({ group }: { group: string | undefined }) {
  const { t, language } = useWords();
  const list = useList<CheckedEndpoints>('/endpoint-checks/endpoints', { group });
  const columns: TableColumnsType<CheckedEndpoint> = [
    {
      title: t('endpoints.machine'),
      width: 260,
      render: (_, row) => (
        <Link to={`${endpointPath(row.endpoint)}?tab=checks`} className="strong anywhere">
          <Name text={row.machine || row.endpoint} />
        </Link>
      ),
    },
    { title: t('endpoints.check-compliance'), render: (_, row) => <ComplianceBar counts={row} /> },
    {
      title: t('endpoints.checks-held'),
      width: 150,
      align: 'right',
      render: (_, row) => <span className="num">{row.held === 0 ? '—' : count(row.held, language)}</span>,
    },
  ];
  return (
    <Show of={list} rows={10}>
      {({ rows }) =>
        rows.length === 0 ? (
          <Blank title={t('endpoints.check-not-asked')}>{t('endpoints.check-none-asked-note')}</Blank>
        ) : (
          <>
            <Table
              size="small"
              rowKey="endpoint"
              columns={columns}
              dataSource={rows}
              pagination={rows.length > 50 && { pageSize: 50, size: 'small', showSizeChanger: false }}
              loading={list.isPlaceholderData}
              tableLayout="fixed"
              scroll={{ x: 720 }}
              className="top-aligned"
              aria-label={t('endpoints.check-view-endpoints')}
            />
            {rows.length >= ROWS_MAX && (
              <p className="muted small padded">
                {t('endpoints.first-rows', { n: count(ROWS_MAX, language) })}
              </p>
            )}
          </>
        )
      }
    </Show>
  );
}
