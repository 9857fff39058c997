/** Long work: what runs, how far it is, what it said, and a way to stop it. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Drawer, Progress, Table, type TableColumnsType } from 'antd';
import { get, sayable, send } from '../../api/client';
import type { Job, JobDetail, JobList, JobState } from '../../api/model';
import { useMay } from '../../api/session';
import { Act, Go } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { useActor } from '../../parts/actor';
import { bytes, count, instant } from '../../parts/format';
import { ImportButton } from '../../parts/ImportButton';
import { Mark, type Tone } from '../../parts/Marks';
import { PageHead, Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';

export const TONES: Record<JobState, Tone> = {
  queued: 'none',
  running: 'accent',
  waiting: 'blocked',
  done: 'fixed',
  failed: 'open',
  cancelled: 'none',
};

export function Component() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const jobs = useInfiniteQuery({
    queryKey: ['jobs', 'all'],
    queryFn: ({ pageParam }) => get<JobList>('/jobs', { limit: 50, cursor: pageParam }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: (query) =>
      query.state.data?.pages[0]?.jobs.some((job) => job.state === 'running' || job.state === 'queued')
        ? 2000
        : false,
  });
  const list = jobs.data?.pages.flatMap((page) => page.jobs) ?? [];
  return (
    <>
      <PageHead title={t('nav.jobs')} />
      <Panel flush>
        <Show of={jobs}>
          {() =>
            list.length === 0 ? (
              <Blank title={t('jobs.empty')} action={<ImportButton />}>
                {t('jobs.empty-note')}
              </Blank>
            ) : (
              <>
                <Rows list={list} onOpen={(id) => set({ job: id })} />
                {jobs.hasNextPage && (
                  <div className="pager">
                    <Button
                      size="small"
                      loading={jobs.isFetchingNextPage}
                      onClick={() => void jobs.fetchNextPage()}
                    >
                      {t('jobs.older')}
                    </Button>
                  </div>
                )}
              </>
            )
          }
        </Show>
      </Panel>
      <JobDrawer id={filters['job'] ?? null} onClose={() => set({ job: null })} />
    </>
  );
}

function Rows({ list, onOpen }: { list: Job[]; onOpen: (id: string) => void }) {
  const { t, say } = useWords();
  const actor = useActor();
  const said = (job: Job) => (job.state === 'waiting' ? t('import.waiting') : say(job.title));
  const columns: TableColumnsType<Job> = [
    {
      title: t('jobs.job'),
      render: (_, job) => (
        <>
          <button type="button" className="link strong" onClick={() => onOpen(job.id)}>
            {t(`job-kind.${job.kind}`)}
          </button>
          {/* What it last said; a job that waits says what for. */}
          {said(job) !== t(`job-kind.${job.kind}`) && <div className="muted small">{said(job)}</div>}
        </>
      ),
    },
    {
      title: t('exposure.state'),
      width: 110,
      render: (_, job) => <Mark tone={TONES[job.state]}>{t(`job.${job.state}`)}</Mark>,
    },
    { title: t('jobs.progress'), width: 230, render: (_, job) => <HowFar job={job} /> },
    { title: t('jobs.by'), width: 120, render: (_, job) => actor(job.by) },
    { title: t('jobs.created'), width: 150, render: (_, job) => instant(job.created) },
    { title: t('jobs.took'), width: 90, align: 'right', render: (_, job) => took(job) },
    { width: 92, align: 'right', render: (_, job) => <Cancel job={job} /> },
  ];
  return (
    <Table
      size="small"
      rowKey="id"
      columns={columns}
      dataSource={list}
      pagination={false}
      aria-label={t('nav.jobs')}
    />
  );
}

