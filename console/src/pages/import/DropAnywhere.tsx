/** Takes files that are dropped anywhere on the page; while some are held above it, it says what will become of them. */
import { InboxOutlined } from '@ant-design/icons';
import { useEffect, useRef, useState } from 'react';
import { dropped, type Dropped } from './dropped';

export function DropAnywhere({ says, onDrop }: { says: string; onDrop: (list: Dropped[]) => void }) {
  const over = useDrop(onDrop);
  if (!over) return null;
  return (
    <div className="drop-over" role="status">
      <div>
        <InboxOutlined style={{ fontSize: 40 }} aria-hidden="true" />
        <strong>{says}</strong>
      </div>
    </div>
  );
}

/** True while some are held above the page. */
function useDrop(take: (list: Dropped[]) => void): boolean {
  const [over, setOver] = useState(false);
  const taking = useRef(take);
  useEffect(() => {
    taking.current = take;
  });
  useEffect(() => {
    // Every element that is entered is left again: only after the last one nothing is held above the page.
    let depth = 0;
    const holds = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    const move = (event: DragEvent) => {
      if (holds(event)) event.preventDefault();
    };
    const leave = (event: DragEvent) => {
      if (!holds(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!holds(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void dropped(event.dataTransfer.items).then((list) => taking.current(list));
    };
    const listeners = { dragenter: enter, dragover: move, dragleave: leave, drop } as const;
    for (const [name, listen] of Object.entries(listeners))
      window.addEventListener(name, listen as EventListener);
    return () => {
      for (const [name, listen] of Object.entries(listeners))
        window.removeEventListener(name, listen as EventListener);
    };
  }, []);
  return over;
}
