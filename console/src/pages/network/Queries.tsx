/** Asking in SQL: what can be asked, a question, and its rows. */
import { DownloadOutlined, SaveOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Collapse, Input, Popconfirm, Progress, Table, type TableColumnsType } from 'antd';
import { useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import { address, get, sayable, send } from '../../api/client';
import type { QueryList, QueryRow, QueryRows, QuerySchema, SavedQuery } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { bytes, count, instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { AnswerChart } from './AnswerChart';
import { cell, seconds, type Cell } from './asking';

const PAGE = 100;

export function Queries() {
  const found = useQuery({
    queryKey: ['queries', 'schema'],
    queryFn: ({ signal }) => get<QuerySchema>('/queries/schema', undefined, signal),
    refetchInterval: 60_000,
  });
  return (
    <Show of={found} rows={10}>
      {(schema) => <Asking schema={schema} />}
    </Show>
  );
}

function Asking({ schema }: { schema: QuerySchema }) {
  const { t, say, language } = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const { filters, set } = useFilters();
  const [sql, setSql] = useState(() => filters['sql'] ?? schema.examples[0]?.sql ?? '');
  const editor = useRef<HTMLDivElement>(null);
  const id = filters['query'];
  const asking = useMutation({
    mutationFn: (text: string) => send<QueryRow>('POST', '/queries', { sql: text }),
    onSuccess: (asked) => {
      queries.setQueryData(['queries', 'one', String(asked.id)], asked);
      set({ query: String(asked.id) });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['queries', 'list'] }),
  });
  const absent = schema.absent ? say(schema.absent) : null;
  const denied = absent ?? (sql.trim() === '' ? t('query.write-first') : null);
  const ask = () => denied === null && !asking.isPending && asking.mutate(sql);
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      ask();
    }
  };
  return (
    <div className="asking">
      <div className="grid">
        <Panel
          title={t('query.title')}
          extra={<Saving sql={sql} denied={may('import') ? null : t('denied.import')} />}
          className="no-print"
        >
          <div ref={editor}>
            <Input.TextArea
              aria-label={t('query.sql')}
              value={sql}
              onChange={(event) => setSql(event.target.value)}
              onKeyDown={keys}
              autoSize={{ minRows: 7, maxRows: 22 }}
              className="mono"
              spellCheck={false}
            />
          </div>
          <div className="asking-foot">
            <Act type="primary" denied={denied} loading={asking.isPending} onClick={ask}>
              {t('query.ask')}
            </Act>
            <span className="muted small">
              {t('query.limits', {
                seconds: schema.limits.seconds,
                size: bytes(schema.limits.memory_bytes, language),
              })}
            </span>
          </div>
          {absent && <Alert type="warning" showIcon title={absent} style={{ marginTop: 12 }} />}
          {asking.error && (
            <Alert type="error" showIcon title={say(sayable(asking.error))} style={{ marginTop: 12 }} />
          )}
        </Panel>
        {id ? <Answer key={id} id={id} /> : <Asked onTake={setSql} />}
      </div>
      <div className="grid no-print">
        <Beginnings schema={schema} onTake={setSql} />
        <Tables schema={schema} editor={editor} sql={sql} onChange={setSql} />
      </div>
    </div>
  );
}

/** Keeps the question for everybody under a name. */
function Saving({ sql, denied }: { sql: string; denied: string | null }) {
  const { t, say } = useWords();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const saving = useMutation({
    mutationFn: () => send('POST', '/queries/saved', { name, sql }),
    onSuccess: () => setName(''),
    onSettled: () => queries.invalidateQueries({ queryKey: ['queries', 'schema'] }),
  });
  const missing = name.trim() === '' || sql.trim() === '';
  return (
    <Popconfirm
      icon={null}
      title={t('query.save-title')}
      description={
        <>
          <Input
            size="small"
            aria-label={t('query.name')}
            placeholder={t('query.name')}
            value={name}
            maxLength={120}
            onChange={(event) => setName(event.target.value)}
          />
          {saving.error && <p className="tone-open small">{say(sayable(saving.error))}</p>}
        </>
      }
      okText={t('query.save')}
      cancelText={t('action.cancel')}
      okButtonProps={{ disabled: missing }}
      onConfirm={() => saving.mutateAsync().catch(() => undefined)}
      disabled={denied !== null}
    >
      <span>
        <Act size="small" icon={<SaveOutlined />} denied={denied}>
          {t('query.save')}
        </Act>
      </span>
    </Popconfirm>
  );
}

