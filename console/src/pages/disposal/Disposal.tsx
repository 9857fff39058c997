/** Plans on their way: the board by state, the smallest set of actions for all hosts, and what-if. */
import { Segmented } from 'antd';
import { useFilters } from '../../parts/url';
import { PageHead } from '../../parts/Panel';
import { useWords } from '../../words';
import { Board } from './Board';
import { Fleet } from './Fleet';
import { PlanDrawer } from './PlanDrawer';
import { ResultUpload } from './ResultUpload';
import { WhatIf } from './WhatIf';

export function Component() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const view = filters['view'] ?? 'board';
  return (
    <>
      <PageHead title={t('nav.disposal')}>
        <Segmented
          aria-label={t('disposal.view')}
          value={view}
          options={[
            { value: 'board', label: t('disposal.board') },
            { value: 'fleet', label: t('disposal.fleet') },
            { value: 'what-if', label: t('disposal.what-if') },
          ]}
          onChange={(next) => set({ view: next === 'board' ? null : next })}
        />
        <ResultUpload />
      </PageHead>
      {view === 'board' && <Board />}
      {view === 'fleet' && <Fleet />}
      {view === 'what-if' && <WhatIf />}
      <PlanDrawer host={filters['card'] ?? null} onClose={() => set({ card: null })} />
    </>
  );
}
