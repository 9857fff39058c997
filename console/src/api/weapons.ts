/** The weapons by id, for their names and marks all over the console. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { get } from './client';
import type { WeaponRow } from './model';

export function useWeapons() {
  return useQuery({ queryKey: ['weapons'], queryFn: () => get<WeaponRow[]>('/weapons'), staleTime: 60_000 });
}

export function useWeaponName(): (id: string) => string {
  const weapons = useWeapons().data;
  const names = useMemo(() => new Map(weapons?.map((weapon) => [weapon.id, weapon.name])), [weapons]);
  return useCallback((id: string) => names.get(id) ?? id.charAt(0).toUpperCase() + id.slice(1), [names]);
}
