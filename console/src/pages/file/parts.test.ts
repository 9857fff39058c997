import { describe, expect, it } from 'vitest';
import type { FileDetail, FileFact, FilePart, FileReason, FileReport } from '../../api/model';
import {
  above,
  closedAtFirst,
  grouped,
  huntFor,
  isUnread,
  left,
  overruledBy,
  rowsOf,
  treeOf,
  utc,
  webAddress,
} from './parts';

const part = (number: number, parent: number | null, more: Partial<FilePart> = {}): FilePart => ({
  number,
  parent,
  depth: 0,
  name: `part-${number}`,
  path: `part-${number}`,
  storage: 'plain',
  outcome: 'whole',
  ...more,
});

const reason = (at: number, counted: number, also: number[] = []): FileReason => ({
  rule: 'r',
  version: 1,
  family: 'f',
  source: 'static',
  points: counted,
  counted,
  part: at,
  also,
  message: { code: 'verdict.malicious' },
});

const report = (parts: FilePart[], reasons: FileReason[] = []): FileReport => ({
  parts,
  verdict: { state: 'unknown', score: 0, reasons, complete: true, ledger: '1' },
  complete: true,
  versions: { readers: '1', rules: '' },
});

// 0 ─ 1 ─ 2
//   ╰ 3
const small = report([part(0, null), part(1, 0), part(2, 1), part(3, 0)], [reason(2, 40, [3])]);

describe('the tree of parts', () => {
  it('puts each part below the one that holds it, in the order of the report', () => {
    const rows = rowsOf(treeOf(small, []), new Set(), null);
    expect(rows.map((row) => [row.node.part.number, row.level, row.place, row.of])).toEqual([
      [0, 1, 1, 1],
      [1, 2, 1, 2],
      [2, 3, 1, 1],
      [3, 2, 2, 2],
    ]);
  });

  it('hides what is inside a closed part', () => {
    const rows = rowsOf(treeOf(small, []), new Set([1]), null);
    expect(rows.map((row) => row.node.part.number)).toEqual([0, 1, 3]);
  });

  it('counts points at the part that met the rule first, and marks the others too', () => {
    const nodes = treeOf(small, [{ part: 1, list: 'allow' }]);
    expect([nodes.get(2)?.points, nodes.get(3)?.points]).toEqual([40, 0]);
    expect([0, 1, 2, 3].map((number) => nodes.get(number)?.remarkable)).toEqual([false, true, true, true]);
    expect(nodes.get(1)?.listed).toBe('allow');
  });

  it('keeps the way to what a filter leaves, and says what stands there only for that', () => {
    const nodes = treeOf(small, []);
    const rows = rowsOf(nodes, new Set(), left(nodes, { remarkable: true, text: '' }));
    expect(rows.map((row) => [row.node.part.number, row.dim])).toEqual([
      [0, true],
      [1, true],
      [2, false],
      [3, false],
    ]);
    expect(rows.map((row) => row.folds)).toEqual([true, true, false, false]);
    const found = rowsOf(nodes, new Set(), left(nodes, { remarkable: false, text: 'part-1' }));
    expect(found.map((row) => [row.node.part.number, row.folds])).toEqual([
      [0, true],
      [1, false],
    ]);
    expect(left(nodes, { remarkable: false, text: ' ' })).toBeNull();
    expect([...(left(nodes, { remarkable: false, text: 'PART-3' })?.met ?? [])]).toEqual([3]);
  });

  it('knows the way down to a part', () => {
    expect(above(treeOf(small, []), 2)).toEqual([0, 1]);
    expect(above(treeOf(small, []), 0)).toEqual([]);
  });

  it('is closed at first when it is large, but for the way to reasons', () => {
    const many = [part(0, null), part(1, 0), part(2, 1), part(3, 0), part(4, 3)];
    for (let number = 5; number < 100; number += 1) many.push(part(number, 3));
    expect([...closedAtFirst(treeOf(report(many, [reason(2, 9)]), []))]).toEqual([3]);
    expect(closedAtFirst(treeOf(small, [])).size).toBe(0);
  });

  it('goes down a file that is nested ten thousand times', () => {
    const deep = Array.from({ length: 10_000 }, (_, i) => part(i, i === 0 ? null : i - 1));
    expect(rowsOf(treeOf(report(deep), []), new Set(), null)).toHaveLength(10_000);
  });

  it('tells unread parts from those that another part tells of', () => {
    expect(isUnread('whole')).toBe(false);
    expect(isUnread({ same: 3 })).toBe(false);
    expect(isUnread({ limited: 'depth' })).toBe(true);
    expect(isUnread({ failed: { code: 'file.damaged' } })).toBe(true);
  });
});

