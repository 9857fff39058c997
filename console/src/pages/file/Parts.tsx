/** What is inside a file: the tree of its parts, and beside it all that is known of the one that is chosen. */
import { Switch } from 'antd';
import { useDeferredValue, useMemo, useState } from 'react';
import type { FileReason } from '../../api/model';
import { count } from '../../parts/format';
import { SearchBox } from '../../parts/SearchBox';
import { useWords } from '../../words';
import { above, closedAtFirst, left, rowsOf, type Node } from './parts';
import { PartView } from './PartView';
import { Tree } from './Tree';

const NONE: ReadonlySet<number> = new Set();

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
  // What a filter leaves stands open until somebody closes it.
  const [folded, setFolded] = useState<ReadonlySet<number>>(NONE);
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
  const rows = useMemo(() => rowsOf(nodes, kept ? folded : closed, kept), [nodes, closed, folded, kept]);
  const marked = useMemo(() => [...nodes.values()].filter((node) => node.remarkable).length, [nodes]);
  const narrow =
    <T,>(change: (to: T) => void) =>
    (to: T) => {
      setFolded(NONE);
      change(to);
    };
  // The tree follows the keyboard at once; what is beside it comes when there is time.
  const beside = useDeferredValue(picked);
  const one = nodes.get(beside);
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
              <Switch size="small" checked={remarkable} onChange={narrow(setRemarkable)} />
              {t('files.only-remarkable', { n: count(marked, language) })}
            </label>
            <SearchBox value={text} label={t('files.part-search')} width={200} onSearch={narrow(setText)} />
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
              const next = new Set(kept ? folded : closed);
              if (open) next.delete(number);
              else next.add(number);
              (kept ? setFolded : setClosed)(next);
            }}
          />
        )}
        {one && <PartView key={beside} node={one} nodes={nodes} reasons={props.reasons} onPick={onPick} />}
      </div>
    </section>
  );
}
