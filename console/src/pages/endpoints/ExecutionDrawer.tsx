/** One file beside the list: why it may or may not run, where it stands and by which terms, and where it ran. */
import { CheckOutlined, StopOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Drawer, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, Problem } from '../../api/client';
import type { EndpointExecution, EndpointExecutions, ExecutedRow, FileReputation } from '../../api/model';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { Copy } from '../../parts/Copy';
import { bytes, count, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { useDenied, useOne } from './asking';
import { ListFile } from './ListFile';
import { EndpointLink, Origin, OutcomeMark, RanFrom, Told, useKind } from './marks';
import { Reputation } from './Reputation';

const DIGEST = /^[0-9a-f]{64}$/;
/** The server gives no more of them. */
const ROWS_MAX = 500;

export function ExecutionDrawer(props: {
  sha256: string | null;
  row: ExecutedRow | undefined;
  onClose: () => void;
}) {
  const { t } = useWords();
  const { sha256, row, onClose } = props;
  const name = row?.ran.path.split('/').at(-1);
  return (
    <Drawer
      open={sha256 !== null}
      size={820}
      destroyOnHidden
      onClose={onClose}
      title={name ? <Name text={name} /> : t('endpoints.file')}
    >
      {sha256 !== null &&
        (DIGEST.test(sha256) ? (
          <Loaded sha256={sha256} row={row} />
        ) : (
          <Blank title={t('endpoints.no-digest')} />
        ))}
    </Drawer>
  );
}

function Loaded({ sha256, row }: { sha256: string; row: ExecutedRow | undefined }) {
  const { t, language } = useWords();
  const denied = useDenied();
  const kind = useKind();
  const [list, setList] = useState<'allowed' | 'denied' | null>(null);
  const where = useOne<EndpointExecutions>(`/executions/${sha256}`);
  // A file that nothing is known of yet has no reputation: that is an answer and no failure.
  const reputation = useQuery({
    queryKey: ['endpoints', 'reputation', sha256],
    queryFn: () =>
      get<FileReputation>(`/executions/${sha256}/reputation`).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }),
  });
  const ran = row?.ran ?? where.data?.rows[0]?.ran;
  return (
    <div className="grid">
      <div className="line wrap">
        <Act size="small" icon={<CheckOutlined />} denied={denied} onClick={() => setList('allowed')}>
          {t('endpoints.allow')}
        </Act>
        <Act
          size="small"
          danger
          icon={<StopOutlined />}
          denied={denied ?? (ran?.essential ? t('endpoints.essential-stays') : null)}
          onClick={() => setList('denied')}
        >
          {t('endpoints.deny')}
        </Act>
        <span className="grow" />
        <Link to={`/files?q=${sha256}`}>{t('endpoints.to-file')}</Link>
      </div>
      <Panel title={t('endpoints.judged')}>
        {ran && (
          <p className="line wrap">
            <OutcomeMark outcome={ran.outcome} />
            <Told message={ran.verdict.why} className="anywhere" />
          </p>
        )}
        <dl className="facts">
          <dt>SHA-256</dt>
          <dd className="digest">
            <span className="mono anywhere">{sha256}</span>
            <Copy text={sha256} what="SHA-256" />
          </dd>
          {ran && (
            <>
              <dt>{t('endpoints.path-of')}</dt>
              <dd>
                <Name text={ran.path} className="mono anywhere" />
              </dd>
              <dt>{t('endpoints.kind')}</dt>
              <dd>
                {kind(ran.kind)}
                {ran.bytes != null && <span className="muted num"> · {bytes(ran.bytes, language)}</span>}
              </dd>
              <dt>{t('endpoints.origin')}</dt>
              <dd>
                <Origin origin={ran.origin} />
              </dd>
            </>
          )}
        </dl>
      </Panel>
      <Panel title={t('endpoints.reputation')}>
        <Show of={reputation} rows={6}>
          {(data) =>
            data ? <Reputation reputation={data} /> : <p className="muted">{t('endpoints.no-reputation')}</p>
          }
        </Show>
      </Panel>
      <Panel flush title={t('endpoints.where')}>
        <Show of={where} rows={4}>
          {({ rows }) =>
            rows.length === 0 ? (
              <Blank title={t('endpoints.ran-nowhere')} />
            ) : (
              <>
                <Where rows={rows} />
                {rows.length >= ROWS_MAX && (
                  <p className="muted small padded">
                    {t('endpoints.first-rows', { n: count(ROWS_MAX, language) })}
                  </p>
                )}
              </>
            )
          }
        </Show>
      </Panel>
      {list && (
        <ListFile list={list} sha256={sha256} path={ran?.path ?? sha256} onClose={() => setList(null)} />
      )}
    </div>
  );
}

/** Endpoints on which a file was met. */
export function Where({ rows }: { rows: EndpointExecution[] }) {
  const { t, language } = useWords();
  const columns: TableColumnsType<EndpointExecution> = [
    {
      title: t('endpoints.machine'),
      render: (_, row) => <EndpointLink id={row.endpoint} machine={row.machine} />,
    },
    {
      title: t('endpoints.outcome'),
      width: 116,
      render: (_, row) => <OutcomeMark outcome={row.ran.outcome} />,
    },
    { title: t('endpoints.how'), width: 220, render: (_, row) => <RanFrom ran={row.ran} /> },
    {
      title: t('endpoints.times'),
      width: 72,
      align: 'right',
      render: (_, row) => <span className="num">{count(row.times, language)}</span>,
    },
    {
      title: t('endpoints.last'),
      width: 166,
      render: (_, row) => (
        <>
          <span className="num nowrap">{instant(row.last)}</span>
          <div className="muted small num nowrap">{t('files.first', { at: instant(row.first) })}</div>
        </>
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => `${row.endpoint} ${row.ran.path} ${row.ran.outcome}`}
      columns={columns}
      dataSource={rows}
      pagination={rows.length > 20 && { pageSize: 20, size: 'small', showSizeChanger: false }}
      tableLayout="fixed"
      scroll={{ x: 720 }}
      className="top-aligned"
      aria-label={t('endpoints.where')}
    />
  );
}
