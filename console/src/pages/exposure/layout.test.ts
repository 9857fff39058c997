import { describe, expect, it } from 'vitest';
import type { Graph, GraphNode } from '../../api/model';
import { badge, columns, compact, place, related, relevant, short, toneOfCounts, untouched } from './layout';

const hosts = (reachable = 0, unknown = 0, remediated = 0, blocked = 0) => ({
  reachable,
  blocked,
  unknown,
  remediated,
});
const node = (id: string, kind: GraphNode['kind'], counts = hosts()): GraphNode => ({
  id,
  kind,
  label: { en: id, 'zh-CN': id },
  kev: false,
  hosts: counts,
});
const edge = (from: string, to: string, counts = hosts(1)) => ({
  from,
  to,
  kind: 'uses',
  confidence: 'verified' as const,
  hosts: counts,
});

const graph: Graph = {
  nodes: [
    node('w1', 'weapon', hosts(9)),
    node('w2', 'weapon', hosts(1)),
    node('v2', 'vulnerability', hosts(1)),
    node('v1', 'vulnerability', hosts(9)),
    node('s2', 'system', hosts(1)),
    node('s1', 'system', hosts(9)),
    node('s3', 'system'),
  ],
  edges: [edge('w1', 'v1'), edge('w2', 'v2'), edge('v1', 's1'), edge('v2', 's2'), edge('v2', 's3', hosts())],
};

describe('the relation graph', () => {
  it('orders each column so that parallel relations do not cross', () => {
    expect(columns(relevant(graph)).map((column) => column.map((n) => n.id))).toEqual([
      ['w1', 'w2'],
      ['v1', 'v2'],
      ['s1', 's2'],
    ]);
  });

  it('shows the knowledge itself when the network has none of it', () => {
    const empty = { ...graph, nodes: graph.nodes.map((n) => ({ ...n, hosts: hosts() })) };
    expect(relevant(empty).nodes).toHaveLength(7);
    expect([untouched(empty), untouched(graph)]).toEqual([true, false]);
    expect(relevant(graph).nodes.map((n) => n.id)).not.toContain('s3');
  });

  it('follows a node to both ends', () => {
    expect([...related(graph.edges, 'v1')].sort()).toEqual(['s1', 'v1', 'w1']);
    expect([...related(graph.edges, 'w2')].sort()).toEqual(['s2', 's3', 'v2', 'w2']);
  });

  it('keeps every node inside its box', () => {
    const { placed, height } = place(graph, 900, 180);
    for (const { x, y } of placed) {
      expect(x).toBeGreaterThanOrEqual(90);
      expect(x).toBeLessThanOrEqual(810);
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThan(height);
    }
  });

  it('never colours unknown as safe', () => {
    expect(toneOfCounts(hosts(0, 1, 50))).toBe('unknown');
    expect(toneOfCounts(hosts(1, 1, 50))).toBe('open');
    expect(toneOfCounts(hosts(0, 0, 3))).toBe('fixed');
    expect(toneOfCounts(hosts())).toBe('none');
  });

  it('shows the hosts of the worst class, and a hole behind a closed port as such', () => {
    expect(toneOfCounts(hosts(0, 7, 50, 2))).toBe('blocked');
    expect(badge(hosts(0, 7, 50, 2))).toBe(2);
    expect(badge(hosts(3, 7, 50, 2))).toBe(3);
    expect(badge(hosts(0, 0, 50))).toBe(50);
    expect(badge(hosts())).toBe(0);
  });
});

describe('what a narrow box holds', () => {
  it('counts in thousands when there are many, and calls service packs as everyone does', () => {
    expect([7, 9999, 42613, 170_452].map(compact)).toEqual(['7', '9,999', '42.6k', '170k']);
    expect(short('Windows 7 Service Pack 1')).toBe('Windows 7 SP1');
  });
});
