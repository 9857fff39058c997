/** The list of files as a table to take away: everything that the filters leave, not only the page that is shown. */
import type { FilePage, FileRow } from '../../api/model';
import { csv } from '../../parts/files';
import { visible } from '../../parts/visible';
import type { Words } from '../../words';
import { groupOf } from '../file/saying';

/** What a browser holds at once, and what the server gives at once. */
export const ROWS_MAX = 20_000;
export const PAGE = 500;

export interface Gathered {
  rows: FileRow[];
  /** How many there are. */
  total: number;
}

/** Page after page, until there is none or it is enough. A file that moves up meanwhile is told once. */
export async function gather(
  page: (cursor: string | undefined) => Promise<FilePage>,
  most = ROWS_MAX,
): Promise<Gathered> {
  const rows = new Map<string, FileRow>();
  let total = 0;
  let cursor: string | undefined;
  do {
    const found = await page(cursor);
    for (const row of found.rows) if (rows.size < most) rows.set(row.sha256, row);
    total = found.total;
    cursor = found.next ?? undefined;
  } while (cursor !== undefined && rows.size < most);
  return { rows: [...rows.values()], total: Math.max(total, rows.size) };
}

export function tableOf(rows: readonly FileRow[], words: Words): string {
  const { t, word } = words;
  const verdict = (value: string | null | undefined) =>
    value ? word(`console.files.verdict-${value}`, value) : '';
  const columns: [string, (row: FileRow) => string | number | null | undefined][] = [
    [t('files.verdict'), (row) => verdict(row.standing)],
    [t('files.score'), (row) => (row.verdict ? row.score : null)],
    [t('files.column-own'), (row) => verdict(row.verdict)],
    [t('files.list'), (row) => row.list && t(`files.list-${row.list}`)],
    // What would hide or turn a name around does so in a spreadsheet as well.
    [t('files.name'), (row) => visible(row.name)],
    ['SHA-256', (row) => row.sha256],
    [t('files.type'), (row) => row.type],
    [t('files.group'), (row) => row.group && groupOf(words, row.group)],
    ['MIME', (row) => row.mime],
    [t('files.column-bytes'), (row) => row.size],
    [t('files.column-parts'), (row) => row.parts],
    [t('files.hosts'), (row) => row.hosts],
    [t('files.first-seen'), (row) => row.first_seen],
    [t('files.last-seen'), (row) => row.last_seen],
    [t('files.state'), (row) => t(`files.state-${row.state}`)],
    [t('files.column-analysed'), (row) => row.analysed],
  ];
  return csv(
    columns.map(([head]) => head),
    rows.map((row) => columns.map(([, cell]) => cell(row))),
  );
}
