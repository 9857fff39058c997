/** Looking back: what is looked for in everything that is kept, and the hunts so far. */
import { FileAddOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Input, Progress, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { get, sayable, send, upload } from '../../api/client';
import type { HuntAccepted, HuntPage, HuntRow } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { bytes, count, instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { Pick } from '../../parts/Pick';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { Holds } from './Holds';
import { Hunt } from './Hunt';
import { STATES, localTime, share, within } from './hunting';

/** Days beyond which nobody wants to know how many more there are. */
const TEN_YEARS = 3650;
const NAME_CHARS_MAX = 120;

export function Hunts() {
  const { filters } = useFilters();
  const hunt = filters['hunt'];
  return hunt ? <Hunt id={hunt} /> : <All />;
}

function All() {
  const { filters } = useFilters();
  const query = { cursor: filters['cursor'], limit: 50 };
  const found = useQuery({
    queryKey: ['hunts', 'list', query],
    queryFn: ({ signal }) => get<HuntPage>('/hunts', query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (all) => (all.state.data?.rows.some((row) => row.job) ? 1500 : 30_000),
  });
  return (
    <Show of={found} rows={10}>
      {(page) => (
        <div className="grid">
          <Start page={page} />
          <List page={page} />
          {page.kept && <Holds />}
        </div>
      )}
    </Show>
  );
}

function Start({ page }: { page: HuntPage }) {
  const { t, say } = useWords();
  const may = useMay();
  const go = useNavigate();
  const queries = useQueryClient();
  // Another page may bring what to look for.
  const { filters } = useFilters();
  const look = filters['look'] ?? '';
  const [text, setText] = useState(look);
  const [name, setName] = useState(look.split('\n', 1)[0]?.slice(0, NAME_CHARS_MAX) ?? '');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const starting = useMutation({
    mutationFn: (list: File[] | null) => {
      const bounds = { since: localTime(since), until: localTime(until) };
      if (!list) return send<HuntAccepted>('POST', '/hunts', { name: name.trim(), text, ...bounds });
      const form = new FormData();
      for (const file of list) form.append('file', file, file.name);
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries({ name: name.trim(), ...bounds }))
        if (value) query.set(key, value);
      return upload<HuntAccepted>(`/hunts/files?${query.toString()}`, form, () => undefined);
    },
    onSuccess: (begun) => void go(`/network/hunts?hunt=${begun.hunt}`, { state: { taken: begun.taken } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['hunts'] }),
  });
  const denied = may('import') ? null : t('denied.import');
  const absent = page.kept ? null : t('hunt.no-lake');
  const backwards = since !== '' && until !== '' && since >= until ? t('hunt.backwards') : null;
  const missing =
    text.trim() === '' ? t('network.paste-first') : name.trim() === '' ? t('hunt.name-first') : null;
  const off = denied !== null || absent !== null;
  return (
    <Panel title={t('hunt.start-title')} extra={<Keeping page={page} />} className="no-print">
      <div className="paste">
        <Input.TextArea
          aria-label={t('network.paste')}
          placeholder={t('network.paste-hint')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoSize={{ minRows: 9, maxRows: 14 }}
          className="mono"
          disabled={off}
        />
        <div className="paste-side">
          <Input
            size="small"
            aria-label={t('hunt.name')}
            placeholder={t('hunt.name')}
            value={name}
            maxLength={NAME_CHARS_MAX}
            onChange={(event) => setName(event.target.value)}
            disabled={off}
          />
          <label className="small muted">
            {t('hunt.since')}
            <Input
              size="small"
              type="datetime-local"
              value={since}
              onChange={(event) => setSince(event.target.value)}
              disabled={off}
            />
          </label>
          <label className="small muted">
            {t('hunt.until')}
            <Input
              size="small"
              type="datetime-local"
              value={until}
              status={backwards ? 'error' : ''}
              onChange={(event) => setUntil(event.target.value)}
              disabled={off}
            />
          </label>
          <Act
            type="primary"
            denied={denied ?? absent ?? missing ?? backwards}
            loading={starting.isPending}
            onClick={() => starting.mutate(null)}
          >
            {t('hunt.start')}
          </Act>
          <Pick
            icon={<FileAddOutlined />}
            denied={denied ?? absent ?? backwards}
            loading={starting.isPending}
            onPick={(list) => starting.mutate(list)}
          >
            {t('hunt.start-file')}
          </Pick>
        </div>
      </div>
      <p className="muted small" style={{ margin: '8px 0 0' }}>
        {t('hunt.start-note')}
      </p>
      {starting.error && (
        <Alert type="error" showIcon title={say(sayable(starting.error))} style={{ marginTop: 12 }} />
      )}
    </Panel>
  );
}

/** What there is to look through. */
function Keeping({ page }: { page: HuntPage }) {
  const { t, language } = useWords();
  const kept = page.kept;
  if (!kept) return <Mark tone="unknown">{t('hunt.no-lake')}</Mark>;
  const rows = kept.rows + kept.waiting_rows;
  return (
    <span className="muted num">
      {rows === 0
        ? t('hunt.nothing-kept')
        : kept.files === 0
          ? t('hunt.kept-waiting', { rows: count(rows, language) })
          : t('hunt.kept', {
              rows: count(rows, language),
              size: bytes(kept.bytes, language),
              first: instant(kept.first).slice(0, 10),
              last: instant(kept.last).slice(0, 10),
            })}
      {kept.held_bytes > 0 && ` · ${t('hold.of-kept', { size: bytes(kept.held_bytes, language) })}`}
      {kept.days_left != null &&
        ` · ${kept.days_left > TEN_YEARS ? t('hunt.room-ample') : t('hunt.room', { n: count(kept.days_left, language) })}`}
    </span>
  );
}

function List({ page }: { page: HuntPage }) {
  const { t, language } = useWords();
  const actor = useActor();
  const n = (value: number) => count(value, language);
  const columns: TableColumnsType<HuntRow> = [
    {
      title: t('hunt.name-column'),
      render: (_, row) => (
        <>
          <Link className="strong anywhere" to={`/network/hunts?hunt=${row.id}`}>
            {row.name}
          </Link>
          <div className="muted small">{row.list ? t('hunt.of-list') : within(row, t)}</div>
        </>
      ),
    },
    {
      title: t('hunt.state'),
      width: 170,
      render: (_, row) =>
        row.state === 'running' || row.state === 'queued' ? (
          <>
            <Mark tone="accent">{t(`hunt.state-${row.state}`)}</Mark>
            <Progress percent={share(row)} size="small" showInfo={false} style={{ margin: 0 }} />
          </>
        ) : (
          <Mark tone={STATES[row.state]}>{t(`hunt.state-${row.state}`)}</Mark>
        ),
    },
    {
      title: t('hunt.met'),
      width: 150,
      align: 'right',
      render: (_, row) => (
        <span className={row.met > 0 ? 'num' : 'num muted'}>
          {row.met > 0 ? <strong className="tone-open">{n(row.met)}</strong> : n(0)} / {n(row.wanted)}
        </span>
      ),
    },
    {
      title: t('hunt.hosts'),
      width: 90,
      align: 'right',
      render: (_, row) => <span className={row.hosts > 0 ? 'num strong' : 'num muted'}>{n(row.hosts)}</span>,
    },
    {
      title: t('network.hits'),
      width: 110,
      align: 'right',
      render: (_, row) => <span className={row.hits > 0 ? 'num' : 'num muted'}>{n(row.hits)}</span>,
    },
    {
      title: t('hunt.begun'),
      width: 160,
      render: (_, row) => (
        <>
          <span className="num nowrap">{instant(row.created)}</span>
          <div className="muted small ellipsis">{actor(row.by)}</div>
        </>
      ),
    },
  ];
  return (
    <Panel title={t('hunt.list')} flush>
      {page.rows.length === 0 ? (
        <Blank title={t('hunt.none')}>{t('hunt.none-note')}</Blank>
      ) : (
        <>
          <Table
            size="small"
            rowKey="id"
            columns={columns}
            dataSource={page.rows}
            pagination={false}
            tableLayout="fixed"
            scroll={{ x: 900 }}
            aria-label={t('hunt.list')}
          />
          <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
        </>
      )}
    </Panel>
  );
}
