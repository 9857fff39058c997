import { describe, expect, it } from 'vitest';
import type { EndpointGroup } from '../../api/model';
import { found, idOf, treeOf, withBelow, type Branch } from './tree';

const group = (id: string, parent: string | null, name = id): EndpointGroup => ({
  id,
  name,
  ...(parent !== null && { parent }),
  settings: {},
  mode: 'observe',
  endpoints: 0,
  endpoints_below: 0,
  orders: 1,
});

const GROUPS = [
  group('laptops', 'all', 'Laptops'),
  group('all', null, 'All'),
  group('web', 'servers', 'Web servers'),
  group('servers', 'all', 'Servers'),
];

const shown = (tree: Branch[]): string =>
  tree.map(({ group, below }) => group.id + (below.length > 0 ? `(${shown(below)})` : '')).join(' ');

describe('groups', () => {
  it('stand below each other, by name', () => {
    expect(shown(treeOf(GROUPS))).toBe('all(laptops servers(web))');
  });

  it('whose parent is not there stand at the top', () => {
    expect(shown(treeOf([...GROUPS, group('lost', 'gone')]))).toBe('all(laptops servers(web)) lost');
  });

  it('are found by name or id, with those above them', () => {
    expect(shown(found(treeOf(GROUPS), 'WEB'))).toBe('all(servers(web))');
    expect(shown(found(treeOf(GROUPS), ' servers '))).toBe('all(servers(web))');
    expect(shown(found(treeOf(GROUPS), 'nothing'))).toBe('');
    expect(shown(found(treeOf(GROUPS), ''))).toBe('all(laptops servers(web))');
  });

  it('know what is below them', () => {
    expect([...withBelow(GROUPS, 'servers')].sort()).toEqual(['servers', 'web']);
    expect(withBelow(GROUPS, 'all').size).toBe(4);
  });

  it('get an id from their name that no other has', () => {
    const taken = new Set(['web', 'group']);
    expect(['Büro 2', 'Web', '办公', '--'].map((name) => idOf(name, taken))).toEqual([
      'bu-ro-2',
      'web-2',
      'group-2',
      'group-2',
    ]);
  });
});
