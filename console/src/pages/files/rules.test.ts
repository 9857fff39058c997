import { describe, expect, it } from 'vitest';
import { narrowed, needsOf, RULE_BYTES_MAX, rulesOf, sourcesOf } from './rules';

const one = (path: string, size = 10) => ({ path, file: { size } as File });
const names = (...paths: string[]) => rulesOf(paths.map((path) => one(path))).rules.map(({ path }) => path);

describe('files of rules that were dropped', () => {
  it('are those that end like rules, and not too large', () => {
    const found = rulesOf([
      one('a.yar'),
      one('b.YARA'),
      one('README.md'),
      one('x.yar.txt'),
      one('large.yar', RULE_BYTES_MAX + 1),
    ]);
    expect(found.rules.map(({ path }) => path)).toEqual(['a.yar', 'b.yara']);
    expect(found.others.map(({ path }) => path)).toEqual(['README.md', 'x.yar.txt', 'large.yar']);
    expect(found.renamed).toEqual(['b.yara']);
  });

  it('lose their folders, but where two have one name', () => {
    expect(names('set/apt/one.yar', 'set/index.yar', 'set/apt/index.yar')).toEqual([
      'one.yar',
      'set-index.yar',
      'set-apt-index.yar',
    ]);
  });

  it('never bear the same name twice', () => {
    expect(names('a/b.yar', 'a-b.yar', 'x/b.yar')).toEqual(['a-b.yar', 'a-b (2).yar', 'x-b.yar']);
    expect(names('a.yar', 'a.YAR')).toEqual(['a.yar', 'a (2).yar']);
  });

  it('have only what the server takes in their names', () => {
    expect(names('a+b[1].yar', '.hidden.yar', '规则 (2017).yar', '.yar', '<b>.yar')).toEqual([
      'a_b_1_.yar',
      'hidden.yar',
      '规则 (2017).yar',
      'rules.yar',
      '_b_.yar',
    ]);
    const [long = ''] = names(`${'规'.repeat(120)}.yara`);
    expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(200);
    expect(long.endsWith('.yara')).toBe(true);
  });
});

const rules = {
  digest: 'd',
  rules: 1,
  sources: [
    { name: 'a.yar', bytes: 1 },
    { name: 'b.yar', bytes: 2 },
  ],
  refused: [
    { file: 'b.yar', line: 7, why: 'unknown identifier' },
    { file: 'b.yar', line: 2, why: 'syntax error' },
  ],
  left_out: [
    { rule: 'One', needs: 'rule `Two`' },
    { rule: 'Two', needs: 'module `cuckoo`' },
    { rule: 'Three', needs: 'module `cuckoo`' },
    { rule: 'Four', needs: 'the moon' },
  ],
};

describe('rules on the server', () => {
  it('stand with what is wrong in them, line by line', () => {
    const [a, b] = sourcesOf(rules);
    expect(a?.wrong).toEqual([]);
    expect(b?.wrong.map(({ line }) => line)).toEqual([2, 7]);
  });

  it('are found by their name and by what is wrong', () => {
    const found = (text: string, wrong = false) =>
      narrowed(sourcesOf(rules), { text, wrong }).map(({ name }) => name);
    expect(found('')).toEqual(['a.yar', 'b.yar']);
    expect(found('', true)).toEqual(['b.yar']);
    expect(found('A.YAR')).toEqual(['a.yar']);
    expect(found('syntax')).toEqual(['b.yar']);
    expect(found('a.yar', true)).toEqual([]);
  });

  it('that are left out stand by what they need', () => {
    expect(needsOf(rules.left_out)).toEqual([
      { kind: 'module', name: 'cuckoo', rules: ['Two', 'Three'] },
      { kind: 'rule', name: 'Two', rules: ['One'] },
      { kind: null, name: 'the moon', rules: ['Four'] },
    ]);
  });
});
