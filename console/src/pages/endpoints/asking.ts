/** What the pages of endpoints ask the server, each under one key: whatever changes, all of it is asked again. */
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { get, type Query } from '../../api/client';
import type { EndpointGroups, EndpointPage } from '../../api/model';
import { useMay } from '../../api/session';
import { useWords } from '../../words';

const SOON_MS = 10_000;
const LATER_MS = 30_000;

/** A page of a list, by its filters. */
export function useList<T>(path: string, query: Query, soon = false) {
  return useQuery({
    queryKey: ['endpoints', path, query],
    queryFn: ({ signal }) => get<T>(path, query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: soon ? SOON_MS : LATER_MS,
  });
}

/** One thing, by its address. */
export function useOne<T>(path: string, enabled = true) {
  return useQuery({
    queryKey: ['endpoints', path],
    queryFn: ({ signal }) => get<T>(path, {}, signal),
    enabled,
    refetchInterval: LATER_MS,
  });
}

export const useHealth = () => useList<EndpointPage>('/endpoints', { limit: 1 }, true);

export const useGroups = () => useOne<EndpointGroups>('/endpoint-groups');

/** Groups by the names that people know them by. */
export function useGroupNames(): (id: string) => string {
  const groups = useGroups().data?.groups;
  return useCallback((id) => groups?.find((group) => group.id === id)?.name ?? id, [groups]);
}

export function useAskAgain(): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(() => queries.invalidateQueries({ queryKey: ['endpoints'] }), [queries]);
}

/** Why this account may not change anything; nothing when it may. */
export function useDenied(): string | null {
  const { t } = useWords();
  const may = useMay();
  return may('command-endpoints') ? null : t('endpoints.denied');
}
