/** The line of filters above the hosts. */
import { Button } from 'antd';
import { useWeaponName } from '../../api/weapons';
import type { Facet, HostRole, PlanState, SourceKind, Standing, Timeline } from '../../api/model';
import { FacetSelect } from '../../parts/FacetSelect';
import { SearchBox } from '../../parts/SearchBox';
import { roleKey } from '../../parts/names';
import type { useFilters } from '../../parts/url';
import { useWords } from '../../words';

type Props = { facets: Record<string, Facet[]> } & ReturnType<typeof useFilters>;

export function AssetFilters({ facets, filters, set }: Props) {
  const { t } = useWords();
  const weapon = useWeaponName();
  const plain = (value: string) => value;
  const names: Record<string, (value: string) => string> = {
    standing: (value) => t(`standing.${value as Standing}`),
    weapon,
    product: plain,
    zone: plain,
    group: plain,
    role: (value) => t(roleKey(value as HostRole)),
    timeline: (value) => t(`urgency.${value as Timeline}`),
    plan_state: (value) => t(`plan.${value as PlanState}`),
    source: (value) => t(`source.${value as SourceKind}`),
  };
  const known = Object.keys(names) as (keyof typeof names & ('standing' | 'weapon' | 'product' | 'zone' | 'group' | 'role' | 'timeline' | 'plan_state' | 'source'))[];
  const set_ = known.some((name) => filters[name] !== undefined) || filters['q'];
  return (
    <div className="filters no-print" role="search">
      <SearchBox value={filters['q'] ?? ''} onSearch={(q) => set({ q })} label={t('assets.search')} />
      {known.map((name) => (
        <FacetSelect
          key={name}
          label={t(`filter.${name}`)}
          value={filters[name]}
          facets={facets[name]}
          name={names[name] ?? plain}
          width={name === 'product' ? 170 : 118}
          onChange={(value) => set({ [name]: value, ...(name === 'weapon' && { weapon_state: null }) })}
        />
      ))}
      {set_ && (
        <Button
          type="link"
          size="small"
          onClick={() => set(Object.fromEntries([...known, 'q', 'weapon_state'].map((name) => [name, null])))}
        >
          {t('action.clear-filters')}
        </Button>
      )}
    </div>
  );
}
