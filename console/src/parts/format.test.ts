import { describe, expect, it } from 'vitest';
import { ago, bytes, count, duration, percent } from './format';

describe('figures', () => {
  it('are grouped, and a part of nothing is nothing', () => {
    expect(count(608740, 'zh-CN')).toBe('608,740');
    expect(percent(0, 0)).toBe(0);
    expect(percent(1, 3)).toBe(33);
  });

  it('give sizes in the nearest unit', () => {
    expect(bytes(512, 'en')).toBe('512 B');
    expect(bytes(15_728_640, 'en')).toBe('15 MB');
    expect(bytes(1_610_612, 'zh-CN')).toBe('1.5 MB');
  });
});

describe('a length of time', () => {
  it('is told in minutes, hours or days', () => {
    expect([1, 119, 120, 2879, 4727].map((minutes) => duration(minutes, 'en'))).toEqual([
      '1 min',
      '119 mins',
      '2 hrs',
      '48 hrs',
      '3.3 days',
    ]);
    expect([40, 600, 4727].map((minutes) => duration(minutes, 'zh-CN'))).toEqual([
      '40分钟',
      '10小时',
      '3.3天',
    ]);
  });
});

describe('an age', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  it('is said in the language of the page', () => {
    expect(ago('2026-11-23T09:00:00Z', 'en', now)).toBe('3 hr ago');
    expect(ago('2026-11-23T09:00:00Z', 'zh-CN', now)).toBe('3小时前');
    expect(ago('2026-11-20T12:00:00Z', 'en', now)).toBe('3 days ago');
    expect(ago('2020-11-20T12:00:00Z', 'en', now)).toBe('6 yr ago');
    expect(ago(null, 'en', now)).toBe('—');
  });
});
