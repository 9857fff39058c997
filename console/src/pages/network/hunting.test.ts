import { describe, expect, it } from 'vitest';
import { isOver, share } from './hunting';

describe('hunts', () => {
  it('say how far they are', () => {
    const job = { done: 3, total: 4 } as never;
    expect(share({ state: 'running', job })).toBe(75);
    expect(share({ state: 'queued' })).toBe(0);
    expect(share({ state: 'done' })).toBe(100);
    expect(isOver({ state: 'filling' })).toBe(false);
    expect(isOver({ state: 'cancelled' })).toBe(true);
  });
});
