/** Who is using the page and what the server allows them. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext } from 'react';
import { get, keepCsrf, send } from './client';
import type { Me, Permission, Status } from './model';

async function fetchMe(): Promise<Me> {
  const me = await get<Me>('/me');
  keepCsrf(me.csrf);
  return me;
}

export function useStatus() {
  return useQuery({ queryKey: ['status'], queryFn: () => get<Status>('/status'), staleTime: 60_000 });
}

export function useMe(enabled = true) {
  return useQuery({ queryKey: ['me'], queryFn: fetchMe, enabled, staleTime: 60_000 });
}

export const Signed = createContext<Me | null>(null);

/** May the account do this? Also gives the reason to show when it may not. */
export function useMay(): (permission: Permission) => boolean {
  const me = useContext(Signed);
  return useCallback((permission) => me?.permissions.includes(permission) ?? false, [me]);
}

export function useEnter() {
  const queries = useQueryClient();
  return useCallback(
    (me: Me) => {
      keepCsrf(me.csrf);
      // What another account was shown is not for this one.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'status' });
      queries.setQueryData(['me'], me);
      void queries.invalidateQueries({ queryKey: ['status'] });
    },
    [queries],
  );
}

export function useLeave() {
  const queries = useQueryClient();
  return useCallback(async () => {
    await send('POST', '/logout').catch(() => undefined);
    keepCsrf(null);
    queries.clear();
    window.location.assign('/login');
  }, [queries]);
}
