/** The line of filters above the hosts. */
import { Button } from 'antd';
import type { Facet, HostRole, PlanState, Timeline } from '../../api/model';
import { useWeaponName, useWeapons } from '../../api/weapons';
import { FacetSelect } from '../../parts/FacetSelect';
import { roleKey } from '../../parts/names';
import { SearchBox } from '../../parts/SearchBox';
import type { useFilters } from '../../parts/url';
import { useWords } from '../../words';

const BOXES = ['weapon', 'product', 'role', 'zone', 'group', 'timeline', 'plan_state'] as const;

type Props = { facets: Record<string, Facet[]> } & ReturnType<typeof useFilters>;

/** How the values of each filter are called. */
export function useFacetNames(): Record<(typeof BOXES)[number], (value: string) => string> {
  const { t, word } = useWords();
  const weapon = useWeaponName();
  /** An empty value selects the hosts of which it is not known. */
  const known = (name: (value: string) => string) => (value: string) =>
    value === '' ? t('filter.not-known') : name(value);
  const plain = known((value) => value);
  return {
    weapon,
    product: plain,
    role: known((value) => word(`console.${roleKey(value as HostRole)}`, value)),
    zone: plain,
    group: plain,
    timeline: known((value) => t(`urgency.${value as Timeline}`)),
    plan_state: known((value) => t(`plan.${value as PlanState}`)),
  };
}

export function AssetFilters({ facets, filters, set }: Props) {
  const { t } = useWords();
  const weapons = useWeapons().data ?? [];
  const names = useFacetNames();
  const all: Record<string, Facet[] | undefined> = {
    ...facets,
    weapon: weapons.map(({ id, counts }) => ({ value: id, count: counts.open })),
  };
  const narrowed = Object.keys(filters).some(
    (name) => !['sort', 'descending', 'cursor', 'charts'].includes(name),
  );
  return (
    <div className="filters no-print" role="search">
      <SearchBox value={filters['q'] ?? ''} onSearch={(q) => set({ q })} label={t('assets.search')} />
      {BOXES.map((name) => (
        <FacetSelect
          key={name}
          label={t(`filter.${name}`)}
          value={filters[name]}
          facets={all[name]}
          name={names[name]}
          width={name === 'product' || name === 'weapon' ? 132 : 112}
          onChange={(value) =>
            set({ [name]: value, ...(name === 'weapon' && { weapon_state: value && 'open' }) })
          }
        />
      ))}
      {narrowed && (
        <Button
          type="link"
          size="small"
          onClick={() => set(Object.fromEntries(Object.keys(filters).map((name) => [name, null])))}
        >
          {t('action.clear-filters')}
        </Button>
      )}
    </div>
  );
}
