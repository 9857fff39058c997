/** All hosts: search, facets, order and pages are done by the server, so a hundred thousand rows stay quick. */
import { DownloadOutlined } from '@ant-design/icons';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Button, Switch, Table, Tag } from 'antd';
import { Link } from 'react-router';
import { address, get } from '../../api/client';
import type { HostPage } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { ImportButton } from '../../parts/ImportButton';
import { PageHead, Panel } from '../../parts/Panel';
import { Pager } from '../../parts/Pager';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { AssetFilters, useFacetNames } from './AssetFilters';
import { useColumns } from './columns';
import { Spread } from './Spread';

export function Component() {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const { charts: _charts, ...asked } = filters;
  const query = { ...asked, facets: true, limit: 50 };
  const hosts = useQuery({
    queryKey: ['hosts', query],
    queryFn: ({ signal }) => get<HostPage>('/hosts', query, signal),
    placeholderData: keepPreviousData,
  });
  const { cursor: _cursor, charts: _shown, ...kept } = filters;
  const names = useFacetNames();
  const charts = filters['charts'] !== 'off';
  return (
    <>
      <PageHead title={t('nav.assets')}>
        <label className="line muted">
          <Switch size="small" checked={charts} onChange={(on) => set({ charts: on ? null : 'off' })} />
          {t('assets.charts')}
        </label>
        <Button
          icon={<DownloadOutlined />}
          href={address('/hosts.export', { ...kept, format: 'csv', lang: language })}
          download
        >
          CSV
        </Button>
        <ImportButton />
      </PageHead>
      <Panel flush>
        <AssetFilters facets={hosts.data?.facets ?? {}} filters={filters} set={set} />
        <Pinned filters={filters} set={set} />
        {hosts.data && hosts.data.total > 0 && charts && (
          <Spread
            facets={hosts.data.facets ?? {}}
            names={(name) => names[name]}
            filters={filters}
            set={set}
          />
        )}
        <Show of={hosts} rows={14}>
          {(page) => (
            <Rows page={page} busy={hosts.isPlaceholderData} filtered={Object.keys(kept).length > 0} />
          )}
        </Show>
      </Panel>
    </>
  );
}

/** Filters that have no box of their own: they come from a link or the search. */
function Pinned({ filters, set }: ReturnType<typeof useFilters>) {
  const { t, word } = useWords();
  const pinned = (
    [
      'fleet_action',
      'missing',
      'cve',
      'system',
      'supported',
      'weapon_state',
      'blind',
      'value',
      'action',
      'open',
    ] as const
  ).filter((name) => filters[name] !== undefined);
  if (pinned.length === 0) return null;
  const shown = (name: (typeof pinned)[number], value: string) => {
    switch (name) {
      case 'weapon_state':
        return word(`console.state.${value}`, value);
      case 'action':
        return word(`disposal.kind.${value}`, value);
      case 'fleet_action': {
        const [kind = '', ...of] = value.split('~');
        return [word(`disposal.kind.${kind}`, kind), ...of].join(' ');
      }
      case 'blind':
        return word(`console.blind.${value}`, value);
      case 'open':
      case 'supported':
        return t(value === 'true' ? 'business.yes' : 'business.no');
      default:
        return value;
    }
  };
  return (
    <div className="filters">
      {pinned.map((name) => (
        <Tag key={name} closable onClose={() => set({ [name]: null })}>
          {t(`filter.${name}`)}: {shown(name, filters[name] ?? '')}
        </Tag>
      ))}
    </div>
  );
}

function Rows({ page, busy, filtered }: { page: HostPage; busy: boolean; filtered: boolean }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const columns = useColumns(filters['sort'], filters['descending'] === 'true');
  if (page.rows.length === 0) {
    return filtered ? (
      <Blank title={t('empty.filtered')} action={<Link to="/hosts">{t('action.clear-filters')}</Link>} />
    ) : (
      <Blank title={t('overview.empty-title')} action={<ImportButton />}>
        {t('overview.empty')}
      </Blank>
    );
  }
  return (
    <>
      <Table
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={page.rows}
        pagination={false}
        loading={busy}
        tableLayout="fixed"
        scroll={{ x: 1060 }}
        aria-label={t('nav.assets')}
        onChange={(_pages, _filters, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          const ordered = one?.order ? String(one.columnKey) : null;
          set({ sort: ordered, descending: one?.order === 'descend' ? 'true' : null });
        }}
      />
      <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
    </>
  );
}
