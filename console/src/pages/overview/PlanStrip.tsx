/** How many plans stand where, in the order plans move. */
import { Link } from 'react-router';
import type { PlanCount, PlanState } from '../../api/model';
import { count } from '../../parts/format';
import { useWords } from '../../words';

export const LANES: PlanState[] = [
  'draft',
  'approval',
  'running',
  'verifying',
  'verified',
  'failed',
  'rolled-back',
  'exception',
];

export function PlanStrip({ counts }: { counts: PlanCount[] }) {
  const { t, language } = useWords();
  return (
    <div className="strip">
      {LANES.map((state) => (
        <Link key={state} to={`/disposal?state=${state}`}>
          <div className="muted nowrap">{t(`plan.${state}`)}</div>
          <div className="n">{count(counts.find((item) => item.state === state)?.count ?? 0, language)}</div>
        </Link>
      ))}
    </div>
  );
}
