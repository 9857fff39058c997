/** An ECharts drawing that follows its box and the mode. The engine is fetched only when a chart is on the page. */
import { useEffect, useRef, useState } from 'react';
import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { useMode } from '../app/mode';

export function Chart({
  option,
  height,
  label,
  onPick,
}: {
  option: EChartsCoreOption;
  height: number;
  /** What the drawing shows, for those who cannot see it. */
  label: string;
  onPick?: (name: string, series: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const pick = useRef(onPick);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const { mode } = useMode();

  useEffect(() => {
    pick.current = onPick;
  }, [onPick]);

  useEffect(() => {
    let made: EChartsType | null = null;
    let gone = false;
    const watcher = new ResizeObserver(() => made?.resize());
    void import('./engine').then(({ init }) => {
      if (gone || !box.current) return;
      made = init(box.current, undefined, { renderer: 'svg' });
      made.on('click', (event) => {
        const { name, seriesId } = event as { name: string; seriesId?: string };
        pick.current?.(name, seriesId ?? '');
      });
      watcher.observe(box.current);
      setChart(made);
    });
    return () => {
      gone = true;
      watcher.disconnect();
      made?.dispose();
    };
  }, []);

  useEffect(() => {
    chart?.setOption(option, { notMerge: true });
  }, [chart, option, mode]);

  return <div ref={box} role="img" aria-label={label} style={{ width: '100%', height }} />;
}
