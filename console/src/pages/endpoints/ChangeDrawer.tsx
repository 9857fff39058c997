/** A change of what endpoints are held to: what it is, what would come of it, why, and only then the button. */
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { Alert, App, Button, Drawer, Input } from 'antd';
import { useRef, useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { sayable, send } from '../../api/client';
import type { ChangeOutcome, PolicyProposal, PolicyTrial, ProposeChange } from '../../api/model';
import { Act } from '../../parts/Act';
import { Broken, Waiting } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { useAskAgain, useDenied, useGroups } from './asking';
import { Trial } from './Trial';
import { useSettled } from './useSettled';

const SETTLED_MS = 450;
const WHY_MAX = 300;

export function ChangeDrawer(props: {
  title: string;
  /** What it does, said at once. */
  means?: string;
  /** Nothing while the form has no change in it yet, or something is wrong. */
  proposal: PolicyProposal | null;
  /** What is missing or wrong in the form. */
  wanting?: string | null;
  danger?: boolean;
  width?: number;
  onClose: () => void;
  onDone?: (outcome: ChangeOutcome) => void;
  children?: ReactNode;
}) {
  const { title, proposal, onClose } = props;
  const { t, say } = useWords();
  const { message } = App.useApp();
  const denied = useDenied();
  const askAgain = useAskAgain();
  const groups = useGroups();
  const inForce = groups.data?.version;
  // What was looked at when the form opened. Somebody else's change meanwhile is not overwritten unseen.
  const [opened, setOpened] = useState(inForce);
  if (opened === undefined && inForce !== undefined) setOpened(inForce);
  const [why, setWhy] = useState('');
  const shown = useRef<HTMLHeadingElement>(null);
  const settled = useSettled(proposal, SETTLED_MS);
  const isSettled = JSON.stringify(settled) === JSON.stringify(proposal);
  const basis = opened ?? 0;
  const asked: Omit<ProposeChange, 'why'> | null =
    settled && opened !== undefined ? { proposal: settled, basis } : null;
  const trial = useQuery({
    queryKey: ['endpoint-trial', asked],
    queryFn: () => send<PolicyTrial>('POST', '/endpoint-changes/try', { ...asked, why: '' }),
    enabled: asked !== null && proposal !== null && denied === null,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const apply = useMutation({
    mutationFn: (change: PolicyProposal) =>
      send<ChangeOutcome>('POST', '/endpoint-changes', { proposal: change, basis, why: why.trim() }),
    onSuccess: (outcome) => {
      void message.success(t(outcome.applied ? 'endpoints.applied' : 'endpoints.waits'));
      onClose();
      props.onDone?.(outcome);
    },
    onSettled: () => askAgain(),
  });
  const told = proposal !== null && !trial.error ? trial.data : undefined;
  const stale = !isSettled || trial.isPlaceholderData || trial.isFetching;
  const two = (told?.needs_two.length ?? 0) > 0;
  const nothing = told?.groups.length === 0 && proposal?.kind === 'settings';
  const hindered =
    denied ??
    (proposal === null
      ? (props.wanting ?? t('endpoints.change-nothing'))
      : trial.error
        ? say(sayable(trial.error))
        : !told || stale
          ? t('endpoints.trying')
          : told.refused
            ? say(told.refused)
            : nothing
              ? t('endpoints.trial-nothing')
              : why.trim() === ''
                ? t('endpoints.why-needed')
                : null);
  return (
    <Drawer
      open
      size={props.width ?? 760}
      title={title}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="change-foot">
          <label>
            <span>{t('endpoints.why')}</span>
            <Input
              value={why}
              maxLength={WHY_MAX}
              placeholder={t('endpoints.why-hint')}
              onChange={(event) => setWhy(event.target.value)}
            />
          </label>
          <Standing
            trial={told}
            stale={stale}
            onShow={() => shown.current?.scrollIntoView({ block: 'start' })}
          />
          <span className="grow" />
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Act
            type="primary"
            danger={props.danger ?? false}
            denied={hindered}
            loading={apply.isPending}
            onClick={() => proposal && apply.mutate(proposal)}
          >
            {t(two ? 'endpoints.propose' : 'endpoints.apply')}
          </Act>
        </div>
      }
    >
      <div className="grid">
        {props.means && <p className="change-means">{props.means}</p>}
        {apply.error && (
          <Alert type="error" showIcon role="alert" title={<Name text={say(sayable(apply.error))} />} />
        )}
        {inForce !== undefined && opened !== undefined && inForce !== opened && (
          <Alert
            type="warning"
            showIcon
            role="alert"
            title={t('endpoints.moved-on', { basis: opened, version: inForce })}
            action={
              <Button size="small" onClick={() => setOpened(inForce)}>
                {t('endpoints.take-basis')}
              </Button>
            }
          />
        )}
        {props.children}
        <h3 className="trial-title" ref={shown}>
          {t('endpoints.trial')}
        </h3>
        {proposal === null ? (
          <p className="muted">{props.wanting ?? t('endpoints.change-nothing')}</p>
        ) : trial.error ? (
          <Broken error={trial.error} retry={() => void trial.refetch()} />
        ) : told ? (
          <Trial trial={told} stale={stale} />
        ) : denied ? (
          <p className="muted">{denied}</p>
        ) : (
          <Waiting rows={3} />
        )}
        {two && !told?.refused && (
          <p className="muted small">
            {t('endpoints.propose-means')} <Link to="/endpoints/changes">{t('endpoints.tab-changes')}</Link>
          </p>
        )}
      </div>
    </Drawer>
  );
}

/** What the trial says in a word, in sight however long the form above it is. */
function Standing(props: { trial: PolicyTrial | undefined; stale: boolean; onShow: () => void }) {
  const { trial, stale, onShow } = props;
  const { t, language } = useWords();
  if (!trial) return null;
  const two = trial.needs_two.length > 0;
  return (
    <button type="button" className={`plain-link trial-standing${stale ? ' stale' : ''}`} onClick={onShow}>
      <Mark tone={trial.refused ? 'open' : two ? 'blocked' : 'fixed'}>
        {t(trial.refused ? 'endpoints.short-refused' : two ? 'endpoints.short-two' : 'endpoints.short-alone')}
      </Mark>
      <span className="num small">{t('endpoints.n-endpoints', { n: count(trial.endpoints, language) })}</span>
    </button>
  );
}
