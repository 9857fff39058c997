/** The parts of a report as a tree, and what of them is worth a look. */
import type { FileDetail, FileFact, FileOverruled, FilePart, FileRead, FileReport } from '../../api/model';

export interface Node {
  part: FilePart;
  children: number[];
  /** What judged it: points that counted, from reasons that name it. */
  points: number;
  reasons: number;
  matches: number;
  oddities: number;
  indicators: number;
  unread: boolean;
  listed: 'allow' | 'deny' | null;
  remarkable: boolean;
}

/** Whether not all of it was read: unread is unknown, and unknown is not safe. */
export function isUnread(outcome: FileRead): boolean {
  return typeof outcome === 'object' && !('same' in outcome);
}

/** All parts with their children, by number. */
export function treeOf(report: FileReport, listed: FileDetail['listed_parts']): Map<number, Node> {
  const lists = new Map(listed.map(({ part, list }) => [part, list]));
  const nodes = new Map<number, Node>();
  for (const part of report.parts) {
    const list = lists.get(part.number) ?? null;
    const unread = isUnread(part.outcome);
    const matches = part.matches?.length ?? 0;
    const oddities = part.oddities?.length ?? 0;
    nodes.set(part.number, {
      part,
      children: [],
      points: 0,
      reasons: 0,
      matches,
      oddities,
      indicators: part.indicators?.filter((indicator) => !indicator.common).length ?? 0,
      unread,
      listed: list,
      remarkable: unread || matches > 0 || oddities > 0 || list !== null || part.file?.mismatch != null,
    });
    if (part.parent != null) nodes.get(part.parent)?.children.push(part.number);
  }
  for (const reason of report.verdict.reasons) {
    for (const number of new Set([reason.part, ...(reason.also ?? [])])) {
      const node = nodes.get(number);
      if (!node) continue;
      node.reasons += 1;
      node.remarkable = true;
    }
    const first = nodes.get(reason.part);
    if (first) first.points += reason.counted;
  }
  return nodes;
}

/**
 * The list that decides, if one does: what is denied, be it inside, stands above what is allowed, and that above hashes that
 * are known for bad ones. An allowed part is not held against what holds it.
 */
export function overruledBy(detail: FileDetail): FileOverruled | null {
  const { report, listed, listed_parts, known_parts } = detail;
  if (report?.verdict.overruled) return report.verdict.overruled;
  if (listed?.list === 'deny') return { by: 'denied', part: 0 };
  const inside = listed_parts.find(({ list }) => list === 'deny');
  if (inside) return { by: 'denied', part: inside.part };
  if (listed) return { by: 'allowed', part: 0 };
  const allowed = new Set(listed_parts.filter(({ list }) => list === 'allow').map(({ part }) => part));
  const known = known_parts.find(({ part }) => !allowed.has(part));
  return known ? { by: { 'known-hash': { source: known.source } }, part: known.part } : null;
}

/** The parts around one, from the file itself down to its parent. */
export function above(nodes: ReadonlyMap<number, Node>, number: number): number[] {
  const path: number[] = [];
  let parent = nodes.get(number)?.part.parent;
  while (parent != null && !path.includes(parent)) {
    path.unshift(parent);
    parent = nodes.get(parent)?.part.parent;
  }
  return path;
}

export interface Row {
  node: Node;
  level: number;
  /** Some of what is inside it can be shown. */
  folds: boolean;
  open: boolean;
  /** Its place among its shown brothers, from 1, and how many these are. */
  place: number;
  of: number;
  /** It stands here only for what is inside it. */
  dim: boolean;
}

/** What a search or a filter leaves, with everything around it; `null` when nothing is asked for. */
export function left(
  nodes: ReadonlyMap<number, Node>,
  asked: { remarkable: boolean; text: string },
): { met: Set<number>; shown: Set<number> } | null {
  const text = asked.text.trim().toLowerCase();
  if (!asked.remarkable && text === '') return null;
  const met = new Set<number>();
  const shown = new Set<number>();
  for (const [number, node] of nodes) {
    if (asked.remarkable && !node.remarkable) continue;
    if (text !== '' && !described(node).includes(text)) continue;
    met.add(number);
    shown.add(number);
    for (const other of above(nodes, number)) shown.add(other);
  }
  return { met, shown };
}

