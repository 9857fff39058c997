/** Isolation of an endpoint: what was asked and what is so, and asking for it or for its end. */
import { StopOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { Alert, App, Input, Modal } from 'antd';
import { useState } from 'react';
import { sayable, send } from '../../api/client';
import type { EndpointDetail, EndpointIsolation, IsolationState } from '../../api/model';
import { Act } from '../../parts/Act';
import { count, instant } from '../../parts/format';
import type { Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { useAskAgain, useDenied } from './asking';
import { Told } from './marks';

type Isolation = EndpointIsolation | null | undefined;

const TONES: Record<IsolationState, Tone> = {
  asked: 'partial',
  isolated: 'blocked',
  refused: 'open',
  'release-asked': 'partial',
  'not-released': 'open',
};

const BANNERS: Record<IsolationState, 'info' | 'warning' | 'error'> = {
  asked: 'info',
  isolated: 'warning',
  refused: 'error',
  'release-asked': 'info',
  'not-released': 'error',
};

/** What is asked for next: whoever is isolated, or is to be, can only be released. */
export function isToBeReleased(isolation: Isolation): boolean {
  return isolation != null && isolation.state !== 'release-asked';
}

export function IsolationMark({ isolation }: { isolation: Isolation }) {
  const { t } = useWords();
  if (!isolation) return null;
  return (
    <span className={`mark ${TONES[isolation.state]}`}>
      <StopOutlined aria-hidden="true" />
      {t(`endpoints.isolation-${isolation.state}`)}
    </span>
  );
}

/** Says that it is isolated, or should be, and who asked why. */
export function IsolationBanner({ isolation }: { isolation: Isolation }) {
  const { t, language } = useWords();
  if (!isolation) return null;
  const { state, asked, since, refused, repaired } = isolation;
  return (
    <Alert
      type={BANNERS[state]}
      showIcon
      className="spaced"
      title={t(`endpoints.isolation-${state}`)}
      description={
        <>
          <p>{t(`endpoints.isolation-${state}-means`, { since: since ? instant(since) : '—' })}</p>
          {refused && (
            <p>
              <Told message={refused} className="anywhere" />
            </p>
          )}
          {asked && (
            <p>
              <Name
                text={t('endpoints.isolation-by', { who: asked.by, at: instant(asked.at), why: asked.why })}
                className="anywhere"
              />
            </p>
          )}
          {(repaired ?? 0) > 0 && (
            <p>{t('endpoints.isolation-repaired', { n: count(repaired ?? 0, language) })}</p>
          )}
        </>
      }
    />
  );
}

/** The button for what can be asked for next. */
export function IsolationAct({ endpoint }: { endpoint: EndpointDetail }) {
  const { t } = useWords();
  const denied = useDenied();
  const [asking, setAsking] = useState(false);
  const what = isToBeReleased(endpoint.isolation) ? 'release' : 'isolate';
  return (
    <>
      <Act
        size="small"
        danger={what === 'isolate'}
        denied={denied ?? (endpoint.state === 'revoked' ? t('endpoints.revoked-stays') : null)}
        onClick={() => setAsking(true)}
      >
        {t(`endpoints.${what}`)}
      </Act>
      {asking && <Ask endpoint={endpoint} what={what} onClose={() => setAsking(false)} />}
    </>
  );
}

function Ask(props: { endpoint: EndpointDetail; what: 'isolate' | 'release'; onClose: () => void }) {
  const { endpoint, onClose } = props;
  const { t, say } = useWords();
  const { message } = App.useApp();
  const askAgain = useAskAgain();
  // What is asked stays what it was when this was opened, whatever the endpoint says meanwhile.
  const [what] = useState(props.what);
  const [why, setWhy] = useState('');
  const name = endpoint.machine || endpoint.endpoint;
  const ask = useMutation({
    mutationFn: () =>
      send<EndpointDetail>('POST', `/endpoints/${encodeURIComponent(endpoint.endpoint)}/${what}`, {
        why: why.trim(),
      }),
    onSuccess: () => {
      void message.success(t(`endpoints.${what}-asked`));
      onClose();
    },
    onSettled: () => askAgain(),
  });
  return (
    <Modal
      open
      title={<Name text={t(`endpoints.${what}-title`, { name })} />}
      okText={t(`endpoints.${what}`)}
      okButtonProps={{ disabled: why.trim() === '', danger: what === 'isolate' }}
      cancelText={t('action.cancel')}
      confirmLoading={ask.isPending}
      onOk={() => ask.mutate()}
      onCancel={onClose}
    >
      <Alert
        type="warning"
        showIcon
        className="spaced"
        title={<Name text={t(`endpoints.${what}-means`, { name })} />}
      />
      {ask.error && (
        <Alert type="error" showIcon className="spaced" title={<Name text={say(sayable(ask.error))} />} />
      )}
      <div className="change-fields">
        <label>
          <span>{t('endpoints.why')}</span>
          <Input
            value={why}
            maxLength={300}
            placeholder={t(`endpoints.${what}-hint`)}
            onChange={(event) => setWhy(event.target.value)}
          />
        </label>
      </div>
    </Modal>
  );
}
