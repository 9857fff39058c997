/** Filters live in the address, so that a view can be sent to a colleague and Back goes back. */
import { useCallback, useMemo } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';

export type Filters = Record<string, string>;

/** A change of a filter starts again at the first page. */
export function changed(
  before: URLSearchParams,
  change: Record<string, string | null | undefined>,
): URLSearchParams {
  const next = new URLSearchParams(before);
  next.delete('cursor');
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === undefined || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export function useFilters() {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => Object.fromEntries(search) as Filters, [search]);
  const set = useCallback(
    (change: Record<string, string | null | undefined>) => setSearch(changed(search, change)),
    [search, setSearch],
  );
  return { filters, set };
}

/** Pages by key: the cursors that led here are kept in the history entry, so Previous works without counting rows. */
export function usePages(next: string | undefined) {
  const location = useLocation();
  const go = useNavigate();
  const [search] = useSearchParams();
  const trail = useMemo(() => {
    const state = location.state as { trail?: string[] } | null;
    return Array.isArray(state?.trail) ? state.trail : [];
  }, [location.state]);
  const cursor = search.get('cursor') ?? '';

  const to = useCallback(
    (place: string, path: string[]) => {
      const params = new URLSearchParams(search);
      if (place === '') params.delete('cursor');
      else params.set('cursor', place);
      void go({ search: params.toString() }, { state: { trail: path } });
    },
    [go, search],
  );
  return {
    page: trail.length + 1,
    first: cursor === '',
    forward: next ? () => to(next, [...trail, cursor]) : undefined,
    // Someone who was sent the address of page 7 has no trail: from there, back means the first page.
    back: cursor === '' ? undefined : () => to(trail.at(-1) ?? '', trail.slice(0, -1)),
  };
}
