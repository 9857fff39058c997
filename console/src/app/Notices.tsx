/** What waits for a person: jobs that stopped, plans to decide on, knowledge that is too old. Nothing is kept: it is all told by the state itself. */
import { BellOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Badge, Button, Popover } from 'antd';
import { useContext, useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { get } from '../api/client';
import type { EndpointPage, Job, JobList, Overview, PlanState } from '../api/model';
import { Signed, useMay } from '../api/session';
import { count, instant } from '../parts/format';
import { Mark, type Tone } from '../parts/Marks';
import { usePartName } from '../parts/names';
import { useWords } from '../words';

interface Notice {
  key: string;
  tone: Tone;
  to: string;
  what: ReactNode;
  more?: string;
}

/** A job that failed long ago was seen long ago. */
const RECENT_MS = 24 * 3600 * 1000;

export function recent(job: Pick<Job, 'created' | 'finished'>, now = Date.now()): boolean {
  return now - Date.parse(job.finished ?? job.created) < RECENT_MS;
}

function useNoticesNow(): Notice[] {
  const { t, language } = useWords();
  const partName = usePartName();
  const may = useMay();
  const me = useContext(Signed);
  const overview = useQuery({ queryKey: ['overview'], queryFn: () => get<Overview>('/overview') });
  const jobs = useQuery({
    queryKey: ['jobs', 'recent'],
    queryFn: () => get<JobList>('/jobs', { limit: 50 }),
  });
  // The same answer as the head of the section of endpoints.
  const fleet = useQuery({
    queryKey: ['endpoints', '/endpoints', { limit: 1 }],
    queryFn: () => get<EndpointPage>('/endpoints', { limit: 1 }),
    enabled: may('command-endpoints'),
  });
  const notices: Notice[] = [];
  for (const job of jobs.data?.jobs ?? []) {
    if (job.state === 'waiting')
      notices.push({
        key: job.id,
        tone: 'blocked',
        to: job.kind === 'import' ? `/import/${encodeURIComponent(job.id)}` : `/jobs?job=${job.id}`,
        what: t('notices.waiting', { job: t(`job-kind.${job.kind}`) }),
        more: instant(job.created),
      });
    if (job.state === 'failed' && recent(job))
      notices.push({
        key: job.id,
        tone: 'open',
        to: `/jobs?job=${encodeURIComponent(job.id)}`,
        what: t('notices.failed', { job: t(`job-kind.${job.kind}`) }),
        more: instant(job.finished),
      });
  }
  const plans = overview.data?.plans ?? [];
  const inState = (state: PlanState) => plans.find((plan) => plan.state === state);
  const overdue = plans.reduce((sum, plan) => sum + plan.overdue, 0);
  const failed = inState('failed')?.count ?? 0;
  const waiting = inState('approval')?.count ?? 0;
  if (failed > 0)
    notices.push({
      key: 'plans-failed',
      tone: 'open',
      to: '/disposal?state=failed',
      what: t('notices.plans-failed', { n: count(failed, language) }),
    });
  if (overdue > 0)
    notices.push({
      key: 'overdue',
      tone: 'open',
      to: '/disposal?state=exception',
      what: t('notices.overdue', { n: count(overdue, language) }),
    });
  if (waiting > 0 && may('approve-plans'))
    notices.push({
      key: 'approval',
      tone: 'accent',
      to: '/disposal?state=approval',
      what: t('notices.approval', { n: count(waiting, language) }),
    });
  const proposed = fleet.data?.health.proposed ?? 0;
  if (proposed > 0)
    notices.push({
      key: 'endpoint-changes',
      tone: 'accent',
      to: '/endpoints/changes',
      what: t('endpoints.notice-proposed', { n: count(proposed, language) }),
    });
  if (me?.roles.includes('audit-administrator') && me.permissions.includes('manage-users'))
    notices.push({ key: 'duties', tone: 'blocked', to: '/system/users', what: t('notices.duties') });
  for (const part of overview.data?.knowledge ?? [])
    if (part.stale)
      notices.push({
        key: part.part,
        tone: 'blocked',
        to: '/system/knowledge',
        what: t('notices.stale', { part: partName(part.part) }),
        more: part.date ?? part.version,
      });
  return notices;
}

export function Notices() {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const notices = useNoticesNow();
  const label = t('notices.label', { n: notices.length });
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomRight"
      title={t('notices.title')}
      content={<List notices={notices} onGo={() => setOpen(false)} />}
    >
      <Button
        type="text"
        aria-label={label}
        icon={
          <Badge count={notices.length} size="small" offset={[2, 0]}>
            <BellOutlined />
          </Badge>
        }
      />
    </Popover>
  );
}

function List({ notices, onGo }: { notices: Notice[]; onGo: () => void }) {
  const { t } = useWords();
  if (notices.length === 0) return <p className="muted notices">{t('notices.none')}</p>;
  return (
    <ul className="rows notices">
      {notices.map((notice) => (
        <li key={notice.key}>
          <Mark tone={notice.tone} bare>
            <Link to={notice.to} onClick={onGo}>
              {notice.what}
            </Link>
          </Mark>
          {notice.more && <span className="muted small num nowrap">{notice.more}</span>}
        </li>
      ))}
    </ul>
  );
}
