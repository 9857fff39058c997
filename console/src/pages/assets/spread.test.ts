import { describe, expect, it } from 'vitest';
import { largest } from './Spread';

describe('the spread of hosts', () => {
  const list = [
    { value: 'a', count: 1 },
    { value: 'b', count: 9 },
    { value: 'c', count: 2 },
  ];

  it('shows the largest first and adds up what is left over', () => {
    expect(largest(list, 1)).toEqual({ first: [{ value: 'b', count: 9 }], others: 3, kinds: 2 });
    expect(largest(list, 3)).toMatchObject({ others: 0, kinds: 0 });
  });
});
