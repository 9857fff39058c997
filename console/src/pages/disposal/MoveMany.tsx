/** Moving many plans at once: those that were ticked, or all that the filters let through; and what became of each. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Form, Modal, Progress, Table, Tooltip } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { get, sayable, send } from '../../api/client';
import type { Moved, PlanState } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { count } from '../../parts/format';
import { MoveFields, NEEDS_APPROVAL, WAYS, type Answers } from '../../parts/PlanMoves';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { kept } from './board';

const NAMED_MAX = 500;

interface Props {
  state: PlanState;
  /** Plans that were ticked; none means all of the filter. */
  picked: string[];
  total: number;
  onDone: () => void;
}

export function MoveMany({ state, picked, total, onDone }: Props) {
  const { t, language } = useWords();
  const may = useMay();
  const [to, setTo] = useState<PlanState | null>(null);
  const [moved, setMoved] = useState<Moved | null>(null);
  const many = picked.length > 0 ? picked.length : total;
  const denied = (target: PlanState) => {
    if (!may('work-plans')) return t('denied.work');
    return NEEDS_APPROVAL.includes(target) && !may('approve-plans') ? t('denied.approve') : null;
  };
  return (
    <>
      {many > 0 && (
        <div className="filters no-print move-many" role="toolbar" aria-label={t('moves.title')}>
          <strong className="num">
            {t(picked.length > 0 ? 'moves.picked' : 'moves.all', { n: count(many, language) })}
          </strong>
          {WAYS[state].map((target) => (
            <Act key={target} size="small" denied={denied(target)} onClick={() => setTo(target)}>
              {t(`move.${target}`)}
            </Act>
          ))}
          {picked.length > 0 && (
            <button type="button" className="link small" onClick={onDone}>
              {t('moves.unpick')}
            </button>
          )}
        </div>
      )}
      {to && (
        <Ask
          state={state}
          to={to}
          picked={picked.slice(0, NAMED_MAX)}
          many={many}
          onClose={() => setTo(null)}
          onMoved={(outcome) => {
            setTo(null);
            setMoved(outcome);
            onDone();
          }}
        />
      )}
      {moved && <Outcome first={moved} onClose={() => setMoved(null)} />}
    </>
  );
}

interface AskProps {
  state: PlanState;
  to: PlanState;
  picked: string[];
  many: number;
  onClose: () => void;
  onMoved: (moved: Moved) => void;
}

function Ask({ state, to, picked, many, onClose, onMoved }: AskProps) {
  const { t, say, language } = useWords();
  const { filters } = useFilters();
  const refresh = useRefresh();
  const [form] = Form.useForm<Answers>();
  const move = useMutation({
    mutationFn: ({ note, until }: Answers) => {
      const { rollout, ring, ...texts } = kept(filters);
      const numbers = { ...(rollout && { rollout: Number(rollout) }), ...(ring && { ring: Number(ring) }) };
      return send<Moved>('POST', '/plans/moves', {
        from: state,
        to,
        ...(note && { note }),
        ...(until && { until: until.format('YYYY-MM-DD') }),
        ...(picked.length > 0 ? { plans: picked } : { filter: { ...texts, ...numbers } }),
      });
    },
    onSuccess: (moved) => {
      refresh();
      onMoved(moved);
    },
  });
  const title = t('moves.ask', { move: t(`move.${to}`), n: count(many, language) });
  return (
    <Modal
      open
      title={title}
      okText={t(`move.${to}`)}
      cancelText={t('action.cancel')}
      confirmLoading={move.isPending}
      onCancel={onClose}
      onOk={() => form.submit()}
    >
      <p>{t(`move.${to}-means`)}</p>
      {move.error && (
        <Alert type="error" showIcon title={say(sayable(move.error))} style={{ marginBottom: 12 }} />
      )}
      <Form form={form} layout="vertical" onFinish={move.mutate} requiredMark={false}>
        <MoveFields to={to} />
      </Form>
    </Modal>
  );
}

function useRefresh() {
  const queries = useQueryClient();
  return () => {
    for (const key of ['plans', 'host', 'overview', 'hosts', 'fleet', 'rollouts'])
      void queries.invalidateQueries({ queryKey: [key] });
  };
}

const OVER = ['done', 'failed', 'cancelled'];

/** What became of the moves; it follows the job while there is one. */
function Outcome({ first, onClose }: { first: Moved; onClose: () => void }) {
  const { t, say, language } = useWords();
  const refresh = useRefresh();
  const id = first.job?.id;
  const asked = useQuery({
    queryKey: ['moves', id],
    queryFn: () => get<Moved>(`/plans/moves/${id}`),
    enabled: id !== undefined,
    refetchInterval: (query) => (OVER.includes(query.state.data?.job?.state ?? '') ? false : 1000),
  });
  const moved = asked.data ?? first;
  const { job } = moved;
  const over = !job || OVER.includes(job.state);
  useEffect(() => {
    if (over) refresh();
    // Once, when the job is over.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [over]);
  return (
    <Modal
      open
      title={t('moves.title')}
      onCancel={onClose}
      onOk={onClose}
      okText={t('action.close')}
      cancelButtonProps={{ style: { display: 'none' } }}
      width={680}
    >
      {job && !over && (
        <>
          <Progress
            percent={job.total === 0 ? 0 : Math.round((job.done / job.total) * 100)}
            status="active"
            aria-label={t('moves.title')}
          />
          <p className="muted small">
            {t('moves.in-job')} <Link to="/jobs">{t('nav.jobs')}</Link>
          </p>
        </>
      )}
      {job?.state === 'failed' && job.error && <Alert type="error" showIcon title={say(job.error)} />}
      {over && (
        <Alert
          type={moved.refused > 0 || job?.state === 'cancelled' ? 'warning' : 'success'}
          showIcon
          title={t('moves.outcome', {
            moved: count(moved.moved, language),
            refused: count(moved.refused, language),
          })}
        />
      )}
      {moved.refusals.length > 0 && (
        <Table
          size="small"
          style={{ marginTop: 12 }}
          rowKey={(row) => row.plan}
          dataSource={moved.refusals}
          pagination={
            moved.refusals.length > 6 ? { pageSize: 6, size: 'small', showSizeChanger: false } : false
          }
          columns={[
            {
              title: t('col.host'),
              width: 170,
              render: (_, row) => (
                <Link to={`/hosts/${encodeURIComponent(row.host)}?tab=disposal`}>{row.label}</Link>
              ),
            },
            {
              title: t('moves.why'),
              render: (_, row) => (
                <Tooltip title={row.plan}>
                  <span>{say(row.why)}</span>
                </Tooltip>
              ),
            },
          ]}
        />
      )}
      {moved.refused > moved.refusals.length && (
        <p className="muted small">{t('moves.more', { n: count(moved.refused, language) })}</p>
      )}
    </Modal>
  );
}
