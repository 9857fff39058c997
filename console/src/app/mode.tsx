/** Light or dark: as the system says until a person chooses, and then as chosen; paper is always light. */
import {
  createContext,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useState,
  type ReactNode,
} from 'react';
import { flushSync } from 'react-dom';
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
  const [printing, setPrinting] = useState(false);
  const mode = printing ? 'light' : (choice ?? system);

  useEffect(() => {
    const media = query();
    const follow = () => setSystem(media.matches ? 'dark' : 'light');
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);

  useEffect(() => {
    const media = window.matchMedia('print');
    // The sheet is drawn as soon as this returns.
    const follow = () => flushSync(() => setPrinting(media.matches));
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);

  useLayoutEffect(() => {
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
