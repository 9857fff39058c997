import { describe, expect, it } from 'vitest';
import { filled, isOver, share } from './hunting';

describe('hunts', () => {
  it('show silence between bars', () => {
    const bars = [
      { at: '2017-05-12T00:00:00Z', count: 2 },
      { at: '2017-05-12T03:00:00Z', count: 1 },
    ];
    expect(filled({ step: 3600, bars }).map((bar) => bar.count)).toEqual([2, 0, 0, 1]);
    expect(filled({ step: 3600, bars: [] })).toEqual([]);
    expect(filled({ step: 0, bars }).length).toBe(2);
  });

  it('say how far they are', () => {
    const job = { done: 3, total: 4 } as never;
    expect(share({ state: 'running', job })).toBe(75);
    expect(share({ state: 'queued' })).toBe(0);
    expect(share({ state: 'done' })).toBe(100);
    expect(isOver({ state: 'filling' })).toBe(false);
    expect(isOver({ state: 'cancelled' })).toBe(true);
  });
});
