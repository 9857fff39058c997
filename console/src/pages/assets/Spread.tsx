/** How the hosts of the table spread over systems, zones and urgency: a bar is a filter. */
import type { Facet } from '../../api/model';
import { count } from '../../parts/format';
import type { useFilters } from '../../parts/url';
import { useWords } from '../../words';

const SHOWN = 6;

type Name = 'product' | 'zone' | 'timeline' | 'plan_state';

interface Props {
  facets: Record<string, Facet[]>;
  names: (name: Name) => (value: string) => string;
  filters: Record<string, string>;
  set: ReturnType<typeof useFilters>['set'];
}

export function Spread({ facets, names, filters, set }: Props) {
  const { t } = useWords();
  const all: Name[] = ['product', 'zone', 'timeline', 'plan_state'];
  return (
    <div className="spread no-print">
      {all.map((name) => {
        const list = facets[name] ?? [];
        if (list.length === 0) return null;
        return (
          <section key={name} aria-label={t(`assets.by-${name}`)}>
            <h3>{t(`assets.by-${name}`)}</h3>
            <Bars
              list={list}
              name={names(name)}
              chosen={filters[name]}
              onChoose={(value) => set({ [name]: value === filters[name] ? null : value })}
            />
          </section>
        );
      })}
    </div>
  );
}

/** The largest first; what is left over is one line that says how much it is. */
export function largest(
  list: readonly Facet[],
  most: number,
): { first: Facet[]; others: number; kinds: number } {
  const ranked = [...list].sort((a, b) => b.count - a.count);
  const rest = ranked.slice(most);
  return {
    first: ranked.slice(0, most),
    others: rest.reduce((sum, facet) => sum + facet.count, 0),
    kinds: rest.length,
  };
}

function Bars(props: {
  list: Facet[];
  name: (value: string) => string;
  chosen: string | undefined;
  onChoose: (value: string) => void;
}) {
  const { t, language } = useWords();
  const { first, others, kinds } = largest(props.list, SHOWN);
  const top = Math.max(1, others, ...first.map((facet) => facet.count));
  return (
    <ul>
      {first.map((facet) => (
        <li key={facet.value}>
          <button
            type="button"
            aria-pressed={props.chosen === facet.value}
            // What is not filled in has no value to filter by.
            disabled={facet.value === ''}
            title={props.name(facet.value)}
            onClick={() => props.onChoose(facet.value)}
          >
            <span className="ellipsis">{props.name(facet.value).replace(/^Windows (?=Server)/, '')}</span>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${(facet.count / top) * 100}%`, background: 'var(--accent)' }} />
            </span>
            <span className="num">{count(facet.count, language)}</span>
          </button>
        </li>
      ))}
      {kinds > 0 && (
        <li className="muted">
          <span className="ellipsis">{t('assets.others', { n: kinds })}</span>
          <span className="bar" aria-hidden="true">
            <span style={{ width: `${(others / top) * 100}%`, background: 'var(--none)' }} />
          </span>
          <span className="num">{count(others, language)}</span>
        </li>
      )}
    </ul>
  );
}
