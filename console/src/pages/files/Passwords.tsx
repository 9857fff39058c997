/** The passwords that are tried on what is encrypted. */
import { EditOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Input, Modal } from 'antd';
import { useState } from 'react';
import { get, sayable, send } from '../../api/client';
import type { ChangeFilePasswords, FilePasswords } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { areSame, linesOf } from './passwords';

const KEY = ['files', 'passwords'] as const;

export function Passwords() {
  const { t, language } = useWords();
  const may = useMay()('judge-files');
  const [changing, setChanging] = useState(false);
  const passwords = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => get<FilePasswords>('/files/passwords', {}, signal),
    enabled: may,
  });
  const known = passwords.data;
  return (
    <Panel
      title={
        known
          ? t('passwords.title', { n: count(known.passwords.length, language) })
          : t('passwords.title-none')
      }
      extra={
        <Act
          size="small"
          icon={<EditOutlined />}
          denied={may ? null : t('denied.passwords')}
          disabled={!known}
          onClick={() => setChanging(true)}
        >
          {t('passwords.change')}
        </Act>
      }
    >
      <p className="muted small">{t('passwords.means')}</p>
      {may && <Show of={passwords}>{(passwords) => <Tried passwords={passwords} />}</Show>}
      {changing && known && <Change known={known} onClose={() => setChanging(false)} />}
    </Panel>
  );
}

function Tried({ passwords: { passwords, usual } }: { passwords: FilePasswords }) {
  const { t } = useWords();
  if (passwords.length === 0) return <p className="tone-partial">{t('passwords.none')}</p>;
  return (
    <p className="line" style={{ flexWrap: 'wrap' }}>
      {passwords.map((password) => (
        <code key={password} className="chip anywhere">
          {visible(password)}
        </code>
      ))}
      <span className="muted small">
        {t(areSame(passwords, usual) ? 'passwords.usual' : 'passwords.own')}
      </span>
    </p>
  );
}

function Change({ known, onClose }: { known: FilePasswords; onClose: () => void }) {
  const { t, say, language } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [text, setText] = useState(known.passwords.join('\n'));
  const passwords = linesOf(text);
  const wrong =
    passwords.length > known.max ? t('passwords.why-many', { max: count(known.max, language) }) : null;
  const put = useMutation({
    mutationFn: () => {
      const body: ChangeFilePasswords = { passwords };
      return send<FilePasswords>('PUT', '/files/passwords', body);
    },
    onSuccess: (after) => {
      queries.setQueryData(KEY, after);
      void message.success(t('passwords.saved', { n: count(after.passwords.length, language) }));
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t('passwords.title-none')}
      okText={t('passwords.save')}
      okButtonProps={{ disabled: wrong !== null, title: wrong ?? undefined }}
      cancelText={t('action.cancel')}
      confirmLoading={put.isPending}
      onOk={() => put.mutate()}
      onCancel={onClose}
    >
      {put.error && <Alert type="error" showIcon title={say(sayable(put.error))} className="spaced" />}
      <p>{t('passwords.means')}</p>
      <Input.TextArea
        autoFocus
        className="mono"
        aria-label={t('passwords.field')}
        rows={10}
        spellCheck={false}
        value={text}
        status={wrong ? 'error' : ''}
        onChange={(event) => setText(event.target.value)}
      />
      <p className="small" role="status">
        {wrong && <span className="tone-open">{wrong}</span>}
      </p>
      <Button size="small" type="link" onClick={() => setText(known.usual.join('\n'))}>
        {t('passwords.to-usual')}
      </Button>
    </Modal>
  );
}
