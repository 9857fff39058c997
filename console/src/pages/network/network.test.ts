import { expect, test } from 'vitest';
import { axisLabel } from './Histogram';
import { filled } from './TimeBars';
import { moment, place, span } from './parts';

test('silence between bars is part of the picture', () => {
  const bars = [
    { at: '2017-06-01T08:00:00Z', count: 2 },
    { at: '2017-06-01T08:00:03Z', count: 1 },
  ];
  expect(filled(bars, 1000).map((bar) => bar.count)).toEqual([2, 0, 0, 1]);
  expect(filled([], 1000)).toEqual([]);
  expect(filled(bars, 0)).toHaveLength(2);
});

test('times and ends read as people write them', () => {
  expect([span(7), span(2900), span(12_000), span(2_500_000), span(75_000_000), span(3_700_000_000)]).toEqual(
    ['7 µs', '2.9 ms', '12 ms', '2.50 s', '1 min 15 s', '1 h 2 min'],
  );
  expect(place('10.0.0.1', 445)).toBe('10.0.0.1:445');
  expect(place('fe80::1', 445)).toBe('[fe80::1]:445');
  expect(place('10.0.0.1', 0)).toBe('10.0.0.1');
  expect(moment('nonsense')).toBe('nonsense');
});

test('an axis over a turn of the year shows the year', () => {
  const day = 86_400_000;
  const from = Date.parse('2016-12-20T12:00:00Z');
  const over = axisLabel([{ at: from }, { at: from + 30 * day }], 86_400_000_000);
  expect(over('2017-01-02 08:00:00')).toBe('2017-01-02');
  const within = axisLabel([{ at: from }, { at: from + day }], 3_600_000_000);
  expect(within('2016-12-20 12:00:00')).toBe('12-20 12:00');
});