/** `1:05` minutes, or nothing before it started. */
export function took(job: Pick<Job, 'started' | 'finished'>, now = Date.now()): string {
  if (!job.started) return '—';
  const end = job.finished ? Date.parse(job.finished) : now;
  const seconds = Math.max(0, Math.round((end - Date.parse(job.started)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export function HowFar({ job }: { job: Job }) {
  const { language } = useWords();
  // A capture is measured in the bytes of it that were read.
  const amount = job.kind === 'read-capture' ? bytes : count;
  if (job.state === 'queued') return <span className="muted">—</span>;
  const share = job.state === 'done' ? 100 : job.total > 0 ? Math.floor((job.done / job.total) * 100) : 0;
  const status = job.state === 'failed' ? 'exception' : job.state === 'done' ? 'success' : 'normal';
  return (
    <div className="line">
      <Progress
        percent={share}
        size="small"
        status={status}
        showInfo={false}
        style={{ flex: 1, margin: 0 }}
      />
      <span className="num small muted nowrap">
        {amount(job.done, language)}
        {job.total > 0 && ` / ${amount(job.total, language)}`}
      </span>
    </div>
  );
}

const live = (job: Job) => job.state === 'queued' || job.state === 'running' || job.state === 'waiting';

function Cancel({ job }: { job: Job }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const may = useMay();
  const cancel = useMutation({
    mutationFn: () => send<Job>('POST', `/jobs/${encodeURIComponent(job.id)}/cancel`),
    onSettled: () => queries.invalidateQueries({ queryKey: ['jobs'] }),
    onError: (error) => void message.error(say(sayable(error))),
  });
  if (!live(job)) return null;
  return (
    <Act
      size="small"
      denied={may('import') ? null : t('denied.cancel')}
      loading={cancel.isPending}
      onClick={() =>
        modal.confirm({
          title: t('jobs.cancel-title'),
          content: t('jobs.cancel-means'),
          okText: t('jobs.cancel'),
          cancelText: t('jobs.go-on'),
          onOk: () => cancel.mutateAsync().catch(() => undefined),
        })
      }
    >
      {t('jobs.cancel')}
    </Act>
  );
}

function JobDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { t } = useWords();
  const job = useQuery({
    queryKey: ['jobs', 'one', id],
    queryFn: () => get<JobDetail>(`/jobs/${encodeURIComponent(id ?? '')}`),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && live(query.state.data.job) ? 1500 : false),
  });
  return (
    <Drawer open={id !== null} onClose={onClose} size={680} title={t('jobs.log')} destroyOnHidden>
      <Show of={job}>{(detail) => <Log detail={detail} />}</Show>
    </Drawer>
  );
}

function Log({ detail }: { detail: JobDetail }) {
  const { t, say } = useWords();
  const { job, log } = detail;
  return (
    <div className="grid">
      <div className="line">
        <Mark tone={TONES[job.state]}>{t(`job.${job.state}`)}</Mark>
        <strong>{t(`job-kind.${job.kind}`)}</strong>
        <span className="muted">{job.state === 'waiting' ? t('import.waiting') : say(job.title)}</span>
        <span style={{ marginLeft: 'auto' }}>
          <Cancel job={job} />
        </span>
      </div>
      <HowFar job={job} />
      {job.error && <Alert type="error" showIcon title={say(job.error)} />}
      {job.kind === 'import' && (
        <div>
          <Go
            to={`/import/${encodeURIComponent(job.id)}`}
            type={job.state === 'waiting' ? 'primary' : 'default'}
          >
            {t(job.state === 'waiting' ? 'jobs.map' : 'jobs.result')}
          </Go>
        </div>
      )}
      {job.kind === 'read-capture' && job.state === 'done' && (
        <div>
          <Go to="/network/findings">{t('jobs.network')}</Go>
        </div>
      )}
      <ol className="log" aria-live="polite">
        {log.map((line, i) => (
          <li key={i}>
            <time className="mono muted">{instant(line.at).slice(11)}</time> {say(line.message)}
          </li>
        ))}
      </ol>
      {log.length === 0 && <span className="muted">{t('jobs.no-log')}</span>}
    </div>
  );
}
