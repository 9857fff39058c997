/** What a page shows on paper and not on a screen. */
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';

/** True while the page is printed, and from before it is. */
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const paper = window.matchMedia('print');
    const changed = () => setPrinting(paper.matches);
    // The browser takes the page right after this event: what it shows must stand there by then.
    const begins = () => flushSync(() => setPrinting(true));
    const ends = () => setPrinting(false);
    paper.addEventListener('change', changed);
    window.addEventListener('beforeprint', begins);
    window.addEventListener('afterprint', ends);
    return () => {
      paper.removeEventListener('change', changed);
      window.removeEventListener('beforeprint', begins);
      window.removeEventListener('afterprint', ends);
    };
  }, []);
  return printing;
}
