import { describe, expect, it } from 'vitest';
import { waysOf } from './PlanMoves';

describe('the ways of a plan', () => {
  it('show what the server forbids as forbidden, and what only it knows as well', () => {
    expect(waysOf({ state: 'approval', next: ['draft'] })).toEqual([
      { to: 'running', allowed: false },
      { to: 'draft', allowed: true },
      { to: 'exception', allowed: false },
    ]);
    expect(waysOf({ state: 'rolled-back', next: ['draft', 'exception'] }).map((way) => way.to)).toEqual([
      'draft',
      'exception',
    ]);
  });
});
