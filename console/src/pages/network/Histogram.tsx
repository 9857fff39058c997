/** When the rows of a list began; a bar narrows the list to its time. */
import { useMemo } from 'react';
import type { SessionShape } from '../../api/model';
import { useWords } from '../../words';
import { moment } from './parts';
import { filled, TimeBars } from './TimeBars';

const name = (at: number) => moment(new Date(at).toISOString());

/** Within a day the time says more than the date; over a turn of the year the day alone says too little. */
export function axisLabel(bars: { at: number }[], barUs: number): (text: string) => string {
  const year = (bar: { at: number } | undefined) => (bar ? name(bar.at).slice(0, 4) : '');
  if (year(bars[0]) !== year(bars.at(-1))) return (text) => text.slice(0, 10);
  return (text) => (barUs < 3_600_000_000 ? text.slice(11, 19) : text.slice(5, 16));
}

export function Histogram(props: { shape: SessionShape; onPick: (from: string, to: string) => void }) {
  const { t } = useWords();
  const { shape, onPick } = props;
  const stepMs = shape.bar_us / 1000;
  const bars = useMemo(() => filled(shape.bars, stepMs), [shape, stepMs]);
  const short = useMemo(() => axisLabel(bars, shape.bar_us), [bars, shape.bar_us]);
  return (
    <TimeBars
      bars={bars}
      name={name}
      short={short}
      what={t('network.session-records')}
      label={t('network.by-time')}
      height={124}
      colour="accent"
      onPick={({ at }) => onPick(new Date(at).toISOString(), new Date(at + stepMs).toISOString())}
    />
  );
}
