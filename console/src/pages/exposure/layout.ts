/** Where the nodes of the relation graph stand: columns by kind, ordered so that few lines cross. */
import type { Graph, GraphEdge, GraphNode } from '../../api/model';
import { count } from '../../parts/format';
import type { Tone } from '../../parts/Marks';

export interface Placed {
  node: GraphNode;
  x: number;
  y: number;
}

export const ROW = 27;

/** Hosts that touch a node or an edge, each counted once, where it stands worst. */
export type Counts = GraphNode['hosts'];

/** The classes of hosts, worst first, with the tone each is shown in. */
export const CLASSES = [
  ['reachable', 'open'],
  ['blocked', 'blocked'],
  ['unknown', 'unknown'],
  ['remediated', 'fixed'],
] as const satisfies readonly (readonly [keyof Counts, Tone])[];

const worst = (hosts: Counts) => CLASSES.find(([name]) => hosts[name] > 0);

/** What a node stands for in this network; a node without hosts is knowledge only. */
export const toneOfCounts = (hosts: Counts): Tone => worst(hosts)?.[1] ?? 'none';

/** The number on the badge: the hosts of the worst class that has any. */
export function badge(hosts: Counts): number {
  const found = worst(hosts);
  return found ? hosts[found[0]] : 0;
}

/** 4261 as `4,261`, 42613 as `42.6k`: a badge has room for five characters. */
export const compact = (n: number) =>
  n < 10_000 ? count(n, 'en') : `${(n / 1000).toFixed(n < 100_000 ? 1 : 0)}k`;

/** The box is narrow, and everyone reads SP1. */
export const short = (label: string) => label.replace(/ Service Pack (\d)/, ' SP$1');

const touches = (hosts: Counts) => worst(hosts) !== undefined;

/** No host of this network touches any of it. */
export const untouched = (graph: Graph) => !graph.nodes.some((node) => touches(node.hosts));

/** Only what this network has, unless it has nothing: then the knowledge itself is shown. */
export function relevant(graph: Graph): Graph {
  const nodes = graph.nodes.filter((node) => touches(node.hosts));
  if (nodes.length === 0) return graph;
  const ids = new Set(nodes.map((node) => node.id));
  return {
    nodes,
    edges: graph.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to) && touches(edge.hosts)),
  };
}

/** The node, what it leads to, and what leads to it, to both ends of the graph. */
export function related(edges: readonly GraphEdge[], id: string): Set<string> {
  const found = new Set([id]);
  const walk = (from: string, next: (edge: GraphEdge, at: string) => string | null) => {
    const queue = [from];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      for (const edge of edges) {
        const to = next(edge, at);
        if (to !== null && !found.has(to)) {
          found.add(to);
          queue.push(to);
        }
      }
    }
  };
  walk(id, (edge, at) => (edge.from === at ? edge.to : null));
  walk(id, (edge, at) => (edge.to === at ? edge.from : null));
  return found;
}

/** A weapon against an application hits a product in place of a system. */
const KINDS: GraphNode['kind'][][] = [['weapon'], ['vulnerability'], ['system', 'product']];

/** Columns, each ordered by the middle of its neighbours (Sugiyama's barycentre), a few times back and forth. */
export function columns(graph: Graph): GraphNode[][] {
  const found = KINDS.map((kinds) => graph.nodes.filter((node) => kinds.includes(node.kind))).filter(
    (column) => column.length > 0,
  );
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of graph.edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  found[0]?.sort(
    (a, b) =>
      b.hosts.reachable - a.hosts.reachable ||
      b.hosts.blocked - a.hosts.blocked ||
      b.hosts.unknown - a.hosts.unknown,
  );
  const sortBy = (column: GraphNode[], fixed: GraphNode[]) => {
    const place = new Map(fixed.map((node, i) => [node.id, i / Math.max(1, fixed.length - 1)]));
    const middle = (node: GraphNode) => {
      const at = (neighbours.get(node.id) ?? [])
        .map((id) => place.get(id))
        .filter((value) => value !== undefined);
      return at.length === 0 ? 1 : at.reduce((sum, value) => sum + value, 0) / at.length;
    };
    const weights = new Map(column.map((node) => [node.id, middle(node)]));
    column.sort((a, b) => (weights.get(a.id) ?? 0) - (weights.get(b.id) ?? 0) || a.id.localeCompare(b.id));
  };
  for (let round = 0; round < 4; round += 1) {
    for (let i = 1; i < found.length; i += 1) sortBy(found[i] ?? [], found[i - 1] ?? []);
    if (round < 3) for (let i = found.length - 2; i >= 0; i -= 1) sortBy(found[i] ?? [], found[i + 1] ?? []);
  }
  return found;
}

export function place(graph: Graph, width: number, nodeWidth: number): { placed: Placed[]; height: number } {
  const found = columns(graph);
  const tallest = Math.max(1, ...found.map((column) => column.length));
  const height = tallest * ROW + 16;
  const gap = found.length < 2 ? 0 : (width - nodeWidth - 24) / (found.length - 1);
  const placed = found.flatMap((column, c) => {
    // A short column spreads, but never so far apart that it no longer reads as a list.
    const step = Math.min(ROW * 2.4, (height - 16) / column.length);
    const top = (height - step * column.length) / 2;
    return column.map((node, i) => ({ node, x: nodeWidth / 2 + 12 + c * gap, y: top + (i + 0.5) * step }));
  });
  return { placed, height };
}
