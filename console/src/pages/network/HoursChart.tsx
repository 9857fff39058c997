/** When somebody is active: conversations by hour of the day, UTC. */
import { useMemo } from 'react';
import { useMode } from '../../app/mode';
import { FONT, PALETTE } from '../../app/theme';
import { Chart } from '../../parts/Chart';
import { useWords } from '../../words';

export function HoursChart({ hours }: { hours: number[] }) {
  const { t } = useWords();
  const { mode } = useMode();
  const option = useMemo(() => {
    const colours = PALETTE[mode];
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 2, right: 6, top: 8, bottom: 2, containLabel: true },
      tooltip: {
        trigger: 'axis' as const,
        axisPointer: { type: 'shadow' as const },
        backgroundColor: colours.panel,
        borderColor: colours.line,
        textStyle: { color: colours.text, fontSize: 12 },
      },
      xAxis: {
        type: 'category' as const,
        data: hours.map((_, hour) => `${String(hour).padStart(2, '0')}:00`),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colours.line } },
        axisLabel: { color: colours.muted, fontSize: 10, interval: 2 },
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
          id: 'hours',
          name: t('network.conversation-count'),
          type: 'bar' as const,
          barCategoryGap: '20%',
          barMinHeight: 2,
          itemStyle: { color: colours.accent },
          data: hours.map((value) => (value === 0 ? null : value)),
        },
      ],
    };
  }, [hours, mode, t]);
  return <Chart option={option} height={188} label={t('network.hours')} />;
}
