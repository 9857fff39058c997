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
      return ['overview', 'hosts', 'host', 'exposures', 'graph', 'plans', 'fleet', 'weapons'];
    case 'plans':
      return ['plans', 'host', 'overview'];
    case 'knowledge':
      return ['knowledge', 'overview', 'weapons', 'graph'];
    case 'lagged':
      return [];
  }
}

function withJob(list: JobList | undefined, job: Job): JobList | undefined {
  if (!list) return list;
  const known = list.jobs.some((other) => other.id === job.id);
  const jobs = known ? list.jobs.map((other) => (other.id === job.id ? job : other)) : [job, ...list.jobs];
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
        queries.setQueriesData<JobList>({ queryKey: ['jobs'] }, (list) => withJob(list, notice.job));
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
