/** The plan of a host: its steps, the way each weapon went through the flow, the scripts, and where it stands. */
import type { HostDetail } from '../../api/model';
import { PlanMoves } from '../../parts/PlanMoves';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { Chain } from './Chain';
import { DecisionPaths } from './DecisionPaths';
import { PlanHistory } from './PlanHistory';
import { Scripts } from './Scripts';
import { Steps } from './Steps';
import { UrgencyBasis } from './UrgencyBasis';

export function Disposal({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const { plan, standing } = detail;
  return (
    <div className="grid split">
      <div className="grid">
        <Panel title={t('asset.steps')} extra={<span className="mono muted">{plan.id}</span>}>
          <Chain steps={plan.steps} />
          <Steps steps={plan.steps} />
        </Panel>
        <Panel title={t('asset.paths')} flush>
          <DecisionPaths disposals={plan.disposals} />
        </Panel>
      </div>
      <div className="grid" style={{ alignContent: 'start' }}>
        <Panel title={t('plan.standing')}>
          {standing ? (
            <PlanMoves standing={standing} label={detail.row.label} />
          ) : (
            <span className="muted">{t('asset.no-steps')}</span>
          )}
          <UrgencyBasis plan={plan} exposure={detail.exposure} />
        </Panel>
        <Panel title={t('asset.scripts')} flush>
          <Scripts host={detail.row.id} />
        </Panel>
        <Panel title={t('plan.history')}>
          <PlanHistory events={detail.history} />
        </Panel>
      </div>
    </div>
  );
}
