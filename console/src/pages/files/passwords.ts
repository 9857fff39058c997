/** Passwords as a field has them, one a line. Blanks belong to a password. */

export const linesOf = (text: string): string[] => [
  ...new Set(text.split(/\r\n|\r|\n/).filter((line) => line !== '')),
];

export const areSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((password, at) => password === other[at]);
