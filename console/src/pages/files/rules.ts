/** Files of YARA rules on their way to the server, and what it says of those it has. */
import type { FileRuleLeftOut, FileRuleRefused, FileRules } from '../../api/model';
import type { Dropped } from '../import/dropped';

/** The server takes no larger one. */
export const RULE_BYTES_MAX = 16 << 20;
const NAME_BYTES_MAX = 200;

export interface Chosen {
  /** Under the names that they will bear on the server. */
  rules: Dropped[];
  /** Names that are not what the person called them. */
  renamed: string[];
  /** No rules, or too large. */
  others: Dropped[];
}

/** Of what was dropped the files of rules, each with a name of its own. */
export function rulesOf(list: readonly Dropped[]): Chosen {
  const found: Chosen = { rules: [], renamed: [], others: [] };
  const isRules = (one: Dropped) => /\.yara?$/i.test(one.path) && one.file.size <= RULE_BYTES_MAX;
  const times = new Map<string, number>();
  for (const one of list.filter(isRules)) {
    const name = plain(last(one.path));
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  const taken = new Set<string>();
  for (const one of list) {
    if (!isRules(one)) {
      found.others.push(one);
      continue;
    }
    const own = plain(last(one.path));
    // Collections have an `index.yar` in each folder: with its folders before it each is one of its own.
    const wanted = (times.get(own) ?? 0) > 1 ? plain(one.path.replaceAll('/', '-')) : own;
    const name = unlike(wanted, taken);
    taken.add(name);
    if (name !== last(one.path)) found.renamed.push(name);
    found.rules.push({ path: name, file: one.file });
  }
  return found;
}

const last = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** A name that the server takes: letters, digits and a few marks, with the ending in small letters. */
function plain(name: string): string {
  const dot = name.lastIndexOf('.');
  const ending = name.slice(dot).toLowerCase();
  const stem = name
    .slice(0, dot)
    .replace(/[^\p{Alphabetic}\p{N}._ ()-]/gu, '_')
    .replace(/^\.+/, '');
  return shortened(stem === '' ? 'rules' : stem, ending) + ending;
}

function shortened(stem: string, ending: string): string {
  const size = (text: string) => new TextEncoder().encode(text + ending).length;
  const letters = [...stem];
  while (size(letters.join('')) > NAME_BYTES_MAX) letters.pop();
  return letters.join('');
}

function unlike(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const dot = name.lastIndexOf('.');
  for (let i = 2; ; i += 1) {
    const ending = ` (${i})${name.slice(dot)}`;
    const other = shortened(name.slice(0, dot), ending) + ending;
    if (!taken.has(other)) return other;
  }
}

export interface Source {
  name: string;
  bytes: number;
  wrong: FileRuleRefused[];
}

/** Sources with what is wrong in each, in the order of their lines. */
export function sourcesOf(rules: FileRules): Source[] {
  const wrong = new Map<string, FileRuleRefused[]>();
  for (const one of rules.refused) {
    const others = wrong.get(one.file);
    if (others) others.push(one);
    else wrong.set(one.file, [one]);
  }
  return rules.sources.map(({ name, bytes }) => ({
    name,
    bytes,
    wrong: (wrong.get(name) ?? []).sort((one, other) => one.line - other.line),
  }));
}

export function narrowed(sources: readonly Source[], asked: { text: string; wrong: boolean }): Source[] {
  const text = asked.text.trim().toLowerCase();
  return sources.filter(
    (source) =>
      (!asked.wrong || source.wrong.length > 0) &&
      (text === '' ||
        source.name.toLowerCase().includes(text) ||
        source.wrong.some(({ why }) => why.toLowerCase().includes(text))),
  );
}

export interface Need {
  /** `null` for what no words are known for. */
  kind: 'module' | 'rule' | null;
  name: string;
  rules: string[];
}

/** Rules that were left out by what they need, the most wanted first. */
export function needsOf(leftOut: readonly FileRuleLeftOut[]): Need[] {
  const needs = new Map<string, Need>();
  for (const { rule, needs: what } of leftOut) {
    const said = /^(module|rule) `(.*)`$/.exec(what);
    const need = needs.get(what) ?? {
      kind: (said?.[1] as 'module' | 'rule' | undefined) ?? null,
      name: said?.[2] ?? what,
      rules: [],
    };
    need.rules.push(rule);
    needs.set(what, need);
  }
  return [...needs.values()].sort((one, other) => other.rules.length - one.rules.length);
}
