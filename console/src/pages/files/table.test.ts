import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FilePage, FileRow } from '../../api/model';
import { wordsOf } from '../../words';
import words from '../../../../locales/en/console.json';
import { gather, tableOf } from './table';

beforeAll(async () => {
  await i18next.init({
    lng: 'en',
    resources: { en: { console: words } },
    keySeparator: false,
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
});

const row = (sha256: string, more: Partial<FileRow> = {}): FileRow => ({
  sha256,
  size: 7,
  name: `${sha256}.exe`,
  kept: true,
  first_seen: '2026-11-26T08:00:00Z',
  last_seen: '2026-11-27T08:00:00Z',
  hosts: 2,
  state: 'done',
  attempts: 1,
  score: 0,
  parts: 0,
  took_ms: 1,
  ...more,
});

/** A server with these pages, by the cursors `1`, `2`… */
const server = (pages: string[][], total: number) => (cursor: string | undefined) => {
  const at = Number(cursor ?? 0);
  const next = at + 1 < pages.length ? String(at + 1) : null;
  const found: FilePage = { rows: (pages[at] ?? []).map((sha256) => row(sha256)), next, total };
  return Promise.resolve(found);
};

const names = ({ rows }: { rows: FileRow[] }) => rows.map(({ sha256 }) => sha256);

describe('files as a table', () => {
  it('are gathered page by page, each once', async () => {
    const found = await gather(server([['a', 'b'], ['b', 'c'], ['d']], 4));
    expect(names(found)).toEqual(['a', 'b', 'c', 'd']);
    expect(found.total).toBe(4);
  });

  it('are no more than a browser holds', async () => {
    const found = await gather(server([['a', 'b'], ['c', 'd'], ['e']], 5), 3);
    expect(names(found)).toEqual(['a', 'b', 'c']);
    expect(found.total).toBe(5);
  });

  it('say in words what they are, and never start a formula', () => {
    const table = tableOf(
      [
        row('a', {
          name: '=cmd|"/c calc"!A0',
          standing: 'clean',
          verdict: 'malicious',
          score: 90,
          list: 'allow',
          type: 'pe',
          group: 'executable',
          mime: 'application/x-dosexec',
          analysed: '2026-11-27T09:00:00Z',
        }),
        row('b', { name: 'invoice\u202excod.exe', state: 'waiting' }),
      ],
      wordsOf('en'),
    );
    const [head, one, two] = table.slice(1).split('\r\n');
    expect(head).toBe(
      "Verdict,Score,Rules' own result,List,Name,SHA-256,Type,Group,MIME,Bytes,Parts inside,Hosts,First seen,Last seen,State,Analysed",
    );
    expect(one).toBe(
      `Clean,90,Malicious,Allow-list,"'=cmd|""/c calc""!A0",a,pe,Programs,application/x-dosexec,7,0,2,2026-11-26T08:00:00Z,2026-11-27T08:00:00Z,Analysed,2026-11-27T09:00:00Z`,
    );
    expect(two).toBe(
      ',,,,invoice[U+202E]xcod.exe,b,,,,7,0,2,2026-11-26T08:00:00Z,2026-11-27T08:00:00Z,Waiting,',
    );
  });
});
