/** An answer as bars, where its first column names something and a later one counts. */
import { useCallback, useMemo, useState } from 'react';
import { Segmented } from 'antd';
import type { QueryColumn } from '../../api/model';
import { useWords } from '../../words';
import { cell, drawable, type Cell } from './asking';
import { TimeBars } from './TimeBars';

const LABEL_CHARS_MAX = 16;
/** A full minute needs no seconds. */
const short = (name: string) => clipped(name.replace(/(:\d\d):00$/, '$1'));
const clipped = (name: string) =>
  name.length > LABEL_CHARS_MAX ? `${name.slice(0, LABEL_CHARS_MAX - 1)}…` : name;
const nothing = () => undefined;

export function AnswerChart({ columns, rows }: { columns: QueryColumn[]; rows: Cell[][] }) {
  const { t, language } = useWords();
  const counts = useMemo(() => drawable(columns, rows), [columns, rows]);
  const [chosen, choose] = useState<string | null>(null);
  const shown = columns.findIndex((column, at) => counts.includes(at) && column.name === chosen);
  const at = shown >= 0 ? shown : counts[0];
  const names = useMemo(
    () =>
      rows.map(
        (row) => cell(row[0] ?? null, columns[0]?.name ?? '', columns[0]?.holds ?? 'text', language) ?? '—',
      ),
    [rows, columns, language],
  );
  const name = useCallback((bar: number) => names[bar] ?? '', [names]);
  const bars = useMemo(
    () => (at === undefined ? [] : rows.map((row, bar) => ({ at: bar, count: Number(row[at] ?? 0) }))),
    [rows, at],
  );
  if (at === undefined) return null;
  const what = columns[at]?.name ?? '';
  return (
    <div className="asking-chart no-print">
      {counts.length > 1 && (
        <Segmented
          size="small"
          aria-label={t('query.chart-of')}
          value={what}
          options={counts.map((count) => columns[count]?.name ?? '')}
          onChange={choose}
        />
      )}
      <TimeBars
        bars={bars}
        name={name}
        short={short}
        what={what}
        label={t('query.chart', { what })}
        height={170}
        colour="accent"
        onPick={nothing}
      />
    </div>
  );
}
