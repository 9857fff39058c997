/** What the list of hunts and the page of one share. */
import type { HuntRow } from '../../api/model';
import { instant } from '../../parts/format';
import type { Tone } from '../../parts/Marks';
import type { useWords } from '../../words';

/** How a hunt stands. One that was stopped says nothing of what it did not read. */
export const STATES: Record<HuntRow['state'], Tone> = {
  filling: 'accent',
  queued: 'accent',
  running: 'accent',
  done: 'fixed',
  failed: 'open',
  cancelled: 'unknown',
};

export const isOver = (row: Pick<HuntRow, 'state'>) =>
  row.state === 'done' || row.state === 'failed' || row.state === 'cancelled';

/** How far a hunt is, of a hundred. */
export function share(row: Pick<HuntRow, 'state' | 'job'>): number {
  if (row.state === 'done') return 100;
  const job = row.job;
  return job && job.total > 0 ? Math.min(100, Math.floor((job.done / job.total) * 100)) : 0;
}

/** The time that was asked about, in words. */
export function within(row: Pick<HuntRow, 'since' | 'until'>, t: ReturnType<typeof useWords>['t']): string {
  if (row.since && row.until)
    return t('hunt.between', { since: instant(row.since), until: instant(row.until) });
  if (row.since) return t('hunt.from', { since: instant(row.since) });
  if (row.until) return t('hunt.before', { until: instant(row.until) });
  return t('hunt.everything');
}

/** `2026-11-25T08:00`, as the browser gives it, in its own time zone. */
export function localTime(text: string): string | undefined {
  const date = new Date(text);
  return text === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
