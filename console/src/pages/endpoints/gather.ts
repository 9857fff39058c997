/** A list as a table to take away: everything that the filters leave, page after page. */

/** What a browser holds at once, and what the server gives at once. */
export const ROWS_MAX = 20_000;
export const PAGE = 500;

export interface Page<T> {
  rows: T[];
  total: number;
  next?: string | null;
}

/** A row that moves up meanwhile is told once. */
export async function gather<T>(
  page: (cursor: string | undefined) => Promise<Page<T>>,
  keyOf: (row: T) => string | number,
  most = ROWS_MAX,
): Promise<{ rows: T[]; total: number }> {
  const rows = new Map<string | number, T>();
  let total = 0;
  let cursor: string | undefined;
  do {
    const found = await page(cursor);
    for (const row of found.rows) if (rows.size < most) rows.set(keyOf(row), row);
    total = found.total;
    cursor = found.next ?? undefined;
  } while (cursor !== undefined && rows.size < most);
  return { rows: [...rows.values()], total: Math.max(total, rows.size) };
}
