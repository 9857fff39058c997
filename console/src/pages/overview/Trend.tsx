/** Exposure after each import or change: the part of the hosts that can be hit, drawn small. */
import type { Overview } from '../../api/model';
import { count } from '../../parts/format';
import { useWords } from '../../words';

const WIDTH = 320;
const HEIGHT = 96;

/** The line of `values` in a box, highest at `top`. */
export function line(values: number[], top: number, width = WIDTH, height = HEIGHT): string {
  if (values.length === 0) return '';
  const step = values.length === 1 ? 0 : width / (values.length - 1);
  return values
    .map(
      (value, i) =>
        `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${(height - (value / Math.max(1, top)) * height).toFixed(1)}`,
    )
    .join(' ');
}

export function Trend({ points }: { points: Overview['trend'] }) {
  const { t, language } = useWords();
  const recent = points.slice(-60);
  const last = recent.at(-1);
  if (!last) return <p className="muted">{t('overview.trend-none')}</p>;
  const top = Math.max(...recent.map((point) => point.hosts.total), 1);
  const hits = recent.map((point) => point.hosts.hit);
  const first = recent[0];
  return (
    <>
      {recent.length > 1 && (
        <svg
          viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
          width="100%"
          height={120}
          preserveAspectRatio="none"
          role="img"
          aria-label={t('overview.trend')}
        >
          <path
            d={`${line(hits, top)} L${WIDTH} ${HEIGHT} L0 ${HEIGHT} Z`}
            fill="var(--open)"
            opacity="0.1"
          />
          <path
            d={line(hits, top)}
            fill="none"
            stroke="var(--open)"
            strokeWidth="2"
            vectorEffect="non-scaling-stroke"
          />
          <path
            d={line(
              recent.map((point) => point.hosts.total),
              top,
            )}
            fill="none"
            stroke="var(--none)"
            strokeDasharray="4 3"
            vectorEffect="non-scaling-stroke"
          />
        </svg>
      )}
      <table className="mini num">
        <thead>
          <tr>
            <th>{t('overview.trend-when')}</th>
            <th>{t('state.open')}</th>
            <th>{t('state.unknown')}</th>
            <th>{t('overview.trend-total')}</th>
          </tr>
        </thead>
        <tbody>
          {[...recent]
            .reverse()
            .slice(0, 6)
            .map((point) => (
              <tr key={point.day}>
                <td className="nowrap">{point.day}</td>
                <td>{count(point.hosts.hit, language)}</td>
                <td>{count(point.hosts.unknown, language)}</td>
                <td>{count(point.hosts.total, language)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      {first && recent.length > 1 && (
        <p className="muted num" style={{ margin: '8px 0 0' }}>
          {t('overview.trend-change', {
            from: count(first.hosts.hit, language),
            to: count(last.hosts.hit, language),
          })}
        </p>
      )}
    </>
  );
}
