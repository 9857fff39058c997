/** The board: a lane per state, each with its most urgent plans; one state alone shows as a paged table. */
import { useQuery } from '@tanstack/react-query';
import { Tag } from 'antd';
import { get } from '../../api/client';
import type { HostPage, PlanCard, PlanState } from '../../api/model';
import { useWeaponName, useWeapons } from '../../api/weapons';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { SearchBox } from '../../parts/SearchBox';
import { count } from '../../parts/format';
import { ImportButton } from '../../parts/ImportButton';
import { Mark, PlanMark, UrgencyMark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useFacetNames } from '../assets/AssetFilters';
import { LANES } from '../overview/PlanStrip';
import { kept, openWeapons, useBoard } from './board';
import { OneState } from './OneState';

const IN_LANE = 20;

export function Board() {
  const { filters } = useFilters();
  const state = LANES.find((lane) => lane === filters['state']);
  return (
    <>
      <BoardFilters />
      {state ? <OneState state={state} /> : <Lanes />}
    </>
  );
}

function BoardFilters() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const weapons = useWeapons().data ?? [];
  const name = useWeaponName();
  const names = useFacetNames();
  const places = useQuery({
    queryKey: ['hosts', 'places'],
    queryFn: () => get<HostPage>('/hosts', { facets: true, limit: 1 }),
  });
  const state = LANES.find((lane) => lane === filters['state']);
  return (
    <Panel flush className="filter-panel">
      <div className="filters no-print" role="search" style={{ borderBottom: 0 }}>
        <SearchBox value={filters['q'] ?? ''} onSearch={(q) => set({ q })} label={t('assets.search')} />
        <FacetSelect
          label={t('filter.weapon')}
          value={filters['weapon']}
          facets={weapons.map(({ id, counts }) => ({ value: id, count: counts.open + counts.unknown }))}
          name={name}
          width={160}
          onChange={(weapon) => set({ weapon })}
        />
        <FacetSelect
          label={t('filter.plan_state')}
          value={state}
          facets={LANES.map((value) => ({ value, count: -1 }))}
          name={(value) => t(`plan.${value as PlanState}`)}
          onChange={(value) => set({ state: value })}
        />
        {(['zone', 'group', 'timeline'] as const).map((name) => (
          <FacetSelect
            key={name}
            label={t(`filter.${name}`)}
            value={filters[name]}
            facets={places.data?.facets?.[name]?.filter((facet) => facet.value !== '')}
            name={names[name]}
            onChange={(value) => set({ [name]: value })}
          />
        ))}
        {filters['rollout'] && (
          <Tag closable onClose={() => set({ rollout: null, ring: null })}>
            {t(filters['ring'] ? 'rollout.filter-ring' : 'rollout.filter', {
              id: filters['rollout'],
              ring: filters['ring'] ?? '',
            })}
          </Tag>
        )}
      </div>
    </Panel>
  );
}

function Lanes() {
  const { t } = useWords();
  const { filters } = useFilters();
  const counts = useBoard({ ...kept(filters), limit: 1 });
  return (
    <Show of={counts}>
      {(board) =>
        board.counts.every((lane) => lane.count === 0) ? (
          <Panel>
            <Blank title={t('disposal.empty')} action={<ImportButton />}>
              {t('disposal.empty-note')}
            </Blank>
          </Panel>
        ) : (
          <div className="board">
            {LANES.map((state) => {
              const lane = board.counts.find((item) => item.state === state);
              if (lane?.count) {
                return <Lane key={state} state={state} total={lane.count} overdue={lane.overdue} />;
              }
              // Failing is the exception: it is not spoken of while nothing has failed.
              return state === 'failed' ? null : <EmptyLane key={state} state={state} />;
            })}
          </div>
        )
      }
    </Show>
  );
}

/** A state without plans keeps its place in the flow, and leaves the room to those that have some. */
function EmptyLane({ state }: { state: PlanState }) {
  const { t } = useWords();
  return (
    <section className="lane bare" aria-label={t(`plan.${state}`)} title={t('disposal.lane-empty')}>
      <header>
        <PlanMark state={state} bare />
        <span className="num muted">0</span>
      </header>
    </section>
  );
}

function Lane({ state, total, overdue }: { state: PlanState; total: number; overdue: number }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const board = useBoard({ ...kept(filters), state, limit: IN_LANE });
  return (
    <section className="lane" aria-label={t(`plan.${state}`)}>
      <header>
        <button type="button" onClick={() => set({ state })}>
          <PlanMark state={state} bare />
          <span className="num muted">{count(total, language)}</span>
        </button>
      </header>
      {overdue > 0 && (
        <div className="overdue">
          <Mark tone="open" bare>
            {t('disposal.overdue', { n: count(overdue, language) })}
          </Mark>
        </div>
      )}
      <div className="cards">
        <Show of={board} rows={3}>
          {(data) => (
            <>
              {data.cards.map((card) => (
                <Card key={card.standing.plan} card={card} onOpen={() => set({ card: card.host.id })} />
              ))}
            </>
          )}
        </Show>
      </div>
      {board.data && total > board.data.cards.length && (
        <footer>
          <button type="button" className="link small" onClick={() => set({ state })}>
            {t('disposal.all', { n: count(total, language) })}
          </button>
        </footer>
      )}
    </section>
  );
}

function Card({ card, onOpen }: { card: PlanCard; onOpen: () => void }) {
  const { t, word } = useWords();
  const name = useWeaponName();
  const { host, standing } = card;
  const open = openWeapons(host);
  return (
    <button type="button" className="plan-card" onClick={onOpen}>
      <span className="name">{host.label}</span>
      <span className="sys ellipsis">
        {host.product?.replace(/^Windows (?=Server)/, '') ?? t('assets.system-unknown')}{' '}
        {host.service_pack ? `SP${host.service_pack}` : ''}
      </span>
      <span className="line" style={{ marginTop: 5, flexWrap: 'wrap', gap: '2px 8px' }}>
        {host.timeline && <UrgencyMark timeline={host.timeline} bare />}
        {host.next_action && <span className="small muted">{word(`disposal.kind.${host.next_action}`)}</span>}
      </span>
      <span className="sys ellipsis">
        {host.worst && name(host.worst)}
        {open.length > 1 && ` +${open.length - 1}`}
      </span>
      {standing.until && <span className="sys tone-blocked">{t('plan.until', { day: standing.until })}</span>}
    </button>
  );
}
