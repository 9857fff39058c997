/** Cells of an answer as they are shown. */
import { count } from '../../parts/format';
import type { Language } from '../../words';

export type Cell = string | number | boolean | null | Cell[];

/** Numbers that are read digit by digit: a port, a build, the number of an exchange. */
const NAMES = /port|build|transaction|opnum|year/;
const ROWS_DRAWN_MIN = 3;
const COLUMNS_DRAWN_MAX = 8;

/** The columns that bars can be drawn of: numbers beside a first column of names or times, each of which stands once. */
export function drawable(columns: { name: string; holds: string }[], rows: Cell[][]): number[] {
  const [first, ...others] = columns;
  if (!first || !['text', 'time', 'date'].includes(first.holds)) return [];
  if (rows.length < ROWS_DRAWN_MIN || columns.length > COLUMNS_DRAWN_MAX) return [];
  if (new Set(rows.map((row) => row[0])).size < rows.length) return [];
  const counts = (column: { name: string; holds: string }) =>
    ['number', 'measure'].includes(column.holds) && !NAMES.test(column.name);
  return others.flatMap((column, at) => (counts(column) ? [at + 1] : []));
}

/** The text of a cell; `null` when there is nothing in it. Times are in UTC, as they are asked. */
export function cell(value: Cell, name: string, holds: string, language: Language): string | null {
  if (value === null) return null;
  if (Array.isArray(value))
    return value.length === 0 ? null : value.map((one) => String(one ?? '—')).join(', ');
  if (typeof value === 'number') {
    if (NAMES.test(name)) return String(value);
    return holds === 'measure'
      ? value.toLocaleString(language, { maximumFractionDigits: 3 })
      : count(value, language);
  }
  if (holds === 'time') return String(value).replace('T', ' ').replace('Z', '');
  return String(value);
}

/** How long something took. */
export function seconds(ms: number, language: Language): string {
  const digits = ms < 10_000 ? 2 : 0;
  const text = (ms / 1000).toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return language === 'en' ? `${text} s` : `${text} 秒`;
}
