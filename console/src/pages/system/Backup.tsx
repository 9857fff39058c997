/** Backups of everything the server keeps. */
import { DownloadOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Table } from 'antd';
import { useNavigate } from 'react-router';
import { address, get, sayable, send } from '../../api/client';
import type { Job, SystemInfo } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { bytes, instant } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

export function Backup() {
  const { t, say, language } = useWords();
  const go = useNavigate();
  const queries = useQueryClient();
  const system = useQuery({ queryKey: ['system'], queryFn: () => get<SystemInfo>('/system') });
  const backup = useMutation({
    mutationFn: () => send<Job>('POST', '/system/backup'),
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      void queries.invalidateQueries({ queryKey: ['system'] });
      void go(`/jobs?job=${encodeURIComponent(job.id)}`);
    },
  });
  return (
    <Panel
      flush
      title={t('system.backup')}
      extra={
        <Button type="primary" size="small" loading={backup.isPending} onClick={() => backup.mutate()}>
          {t('backup.now')}
        </Button>
      }
    >
      {backup.error && (
        <Alert type="error" showIcon title={say(sayable(backup.error))} style={{ margin: 12 }} />
      )}
      <Show of={system}>
        {(info) =>
          info.backups.length === 0 ? (
            <Blank title={t('backup.empty')}>{t('backup.lead')}</Blank>
          ) : (
            <>
              <p className="muted" style={{ margin: '12px 14px' }}>
                {t('backup.lead')} {t('backup.keep')}
              </p>
              <Table
                size="small"
                rowKey="name"
                dataSource={info.backups}
                pagination={info.backups.length > 20 ? { pageSize: 20, size: 'small' } : false}
                columns={[
                  { title: t('sources.file'), className: 'mono', dataIndex: 'name' },
                  { title: t('jobs.created'), width: 160, render: (_, file) => instant(file.made) },
                  {
                    title: t('fleet.size'),
                    width: 140,
                    align: 'right',
                    render: (_, file) => bytes(file.bytes, language),
                  },
                  {
                    width: 60,
                    align: 'right',
                    render: (_, file) => (
                      <Button
                        size="small"
                        icon={<DownloadOutlined />}
                        href={address(`/system/backups/${encodeURIComponent(file.name)}`)}
                        download={file.name}
                        aria-label={t('backup.download', { name: file.name })}
                      />
                    ),
                  },
                ]}
                aria-label={t('system.backup')}
              />
            </>
          )
        }
      </Show>
    </Panel>
  );
}
