/** What machines tell of themselves, made fit for a page: moments, versions, terms of a reputation. */
import type { ReputationTerm } from '../../api/model';

/** The last second of the year 9999: nothing later is a moment, whatever a machine says. */
const LAST = 253_402_300_799;

/** Seconds since 1970 as the other moments of the API. */
export function moment(seconds: number | null | undefined): string | null {
  if (seconds === null || seconds === undefined || seconds <= 0 || seconds > LAST) return null;
  return new Date(seconds * 1000).toISOString();
}

/** How many seconds a machine's clock goes before ours, as of when it was heard; small differences are the way's. */
export function clockAhead(now: number | undefined, heard: string): number | null {
  const told = moment(now);
  if (told === null) return null;
  const ahead = Math.round((Date.parse(told) - Date.parse(heard)) / 1000);
  return Math.abs(ahead) > 300 ? ahead : null;
}

export interface Portion {
  name: string;
  count: number;
}

/** Versions with how many have each, the newest first; what is older than the first few is one portion. */
export function versionsOf(versions: Readonly<Record<string, number>>, most = 5): Portion[] {
  const all = Object.entries(versions)
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.name.localeCompare(one.name, 'en', { numeric: true }));
  if (all.length <= most) return all;
  const rest = all.slice(most - 1).reduce((sum, { count }) => sum + count, 0);
  return [...all.slice(0, most - 1), { name: '', count: rest }];
}

export interface TermBar {
  term: ReputationTerm;
  /** Of the half on its side, 0 to 100. */
  width: number;
  side: 'for' | 'against' | 'none';
}

/** Terms as bars on one scale: what weighs most first, what says nothing last. */
export function barsOf(terms: readonly ReputationTerm[]): TermBar[] {
  const most = Math.max(...terms.map(({ points }) => Math.abs(points)), 0);
  return [...terms]
    .sort((one, other) => Math.abs(other.points) - Math.abs(one.points))
    .map((term) => ({
      term,
      width: most === 0 ? 0 : (Math.abs(term.points) / most) * 100,
      side: term.points > 0 ? 'for' : term.points < 0 ? 'against' : 'none',
    }));
}
