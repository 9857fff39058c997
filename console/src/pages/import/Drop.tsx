/** The place to drop files and folders. */
import { FolderOpenOutlined, InboxOutlined } from '@ant-design/icons';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, Progress } from 'antd';
import { useState, type DragEvent } from 'react';
import { sayable, upload } from '../../api/client';
import type { ImportAccepted } from '../../api/model';
import { useMay } from '../../api/session';
import { bytes, count } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Pick } from '../../parts/Pick';
import { useWords } from '../../words';
import { chosen, dropped, form, type Dropped } from './dropped';

export function Drop({
  onSent,
  to = '/imports',
  hint,
}: {
  onSent: (job: string) => void;
  to?: string;
  hint?: string;
}) {
  const { t, say, language } = useWords();
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState(0);
  const [size, setSize] = useState(0);
  const queries = useQueryClient();
  const may = useMay();
  const facts = to !== '/knowledge/imports';
  const allowed = may(facts ? 'import' : 'update-knowledge');
  const denied = allowed ? null : t(facts ? 'denied.import' : 'denied.knowledge');

  const sending = useMutation({
    mutationFn: async (list: Dropped[]) => {
      setSent(0);
      setSize(list.reduce((sum, { file }) => sum + file.size, 0));
      return upload<ImportAccepted>(to, form(list), setSent);
    },
    onSuccess: (accepted) => {
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      onSent(accepted.job.id);
    },
  });

  const take = (list: Dropped[]) => {
    if (list.length > 0 && allowed) sending.mutate(list);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void dropped(event.dataTransfer.items).then(take);
  };

  return (
    <Panel>
      {sending.error && (
        <Alert type="error" showIcon title={say(sayable(sending.error))} style={{ marginBottom: 12 }} />
      )}
      {denied && <Alert type="info" showIcon title={denied} style={{ marginBottom: 12 }} />}
      <div
        className={over ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <InboxOutlined style={{ fontSize: 34, color: 'var(--accent)' }} />
        <strong>{t('import.drop')}</strong>
        <span className="muted" style={{ maxWidth: 620, lineHeight: 1.6 }}>
          {hint ?? t('import.kinds')}
        </span>
        {sending.isPending ? (
          <div style={{ width: 320 }} role="status">
            <Progress percent={size === 0 ? 0 : Math.floor((sent / size) * 100)} size="small" />
            <span className="muted num">
              {t('import.sending', {
                n: count(sending.variables?.length ?? 0, language),
                size: bytes(size, language),
              })}
            </span>
          </div>
        ) : (
          <div className="line" style={{ marginTop: 8 }}>
            <Pick type="primary" denied={denied} onPick={(list) => take(chosen(list))}>
              {t('import.choose-files')}
            </Pick>
            <Pick folder denied={denied} icon={<FolderOpenOutlined />} onPick={(list) => take(chosen(list))}>
              {t('import.choose-folder')}
            </Pick>
          </div>
        )}
      </div>
      {!hint && (
        <p className="muted small" style={{ margin: '10px 0 0' }}>
          {t('import.how')}
        </p>
      )}
    </Panel>
  );
}
