/** Results that the scripts wrote on the hosts: they verify a plan, or show what failed. */
import { UploadOutlined } from '@ant-design/icons';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Modal, Table } from 'antd';
import { Link } from 'react-router';
import { sayable, upload } from '../../api/client';
import type { ResultsReport } from '../../api/model';
import { useMay } from '../../api/session';
import { Mark, PlanMark } from '../../parts/Marks';
import { Pick } from '../../parts/Pick';
import { Says } from '../../parts/Says';
import { useWords } from '../../words';
import { chosen, form, type Dropped } from '../import/dropped';

export function ResultUpload() {
  const { t, say } = useWords();
  const queries = useQueryClient();
  const may = useMay();
  const sending = useMutation({
    mutationFn: (files: Dropped[]) => upload<ResultsReport>('/results', form(files), () => {}),
    onSuccess: () => {
      for (const key of ['plans', 'host', 'hosts', 'overview'])
        void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return (
    <>
      <Pick
        icon={<UploadOutlined />}
        loading={sending.isPending}
        denied={may('work-plans') ? null : t('denied.work')}
        title={t('results.what')}
        onPick={(list) => sending.mutate(chosen(list))}
      >
        {t('results.upload')}
      </Pick>
      <Modal
        open={sending.isSuccess || sending.isError}
        width={720}
        title={t('results.title')}
        footer={
          <Button type="primary" onClick={() => sending.reset()}>
            {t('action.close')}
          </Button>
        }
        onCancel={() => sending.reset()}
      >
        {sending.error && <Alert type="error" showIcon title={say(sayable(sending.error))} />}
        {sending.data && <Report report={sending.data} />}
      </Modal>
    </>
  );
}

function Report({ report }: { report: ResultsReport }) {
  const { t } = useWords();
  return (
    <Table
      size="small"
      rowKey="path"
      className="top-aligned"
      dataSource={report.files}
      pagination={report.files.length > 20 ? { pageSize: 20, size: 'small' } : false}
      columns={[
        {
          title: t('sources.file'),
          render: (_, file) => (
            <>
              <span className="mono anywhere">{file.path}</span>
              {file.host && (
                <div>
                  <Link to={`/hosts/${encodeURIComponent(file.host)}?tab=disposal`}>
                    {t('disposal.open-host')}
                  </Link>
                </div>
              )}
            </>
          ),
        },
        {
          title: t('exposure.state'),
          width: 120,
          render: (_, file) =>
            file.state ? <PlanMark state={file.state} /> : <Mark tone="open">{t('import.was-refused')}</Mark>,
        },
        { title: t('import.remarks'), render: (_, file) => <Says list={file.messages} /> },
      ]}
    />
  );
}
