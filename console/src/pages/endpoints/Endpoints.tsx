/** Endpoints: the fleet, the groups that say what holds on it, what ran, what was stopped, and what waits for a second person. */
import { Badge, Segmented } from 'antd';
import type { ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router';
import { count } from '../../parts/format';
import { PageHead } from '../../parts/Panel';
import { useWords } from '../../words';
import { Alarms } from './Alarms';
import { useHealth } from './asking';
import { Changes } from './Changes';
import { Checks } from './Checks';
import { Executions } from './Executions';
import { Fleet } from './Fleet';
import { Groups } from './Groups';
import { Incidents } from './Incidents';

const TABS = ['fleet', 'groups', 'checks', 'executions', 'incidents', 'alarms', 'changes'] as const;
type Tab = (typeof TABS)[number];

export function Component() {
  const { t, language } = useWords();
  const { tab } = useParams();
  const go = useNavigate();
  const health = useHealth().data?.health;
  const shown: Tab = TABS.find((known) => known === tab) ?? 'fleet';
  const pages: Record<Tab, ReactNode> = {
    fleet: <Fleet />,
    groups: <Groups />,
    checks: <Checks />,
    executions: <Executions />,
    incidents: <Incidents />,
    alarms: <Alarms />,
    changes: <Changes />,
  };
  const label = (value: Tab) => {
    const waiting = value === 'changes' ? (health?.proposed ?? 0) : 0;
    const name = t(`endpoints.tab-${value}`);
    if (waiting === 0) return name;
    return (
      <>
        {name}{' '}
        <Badge
          size="small"
          count={waiting}
          title={t('endpoints.n-waiting', { n: count(waiting, language) })}
        />
      </>
    );
  };
  return (
    <>
      <PageHead title={t('nav.endpoints')} sub={t('endpoints.sub')}>
        <Segmented<Tab>
          aria-label={t('endpoints.view')}
          value={shown}
          options={TABS.map((value) => ({ value, label: label(value) }))}
          onChange={(next) => void go(next === 'fleet' ? '/endpoints' : `/endpoints/${next}`)}
        />
      </PageHead>
      {pages[shown]}
    </>
  );
}
