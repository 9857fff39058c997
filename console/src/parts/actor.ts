/** Who did it: an account by its name, the machine itself in words. */
import { useCallback } from 'react';
import { useWords } from '../words';

export function useActor(): (name: string) => string {
  const { word } = useWords();
  return useCallback((name: string) => word(`console.actor.${name}`, name), [word]);
}
