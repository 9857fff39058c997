import { describe, expect, it } from 'vitest';
import type { Dropped } from '../import/dropped';
import { batches, isAddress } from './batches';

const file = (path: string, size: number): Dropped => ({ path, file: { size } as File });

describe('files on their way', () => {
  it('go in forms of what the server takes at once', () => {
    const sent = batches([file('a', 6), file('b', 5), file('c', 4), file('d', 11)], 10);
    expect(sent.batches.map((batch) => batch.map((one) => one.path))).toEqual([['a'], ['b', 'c']]);
    expect(sent.refused.map((one) => one.path)).toEqual(['d']);
    expect(sent.bytes).toBe(15);
  });

  it('go a hundred at a time', () => {
    const many = Array.from({ length: 250 }, (_, i) => file(String(i), 0));
    expect(batches(many, 10).batches.map((batch) => batch.length)).toEqual([100, 100, 50]);
    expect(batches([], 10).batches).toEqual([]);
  });
});

describe('an address', () => {
  it('is told from a name', () => {
    expect(['10.1.2.3', 'fe80::1', '::1', '2001:db8::10.0.0.1'].map(isAddress)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['10.1.2', '10.1.2.300', 'pc-7', '', 'a:b'].map(isAddress)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
