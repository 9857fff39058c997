/** Files that were sent in or seen: what they are judged to be, the worst or the last seen first. Filters live in the address. */
import { DownloadOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { App, Table, Tag, type TableColumnsType } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { get, sayable } from '../../api/client';
import type { FileOverview, FilePage, FileRow } from '../../api/model';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { save } from '../../parts/files';
import { bytes, count, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { Groups, Tiles, Trouble } from './Above';
import { FilesHead } from './Head';
import {
  FileStateMark,
  isMoving,
  ListMark,
  pathOf,
  Score,
  short,
  useGroupName,
  VerdictMark,
  VERDICTS,
} from './marks';
import { SendFiles } from './SendFiles';
import { gather, PAGE, tableOf } from './table';

const ASKED = [
  'sort',
  'verdict',
  'state',
  'group',
  'type',
  'list',
  'host',
  'source',
  'q',
  'has',
  'cursor',
] as const;
/** Filters without a box of their own: they come from a click or a link. */
const PINNED = ['type', 'has'] as const;
const STATES = ['waiting', 'leased', 'done', 'set-aside'] as const;
const SOURCES = ['upload', 'wire', 'folder', 'endpoint'] as const;

const SOON_MS = 3_000;
const LATER_MS = 30_000;

export function Component() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const overview = useQuery({
    queryKey: ['files', 'overview'],
    queryFn: ({ signal }) => get<FileOverview>('/files/overview', {}, signal),
    refetchInterval: (query) => {
      const data = query.state.data;
      return data && data.waiting + data.leased > 0 ? SOON_MS : LATER_MS;
    },
  });
  const query = {
    ...Object.fromEntries(ASKED.map((name) => [name, filters[name]])),
    limit: 50,
  };
  const files = useQuery({
    queryKey: ['files', query],
    queryFn: ({ signal }) => get<FilePage>('/files', query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (found) =>
      found.state.data?.rows.some((row) => isMoving(row.state)) ? SOON_MS : LATER_MS,
  });
  const seen = overview.data;
  return (
    <>
      <FilesHead shown="files" sub={t('files.sub')} />
      {seen && <Trouble overview={seen} />}
      <SendFiles bytesMax={seen?.upload_bytes_max} />
      {seen && seen.files > 0 && <Tiles overview={seen} verdict={filters['verdict']} />}
      <Panel flush className="files-list">
        <Bar overview={seen} filters={filters} set={set}>
          <TakeTable total={files.data?.total} filters={filters} />
        </Bar>
        <Pinned filters={filters} set={set} />
        {seen && seen.files > 0 && <Groups overview={seen} filters={filters} set={set} />}
        <Show of={files} rows={12}>
          {(page) => <Rows page={page} busy={files.isPlaceholderData} />}
        </Show>
      </Panel>
    </>
  );
}

type Using = ReturnType<typeof useFilters>;

/** The whole list as CSV. */
function TakeTable({ total, filters }: { total: number | undefined; filters: Using['filters'] }) {
  const words = useWords();
  const { t, say, language } = words;
  const { message } = App.useApp();
  const taking = useMutation({
    mutationFn: () => {
      const query = Object.fromEntries(ASKED.map((name) => [name, filters[name]]));
      return gather((cursor) => get<FilePage>('/files', { ...query, cursor, limit: PAGE }));
    },
    onSuccess: ({ rows, total }) => {
      save('redoubt-files.csv', tableOf(rows, words), 'text/csv;charset=utf-8');
      if (rows.length < total)
        void message.warning(
          t('files.csv-cut', { n: count(rows.length, language), all: count(total, language) }),
        );
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      size="small"
      icon={<DownloadOutlined />}
      title={t('files.csv-means')}
      denied={total === 0 ? t('files.csv-nothing') : null}
      loading={taking.isPending}
      onClick={() => taking.mutate()}
    >
      CSV
    </Act>
  );
}

function Bar(props: Using & { overview: FileOverview | undefined; children: ReactNode }) {
  const { overview, filters, set } = props;
  const { t, word } = useWords();
  const group = useGroupName();
  const of = (counts: FileOverview['groups'] | undefined) =>
    (counts ?? []).filter(({ value }) => value !== '').map(({ value, files }) => ({ value, count: files }));
  // Several at once come from a link; each is said.
  const each = (prefix: string) => (value: string) =>
    value
      .split(',')
      .map((one) => word(`console.files.${prefix}-${one}`, one))
      .join(' · ');
  const all = (values: readonly string[]) => values.map((value) => ({ value, count: -1 }));
  return (
    <div className="filters" role="search">
      <SearchBox
        value={filters['q'] ?? ''}
        label={t('files.search')}
        width={200}
        onSearch={(text) => set({ q: text.trim() })}
      />
      <FacetSelect
        label={t('files.verdict')}
        value={filters['verdict']}
        facets={VERDICTS.map((value) => ({
          value,
          count: overview?.verdicts.find((one) => one.value === value)?.files ?? 0,
        }))}
        name={each('verdict')}
        onChange={(verdict) => set({ verdict })}
      />
      <FacetSelect
        label={t('files.group')}
        value={filters['group']}
        facets={of(overview?.groups)}
        name={(value) => value.split(',').map(group).join(' · ')}
        onChange={(value) => set({ group: value })}
      />
      <FacetSelect
        label={t('files.state')}
        value={filters['state']}
        facets={all(STATES)}
        name={each('state')}
        onChange={(state) => set({ state })}
      />
      <FacetSelect
        label={t('files.list')}
        value={filters['list']}
        facets={all(['allow', 'deny'])}
        name={each('list')}
        width={110}
        onChange={(list) => set({ list })}
      />
      <FacetSelect
        label={t('files.source')}
        value={filters['source']}
        facets={all(SOURCES)}
        name={each('source')}
        width={110}
        onChange={(source) => set({ source })}
      />
      <SearchBox
        value={filters['host'] ?? ''}
        label={t('files.on-host')}
        width={140}
        onSearch={(text) => set({ host: text.trim() })}
      />
      <span className="grow" />
      {props.children}
    </div>
  );
}

function Pinned({ filters, set }: Using) {
  const { t, word } = useWords();
  const pinned = PINNED.filter((name) => filters[name] !== undefined);
  if (pinned.length === 0) return null;
  const shown = (name: (typeof PINNED)[number], value: string) => {
    if (name !== 'has') return value;
    const [kind = '', ...rest] = value.split(':');
    return `${word(`console.files.pivot-${kind}`, kind)} ${rest.join(':')}`;
  };
  return (
    <div className="filters">
      {pinned.map((name) => (
        <Tag key={name} closable className="pinned" onClose={() => set({ [name]: null })}>
          {t(`files.filter-${name}`)}: <Name text={shown(name, filters[name] ?? '')} className="mono" />
        </Tag>
      ))}
    </div>
  );
}

function Rows({ page, busy }: { page: FilePage; busy: boolean }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const columns = useColumns(filters['sort'] ?? 'last-seen');
  if (page.rows.length === 0) {
    const filtered = ASKED.some((name) => name !== 'sort' && filters[name] !== undefined);
    return filtered ? (
      <Blank title={t('empty.filtered')} action={<Link to="/files">{t('action.clear-filters')}</Link>} />
    ) : (
      <Blank title={t('files.empty-title')}>{t('files.empty')}</Blank>
    );
  }
  return (
    <>
      <Table
        size="small"
        rowKey="sha256"
        columns={columns}
        dataSource={page.rows}
        pagination={false}
        loading={busy}
        tableLayout="fixed"
        scroll={{ x: 1060 }}
        className="top-aligned"
        aria-label={t('nav.files')}
        onChange={(_pages, _filters, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          set({ sort: one?.order && one.columnKey === 'score' ? 'score' : null });
        }}
      />
      <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
    </>
  );
}

function useColumns(sort: string): TableColumnsType<FileRow> {
  const { t, language } = useWords();
  const { set } = useFilters();
  const group = useGroupName();
  // The server knows two orders, each with the greatest first.
  const sorted = (key: string) => ({
    key,
    sorter: true,
    sortDirections: ['descend' as const],
    sortOrder: sort === key ? ('descend' as const) : null,
    showSorterTooltip: false,
  });
  return [
    {
      title: t('files.verdict'),
      width: 124,
      render: (_, row) =>
        row.standing ? (
          <>
            <VerdictMark verdict={row.standing} />
            {row.list && (
              <div style={{ marginTop: 2 }}>
                <ListMark list={row.list} />
              </div>
            )}
          </>
        ) : (
          <>
            <span className="muted">—</span> {row.list && <ListMark list={row.list} />}
          </>
        ),
    },
    {
      title: t('files.score'),
      width: 96,
      ...sorted('score'),
      render: (_, row) =>
        row.verdict ? <Score score={row.score} verdict={row.verdict} /> : <span className="muted">—</span>,
    },
    {
      title: t('files.name'),
      render: (_, row) => (
        <>
          <Link className="strong file-name" to={pathOf(row.sha256)}>
            {row.name === '' ? t('files.unnamed') : <Name text={row.name} />}
          </Link>
          <div className="muted small mono" title={row.sha256}>
            {short(row.sha256)}
          </div>
        </>
      ),
    },
    {
      title: t('files.type'),
      width: 140,
      render: (_, row) =>
        row.type ? (
          <>
            <button
              type="button"
              className="plain-link mono ellipsis"
              title={row.mime ?? row.type}
              onClick={() => set({ type: row.type ?? null })}
            >
              {row.type}
            </button>
            <div className="muted small ellipsis">{row.group && group(row.group)}</div>
          </>
        ) : (
          <span className="muted">—</span>
        ),
    },
    {
      title: t('files.size'),
      width: 92,
      align: 'right',
      render: (_, row) => (
        <>
          <span className="num nowrap">{bytes(row.size, language)}</span>
          {row.parts > 0 && (
            <div className="muted small num nowrap">
              {t('files.n-parts', { n: count(row.parts, language) })}
            </div>
          )}
        </>
      ),
    },
    {
      title: t('files.hosts'),
      width: 70,
      align: 'right',
      render: (_, row) => (
        <Link className={row.hosts > 0 ? 'num' : 'num muted'} to={`${pathOf(row.sha256)}#seen`}>
          {count(row.hosts, language)}
        </Link>
      ),
    },
    {
      title: t('files.last-seen'),
      width: 154,
      ...sorted('last-seen'),
      render: (_, row) => (
        <>
          <span className="num nowrap">{instant(row.last_seen)}</span>
          <div className="muted small num nowrap">{t('files.first', { at: instant(row.first_seen) })}</div>
        </>
      ),
    },
    {
      title: t('files.state'),
      width: 142,
      render: (_, row) => (
        <>
          <FileStateMark file={row} />
          {row.state === 'leased' && row.worker && (
            <div className="muted small ellipsis">
              <Name text={row.worker} />
            </div>
          )}
          {row.state === 'done' && row.analysed && (
            <div className="muted small num nowrap">{instant(row.analysed)}</div>
          )}
          {!row.kept && <div className="muted small">{t('files.not-kept')}</div>}
        </>
      ),
    },
  ];
}
