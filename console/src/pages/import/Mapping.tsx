/** What the columns of a table mean: the guess is filled in, a person corrects it, the import goes on. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Select } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { sayable, send } from '../../api/client';
import type { ImportAccepted, ImportTable, TableMapping } from '../../api/model';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

type Meaning = Record<string, string>;

const nameOf = (table: ImportTable) => (table.sheet ? `${table.path} · ${table.sheet}` : table.path);

export function Mapping({ id, tables }: { id: string; tables: ImportTable[] }) {
  const { t, say } = useWords();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [meanings, setMeanings] = useState<Record<string, Meaning>>({});
  const meaning = (table: ImportTable) => meanings[nameOf(table)] ?? table.guess;
  const go = useMutation({
    mutationFn: () =>
      send<ImportAccepted>(
        'POST',
        `/imports/${encodeURIComponent(id)}/mapping`,
        tables.map((table): TableMapping => ({
          path: table.path,
          sheet: table.sheet ?? null,
          columns: meaning(table),
        })),
      ),
    onSuccess: (accepted) => {
      for (const key of ['imports', 'jobs']) void queries.invalidateQueries({ queryKey: [key] });
      // The tables are read by a job of their own: its result is the one to watch.
      void navigate(`/import/${encodeURIComponent(accepted.job.id)}`);
    },
  });
  return (
    <Panel
      title={t('mapping.title')}
      extra={
        <Button type="primary" size="small" loading={go.isPending} onClick={() => go.mutate()}>
          {t('mapping.go')}
        </Button>
      }
    >
      <p className="muted" style={{ marginTop: 0 }}>
        {t('mapping.lead')}
      </p>
      {go.error && (
        <Alert type="error" showIcon title={say(sayable(go.error))} style={{ marginBottom: 10 }} />
      )}
      {tables.map((table) => (
        <OneTable
          key={nameOf(table)}
          table={table}
          meaning={meaning(table)}
          onChange={(next) => setMeanings({ ...meanings, [nameOf(table)]: next })}
        />
      ))}
    </Panel>
  );
}

function OneTable(props: { table: ImportTable; meaning: Meaning; onChange: (next: Meaning) => void }) {
  const { table, meaning, onChange } = props;
  const { t, word } = useWords();
  const taken = new Set(Object.values(meaning));
  return (
    <div style={{ marginBottom: 16 }}>
      <div className="line" style={{ marginBottom: 6 }}>
        <strong className="mono">{nameOf(table)}</strong>
      </div>
      <div style={{ overflowX: 'auto' }}>
        <table className="mini mapping">
          <thead>
            <tr>
              {table.columns.map((column) => (
                <th key={column}>
                  <div className="strong">{column}</div>
                  <Select
                    size="small"
                    allowClear
                    showSearch={{ optionFilterProp: 'label' }}
                    style={{ width: 150 }}
                    popupMatchSelectWidth={220}
                    placeholder={t('mapping.ignore')}
                    aria-label={t('mapping.column', { column })}
                    value={meaning[column] ?? null}
                    options={table.fields.map((field) => ({
                      value: field,
                      label: word(`inventory.field.${field}`, word(`console.field.${field}`, field)),
                      disabled: taken.has(field) && meaning[column] !== field,
                    }))}
                    onChange={(field) => {
                      const { [column]: _left, ...rest } = meaning;
                      onChange(field ? { ...rest, [column]: field } : rest);
                    }}
                  />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.slice(0, 5).map((row, i) => (
              <tr key={i}>
                {table.columns.map((column, c) => (
                  <td key={column} className="mono">
                    {row[c] ?? ''}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
