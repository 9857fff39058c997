/** When something was met; a bar narrows the page to its time. */
import { useMemo } from 'react';
import type { HuntShape } from '../../api/model';
import { useMode } from '../../app/mode';
import { FONT, PALETTE } from '../../app/theme';
import { Chart } from '../../parts/Chart';
import { instant } from '../../parts/format';
import { useWords } from '../../words';
import { filled } from './hunting';

const DAY = 86_400;

export function HuntChart({
  shape,
  onPick,
}: {
  shape: HuntShape;
  onPick: (from: string, to: string) => void;
}) {
  const { t } = useWords();
  const { mode } = useMode();
  const bars = useMemo(() => filled(shape), [shape]);
  const option = useMemo(() => {
    const colours = PALETTE[mode];
    const name = (at: number) => instant(new Date(at).toISOString());
    const short = bars.length > 0 && (bars.at(-1)?.at ?? 0) - (bars[0]?.at ?? 0) < 2 * DAY * 1000;
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 2, right: 8, top: 10, bottom: 2, containLabel: true },
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
        axisLabel: {
          color: colours.muted,
          fontSize: 10,
          hideOverlap: true,
          formatter: (text: string) => (short ? text.slice(5) : text.slice(0, 10)),
        },
      },
      yAxis: {
        type: 'value' as const,
        minInterval: 1,
        splitNumber: 3,
        axisLabel: { color: colours.muted, fontSize: 10 },
        splitLine: { lineStyle: { color: colours.line } },
      },
      series: [
        {
          id: 'meetings',
          name: t('network.hits'),
          type: 'bar' as const,
          barCategoryGap: '15%',
          barMinHeight: 3,
          barMaxWidth: 22,
          itemStyle: { color: colours.open },
          data: bars.map((bar) => (bar.count === 0 ? null : bar.count)),
        },
      ],
    };
  }, [bars, mode, t]);
  return (
    <Chart
      option={option}
      height={180}
      label={t('hunt.by-time')}
      onPick={(name) => {
        const bar = bars.find((one) => instant(new Date(one.at).toISOString()) === name);
        if (bar) onPick(new Date(bar.at).toISOString(), new Date(bar.at + shape.step * 1000).toISOString());
      }}
    />
  );
}
