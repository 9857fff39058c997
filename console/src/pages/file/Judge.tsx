/** What a person does with a file: the lists of the house, another analysis, and being rid of it. */
import { CheckCircleOutlined, DeleteOutlined, ReloadOutlined, StopOutlined } from '@ant-design/icons';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Input, Modal } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { sayable, send } from '../../api/client';
import type { AnalysedAgain, FileDetail, FileList, FileListed, FileRow } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { isMoving, pathOf } from '../files/marks';

const REASON_CHARS_MAX = 500;

function useTouched(sha256: string) {
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ['file', sha256] }),
      queries.invalidateQueries({ queryKey: ['files'] }),
    ]);
}

/** Allow, deny, or take back what was said. */
export function Judge({ detail }: { detail: FileDetail }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const [asking, setAsking] = useState<FileList | null>(null);
  const touched = useTouched(detail.file.sha256);
  const off = useMutation({
    mutationFn: () => send('DELETE', `${pathOf(detail.file.sha256)}/list`),
    onSettled: touched,
    onError: (error) => void message.error(say(sayable(error))),
  });
  const denied = may('judge-files') ? null : t('denied.judge');
  const on = detail.listed?.list;
  const icons = { allow: <CheckCircleOutlined />, deny: <StopOutlined /> };
  return (
    <>
      {on && (
        <Act
          denied={denied}
          loading={off.isPending}
          onClick={() =>
            modal.confirm({
              title: t(`files.off-${on}`),
              content: t('files.off-means'),
              okText: t(`files.off-${on}`),
              cancelText: t('action.cancel'),
              onOk: () => off.mutateAsync().catch(() => undefined),
            })
          }
        >
          {t(`files.off-${on}`)}
        </Act>
      )}
      {(['allow', 'deny'] as const)
        .filter((list) => list !== on)
        .map((list) => (
          <Act
            key={list}
            icon={icons[list]}
            danger={list === 'deny'}
            denied={denied}
            onClick={() => setAsking(list)}
          >
            {t(`files.${list}`)}
          </Act>
        ))}
      {asking && <Asking list={asking} file={detail.file} onClose={() => setAsking(null)} />}
    </>
  );
}

function Asking({ list, file, onClose }: { list: FileList; file: FileRow; onClose: () => void }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const [reason, setReason] = useState('');
  const touched = useTouched(file.sha256);
  const put = useMutation({
    mutationFn: () =>
      send<FileListed>('POST', `${pathOf(file.sha256)}/list`, { list, reason: reason.trim() }),
    onSuccess: async () => {
      await touched();
      void message.success(t(`files.on-list-${list}`));
      onClose();
    },
  });
  const empty = reason.trim() === '';
  return (
    <Modal
      open
      title={<span className="beside-close">{t(`files.${list}-title`, { name: visible(file.name) })}</span>}
      okText={t(`files.${list}`)}
      okButtonProps={{
        danger: list === 'deny',
        disabled: empty,
        title: empty ? t('files.reason-first') : undefined,
      }}
      cancelText={t('action.cancel')}
      confirmLoading={put.isPending}
      onOk={() => put.mutate()}
      onCancel={onClose}
    >
      {put.error && <Alert type="error" showIcon title={say(sayable(put.error))} className="spaced" />}
      <p>{t(`files.${list}-means`)}</p>
      {list === 'allow' && file.verdict === 'malicious' && (
        <Alert type="warning" showIcon title={t('files.allow-malicious')} className="spaced" />
      )}
      <Input.TextArea
        autoFocus
        aria-label={t('files.reason')}
        placeholder={t('files.reason-hint')}
        value={reason}
        maxLength={REASON_CHARS_MAX}
        autoSize={{ minRows: 3, maxRows: 8 }}
        onChange={(event) => setReason(event.target.value)}
      />
    </Modal>
  );
}

export function AnalyseAgain({ file }: { file: FileRow }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const may = useMay();
  const touched = useTouched(file.sha256);
  const again = useMutation({
    mutationFn: () => send<AnalysedAgain>('POST', `${pathOf(file.sha256)}/analyse`),
    onSettled: touched,
    onError: (error) => void message.error(say(sayable(error))),
  });
  const denied = !may('import')
    ? t('denied.import')
    : !file.kept
      ? t('files.bytes-gone')
      : isMoving(file.state)
        ? t(`files.state-${file.state as 'waiting' | 'leased'}`)
        : null;
  return (
    <Act icon={<ReloadOutlined />} denied={denied} loading={again.isPending} onClick={() => again.mutate()}>
      {t('files.again')}
    </Act>
  );
}

/** The audit log keeps who did it. */
export function Forget({ file }: { file: FileRow }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const go = useNavigate();
  const queries = useQueryClient();
  const forget = useMutation({
    mutationFn: () => send('DELETE', pathOf(file.sha256)),
    onSuccess: () => {
      void go('/files');
      queries.removeQueries({ queryKey: ['file', file.sha256] });
      void queries.invalidateQueries({ queryKey: ['files'] });
      void message.success(t('files.forgotten'));
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      icon={<DeleteOutlined />}
      aria-label={t('files.forget')}
      title={t('files.forget')}
      denied={may('delete-hosts') ? null : t('denied.forget')}
      loading={forget.isPending}
      onClick={() =>
        modal.confirm({
          title: t('files.forget-title', { name: visible(file.name) }),
          content: t('files.forget-means'),
          okText: t('files.forget'),
          okButtonProps: { danger: true },
          cancelText: t('action.cancel'),
          onOk: () => forget.mutateAsync().catch(() => undefined),
        })
      }
    />
  );
}
