import { describe, expect, it } from 'vitest';
import { runs, visible } from './visible';

describe('text that somebody else chose', () => {
  it('shows what would turn a name around', () => {
    expect(visible('invoice\u202exslx.exe')).toBe('invoice[U+202E]xslx.exe');
    expect(runs('a\u202eb')).toEqual([
      { text: 'a', hidden: false },
      { text: 'U+202E', hidden: 'turns' },
      { text: 'b', hidden: false },
    ]);
  });

  it('shows what has no width, and what ends a line', () => {
    expect(visible('pay\u200bpal\n')).toBe('pay[U+200B]pal[U+000A]');
    expect(runs('\u0001Ole')[0]).toEqual({ text: 'U+0001', hidden: 'control' });
    expect(visible('\u{e0041}')).toBe('[U+E0041]');
  });

  it('leaves words of every language as they are', () => {
    for (const name of ['季度报表（终稿）.xlsx', 'résumé.doc', 'שלום.txt', '😀.png']) {
      expect(visible(name)).toBe(name);
      expect(runs(name)).toEqual([{ text: name, hidden: false }]);
    }
    expect(runs('')).toEqual([]);
  });
});
