/** Where a plan can go from here. What cannot be done shows disabled with its reason; what can says its consequence. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, DatePicker, Form, Input, Modal } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { sayable, send } from '../api/client';
import type { PlanStanding, PlanState } from '../api/model';
import { useMay } from '../api/session';
import { useWords } from '../words';
import { Act } from './Act';
import { instant } from './format';
import { PlanMark } from './Marks';

/** The usual ways through the board; the server has the last word in `standing.next`. */
export const WAYS: Record<PlanState, PlanState[]> = {
  draft: ['approval', 'exception'],
  approval: ['running', 'draft', 'exception'],
  running: ['verifying', 'rolled-back'],
  verifying: ['verified', 'failed', 'rolled-back'],
  verified: ['rolled-back', 'draft'],
  failed: ['running', 'draft', 'exception'],
  'rolled-back': ['draft'],
  exception: ['draft'],
};

export function waysOf(
  standing: Pick<PlanStanding, 'state' | 'next'>,
): { to: PlanState; allowed: boolean }[] {
  const usual = WAYS[standing.state];
  const all = [...usual, ...standing.next.filter((to) => !usual.includes(to))];
  return all.map((to) => ({ to, allowed: standing.next.includes(to) }));
}

export const NEEDS_APPROVAL: PlanState[] = ['running', 'exception'];

export function PlanMoves({ standing, label }: { standing: PlanStanding; label: string }) {
  const { t, say } = useWords();
  const may = useMay();
  const [to, setTo] = useState<PlanState | null>(null);
  const reason = (target: PlanState) =>
    !may('work-plans')
      ? t('denied.work')
      : NEEDS_APPROVAL.includes(target) && !may('approve-plans')
        ? t('denied.approve')
        : target === 'running' && standing.held
          ? say(standing.held)
          : t('denied.way');
  return (
    <>
      <div className="line" style={{ marginBottom: 10 }}>
        <PlanMark state={standing.state} />
        {standing.until && <span className="chip warn">{t('plan.until', { day: standing.until })}</span>}
        <span className="muted small num">{instant(standing.changed)}</span>
      </div>
      {!standing.current && <p className="tone-blocked">{t('plan.superseded')}</p>}
      <div className="moves">
        {waysOf(standing).map(({ to: target, allowed }, i) => (
          <Act
            key={target}
            size="small"
            type={allowed && i === 0 ? 'primary' : 'default'}
            denied={allowed ? null : reason(target)}
            onClick={() => setTo(target)}
          >
            {t(`move.${target}`)}
          </Act>
        ))}
      </div>
      {to && <Move standing={standing} label={label} to={to} onClose={() => setTo(null)} />}
    </>
  );
}

export interface Answers {
  note?: string;
  until?: Dayjs;
}

function Move(props: { standing: PlanStanding; label: string; to: PlanState; onClose: () => void }) {
  const { standing, to, onClose } = props;
  const { t, say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm<Answers>();
  const move = useMutation({
    mutationFn: ({ note, until }: Answers) =>
      send<PlanStanding>('POST', `/plans/${encodeURIComponent(standing.plan)}/transition`, {
        from: standing.state,
        to,
        ...(note && { note }),
        ...(until && { until: until.format('YYYY-MM-DD') }),
      }),
    onSuccess: (next) => {
      for (const key of ['plans', 'host', 'overview', 'hosts'])
        void queries.invalidateQueries({ queryKey: [key] });
      void message.success(t('move.done', { state: t(`plan.${next.state}`) }));
      onClose();
    },
  });
  return (
    <Modal
      open
      title={`${t(`move.${to}`)} · ${props.label}`}
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

/** What a move asks: a note, and for an exception the day it ends. */
export function MoveFields({ to }: { to: PlanState }) {
  const { t } = useWords();
  return (
    <>
      {to === 'exception' && (
        <Form.Item
          name="until"
          label={t('move.until')}
          rules={[{ required: true, message: t('move.until-needed') }]}
        >
          <DatePicker style={{ width: '100%' }} minDate={dayjs().add(1, 'day')} />
        </Form.Item>
      )}
      <Form.Item
        name="note"
        label={t('move.note')}
        rules={to === 'exception' ? [{ required: true, message: t('move.note-needed') }] : []}
      >
        <Input.TextArea rows={3} maxLength={500} />
      </Form.Item>
    </>
  );
}