/** Questions to begin with: those that are kept, and those that come with the product. */
function Beginnings({ schema, onTake }: { schema: QuerySchema; onTake: (sql: string) => void }) {
  const { t, say } = useWords();
  return (
    <Panel title={t('query.beginnings')}>
      <ul className="asking-list">
        {schema.saved.map((query) => (
          <Kept key={query.id} query={query} onTake={onTake} />
        ))}
        {schema.examples.map((example) => (
          <li key={example.name}>
            <Button type="link" size="small" onClick={() => onTake(example.sql)}>
              {say({ code: `query.example-${example.name}` })}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Kept({ query, onTake }: { query: SavedQuery; onTake: (sql: string) => void }) {
  const { t } = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const forgetting = useMutation({
    mutationFn: () => send('DELETE', `/queries/saved/${query.id}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ['queries', 'schema'] }),
  });
  return (
    <li>
      <Button
        type="link"
        size="small"
        className="strong anywhere"
        title={`${query.by} · ${instant(query.changed)}`}
        onClick={() => onTake(query.sql)}
      >
        {query.name}
      </Button>
      {may('import') && (
        <Popconfirm
          title={t('query.forget-title', { name: query.name })}
          okText={t('query.forget')}
          cancelText={t('action.cancel')}
          onConfirm={() => forgetting.mutate()}
        >
          <Button type="text" size="small" aria-label={t('query.forget-one', { name: query.name })}>
            ×
          </Button>
        </Popconfirm>
      )}
    </li>
  );
}

/** Tables and their columns; a name that is chosen goes to where the cursor is. */
function Tables(props: {
  schema: QuerySchema;
  editor: RefObject<HTMLDivElement | null>;
  sql: string;
  onChange: (sql: string) => void;
}) {
  const { schema, editor, sql, onChange } = props;
  const { t, say, language } = useWords();
  const put = (name: string) => {
    const area = editor.current?.querySelector('textarea');
    const [from, to] = [area?.selectionStart ?? sql.length, area?.selectionEnd ?? sql.length];
    onChange(sql.slice(0, from) + name + sql.slice(to));
    requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(from + name.length, from + name.length);
    });
  };
  return (
    <Panel title={t('query.tables')} flush>
      <Collapse
        size="small"
        ghost
        items={schema.tables.map((table) => ({
          key: table.name,
          label: (
            <>
              <span className="mono strong">{table.name}</span>
              {table.rows != null && (
                <span className="muted num"> · {t('query.rows', { n: count(table.rows, language) })}</span>
              )}
              <div className="muted small">{say({ code: `query.table-${table.name}` })}</div>
            </>
          ),
          children: (
            <ul className="asking-columns">
              {table.columns.map((column) => (
                <li key={column.name}>
                  <Button type="link" size="small" className="mono" onClick={() => put(column.name)}>
                    {column.name}
                  </Button>
                  <span className="muted small"> {t('query.holds', { holds: column.holds })}</span>
                  <div className="muted small">{say({ code: `query.column-${column.name}` })}</div>
                </li>
              ))}
            </ul>
          ),
        }))}
      />
      <div className="asking-functions muted small">
        {t('query.functions')}
        {schema.functions.map((written) => (
          <code key={written} className="mono">
            {written}
          </code>
        ))}
      </div>
    </Panel>
  );
}

/** What the caller asked before. */
function Asked({ onTake }: { onTake: (sql: string) => void }) {
  const { t, language } = useWords();
  const { set } = useFilters();
  const found = useQuery({
    queryKey: ['queries', 'list'],
    queryFn: ({ signal }) => get<QueryList>('/queries', undefined, signal),
  });
  const columns: TableColumnsType<QueryRow> = [
    {
      title: t('query.question'),
      render: (_, row) => (
        <button
          type="button"
          className="plain mono small asking-question"
          onClick={() => {
            onTake(row.sql);
            set({ query: String(row.id) });
          }}
        >
          {row.sql}
        </button>
      ),
    },
    { title: t('query.state'), width: 130, render: (_, row) => <StateOf row={row} /> },
    {
      title: t('query.rows-column'),
      width: 110,
      align: 'right',
      render: (_, row) => <span className="num">{row.answer ? count(row.answer.rows, language) : ''}</span>,
    },
    {
      title: t('query.asked'),
      width: 160,
      render: (_, row) => <span className="num nowrap">{instant(row.asked)}</span>,
    },
  ];
  return (
    <Show of={found} rows={4}>
      {(list) =>
        list.rows.length === 0 ? (
          <Panel>
            <Blank title={t('query.none')}>{t('query.none-note')}</Blank>
          </Panel>
        ) : (
          <Panel title={t('query.history')} flush>
            <Table
              size="small"
              rowKey="id"
              columns={columns}
              dataSource={list.rows}
              pagination={false}
              tableLayout="fixed"
              aria-label={t('query.history')}
            />
          </Panel>
        )
      }
    </Show>
  );
}

const TONES = {
  waiting: 'accent',
  running: 'accent',
  done: 'fixed',
  failed: 'open',
  stopped: 'unknown',
} as const;

function StateOf({ row }: { row: QueryRow }) {
  const { t } = useWords();
  return <Mark tone={TONES[row.state]}>{t(`query.state-${row.state}`)}</Mark>;
}

function Answer({ id }: { id: string }) {
  const { t, say } = useWords();
  const { set } = useFilters();
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ['queries', 'one', id],
    queryFn: ({ signal }) => get<QueryRow>(`/queries/${id}`, undefined, signal),
    refetchInterval: (query) =>
      ['waiting', 'running'].includes(query.state.data?.state ?? '') ? 400 : false,
  });
  const stopping = useMutation({
    mutationFn: () => send('DELETE', `/queries/${id}`),
    onSettled: () => {
      set({ query: null });
      return queries.invalidateQueries({ queryKey: ['queries', 'list'] });
    },
  });
  return (
    <Show of={found} rows={6}>
      {(row) => {
        if (row.state === 'waiting' || row.state === 'running')
          return (
            <Panel
              title={t(`query.state-${row.state}`)}
              extra={
                <Button size="small" loading={stopping.isPending} onClick={() => stopping.mutate()}>
                  {t('query.stop')}
                </Button>
              }
            >
              <Going row={row} />
            </Panel>
          );
        if (row.state === 'failed')
          return (
            <Panel title={t('query.state-failed')} extra={<Back />}>
              <Alert type="error" showIcon title={row.why ? say(row.why) : t('query.state-failed')} />
            </Panel>
          );
        return <RowsOf row={row} />;
      }}
    </Show>
  );
}

function Back() {
  const { t } = useWords();
  const { set } = useFilters();
  return (
    <Button size="small" onClick={() => set({ query: null })}>
      {t('query.history')}
    </Button>
  );
}

function Going({ row }: { row: QueryRow }) {
  const { t, language } = useWords();
  const { read } = row;
  const share = read.of_files > 0 ? Math.min(99, Math.round((100 * read.files) / read.of_files)) : 0;
  return (
    <>
      <Progress percent={share} size="small" status="active" />
      <p className="muted num small" aria-live="polite">
        {t('query.going', {
          rows: count(read.rows, language),
          size: bytes(read.bytes, language),
          time: seconds(row.took_ms, language),
        })}
        {read.spilled > 0 && ` · ${t('query.spilled', { size: bytes(read.spilled, language) })}`}
      </p>
    </>
  );
}

function RowsOf({ row }: { row: QueryRow }) {
  const { t, language } = useWords();
  const [from, setFrom] = useState(0);
  const answer = row.answer;
  const found = useQuery({
    queryKey: ['queries', 'rows', row.id, from],
    queryFn: ({ signal }) => get<QueryRows>(`/queries/${row.id}/rows`, { from, limit: PAGE }, signal),
    placeholderData: keepPreviousData,
    enabled: answer != null,
  });
  if (!answer) return <Blank title={t('query.state-stopped')} />;
  const total = answer.rows;
  const n = (value: number) => count(value, language);
  const title = (
    <>
      {t('query.answer', { n: n(total) })}
      {answer.cut && (
        <>
          {' '}
          <Mark tone="unknown">{t('query.cut')}</Mark>
        </>
      )}
    </>
  );
  const columns: TableColumnsType<Cell[]> = answer.columns.map((column, at) => {
    const right = column.holds === 'number' || column.holds === 'measure';
    return {
      key: at,
      title: (
        <span className="mono">
          {column.name}
          {column.holds === 'time' && <span className="muted"> UTC</span>}
        </span>
      ),
      align: right ? 'right' : 'left',
      width: right ? 120 : column.holds === 'time' ? 170 : 220,
      render: (_, cells) => {
        const text = cell(cells[at] ?? null, column.name, column.holds, language);
        return text === null ? (
          <span className="muted">—</span>
        ) : (
          <span className={right || column.holds === 'time' ? 'num nowrap' : 'asking-cell'} title={text}>
            {text}
          </span>
        );
      },
    };
  });
  const exported = (form: string) => (
    <Button
      key={form}
      size="small"
      icon={<DownloadOutlined />}
      href={address(`/queries/${row.id}/export`, { form })}
      disabled={total === 0}
    >
      {t(`query.form-${form as 'csv' | 'json' | 'parquet'}`)}
    </Button>
  );
  return (
    <Panel
      title={title}
      extra={
        <span className="asking-actions no-print">
          {['csv', 'json', 'parquet'].map(exported)} <Back />
        </span>
      }
      flush
    >
      <Show of={found} rows={6}>
        {(page) =>
          page.rows.length === 0 ? (
            <Blank title={t('query.no-rows')}>{t('query.no-rows-note')}</Blank>
          ) : (
            <>
              <AnswerChart columns={answer.columns} rows={page.rows as unknown as Cell[][]} />
              <Table
                size="small"
                rowKey={(_, at) => from + (at ?? 0)}
                columns={columns}
                dataSource={page.rows as unknown as Cell[][]}
                pagination={false}
                scroll={{ x: 'max-content', y: 520 }}
                aria-label={t('query.answer', { n: n(total) })}
              />
            </>
          )
        }
      </Show>
      <div className="pager num">
        <span className="muted small">
          {t('query.cost', {
            time: seconds(row.took_ms, language),
            cpu: seconds(answer.cpu_ms, language),
            rows: n(row.read.rows),
            size: bytes(answer.peak_bytes, language),
          })}
        </span>
        <span className="grow" />
        {total > PAGE && (
          <>
            <span>
              {n(from + 1)}–{n(Math.min(from + PAGE, total))} / {n(total)}
            </span>
            <Button size="small" disabled={from === 0} onClick={() => setFrom(Math.max(0, from - PAGE))}>
              {t('action.previous')}
            </Button>
            <Button size="small" disabled={from + PAGE >= total} onClick={() => setFrom(from + PAGE)}>
              {t('action.next')}
            </Button>
          </>
        )}
      </div>
    </Panel>
  );
}
