/** Groups as the tree they are, and what a search leaves of it. */
import type { EndpointGroup } from '../../api/model';

export interface Branch {
  group: EndpointGroup;
  below: Branch[];
}

const byName = (one: Branch, other: Branch) => one.group.name.localeCompare(other.group.name);

/** Roots with what is below them, by name. A group whose parent is not there stands at the top rather than nowhere. */
export function treeOf(groups: readonly EndpointGroup[]): Branch[] {
  const branches = new Map(groups.map((group) => [group.id, { group, below: [] as Branch[] }]));
  const tops: Branch[] = [];
  for (const branch of branches.values()) {
    const above = branch.group.parent ? branches.get(branch.group.parent) : undefined;
    (above?.below ?? tops).push(branch);
  }
  const sorted = (list: Branch[]) => {
    list.sort(byName);
    for (const { below } of list) sorted(below);
  };
  sorted(tops);
  return tops;
}

/** What a search leaves: groups with the text in their name or id, and those above them. */
export function found(tree: readonly Branch[], text: string): Branch[] {
  const asked = text.trim().toLowerCase();
  if (asked === '') return [...tree];
  const left: Branch[] = [];
  for (const { group, below } of tree) {
    const deeper = found(below, asked);
    const fits = `${group.name}\n${group.id}`.toLowerCase().includes(asked);
    if (fits || deeper.length > 0) left.push({ group, below: deeper });
  }
  return left;
}

/** The group that nothing is above. */
export const rootOf = (groups: readonly EndpointGroup[]) => groups.find((group) => !group.parent);

/** A group and all below it: none of them can be above it. */
export function withBelow(groups: readonly EndpointGroup[], id: string): Set<string> {
  const all = new Set([id]);
  let before;
  do {
    before = all.size;
    for (const group of groups) if (group.parent && all.has(group.parent)) all.add(group.id);
  } while (all.size > before);
  return all;
}

/** An id made of a name, for whoever does not want to think of one. */
export function idOf(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48);
  const wanted = plain === '' ? 'group' : plain;
  for (let i = 1; ; i += 1) {
    const id = i === 1 ? wanted : `${wanted}-${i}`;
    if (!taken.has(id)) return id;
  }
}
