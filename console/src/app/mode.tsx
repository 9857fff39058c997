/** Light or dark: as the system says until a person chooses, and then as chosen. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Mode } from './theme';

const KEPT = 'redoubt.mode';
const query = () => window.matchMedia('(prefers-color-scheme: dark)');

function chosen(): Mode | null {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === 'light' || kept === 'dark' ? kept : null;
  } catch {
    return null;
  }
}

const Context = createContext<{ mode: Mode; choose: (mode: Mode) => void }>({
  mode: 'light',
  choose: () => {},
});

export function ModeProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState<Mode | null>(chosen);
  const [system, setSystem] = useState<Mode>(query().matches ? 'dark' : 'light');
  const mode = choice ?? system;

  useEffect(() => {
    const media = query();
    const follow = () => setSystem(media.matches ? 'dark' : 'light');
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);

  useEffect(() => {
    document.documentElement.dataset['mode'] = mode;
  }, [mode]);

  const value = useMemo(
    () => ({
      mode,
      choose: (next: Mode) => {
        setChoice(next);
        try {
          localStorage.setItem(KEPT, next);
        } catch {
          // Without storage the choice lasts as long as the page.
        }
      },
    }),
    [mode],
  );
  return <Context value={value}>{children}</Context>;
}

export function useMode() {
  return useContext(Context);
}
