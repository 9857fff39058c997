/** What is inside a file: the tree of its parts, and beside it all that is known of the one that is chosen. */
import { Switch } from 'antd';
import { useDeferredValue, useMemo, useState } from 'react';
import type { FileReason } from '../../api/files';
import { count } from '../../parts/format';
import { SearchBox } from '../../parts/SearchBox';
import { useWords } from '../../words';
import { above, closedAtFirst, left, rowsOf, type Node } from './parts';
import { PartView } from './PartView';
import { Tree } from './Tree';

export function Parts(props: {
  nodes: ReadonlyMap<number, Node>;
  picked: number;
  onPick: (part: number) => void;
  reasons: readonly FileReason[];
}) {
  const { nodes, picked, onPick } = props;
  const { t, language } = useWords();
  const [remarkable, setRemarkable] = useState(false);
  const [text, setText] = useState('');
  const [known, setKnown] = useState(nodes);
  const [closed, setClosed] = useState<ReadonlySet<number>>(() => closedAtFirst(nodes));
  // Analysed again, the parts may be others.
  if (known !== nodes) {
    setKnown(nodes);
    if (known.size !== nodes.size) setClosed(closedAtFirst(nodes));
  }
  // A part that is chosen from elsewhere must be seen.
  const [shown, setShown] = useState(picked);
  if (shown !== picked) {
    setShown(picked);
    const way = above(nodes, picked);
    if (way.some((number) => closed.has(number)))
      setClosed(new Set([...closed].filter((number) => !way.includes(number))));
  }
  const asked = useDeferredValue(text);
  const kept = useMemo(() => left(nodes, { remarkable, text: asked }), [nodes, remarkable, asked]);
  const rows = useMemo(() => rowsOf(nodes, closed, kept), [nodes, closed, kept]);
  const marked = useMemo(() => [...nodes.values()].filter((node) => node.remarkable).length, [nodes]);
  const one = nodes.get(picked);
  return (
    <section className="panel" aria-label={t('files.parts')} id="parts">
      <header className="parts-head">
        <h2>{t('files.parts')}</h2>
        <span className="muted num">
          {kept
            ? t('files.parts-left', { n: count(kept.met.size, language), all: count(nodes.size, language) })
            : count(nodes.size, language)}
        </span>
        <span className="grow" />
        {nodes.size > 1 && (
          <span className="line no-print">
            <label className="line small nowrap">
              <Switch size="small" checked={remarkable} onChange={setRemarkable} />
              {t('files.only-remarkable', { n: count(marked, language) })}
            </label>
            <SearchBox value={text} label={t('files.part-search')} width={200} onSearch={setText} />
          </span>
        )}
      </header>
      <div className={nodes.size > 1 ? 'parts-split' : undefined}>
        {nodes.size > 1 && (
          <Tree
            rows={rows}
            picked={picked}
            onPick={onPick}
            onFold={(number, open) => {
              const next = new Set(closed);
              if (open) next.delete(number);
              else next.add(number);
              setClosed(next);
            }}
          />
        )}
        {one && <PartView key={picked} node={one} nodes={nodes} reasons={props.reasons} onPick={onPick} />}
      </div>
    </section>
  );
}
