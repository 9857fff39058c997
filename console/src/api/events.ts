/** Listens to the server's notices and marks what they name as old, so that open pages follow by themselves. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
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
    case 'file':
      return ['files', 'file'];
    case 'hunt':
      return ['hunts'];
    case 'endpoint':
      return ['endpoints'];
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

/** An import names hosts many times a second; the pages follow soon, and then once in a while. */
const SOON_MS = 700;
const APART_MS = 3_000;
/** A server that restarts is back before anybody has read that it is gone. */
const LOST_AFTER_MS = 2_500;
const AGAIN_MS = 5_000;

/** Follows the server; true while it has not been heard for some seconds, and what is shown may be old. */
export function useNotices(): boolean {
  const queries = useQueryClient();
  const [lost, setLost] = useState(false);
  useEffect(() => {
    let source: EventSource;
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let losing: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let flushed = 0;

    const flush = () => {
      timer = undefined;
      flushed = Date.now();
      for (const key of waiting) void queries.invalidateQueries({ queryKey: [key] });
      waiting.clear();
    };

    const take = (event: MessageEvent<string>) => {
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
      if (waiting.size > 0) timer ??= setTimeout(flush, Math.max(SOON_MS, flushed + APART_MS - Date.now()));
    };

    const listen = () => {
      source = new EventSource(address('/events'));
      source.onmessage = take;
      source.onopen = () => {
        if (losing === undefined) return;
        // Notices of the time between were missed: everything may be another.
        clearTimeout(losing);
        losing = undefined;
        setLost(false);
        void queries.invalidateQueries();
      };
      source.onerror = () => {
        losing ??= setTimeout(() => setLost(true), LOST_AFTER_MS);
        if (source.readyState !== EventSource.CLOSED) return;
        // The browser gives up after an answer that is no stream: a session that ended, or a proxy without its server.
        void queries.invalidateQueries({ queryKey: ['me'] });
        clearTimeout(again);
        again = setTimeout(listen, AGAIN_MS);
      };
    };
    listen();
    return () => {
      clearTimeout(timer);
      clearTimeout(losing);
      clearTimeout(again);
      source.close();
    };
  }, [queries]);
  return lost;
}