describe('lists of the house', () => {
  const detail = (more: Partial<FileDetail>) =>
    ({ listed_parts: [], known_parts: [], report: small, ...more }) as unknown as FileDetail;
  const listed = (list: 'allow' | 'deny') => ({ list, reason: 'r', owner: 'o', added: '' });

  it('stand above the rules, and what is denied inside above what is allowed', () => {
    expect(overruledBy(detail({}))).toBeNull();
    expect(overruledBy(detail({ listed: listed('allow') }))).toEqual({ by: 'allowed', part: 0 });
    const inside = [
      { part: 0, list: 'allow' as const },
      { part: 2, list: 'deny' as const },
    ];
    expect(overruledBy(detail({ listed: listed('allow'), listed_parts: inside }))).toEqual({
      by: 'denied',
      part: 2,
    });
    expect(overruledBy(detail({ listed_parts: [{ part: 3, list: 'allow' }] }))).toBeNull();
    const known_parts = [
      { part: 3, source: 'feed' },
      { part: 4, source: 'other' },
    ];
    const known = (source: string) => ({ 'known-hash': { source } });
    expect(overruledBy(detail({ known_parts }))).toEqual({ by: known('feed'), part: 3 });
    expect(overruledBy(detail({ known_parts, listed_parts: [{ part: 3, list: 'allow' }] }))).toEqual({
      by: known('other'),
      part: 4,
    });
    expect(overruledBy(detail({ known_parts, listed: listed('allow') }))).toEqual({ by: 'allowed', part: 0 });
  });
});

describe('facts', () => {
  const facts: FileFact[] = [
    { name: 'pe.imphash', type: 'digest', value: 'ab12' },
    { name: 'pe.rich.hash', type: 'absent' },
    { name: 'text.lines', type: 'integer', value: 12 },
    { name: 'pe.sections', type: 'texts', value: ['.text', '.rsrc'] },
  ];

  it('stand together by their namespace', () => {
    expect(grouped(facts, '').map((group) => [group.namespace, group.facts.length])).toEqual([
      ['pe', 3],
      ['text', 1],
    ]);
  });

  it('are found by name and by value', () => {
    const names = (text: string) =>
      grouped(facts, text).flatMap((group) => group.facts.map((fact) => fact.name));
    expect(names('RICH')).toEqual(['pe.rich.hash']);
    expect(names('.rsrc')).toEqual(['pe.sections']);
    expect(names('nothing')).toEqual([]);
  });
});

describe('what a page does with strings from a file', () => {
  it('looks back only for what traffic shows', () => {
    expect(huntFor('domain', 'evil.example')).toBe('/network/hunts?look=evil.example');
    expect(huntFor('registry-key', 'HKLM\\Software')).toBeNull();
  });

  it('follows no address but those of the web', () => {
    expect(webAddress(' https://example.org/a ')).toBe('https://example.org/a');
    expect(webAddress('javascript:alert(1)')).toBeNull();
    expect(webAddress('see https://example.org')).toBeNull();
    expect(webAddress(undefined)).toBeNull();
  });

  it('tells times as they are written in it', () => {
    expect(utc(0)).toBe('1970-01-01 00:00:00 UTC');
    expect(utc(1e20)).toBe('100000000000000000000 µs');
  });
});
