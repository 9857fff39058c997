/** Text that somebody else chose — names of files, strings in them — shown so that it cannot pass for another. */

/** Controls, marks of direction and what has no width: with them `exe.cod` reads as `doc.exe`. */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

const code = (hidden: string) =>
  `U+${(hidden.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

const isControl = (hidden: string) => (hidden.codePointAt(0) ?? 0) < 0xa0;

export interface Run {
  text: string;
  /** This stands for a character that would not be seen. Some turn around what follows or hide words from a search;
   *  a control is mostly how some format spells its names. */
  hidden: false | 'turns' | 'control';
}

export function runs(text: string): Run[] {
  const found: Run[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), hidden: false });
    found.push({ text: code(match[0]), hidden: isControl(match[0]) ? 'control' : 'turns' });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), hidden: false });
  return found;
}

/** The same as one line of text, for places that take no marks. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (hidden) => `[${code(hidden)}]`);
}
