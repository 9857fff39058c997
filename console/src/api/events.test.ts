import { describe, expect, it } from 'vitest';
import { touched, withJob } from './events';
import type { Job, JobList } from './model';

const job = (id: string, state: Job['state']): Job => ({
  id,
  state,
  kind: 'import',
  title: { code: 'api.job-import', params: {} },
  by: 'admin',
  created: '2026-01-01T00:00:00Z',
  done: 0,
  total: 0,
});
const list = (...jobs: Job[]): JobList => ({ jobs });

describe('a notice of a job', () => {
  it('replaces the job in a list, or goes first when it is new', () => {
    expect(withJob(list(job('a', 'running')), job('a', 'done'))).toEqual(list(job('a', 'done')));
    expect(withJob(list(job('a', 'done')), job('b', 'queued'))).toEqual(
      list(job('b', 'queued'), job('a', 'done')),
    );
  });

  it('finds the job on any page of the long list', () => {
    const pages = { pages: [list(job('a', 'done')), list(job('b', 'running'))], pageParams: ['', 'x'] };
    expect(withJob(pages, job('b', 'done'))?.pages[1]).toEqual(list(job('b', 'done')));
    expect(withJob(pages, job('c', 'queued'))?.pages[0]?.jobs[0]?.id).toBe('c');
  });

  it('moves on the one job that is open, and leaves another alone', () => {
    const open = { job: job('a', 'running'), log: [] };
    expect(withJob(open, job('a', 'done'))?.job.state).toBe('done');
    expect(withJob(open, job('b', 'done'))).toBe(open);
  });
});

describe('a notice of an endpoint', () => {
  it('makes everything of endpoints old', () => {
    expect(touched({ kind: 'endpoint', endpoint: 'e-1' })).toEqual(['endpoints']);
  });
});

describe('a notice of a file', () => {
  it('makes lists of files old, and the page of one', () => {
    expect(touched({ kind: 'file', sha256: '00' })).toEqual(['files', 'file']);
  });
});
