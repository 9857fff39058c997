import { describe, expect, it } from 'vitest';
import { areSame, linesOf } from './passwords';

describe('passwords in a field', () => {
  it('are one a line, each once, with their blanks', () => {
    expect(linesOf('infected\r\n\n two words \ninfected\n')).toEqual(['infected', ' two words ']);
    expect(linesOf('')).toEqual([]);
  });
  it('are the usual ones only in the usual order', () => {
    expect(areSame(['a', 'b'], ['a', 'b'])).toBe(true);
    expect(areSame(['b', 'a'], ['a', 'b'])).toBe(false);
    expect(areSame(['a'], ['a', 'b'])).toBe(false);
  });
});
