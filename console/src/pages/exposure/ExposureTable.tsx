/** Host × weapon: what the graph counts, row by row. */
import { DownloadOutlined } from '@ant-design/icons';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Button, Table, Tag, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { address, get } from '../../api/client';
import type { ExposurePage, ExposureRow, ExposureState } from '../../api/model';
import { useWeaponName, useWeapons } from '../../api/weapons';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { SearchBox } from '../../parts/SearchBox';
import { kb } from '../../parts/format';
import { ConfidenceMark, Mark, ReachMark, type Tone } from '../../parts/Marks';
import { Nothing } from '../../parts/Nothing';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { Quoted } from '../../parts/Says';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';

const TONES: Record<ExposureRow['color'], Tone> = {
  'reachable-now': 'open',
  'present-blocked': 'blocked',
  remediated: 'fixed',
  unknown: 'unknown',
};

const KEPT = ['q', 'weapon', 'state', 'system', 'zone', 'group', 'cursor', 'all'] as const;

export function ExposureTable() {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  // What can be hit comes first; once something is chosen, what is not known of it belongs to the answer.
  const narrowed = ['q', 'weapon', 'system', 'node', 'zone', 'group'].some((name) => filters[name]);
  const state = filters['state'] ?? (narrowed ? undefined : 'open');
  const query = { ...Object.fromEntries(KEPT.map((name) => [name, filters[name]])), state };
  const rows = useQuery({
    queryKey: ['exposures', query],
    queryFn: ({ signal }) => get<ExposurePage>('/exposures', { ...query, limit: 50 }, signal),
    placeholderData: keepPreviousData,
  });
  const csv = address('/exposures.export', { ...query, cursor: undefined, format: 'csv', lang: language });
  return (
    <Panel
      className="below"
      flush
      title={t('exposure.rows')}
      extra={
        <Button size="small" icon={<DownloadOutlined />} href={csv} download className="no-print">
          CSV
        </Button>
      }
    >
      <Filters filters={{ ...filters, ...(state && { state }) }} set={set} />
      <Show of={rows}>
        {(page) =>
          page.rows.length === 0 ? (
            <Nothing>
              <Blank title={t('exposure.no-rows')}>{t('exposure.no-rows-note')}</Blank>
            </Nothing>
          ) : (
            <>
              <Rows page={page} busy={rows.isPlaceholderData} />
              <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
            </>
          )
        }
      </Show>
    </Panel>
  );
}

function Filters({ filters, set }: ReturnType<typeof useFilters>) {
  const { t } = useWords();
  const weapons = useWeapons().data ?? [];
  const name = useWeaponName();
  const states: ExposureState[] = ['open', 'unknown', 'fixed', 'not-affected'];
  return (
    <div className="filters no-print" role="search">
      <SearchBox value={filters['q'] ?? ''} onSearch={(q) => set({ q })} label={t('assets.search')} />
      <FacetSelect
        label={t('filter.weapon')}
        value={filters['weapon']}
        facets={weapons.map(({ id, counts }) => ({ value: id, count: counts.open + counts.unknown }))}
        name={name}
        width={160}
        onChange={(weapon) => set({ weapon, node: null })}
      />
      <FacetSelect
        label={t('exposure.state')}
        value={filters['state']}
        facets={states.map((value) => ({ value, count: -1 }))}
        name={(value) => t(`state.${value as ExposureState}`)}
        onChange={(state) => set({ state })}
      />
      {(['system', 'zone', 'group'] as const).map(
        (column) =>
          filters[column] && (
            <Tag key={column} closable onClose={() => set({ [column]: null, node: null })}>
              {t(`filter.${column}`)}: {filters[column]}
            </Tag>
          ),
      )}
    </div>
  );
}

function Rows({ page, busy }: { page: ExposurePage; busy: boolean }) {
  const { t } = useWords();
  const { set } = useFilters();
  const name = useWeaponName();
  const columns: TableColumnsType<ExposureRow> = [
    {
      title: t('col.host'),
      width: 168,
      render: (_, row) => (
        <>
          <Link to={`/hosts/${encodeURIComponent(row.host.id)}?tab=weapons`} className="strong ellipsis">
            {row.host.label}
          </Link>
          <div className="muted ellipsis small">
            {[row.host.product, row.host.zone].filter(Boolean).join(' · ')}
          </div>
        </>
      ),
    },
    {
      title: t('filter.weapon'),
      width: 142,
      render: (_, row) => (
        <button type="button" className="link" onClick={() => set({ card: row.weapon })}>
          {name(row.weapon)}
        </button>
      ),
    },
    {
      title: t('exposure.state'),
      width: 150,
      render: (_, row) => (
        <div className="stack">
          <Mark tone={row.state === 'not-affected' ? 'none' : TONES[row.color]}>
            {row.color === 'present-blocked' ? t('state.blocked') : t(`state.${row.state}`)}
          </Mark>
          {row.exposure && <ConfidenceMark confidence={row.exposure.confidence} />}
        </div>
      ),
    },
    {
      title: t('exposure.port'),
      width: 84,
      render: (_, row) => <span className="mono">{row.exposure?.ports.join(' ') || '—'}</span>,
    },
    {
      title: t('exposure.reach'),
      width: 116,
      render: (_, row) => (row.exposure ? <ReachMark reach={row.exposure.reach} /> : '—'),
    },
    {
      title: t('exposure.remedy'),
      width: 214,
      render: (_, row) => <Remedy row={row} />,
    },
    { title: t('asset.evidence'), render: (_, row) => <Why row={row} /> },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => `${row.host.id} ${row.weapon}`}
      columns={columns}
      dataSource={page.rows}
      loading={busy}
      pagination={false}
      tableLayout="fixed"
      scroll={{ x: 1080 }}
      aria-label={t('exposure.rows')}
    />
  );
}

function Why({ row }: { row: ExposureRow }) {
  const { say } = useWords();
  const why = row.exposure?.why ?? [];
  const [first] = why;
  return first ? (
    <span className="clamp" title={why.map(say).join('\n')}>
      <Quoted text={say(first)} />
    </span>
  ) : (
    <span className="muted">—</span>
  );
}

/** The updates, any one of which closes the hole; else what the disposal flow decided instead. */
function Remedy({ row }: { row: ExposureRow }) {
  const { t, word } = useWords();
  const fixes = row.exposure?.fixes ?? [];
  if (row.state === 'fixed' || row.state === 'not-affected') return <span className="muted">—</span>;
  const kinds = [...new Set((row.disposal?.actions ?? []).map((action) => action.kind))];
  return (
    <>
      {fixes.length > 0 && (
        <div className="mono">
          {fixes.slice(0, 2).map(kb).join(t('step.or'))}
          {fixes.length > 2 && <span className="muted"> +{fixes.length - 2}</span>}
        </div>
      )}
      <div className="muted small clamp">
        {kinds
          .slice(0, 3)
          .map((kind) => word(`disposal.kind.${kind}`))
          .join(' → ')}
      </div>
    </>
  );
}
