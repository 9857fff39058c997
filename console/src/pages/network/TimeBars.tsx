/** How often something was, along an axis of time; a bar can be picked. */
import { useMemo } from 'react';
import { useMode } from '../../app/mode';
import { FONT, PALETTE } from '../../app/theme';
import { Chart } from '../../parts/Chart';

/** A bar: when it begins, milliseconds since 1970, and how often. */
export interface Bar {
  at: number;
  count: number;
}

const BARS_MAX = 400;

/** Every bar between the first and the last, also those without anything: silence is part of the picture. */
export function filled(told: { at: string; count: number }[], stepMs: number): Bar[] {
  const bars = told.map((bar) => ({ at: Date.parse(bar.at), count: bar.count }));
  const [first] = bars;
  const last = bars.at(-1);
  if (!first || !last || stepMs <= 0) return bars;
  const counts = new Map(bars.map((bar) => [Math.round((bar.at - first.at) / stepMs), bar.count]));
  const length = Math.min(Math.round((last.at - first.at) / stepMs) + 1, BARS_MAX);
  return Array.from({ length }, (_, i) => ({ at: first.at + i * stepMs, count: counts.get(i) ?? 0 }));
}

export function TimeBars(props: {
  bars: Bar[];
  /** The time of a bar in words, each another; and what of it stands below the axis. */
  name: (at: number) => string;
  short: (name: string) => string;
  what: string;
  label: string;
  height: number;
  colour: 'accent' | 'open';
  onPick: (bar: Bar) => void;
}) {
  const { bars, name, short, what, colour, onPick } = props;
  const { mode } = useMode();
  const option = useMemo(() => {
    const colours = PALETTE[mode];
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 2, right: 8, top: 8, bottom: 2, containLabel: true },
      tooltip: {
        trigger: 'axis' as const,
        axisPointer: { type: 'shadow' as const },
        backgroundColor: colours.panel,
        borderColor: colours.line,
        textStyle: { color: colours.text, fontSize: 12 },
      },
      xAxis: {
        type: 'category' as const,
        data: bars.map((bar) => name(bar.at)),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colours.line } },
        axisLabel: { color: colours.muted, fontSize: 10, hideOverlap: true, formatter: short },
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
          id: 'bars',
          name: what,
          type: 'bar' as const,
          barCategoryGap: '15%',
          barMinHeight: 2,
          barMaxWidth: 20,
          itemStyle: { color: colours[colour] },
          data: bars.map((bar) => (bar.count === 0 ? null : bar.count)),
        },
      ],
    };
  }, [bars, name, short, what, colour, mode]);
  return (
    <Chart
      option={option}
      height={props.height}
      label={props.label}
      onPick={(picked) => {
        const bar = bars.find((one) => name(one.at) === picked);
        if (bar) onPick(bar);
      }}
    />
  );
}
