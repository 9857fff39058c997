/** Trusts a publisher: by a thumbprint that somebody writes, or by the certificate of a file that is looked at. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Input, Modal } from 'antd';
import { useState } from 'react';
import { sayable, send } from '../../api/client';
import type { FilePublisher, TrustPublisher } from '../../api/model';
import { thumbprint, wrongThumbprint, type Certificate } from '../../api/publishers';
import { Name } from '../../parts/Name';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';

const NAME_CHARS_MAX = 200;
const REASON_CHARS_MAX = 500;

/** After a change of publishers: what counts for any file may be another. */
export function useTouched() {
  const queries = useQueryClient();
  return () => Promise.all(['files', 'file'].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}

/** The certificate of a file, so that nobody has to copy its thumbprint. */
export interface Given extends Certificate {
  name: string;
  sha1: string;
  /** What the rules call the file. */
  malicious: boolean;
}

export function Trust(props: { given?: Given; known?: readonly FilePublisher[]; onClose: () => void }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const { given, known = [], onClose } = props;
  const [sha1, setSha1] = useState(given?.sha1 ?? '');
  const [name, setName] = useState(given?.name.slice(0, NAME_CHARS_MAX) ?? '');
  const [reason, setReason] = useState('');
  const touched = useTouched();
  const put = useMutation({
    mutationFn: () => {
      const body: TrustPublisher = { name: name.trim(), reason: reason.trim() };
      return send<FilePublisher>('PUT', `/files/publishers/${thumbprint(sha1)}`, body);
    },
    onSuccess: async (publisher) => {
      await touched();
      void message.success(t('publisher.added-done', { name: visible(publisher.name) }));
      onClose();
    },
  });
  const wrong = wrongThumbprint(sha1);
  const same = known.find((publisher) => publisher.sha1 === thumbprint(sha1));
  const missing = wrong
    ? t(`publisher.${wrong}`)
    : name.trim() === ''
      ? t('publisher.name-first')
      : reason.trim() === ''
        ? t('files.reason-first')
        : null;
  return (
    <Modal
      open
      title={t(given ? 'publisher.trust-title' : 'publisher.add')}
      okText={t('publisher.add-go')}
      okButtonProps={{ disabled: missing !== null, title: missing ?? undefined }}
      cancelText={t('action.cancel')}
      confirmLoading={put.isPending}
      onOk={() => put.mutate()}
      onCancel={onClose}
    >
      {put.error && <Alert type="error" showIcon title={say(sayable(put.error))} className="spaced" />}
      <p>{t('publisher.trust-means')}</p>
      {given?.malicious && (
        <Alert type="warning" showIcon title={t('publisher.trust-malicious')} className="spaced" />
      )}
      <div className="trust-form">
        {given ? (
          <dl className="facts">
            {given.subject && (
              <>
                <dt>{t('publisher.subject')}</dt>
                <dd>
                  <Name text={given.subject} className="anywhere" />
                </dd>
              </>
            )}
            {given.issuer && (
              <>
                <dt>{t('publisher.issuer')}</dt>
                <dd>
                  <Name text={given.issuer} className="anywhere" />
                </dd>
              </>
            )}
            <dt>{t('publisher.thumbprint')}</dt>
            <dd className="mono anywhere">{given.sha1}</dd>
          </dl>
        ) : (
          <label>
            {t('publisher.thumbprint')}
            <Input
              autoFocus
              className="mono"
              placeholder={t('publisher.thumbprint-hint')}
              value={sha1}
              status={wrong && wrong !== 'thumbprint-first' ? 'error' : ''}
              onChange={(event) => setSha1(event.target.value)}
            />
            <span className="small" role="status">
              {wrong && wrong !== 'thumbprint-first' && (
                <span className="tone-open">{t(`publisher.${wrong}`)}</span>
              )}
              {same && (
                <span className="tone-blocked">
                  {t('publisher.thumbprint-known', { name: visible(same.name) })}
                </span>
              )}
            </span>
          </label>
        )}
        <label>
          {t('publisher.name')}
          <Input
            placeholder={t('publisher.name-hint')}
            value={name}
            maxLength={NAME_CHARS_MAX}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label>
          {t('publisher.reason')}
          <Input.TextArea
            autoFocus={given !== undefined}
            placeholder={t('files.reason-hint')}
            value={reason}
            maxLength={REASON_CHARS_MAX}
            autoSize={{ minRows: 2, maxRows: 8 }}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
      </div>
    </Modal>
  );
}
