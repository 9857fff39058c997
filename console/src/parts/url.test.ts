import { describe, expect, it } from 'vitest';
import { changed } from './url';

describe('a changed filter', () => {
  it('starts again at the first page and drops what is empty', () => {
    const before = new URLSearchParams('q=srv&zone=ot&cursor=abc');
    expect(changed(before, { zone: null, weapon: 'eternalblue' }).toString()).toBe(
      'q=srv&weapon=eternalblue',
    );
    expect(changed(before, { q: '' }).toString()).toBe('zone=ot');
  });
});
