/** One filter of a table: its values with how many rows have each. On paper what was chosen. */
import { Select } from 'antd';
import type { Facet } from '../api/model';
import { useWords } from '../words';
import { count } from './format';

export function FacetSelect({
  label,
  value,
  facets,
  name,
  onChange,
  width = 128,
}: {
  label: string;
  value: string | undefined;
  facets: Facet[] | undefined;
  name: (value: string) => string;
  onChange: (value: string | null) => void;
  width?: number;
}) {
  const { language } = useWords();
  const options = (facets ?? []).map((facet) => ({
    value: facet.value,
    label: name(facet.value),
    count: facet.count,
  }));
  // A value from the address shows even when no row has it now.
  if (value !== undefined && !options.some((option) => option.value === value)) {
    options.unshift({ value, label: name(value), count: 0 });
  }
  if (options.length === 0) return null;
  return (
    <>
      <Select
        size="small"
        allowClear
        showSearch={{ optionFilterProp: 'label' }}
        aria-label={label}
        placeholder={label}
        value={value ?? null}
        options={options}
        style={{ width }}
        popupMatchSelectWidth={240}
        optionRender={(option) => (
          <div style={{ display: 'flex', justifyContent: 'space-between', gap: 12 }}>
            <span>{option.data.label}</span>
            <span className="muted num">
              {option.data.count < 0 ? '' : count(option.data.count, language)}
            </span>
          </div>
        )}
        onChange={(next) => onChange(next ?? null)}
      />
      {value !== undefined && (
        <span className="only-print">
          {label}: {name(value)}
        </span>
      )}
    </>
  );
}
