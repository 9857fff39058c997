/** Files that no endpoint runs since an incident was made with them, until somebody lifts that. */
import { useMutation } from '@tanstack/react-query';
import { App, Table, type TableColumnsType } from 'antd';
import { sayable, send } from '../../api/client';
import type { DeniedEverywhere as Denied } from '../../api/model';
import { Act } from '../../parts/Act';
import { instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { useAskAgain, useDenied, useGroups } from './asking';
import { DigestLink, EndpointLink } from './marks';

export function DeniedEverywhere() {
  const { t } = useWords();
  const denied = useGroups().data?.denied;
  if (!denied || denied.length === 0) return null;
  const columns: TableColumnsType<Denied> = [
    {
      title: t('endpoints.file'),
      render: (_, row) => (
        <>
          <Name text={row.path} className="mono anywhere strong" />
          <div className="small">
            <DigestLink sha256={row.sha256} />
          </div>
        </>
      ),
    },
    {
      title: t('endpoints.met-on'),
      width: 220,
      render: (_, row) => <EndpointLink id={row.endpoint} machine="" />,
    },
    {
      title: t('endpoints.since-when'),
      width: 146,
      render: (_, row) => <span className="num nowrap">{instant(row.added)}</span>,
    },
    {
      width: 100,
      align: 'right',
      className: 'no-print',
      render: (_, row) => <Lift sha256={row.sha256} path={row.path} />,
    },
  ];
  return (
    <Panel flush title={t('endpoints.denied-title')}>
      <p className="muted small list-note">{t('endpoints.denied-means')}</p>
      <Table
        size="small"
        rowKey="sha256"
        columns={columns}
        dataSource={denied}
        pagination={denied.length > 20 && { pageSize: 20, size: 'small', showSizeChanger: false }}
        tableLayout="fixed"
        scroll={{ x: 760 }}
        className="top-aligned"
        aria-label={t('endpoints.denied-title')}
      />
    </Panel>
  );
}

export function Lift({ sha256, path }: { sha256: string; path: string }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const denied = useDenied();
  const askAgain = useAskAgain();
  const lift = useMutation({
    mutationFn: () => send('DELETE', `/endpoint-denied/${sha256}`),
    onSuccess: () => void message.success(t('endpoints.lifted')),
    onSettled: () => askAgain(),
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      size="small"
      danger
      denied={denied}
      loading={lift.isPending}
      aria-label={t('endpoints.lift-named', { name: visible(path) })}
      onClick={() =>
        modal.confirm({
          title: t('endpoints.lift-title'),
          content: t('endpoints.lift-means', { name: visible(path) }),
          okText: t('endpoints.lift'),
          okButtonProps: { danger: true },
          cancelText: t('action.cancel'),
          onOk: () => lift.mutateAsync().catch(() => undefined),
        })
      }
    >
      {t('endpoints.lift')}
    </Act>
  );
}
