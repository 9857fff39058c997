/** The rings of an action: who would go first, and how far each ring is while it is rolled out. */
import { CheckCircleFilled, LockOutlined, UnlockOutlined } from '@ant-design/icons';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { Link } from 'react-router';
import { sayable, send } from '../../api/client';
import type { FleetAction, RingPlan, RingStanding, Rollout } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { count, instant, percent } from '../../parts/format';
import { useWords } from '../../words';

export function Rings({ action }: { action: FleetAction }) {
  if (action.rollout) return <RolloutRings rollout={action.rollout} />;
  return (
    <div className="rings-box">
      <ol className="rings">
        {action.rings.map((ring) => (
          <Planned key={ring.ring} ring={ring} />
        ))}
      </ol>
      <Start action={action} />
    </div>
  );
}

export function RolloutRings({ rollout }: { rollout: Rollout }) {
  const { t } = useWords();
  return (
    <div className="rings-box">
      <ol className="rings">
        {rollout.rings.map((ring) => (
          <Going key={ring.ring} ring={ring} rollout={rollout} />
        ))}
      </ol>
      <div className="line">
        <span className="muted small">
          {t('rollout.rule', { percent: rollout.needed_percent })} · {rollout.by} · {instant(rollout.started)}
        </span>
        <span className="grow" />
        <End rollout={rollout} />
      </div>
    </div>
  );
}

function Planned({ ring }: { ring: RingPlan }) {
  const { t, language } = useWords();
  return (
    <li className="ring">
      <div className="ring-head">
        <strong>{t('rollout.ring', { ring: ring.ring, percent: ring.percent })}</strong>
        <span className="num">{t('rollout.hosts', { n: count(ring.hosts, language) })}</span>
      </div>
      <div className="muted small">
        {ring.hosts === 0
          ? t('rollout.empty')
          : ring.caution
              .map(({ caution, hosts }) => `${t(`rollout.caution.${caution}`)} ${count(hosts, language)}`)
              .join(' · ')}
      </div>
      {ring.hosts > 0 && <div className="muted small">{t('rollout.value', { value: ring.value_max })}</div>}
    </li>
  );
}

const PARTS = ['verified', 'working', 'waiting', 'excepted', 'failed'] as const;

function Going({ ring, rollout }: { ring: RingStanding; rollout: Rollout }) {
  const { t, language } = useWords();
  const done = ring.hosts > 0 && ring.verified === ring.hosts;
  return (
    <li className={`ring${ring.open ? ' open' : ''}`}>
      <div className="ring-head">
        <strong>
          {done ? (
            <CheckCircleFilled className="tone-fixed" />
          ) : ring.open ? (
            <UnlockOutlined />
          ) : (
            <LockOutlined className="muted" />
          )}{' '}
          {t('rollout.ring', { ring: ring.ring, percent: ring.percent })}
        </strong>
        <Link className="num" to={`/disposal?${ring.query}`}>
          {t('rollout.hosts', { n: count(ring.hosts, language) })}
        </Link>
      </div>
      <div className="bar" aria-hidden="true">
        {PARTS.map((part) => (
          <span
            key={part}
            className={`part-${part}`}
            style={{ width: `${ring.hosts === 0 ? 0 : (ring[part] / ring.hosts) * 100}%` }}
          />
        ))}
      </div>
      <div className="muted small">
        {ring.hosts === 0
          ? t('rollout.empty')
          : PARTS.filter((part) => ring[part] > 0)
              .map((part) => `${t(`rollout.part.${part}`)} ${count(ring[part], language)}`)
              .join(' · ')}
      </div>
      <div className="small">
        {ring.open
          ? t('rollout.verified', {
              percent: percent(ring.verified, Math.max(1, ring.hosts - ring.excepted)),
            })
          : t('rollout.locked', { ring: ring.ring - 1, percent: rollout.needed_percent })}
      </div>
    </li>
  );
}

function useRollouts() {
  const queries = useQueryClient();
  return () => {
    for (const key of ['fleet', 'rollouts', 'plans']) void queries.invalidateQueries({ queryKey: [key] });
  };
}

function Start({ action }: { action: FleetAction }) {
  const { t, say, language } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const refresh = useRollouts();
  const start = useMutation({
    mutationFn: () => send<Rollout>('POST', '/rollouts', { action: action.key }),
    onSuccess: refresh,
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <div className="line">
      <span className="muted small">{t('rollout.order')}</span>
      <span className="grow" />
      <Act
        size="small"
        denied={may('approve-plans') ? null : t('denied.approve')}
        loading={start.isPending}
        onClick={() =>
          modal.confirm({
            title: t('rollout.start'),
            content: t('rollout.start-means', { n: count(action.hosts, language) }),
            okText: t('rollout.start'),
            cancelText: t('action.cancel'),
            onOk: () => start.mutateAsync().catch(() => undefined),
          })
        }
      >
        {t('rollout.start')}
      </Act>
    </div>
  );
}

function End({ rollout }: { rollout: Rollout }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const refresh = useRollouts();
  const end = useMutation({
    mutationFn: () => send<Rollout>('POST', `/rollouts/${rollout.id}/end`),
    onSuccess: refresh,
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      size="small"
      denied={may('approve-plans') ? null : t('denied.approve')}
      loading={end.isPending}
      onClick={() =>
        modal.confirm({
          title: t('rollout.end'),
          content: t('rollout.end-means'),
          okText: t('rollout.end'),
          cancelText: t('action.cancel'),
          onOk: () => end.mutateAsync().catch(() => undefined),
        })
      }
    >
      {t('rollout.end')}
    </Act>
  );
}
