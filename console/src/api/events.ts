/** Listens to the server's notices and marks what they name as old, so that open pages follow by themselves. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { address } from './client';
import type { Job, JobList, Notice } from './model';

/** What to ask again for after a notice. */
export function touched(notice: Notice): string[] {
  switch (notice.kind) {
    case 'job':
      return notice.job.state === 'running' ? [] : ['jobs', 'imports', 'overview'];
    case 'hosts':
      return ['overview', 'hosts', 'host', 'exposures', 'graph', 'plans', 'fleet', 'weapons', 'rollouts'];
    case 'plans':
      return ['plans', 'host', 'overview', 'fleet', 'rollouts'];
    case 'knowledge':
      return ['knowledge', 'overview', 'weapons', 'graph'];
    case 'traffic':
      return [
        'network',
        'captures',
        'findings',
        'notables',
        'profiles',
        'indicators',
        'sessions',
        'conversation',
      ];
    case 'hunt':
      return ['hunts'];
    case 'lagged':
      return [];
  }
}

/** What is kept of jobs: a short list, the pages of the long one, or a single job with its log. */
type Kept = JobList | { pages: JobList[] } | { job: Job };

/** The job in its new state, wherever it is kept; a new one goes first. */
export function withJob<T extends Kept>(kept: T | undefined, job: Job): T | undefined {
  if (!kept) return kept;
  if ('job' in kept) return kept.job.id === job.id ? { ...kept, job } : kept;
  if ('pages' in kept) {
    const known = kept.pages.some((page) => page.jobs.some((other) => other.id === job.id));
    const pages = kept.pages.map((page, i) => (known || i === 0 ? listed(page, job, !known) : page));
    return { ...kept, pages };
  }
  return listed(kept, job, !kept.jobs.some((other) => other.id === job.id)) as T;
}

function listed(list: JobList, job: Job, first: boolean): JobList {
  const jobs = first ? [job, ...list.jobs] : list.jobs.map((other) => (other.id === job.id ? job : other));
  return { ...list, jobs };
}

export function useNotices(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const source = new EventSource(address('/events'));
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;

    const flush = () => {
      timer = undefined;
      for (const key of waiting) void queries.invalidateQueries({ queryKey: [key] });
      waiting.clear();
    };

    source.onmessage = (event: MessageEvent<string>) => {
      const notice = JSON.parse(event.data) as Notice;
      if (notice.kind === 'lagged') {
        void queries.invalidateQueries();
        return;
      }
      if (notice.kind === 'job') {
        queries.setQueriesData<Kept>({ queryKey: ['jobs'] }, (kept) => withJob(kept, notice.job));
        queries.setQueriesData<{ job: Job }>({ queryKey: ['imports', notice.job.id] }, (old) =>
          old ? { ...old, job: notice.job } : old,
        );
      }
      for (const key of touched(notice)) waiting.add(key);
      // An import names hosts many times a second; the pages follow once in a while.
      if (waiting.size > 0) timer ??= setTimeout(flush, 700);
    };
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [queries]);
}
