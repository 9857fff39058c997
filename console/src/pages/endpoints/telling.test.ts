import { describe, expect, it } from 'vitest';
import { barsOf, clockAhead, moment, versionsOf } from './telling';

describe('moments that machines tell', () => {
  it('are seconds since 1970', () => {
    expect(moment(1_800_000_000)).toBe('2027-01-15T08:00:00.000Z');
  });

  it('are none where no calendar has them', () => {
    expect([0, null, undefined, Number.MAX_SAFE_INTEGER, 2 ** 64].map(moment)).toEqual(
      Array.from({ length: 5 }, () => null),
    );
  });

  it('show a clock that is wrong, and not how long a report took', () => {
    const heard = '2027-01-15T08:00:00Z';
    expect(clockAhead(1_800_000_020, heard)).toBeNull();
    expect(clockAhead(1_800_003_600, heard)).toBe(3600);
    expect(clockAhead(1_799_996_400, heard)).toBe(-3600);
    expect(clockAhead(2 ** 64, heard)).toBeNull();
  });
});

describe('versions', () => {
  it('stand with the newest first, by their numbers', () => {
    expect(versionsOf({ '0.9.0': 2, '0.10.0': 5, '0.2.1': 1 }).map(({ name }) => name)).toEqual([
      '0.10.0',
      '0.9.0',
      '0.2.1',
    ]);
  });

  it('are few, whatever there are', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`1.${i}.0`, 10 + i]));
    expect(versionsOf(many, 3)).toEqual([
      { name: '1.8.0', count: 18 },
      { name: '1.7.0', count: 17 },
      { name: '', count: 10 + 11 + 12 + 13 + 14 + 15 + 16 },
    ]);
  });
});

describe('terms of a reputation', () => {
  const term = (name: string, points: number) => ({ name, points, words: { code: `reputation.${name}` } });

  it('are bars on one scale, the weightiest first', () => {
    const bars = barsOf([term('base', 0), term('age', 10), term('detections', -40)]);
    expect(bars.map(({ term, width, side }) => [term.name, width, side])).toEqual([
      ['detections', 100, 'against'],
      ['age', 25, 'for'],
      ['base', 0, 'none'],
    ]);
  });

  it('that all say nothing are bars without length', () => {
    expect(barsOf([term('base', 0)]).map(({ width }) => width)).toEqual([0]);
    expect(barsOf([])).toEqual([]);
  });
});
