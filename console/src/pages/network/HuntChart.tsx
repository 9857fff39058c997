/** When something was met; a bar narrows the page to its time. */
import { useMemo } from 'react';
import type { HuntShape } from '../../api/model';
import { instant } from '../../parts/format';
import { useWords } from '../../words';
import { filled, TimeBars } from './TimeBars';

const TWO_DAYS_MS = 2 * 86_400_000;

const name = (at: number) => instant(new Date(at).toISOString());
const day = (text: string) => text.slice(0, 10);
const time = (text: string) => text.slice(5);

export function HuntChart(props: { shape: HuntShape; onPick: (from: string, to: string) => void }) {
  const { t } = useWords();
  const { shape, onPick } = props;
  const stepMs = shape.step * 1000;
  const bars = useMemo(() => filled(shape.bars, stepMs), [shape, stepMs]);
  const isShort = (bars.at(-1)?.at ?? 0) - (bars[0]?.at ?? 0) < TWO_DAYS_MS;
  return (
    <TimeBars
      bars={bars}
      name={name}
      short={isShort ? time : day}
      what={t('network.hits')}
      label={t('hunt.by-time')}
      height={180}
      colour="open"
      onPick={({ at }) => onPick(new Date(at).toISOString(), new Date(at + stepMs).toISOString())}
    />
  );
}
