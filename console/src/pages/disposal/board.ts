/** What the board's parts share: its filters, and asking for it. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../../api/client';
import type { HostRow, PlanBoard } from '../../api/model';
import type { Filters } from '../../parts/url';

const KEPT = ['q', 'weapon', 'zone', 'group', 'timeline', 'rollout', 'ring'] as const;

/** The filters that choose plans, without the state and the page. */
export const kept = (filters: Filters) =>
  Object.fromEntries(KEPT.flatMap((name) => (filters[name] === undefined ? [] : [[name, filters[name]]])));

export function useBoard(query: Record<string, string | number | undefined>) {
  return useQuery({
    queryKey: ['plans', query],
    queryFn: ({ signal }) => get<PlanBoard>('/plans', query, signal),
    placeholderData: keepPreviousData,
  });
}

/** Weapons that can hit the host. */
export function openWeapons(host: Pick<HostRow, 'weapons'>): string[] {
  return Object.entries(host.weapons)
    .filter(([, state]) => state === 'open')
    .map(([id]) => id);
}
