/** When the rows of a list began; a bar narrows the list to its time. */
import { useMemo } from 'react';
import type { SessionShape } from '../../api/model';
import { useMode } from '../../app/mode';
import { FONT, PALETTE } from '../../app/theme';
import { Chart } from '../../parts/Chart';
import { useWords } from '../../words';
import { moment } from './parts';

/** Every bar between the first and the last, also those without rows: silence is part of the picture. */
export function filled(shape: SessionShape): { at: number; count: number }[] {
  const bars = shape.bars.map((bar) => ({ at: Date.parse(bar.at), count: bar.count }));
  const [first] = bars;
  const last = bars.at(-1);
  const step = shape.bar_us / 1000;
  if (!first || !last || step <= 0) return bars;
  const counts = new Map(bars.map((bar) => [Math.round((bar.at - first.at) / step), bar.count]));
  const length = Math.min(Math.round((last.at - first.at) / step) + 1, 400);
  return Array.from({ length }, (_, i) => ({ at: first.at + i * step, count: counts.get(i) ?? 0 }));
}

/** Within a day the time says more than the date; over a turn of the year the day alone says too little. */
export function axisLabel(bars: { at: number }[], barUs: number): (text: string) => string {
  const year = (bar: { at: number } | undefined) =>
    bar ? moment(new Date(bar.at).toISOString()).slice(0, 4) : '';
  if (year(bars[0]) !== year(bars.at(-1))) return (text) => text.slice(0, 10);
  return (text) => (barUs < 3_600_000_000 ? text.slice(11, 19) : text.slice(5, 16));
}

export function Histogram({
  shape,
  onPick,
}: {
  shape: SessionShape;
  onPick: (from: string, to: string) => void;
}) {
  const { t } = useWords();
  const { mode } = useMode();
  const bars = useMemo(() => filled(shape), [shape]);
  const option = useMemo(() => {
    const colours = PALETTE[mode];
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 2, right: 6, top: 6, bottom: 2, containLabel: true },
      tooltip: {
        trigger: 'axis' as const,
        axisPointer: { type: 'shadow' as const },
        backgroundColor: colours.panel,
        borderColor: colours.line,
        textStyle: { color: colours.text, fontSize: 12 },
      },
      xAxis: {
        type: 'category' as const,
        data: bars.map((bar) => moment(new Date(bar.at).toISOString())),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colours.line } },
        axisLabel: {
          color: colours.muted,
          fontSize: 10,
          hideOverlap: true,
          formatter: axisLabel(bars, shape.bar_us),
        },
      },
      yAxis: {
        type: 'value' as const,
        minInterval: 1,
        splitNumber: 2,
        axisLabel: { color: colours.muted, fontSize: 10 },
        splitLine: { lineStyle: { color: colours.line } },
      },
      series: [
        {
          id: 'rows',
          name: t('network.session-records'),
          type: 'bar' as const,
          barCategoryGap: '15%',
          barMinHeight: 2,
          barMaxWidth: 18,
          itemStyle: { color: colours.accent },
          data: bars.map((bar) => (bar.count === 0 ? null : bar.count)),
        },
      ],
    };
  }, [bars, mode, shape.bar_us, t]);
  return (
    <Chart
      option={option}
      height={124}
      label={t('network.by-time')}
      onPick={(name) => {
        const bar = bars.find((one) => moment(new Date(one.at).toISOString()) === name);
        if (!bar) return;
        onPick(new Date(bar.at).toISOString(), new Date(bar.at + shape.bar_us / 1000).toISOString());
      }}
    />
  );
}
