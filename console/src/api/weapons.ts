/** The weapons by id, for their names and marks all over the console. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { keepWeaponNames, useWords } from '../words';
import { get } from './client';
import type { WeaponRow } from './model';

async function fetchWeapons(): Promise<WeaponRow[]> {
  const weapons = await get<WeaponRow[]>('/weapons');
  keepWeaponNames(weapons);
  return weapons;
}

export function useWeapons() {
  return useQuery({ queryKey: ['weapons'], queryFn: fetchWeapons, staleTime: 60_000 });
}

export function useWeaponName(): (id: string) => string {
  const weapons = useWeapons().data;
  const { language } = useWords();
  const names = useMemo(
    () => new Map(weapons?.map(({ id, name }) => [id, name[language]])),
    [weapons, language],
  );
  return useCallback((id: string) => names.get(id) ?? id.charAt(0).toUpperCase() + id.slice(1), [names]);
}
