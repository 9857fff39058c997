/** Each weapon with the hosts it can hit, those of which it is not known, and those already fixed. */
import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import type { WeaponCount } from '../../api/model';
import { FONT, PALETTE } from '../../app/theme';
import { useMode } from '../../app/mode';
import { Chart } from '../../parts/Chart';
import { useWords } from '../../words';

export function WeaponBars({ weapons }: { weapons: WeaponCount[] }) {
  const { t, language } = useWords();
  const { mode } = useMode();
  const go = useNavigate();
  const option = useMemo(() => {
    const colours = PALETTE[mode];
    const ranked = [...weapons].sort(
      (a, b) => b.counts.open - a.counts.open || b.counts.unknown - a.counts.unknown,
    );
    const series = (['open', 'unknown', 'fixed'] as const).map((state) => ({
      id: state,
      name: t(`state.${state}`),
      type: 'bar' as const,
      stack: 'hosts',
      barWidth: 11,
      itemStyle: { color: colours[state] },
      emphasis: { focus: 'series' as const },
      data: ranked.map((weapon) => ({ name: weapon.id, value: weapon.counts[state] })),
    }));
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      legend: {
        top: 0,
        left: 0,
        itemWidth: 10,
        itemHeight: 10,
        textStyle: { color: colours.muted, fontSize: 12 },
      },
      grid: { left: 4, right: 16, top: 30, bottom: 22, containLabel: true },
      tooltip: {
        trigger: 'axis' as const,
        axisPointer: { type: 'shadow' as const },
        backgroundColor: colours.panel,
        borderColor: colours.line,
        textStyle: { color: colours.text, fontSize: 12 },
      },
      xAxis: {
        type: 'value' as const,
        name: t('overview.weapons-axis'),
        nameLocation: 'middle' as const,
        nameGap: 24,
        nameTextStyle: { color: colours.muted, fontSize: 11 },
        minInterval: 1,
        axisLabel: { color: colours.muted, fontSize: 11 },
        splitLine: { lineStyle: { color: colours.line } },
      },
      yAxis: {
        type: 'category' as const,
        inverse: true,
        data: ranked.map((weapon) => weapon.name[language]),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { color: colours.text, fontSize: 12 },
      },
      series,
    };
  }, [weapons, mode, t, language]);
  return (
    <Chart
      option={option}
      height={Math.max(120, weapons.length * 21 + 64)}
      label={t('overview.weapons')}
      onPick={(name, state) => {
        const weapon = weapons.find((item) => item.name[language] === name || item.id === name);
        if (weapon) void go(`/hosts?weapon=${weapon.id}&weapon_state=${state || 'open'}`);
      }}
    />
  );
}
