/** What was seen on the wire: weapons at work, conversations with their 13 elements, the captures they come from. */
import { useQuery } from '@tanstack/react-query';
import { Segmented } from 'antd';
import type { ReactNode } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { get } from '../../api/client';
import type { NetworkCounts } from '../../api/model';
import { bytes, count } from '../../parts/format';
import { Shape, type Tone } from '../../parts/Marks';
import { PageHead } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { Captures } from './Captures';
import { ConversationDrawer } from './ConversationDrawer';
import { Findings } from './Findings';
import { Hunts } from './Hunts';
import { Indicators } from './Indicators';
import { Queries } from './Queries';
import { Profiles } from './Profiles';
import { Sessions } from './Sessions';

const TABS = ['findings', 'sessions', 'profiles', 'indicators', 'hunts', 'queries', 'captures'] as const;
type Tab = (typeof TABS)[number];

export function Component() {
  const { t } = useWords();
  const { tab } = useParams();
  const go = useNavigate();
  const { filters, set } = useFilters();
  const shown: Tab = TABS.find((known) => known === tab) ?? 'findings';
  const pages: Record<Tab, ReactNode> = {
    findings: <Findings />,
    sessions: <Sessions />,
    profiles: <Profiles />,
    indicators: <Indicators />,
    hunts: <Hunts />,
    queries: <Queries />,
    captures: <Captures />,
  };
  return (
    <>
      <PageHead title={t('nav.network')} sub={t('network.sub')}>
        <Segmented<Tab>
          className="network-tabs"
          aria-label={t('network.view')}
          value={shown}
          options={TABS.map((value) => ({ value, label: t(`network.${value}`) }))}
          onChange={(next) => void go(`/network/${next}`)}
        />
      </PageHead>
      {!filters['subject'] && !filters['hunt'] && shown !== 'queries' && <Counters />}
      {pages[shown]}
      <ConversationDrawer
        id={filters['session'] ?? null}
        onClose={() => set({ session: null, cursor: filters['cursor'] })}
      />
    </>
  );
}

function Counters() {
  const { t, language } = useWords();
  const counts = useQuery({
    queryKey: ['network'],
    queryFn: () => get<NetworkCounts>('/network'),
    refetchInterval: 10_000,
  });
  const data = counts.data;
  if (!data || data.captures === 0) return null;
  const n = (value: number) => count(value, language);
  return (
    <div className="figures five">
      <Figure
        to="/network/findings"
        tone={data.weapons_successful > 0 ? 'open' : data.weapons > 0 ? 'blocked' : undefined}
        label={t('network.weapons-seen')}
        value={n(data.weapons)}
        note={
          data.weapons === 0
            ? t('network.no-weapon')
            : t('network.weapons-note', { n: n(data.weapons_successful), all: n(data.findings) })
        }
      />
      <Figure
        to={`/network/findings?what=${data.behaviours > 0 ? 'behaviour' : 'indicator'}`}
        tone={data.behaviours + data.indicators > 0 ? 'blocked' : undefined}
        label={t('network.stands-out')}
        value={n(data.behaviours + data.indicators)}
        note={t('network.stands-out-note', {
          behaviours: n(data.behaviours),
          indicators: n(data.indicators),
        })}
      />
      <Figure
        to="/network/sessions"
        label={t('network.session-records')}
        value={n(data.sessions)}
        note={
          data.removed > 0
            ? t('network.removed', { n: n(data.removed) })
            : t('network.flows-note', { n: n(data.flows) })
        }
      />
      <Figure
        to="/network/captures"
        label={t('network.frames')}
        value={n(data.frames)}
        note={t('network.frames-note', { odd: n(data.odd), dropped: n(data.dropped) })}
      />
      <Figure
        to="/network/captures"
        label={t('network.captures')}
        value={n(data.captures)}
        note={t('network.kept-note', {
          size: bytes(data.kept_bytes, language),
          max: bytes(data.kept_bytes_max, language),
        })}
      />
    </div>
  );
}

/** Nothing seen has no tone: what was not captured or not looked for is unknown, and unknown is not safe. */
function Figure(props: { to: string; tone?: Tone | undefined; label: string; value: string; note: string }) {
  return (
    <Link className="figure" to={props.to}>
      <span className="label">{props.label}</span>
      <span className="value">
        {props.tone ? (
          <span className={`tone-${props.tone}`}>
            <Shape tone={props.tone} size={16} /> {props.value}
          </span>
        ) : (
          props.value
        )}
      </span>
      <span className="note">{props.note}</span>
    </Link>
  );
}
