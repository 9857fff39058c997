/** One plan beside the board: where it stands, the way through the flow, its steps and its scripts. */
import { useQuery } from '@tanstack/react-query';
import { Drawer } from 'antd';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { HostDetail } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { PlanMoves } from '../../parts/PlanMoves';
import { productName, systemDetail } from '../../parts/names';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { Chain } from '../asset/Chain';
import { DecisionPaths } from '../asset/DecisionPaths';
import { PlanHistory } from '../asset/PlanHistory';
import { Scripts } from '../asset/Scripts';
import { Steps } from '../asset/Steps';
import { UrgencyBasis } from '../asset/UrgencyBasis';

export function PlanDrawer({ host, onClose }: { host: string | null; onClose: () => void }) {
  const { t } = useWords();
  const detail = useQuery({
    queryKey: ['host', host],
    queryFn: () => get<HostDetail>(`/hosts/${encodeURIComponent(host ?? '')}`),
    enabled: host !== null,
  });
  return (
    <Drawer
      open={host !== null}
      onClose={onClose}
      size={760}
      destroyOnHidden
      title={
        detail.data ? (
          <span>
            {detail.data.row.label}{' '}
            <span className="muted" style={{ fontWeight: 400 }}>
              {productName(detail.data.row)} {systemDetail(detail.data.row)}
            </span>
          </span>
        ) : (
          t('nav.disposal')
        )
      }
      extra={
        host && <Link to={`/hosts/${encodeURIComponent(host)}?tab=disposal`}>{t('disposal.open-host')}</Link>
      }
    >
      <Show of={detail}>{(data) => <Loaded detail={data} />}</Show>
    </Drawer>
  );
}

function Loaded({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const { plan, standing } = detail;
  return (
    <div className="grid">
      <Panel title={t('plan.standing')} extra={<span className="mono muted">{plan.id}</span>}>
        {standing ? (
          <PlanMoves standing={standing} label={detail.row.label} />
        ) : (
          <Blank title={t('asset.no-steps')} />
        )}
        <UrgencyBasis plan={plan} exposure={detail.exposure} />
      </Panel>
      <Panel title={t('asset.steps')}>
        <Chain steps={plan.steps} />
        <Steps steps={plan.steps} />
      </Panel>
      <Panel title={t('asset.paths')} flush>
        <DecisionPaths disposals={plan.disposals} />
      </Panel>
      <Panel title={t('asset.scripts')} flush>
        <Scripts host={detail.row.id} />
      </Panel>
      <Panel title={t('plan.history')}>
        <PlanHistory events={detail.history} />
      </Panel>
    </div>
  );
}