function described({ part }: Node): string {
  return `${part.name}\n${part.path}\n${part.file?.kind ?? ''}\n${part.file?.sha256 ?? ''}`.toLowerCase();
}

/** The lines of the tree from above to below: closed parts hide what is inside them; a filter opens all it leaves. */
export function rowsOf(
  nodes: ReadonlyMap<number, Node>,
  closed: ReadonlySet<number>,
  kept: ReturnType<typeof left>,
): Row[] {
  const rows: Row[] = [];
  const seen = (numbers: readonly number[]) =>
    kept === null ? numbers : numbers.filter((number) => kept.shown.has(number));
  const roots = [...nodes.values()]
    .filter(({ part }) => part.parent == null || !nodes.has(part.parent))
    .map(({ part }) => part.number);
  // A stack, not recursion: a file may be nested deeper than a browser calls.
  const waiting: { number: number; level: number; place: number; of: number }[] = [];
  const push = (numbers: readonly number[], level: number) => {
    const list = seen(numbers);
    for (let i = list.length - 1; i >= 0; i -= 1) {
      const number = list[i];
      if (number !== undefined) waiting.push({ number, level, place: i + 1, of: list.length });
    }
  };
  push(roots, 1);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const node = nodes.get(next.number);
    if (!node) continue;
    const folds = seen(node.children).length > 0;
    const open = folds && !closed.has(next.number);
    const { level, place, of } = next;
    rows.push({ node, level, folds, open, place, of, dim: kept !== null && !kept.met.has(next.number) });
    if (open) push(node.children, level + 1);
  }
  return rows;
}

/** Parts beyond this are closed at first, but for the way to what is worth a look. */
const OPEN_AT_FIRST = 60;

export function closedAtFirst(nodes: ReadonlyMap<number, Node>): Set<number> {
  const closed = new Set<number>();
  if (nodes.size <= OPEN_AT_FIRST) return closed;
  const way = new Set<number>();
  for (const [number, node] of nodes)
    if (node.reasons > 0) for (const other of above(nodes, number)) way.add(other);
  for (const [number, node] of nodes)
    if (node.children.length > 0 && node.part.parent != null && !way.has(number)) closed.add(number);
  return closed;
}

export interface FactGroup {
  namespace: string;
  facts: FileFact[];
}

/** Facts by what stands before their first dot, in the order in which they come; `text` narrows them. */
export function grouped(facts: readonly FileFact[], text: string): FactGroup[] {
  const asked = text.trim().toLowerCase();
  const groups = new Map<string, FileFact[]>();
  for (const fact of facts) {
    if (asked !== '' && !`${fact.name}\n${told(fact)}`.toLowerCase().includes(asked)) continue;
    const [namespace = ''] = fact.name.split('.', 1);
    const group = groups.get(namespace);
    if (group) group.push(fact);
    else groups.set(namespace, [fact]);
  }
  return [...groups].map(([namespace, facts]) => ({ namespace, facts }));
}

function told(fact: FileFact): string {
  if (!('value' in fact)) return '';
  const { value } = fact;
  return typeof value === 'object' && !Array.isArray(value) ? value.code : String(value);
}

/** Kinds of indicators that traffic can be searched for. */
const ON_THE_WIRE = new Set(['url', 'domain', 'onion', 'ipv4', 'ipv6', 'email']);

/** Where a hunt for these values begins; `null` for what no traffic shows. */
export function huntFor(kind: string, value: string): string | null {
  if (!ON_THE_WIRE.has(kind)) return null;
  return `/network/hunts?${new URLSearchParams({ look: value }).toString()}`;
}

/** Only an address of the web may be followed: a reference is what the author of a rule wrote. */
export function webAddress(text: string | null | undefined): string | null {
  return text && /^https?:\/\/[^\s]+$/i.test(text.trim()) ? text.trim() : null;
}

/** `0x1f40`. */
export const offset = (at: number) => `0x${at.toString(16)}`;

/** `2024-01-31 08:00:00 UTC` of microseconds since 1970; a time that no calendar has stays a number. */
export function utc(us: number): string {
  const date = new Date(us / 1000);
  if (Number.isNaN(date.getTime())) return `${us} µs`;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
