/** The tree of parts. Only the lines in sight are drawn: a file may have thousands. */
import { CaretDownOutlined, CaretRightOutlined } from '@ant-design/icons';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { bytes } from '../../parts/format';
import { Shape } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import type { Row } from './parts';

const LINE = 26;
/** Lines that are drawn above and below what is in sight. */
const AROUND = 12;
/** Deeper ones stand under each other: a name must find room. */
const LEVELS = 12;

export function Tree(props: {
  rows: readonly Row[];
  picked: number;
  onPick: (part: number) => void;
  onFold: (part: number, open: boolean) => void;
}) {
  const { rows, picked, onPick, onFold } = props;
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(480);
  const at = rows.findIndex((row) => row.node.part.number === picked);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setHeight(element.clientHeight));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  // The chosen line comes in sight, from wherever it was chosen.
  useEffect(() => {
    const element = box.current;
    if (!element || at < 0) return;
    const line = at * LINE;
    if (line < element.scrollTop) element.scrollTop = line;
    else if (line + LINE > element.scrollTop + element.clientHeight)
      element.scrollTop = line + LINE - element.clientHeight;
  }, [at]);

  const key = (event: KeyboardEvent) => {
    const row = rows[at];
    const go = (to: number) => {
      const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
      if (next) onPick(next.node.part.number);
    };
    const page = Math.max(1, Math.floor(height / LINE) - 1);
    const number = row?.node.part.number;
    switch (event.key) {
      case 'ArrowDown':
        go(at + 1);
        break;
      case 'ArrowUp':
        go(at < 0 ? 0 : at - 1);
        break;
      case 'PageDown':
        go(at + page);
        break;
      case 'PageUp':
        go(at - page);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(rows.length - 1);
        break;
      case 'ArrowRight':
        if (row?.folds && number !== undefined) {
          if (row.open) go(at + 1);
          else onFold(number, true);
        }
        break;
      case 'ArrowLeft':
        if (row?.open && number !== undefined) onFold(number, false);
        else if (row?.node.part.parent != null) onPick(row.node.part.parent);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const first = Math.max(0, Math.floor(top / LINE) - AROUND);
  const last = Math.min(rows.length, Math.ceil((top + height) / LINE) + AROUND);
  return (
    <div
      ref={box}
      className="parts-tree no-print"
      role="tree"
      aria-label={t('files.parts')}
      aria-activedescendant={at >= first && at < last ? `part-${picked}` : undefined}
      tabIndex={0}
      onKeyDown={key}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      {rows.length === 0 && <p className="padded muted">{t('empty.filtered')}</p>}
      <div role="none" style={{ height: rows.length * LINE, position: 'relative' }}>
        {rows.slice(first, last).map((row, i) => (
          <Line
            key={row.node.part.number}
            row={row}
            top={(first + i) * LINE}
            picked={row.node.part.number === picked}
            onPick={onPick}
            onFold={onFold}
          />
        ))}
      </div>
    </div>
  );
}

function Line(props: {
  row: Row;
  top: number;
  picked: boolean;
  onPick: (part: number) => void;
  onFold: (part: number, open: boolean) => void;
}) {
  const { row, top, picked, onPick, onFold } = props;
  const { t, language } = useWords();
  const { node, level, folds, open } = row;
  const { part } = node;
  const name = part.name || part.path;
  return (
    <div
      id={`part-${part.number}`}
      role="treeitem"
      aria-level={level}
      aria-selected={picked}
      aria-expanded={folds ? open : undefined}
      aria-posinset={row.place}
      aria-setsize={row.of}
      className={`parts-line${picked ? ' picked' : ''}${row.dim ? ' dim' : ''}`}
      style={{ top, height: LINE, paddingLeft: 6 + (Math.min(level, LEVELS) - 1) * 14 }}
      onClick={() => onPick(part.number)}
    >
      {folds ? (
        <span
          className="parts-fold"
          role="none"
          onClick={(event) => {
            event.stopPropagation();
            onFold(part.number, !open);
          }}
        >
          {open ? <CaretDownOutlined aria-hidden="true" /> : <CaretRightOutlined aria-hidden="true" />}
        </span>
      ) : (
        <span className="parts-fold" />
      )}
      <span className="parts-name">
        {name === '' ? <span className="muted">{t('files.unnamed')}</span> : <Name text={name} />}
      </span>
      <span className="parts-marks">
        {node.points !== 0 ? (
          <span
            className={`num ${node.points > 0 ? 'tone-open' : 'tone-fixed'}`}
            title={t('files.mark-points', { n: node.points })}
          >
            {node.points > 0 ? '+' : '−'}
            {Math.abs(node.points)}
          </span>
        ) : (
          // What was not read says so itself.
          node.reasons > 0 &&
          !node.unread && (
            <span className="tone-blocked" title={t('files.mark-reason')}>
              <Shape tone="blocked" size={11} />
              <span className="sr">{t('files.mark-reason')}</span>
            </span>
          )
        )}
        {node.matches > 0 && (
          <span className="chip warn" title={t('files.mark-matches', { n: node.matches })}>
            YARA {node.matches}
          </span>
        )}
        {node.oddities > 0 && (
          <span className="chip" title={t('files.mark-odd', { n: node.oddities })}>
            ! {node.oddities}
          </span>
        )}
        {node.unread && (
          <span className="tone-partial" title={t('files.mark-unread')}>
            <Shape tone="partial" size={12} />
            <span className="sr">{t('files.mark-unread')}</span>
          </span>
        )}
        {part.storage === 'encrypted' && <span className="chip">{t('files.kept-encrypted')}</span>}
        {node.listed && (
          <span className={`chip file-list-${node.listed}`}>{t(`files.list-${node.listed}`)}</span>
        )}
      </span>
      <span className="muted small mono parts-kind">{part.file?.kind}</span>
      <span className="muted small num parts-size">{part.file && bytes(part.file.size, language)}</span>
    </div>
  );
}
