/** What is looked for in traffic: lists that were pasted or sent in, each indicator with its hits, and how to be rid of one. */
import { DeleteOutlined, FileAddOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Input, Select, Switch, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, sayable, send, upload } from '../../api/client';
import type { IndicatorListRow, IndicatorPage, IndicatorRow, IndicatorsTaken } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { count, instant } from '../../parts/format';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { Pick } from '../../parts/Pick';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';

const KINDS = [
  'ip',
  'cidr',
  'domain',
  'url',
  'sha256',
  'ja3',
  'ja4',
  'certificate',
  'email',
  'account',
  'file-name',
  'imphash',
] as const;

export function Indicators() {
  const { filters } = useFilters();
  const query = {
    kind: filters['kind'],
    list: filters['list'],
    q: filters['q'],
    met: filters['met'],
    cursor: filters['cursor'],
    limit: 50,
  };
  const found = useQuery({
    queryKey: ['indicators', query],
    queryFn: ({ signal }) => get<IndicatorPage>('/indicators', query, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <div className="grid">
      <Adding />
      <Show of={found} rows={10}>
        {(page) => (
          <>
            <Known page={page} />
            {page.lists.length > 0 && <Lists lists={page.lists} />}
          </>
        )}
      </Show>
    </div>
  );
}

/** After a change of indicators: whatever names them is old. */
function useTouched() {
  const queries = useQueryClient();
  return () => {
    for (const key of ['indicators', 'network', 'notables'])
      void queries.invalidateQueries({ queryKey: [key] });
  };
}

function Adding() {
  const { t, say } = useWords();
  const may = useMay();
  const touched = useTouched();
  const [text, setText] = useState('');
  const [source, setSource] = useState('');
  const denied = may('import') ? null : t('denied.import');
  const adding = useMutation({
    mutationFn: (list: File[] | null) => {
      if (!list) return send<IndicatorsTaken>('POST', '/indicators', { source: source.trim(), text });
      const form = new FormData();
      for (const file of list) form.append('file', file, file.name);
      return upload<IndicatorsTaken>('/indicators/files', form, () => undefined);
    },
    onSuccess: (_, list) => {
      if (!list) setText('');
    },
    onSettled: touched,
  });
  const missing =
    text.trim() === '' ? t('network.paste-first') : source.trim() === '' ? t('network.name-first') : null;
  return (
    <Panel title={t('network.add-indicators')} className="no-print">
      <div className="paste">
        <Input.TextArea
          aria-label={t('network.paste')}
          placeholder={t('network.paste-hint')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoSize={{ minRows: 4, maxRows: 10 }}
          className="mono"
          disabled={denied !== null}
        />
        <div className="paste-side">
          <Input
            size="small"
            aria-label={t('network.source')}
            placeholder={t('network.source-hint')}
            value={source}
            maxLength={120}
            onChange={(event) => setSource(event.target.value)}
            disabled={denied !== null}
          />
          <Act
            type="primary"
            denied={denied ?? missing}
            loading={adding.isPending}
            onClick={() => adding.mutate(null)}
          >
            {t('network.add')}
          </Act>
          <Pick
            icon={<FileAddOutlined />}
            denied={denied}
            loading={adding.isPending}
            onPick={(list) => adding.mutate(list)}
          >
            {t('network.add-file')}
          </Pick>
          <span className="muted small">{t('network.add-note')}</span>
        </div>
      </div>
      {adding.error && (
        <Alert type="error" showIcon title={say(sayable(adding.error))} style={{ marginTop: 12 }} />
      )}
      {adding.data && <Taken taken={adding.data} />}
    </Panel>
  );
}

function Taken({ taken }: { taken: IndicatorsTaken }) {
  const { t, say, language } = useWords();
  const n = (value: number) => count(value, language);
  const whole = taken.bad_lines === 0 && taken.left_out === 0;
  return (
    <Alert
      type={whole ? 'success' : 'warning'}
      showIcon
      style={{ marginTop: 12 }}
      action={
        taken.hunts.length > 0 && (
          <Link to={taken.hunts.length === 1 ? `/network/hunts?hunt=${taken.hunts[0]}` : '/network/hunts'}>
            {t('hunt.see')}
          </Link>
        )
      }
      title={t('network.taken', { added: n(taken.added), known: n(taken.known), bad: n(taken.bad_lines) })}
      description={
        !whole && (
          <>
            {taken.left_out > 0 && <p>{t('network.left-out', { n: n(taken.left_out) })}</p>}
            {taken.bad.length > 0 && (
              <ul className="bad-lines">
                {taken.bad.slice(0, 20).map((bad) => (
                  <li key={`${bad.source} ${bad.line}`}>
                    {t('network.bad-line', { source: bad.source, line: n(bad.line) })}{' '}
                    <span className="mono">{bad.text}</span>
                    <span className="muted">{say(bad.why)}</span>
                  </li>
                ))}
              </ul>
            )}
            {taken.bad_lines > 20 && (
              <p className="muted small">{t('network.bad-more', { n: n(taken.bad_lines - 20) })}</p>
            )}
          </>
        )
      }
    />
  );
}

function Known({ page }: { page: IndicatorPage }) {
  const { t, word, language } = useWords();
  const { filters, set } = useFilters();
  const filtered = ['kind', 'list', 'q', 'met', 'cursor'].some((name) => filters[name] !== undefined);
  return (
    <Panel
      title={t('network.indicators')}
      extra={
        <span className="muted num">
          {t('network.kept-of', { n: count(page.kept, language), max: count(page.kept_max, language) })}
        </span>
      }
      flush
    >
      <div className="filters">
        <SearchBox
          value={filters['q'] ?? ''}
          label={t('network.indicator-search')}
          onSearch={(text) => set({ q: text.trim() })}
        />
        <Select
          size="small"
          allowClear
          aria-label={t('network.indicator-kind')}
          placeholder={t('network.indicator-kind')}
          style={{ width: 130 }}
          value={filters['kind'] ?? null}
          options={KINDS.map((value) => ({ value, label: word(`console.indicator.${value}`) }))}
          onChange={(next: string | null) => set({ kind: next ?? null })}
        />
        <Select
          size="small"
          allowClear
          aria-label={t('network.source')}
          placeholder={t('network.source')}
          style={{ width: 190 }}
          value={filters['list'] ?? null}
          options={page.lists.map((list) => ({ value: String(list.id), label: list.source }))}
          onChange={(next: string | null) => set({ list: next ?? null })}
        />
        <label className="line small">
          <Switch
            size="small"
            checked={filters['met'] === 'true'}
            onChange={(on) => set({ met: on ? 'true' : null })}
          />
          {t('network.only-met')}
        </label>
      </div>
      {page.rows.length === 0 ? (
        <Blank
          title={t(filtered ? 'empty.filtered' : 'network.no-indicators')}
          action={filtered && <Link to="/network/indicators">{t('action.clear-filters')}</Link>}
        >
          {!filtered && t('network.no-indicators-note')}
        </Blank>
      ) : (
        <>
          <Rows rows={page.rows} />
          <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
        </>
      )}
    </Panel>
  );
}

function Rows({ rows }: { rows: IndicatorRow[] }) {
  const { t, word, say, language } = useWords();
  const { message } = App.useApp();
  const actor = useActor();
  const may = useMay();
  const touched = useTouched();
  const removing = useMutation({
    mutationFn: (id: number) => send('POST', '/indicators/remove', { ids: [id] }),
    onSettled: touched,
    onError: (error) => void message.error(say(sayable(error))),
  });
  const columns: TableColumnsType<IndicatorRow> = [
    {
      title: t('network.indicator'),
      render: (_, row) => <span className="mono anywhere">{row.value}</span>,
    },
    {
      title: t('network.indicator-kind'),
      width: 110,
      render: (_, row) => word(`console.indicator.${row.kind}`, row.kind),
    },
    {
      title: t('network.source'),
      width: 200,
      render: (_, row) => (
        <>
          <div className="ellipsis" title={row.source}>
            {row.source}
          </div>
          <div className="muted small ellipsis">{actor(row.by)}</div>
        </>
      ),
    },
    {
      title: t('network.added-at'),
      width: 140,
      render: (_, row) => <span className="num nowrap">{instant(row.added)}</span>,
    },
    {
      title: t('network.hits'),
      width: 150,
      align: 'right',
      render: (_, row) =>
        row.hits > 0 ? (
          <>
            <Link
              className="tone-open num strong"
              to={`/network/findings?what=indicator&value=${encodeURIComponent(row.value)}`}
            >
              {count(row.hits, language)}
            </Link>
            <div className="muted small num nowrap">{instant(row.last_hit)}</div>
          </>
        ) : (
          <span className="muted">0</span>
        ),
    },
    {
      width: 56,
      align: 'right',
      render: (_, row) => (
        <Act
          size="small"
          type="text"
          icon={<DeleteOutlined />}
          aria-label={t('network.remove-named', { name: row.value })}
          title={t('network.remove')}
          denied={may('import') ? null : t('denied.import')}
          loading={removing.isPending && removing.variables === row.id}
          onClick={() => removing.mutate(row.id)}
        />
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey="id"
      columns={columns}
      dataSource={rows}
      pagination={false}
      tableLayout="fixed"
      scroll={{ x: 900 }}
      aria-label={t('network.indicators')}
    />
  );
}

function Lists({ lists }: { lists: IndicatorListRow[] }) {
  const { t, say, language } = useWords();
  const { modal, message } = App.useApp();
  const actor = useActor();
  const may = useMay();
  const touched = useTouched();
  const removing = useMutation({
    mutationFn: (id: number) => send('DELETE', `/indicators/lists/${id}`),
    onSettled: touched,
    onError: (error) => void message.error(say(sayable(error))),
  });
  const columns: TableColumnsType<IndicatorListRow> = [
    {
      title: t('network.source'),
      render: (_, list) => <Link to={`/network/indicators?list=${list.id}`}>{list.source}</Link>,
    },
    { title: t('network.added-by'), width: 150, render: (_, list) => actor(list.by) },
    {
      title: t('network.added-at'),
      width: 140,
      render: (_, list) => <span className="num nowrap">{instant(list.added)}</span>,
    },
    {
      title: t('network.indicators'),
      width: 120,
      align: 'right',
      render: (_, list) => <span className="num">{count(list.count, language)}</span>,
    },
    {
      title: t('network.bad-lines'),
      width: 110,
      align: 'right',
      render: (_, list) => (
        <span className={list.bad > 0 ? 'num' : 'num muted'}>{count(list.bad, language)}</span>
      ),
    },
    {
      width: 110,
      align: 'right',
      render: (_, list) => (
        <Act
          size="small"
          danger
          denied={may('import') ? null : t('denied.import')}
          aria-label={t('network.remove-named', { name: list.source })}
          onClick={() =>
            modal.confirm({
              title: t('network.remove-list-title', { name: list.source }),
              content: t('network.remove-list-means', { n: count(list.count, language) }),
              okText: t('network.remove'),
              okButtonProps: { danger: true },
              cancelText: t('network.delete-not'),
              onOk: () => removing.mutateAsync(list.id).catch(() => undefined),
            })
          }
        >
          {t('network.remove')}
        </Act>
      ),
    },
  ];
  return (
    <Panel title={t('network.lists')} flush>
      <Table
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={lists}
        pagination={false}
        scroll={{ x: 760 }}
        aria-label={t('network.lists')}
      />
    </Panel>
  );
}
