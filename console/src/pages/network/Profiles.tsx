/** Profiles of hosts, links and accounts: how each behaves, over all captures that were read. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Segmented, Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { ProfileKind, ProfilePage, ProfileRow } from '../../api/model';
import { Go } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { bytes, count, instant } from '../../parts/format';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { profilePath } from './parts';
import { Profile } from './Profile';

const KINDS = ['host', 'link', 'account'] as const;

export function Profiles() {
  const { filters } = useFilters();
  const kind = KINDS.find((known) => known === filters['kind']) ?? 'host';
  const subject = filters['subject'];
  return subject ? (
    <Profile
      key={`${kind} ${subject} ${filters['other'] ?? ''}`}
      kind={kind}
      subject={subject}
      other={filters['other']}
    />
  ) : (
    <List kind={kind} />
  );
}

function List({ kind }: { kind: ProfileKind }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const query = { kind, q: filters['q'], cursor: filters['cursor'], limit: 50 };
  const found = useQuery({
    queryKey: ['profiles', query],
    queryFn: ({ signal }) => get<ProfilePage>('/profiles', query, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel flush>
      <div className="filters">
        <Segmented
          size="small"
          aria-label={t('network.profiles')}
          value={kind}
          options={KINDS.map((value) => ({ value, label: t(`network.profiles-${value}`) }))}
          onChange={(next) => set({ kind: next === 'host' ? null : next, q: null })}
        />
        <SearchBox
          value={filters['q'] ?? ''}
          label={t(kind === 'account' ? 'network.account-search' : 'network.address-search')}
          onSearch={(text) => set({ q: text.trim() })}
        />
      </div>
      <Show of={found} rows={12}>
        {(page) =>
          page.rows.length === 0 ? (
            filters['q'] ? (
              <Blank
                title={t('empty.filtered')}
                action={<Link to={`/network/profiles?kind=${kind}`}>{t('action.clear-filters')}</Link>}
              />
            ) : (
              <Blank
                title={t('network.no-profiles')}
                action={
                  <Go to="/network/captures" type="primary">
                    {t('network.upload')}
                  </Go>
                }
              >
                {t('network.no-profiles-note')}
              </Blank>
            )
          ) : (
            <>
              <ProfileTable kind={kind} rows={page.rows} />
              <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
            </>
          )
        }
      </Show>
    </Panel>
  );
}

/** An end with the way to its profile; the asset's name stands before the address. */
function Named({ end, to }: { end: ProfileRow['host'] | undefined; to: string }) {
  if (!end) return null;
  return (
    <Link to={to}>
      {end.label && <span className="strong">{end.label} </span>}
      <span className={end.label ? 'mono muted small' : 'mono'}>{end.address}</span>
    </Link>
  );
}

export function ProfileTable({
  kind,
  rows,
  as,
}: {
  kind: ProfileKind;
  rows: ProfileRow[];
  /** In a host's profile only the other end is of interest. */
  as?: 'opens' | 'answers';
}) {
  const { t, language } = useWords();
  const columns: TableColumnsType<ProfileRow> = [
    {
      title: as ? t('network.peer') : t(`network.profile-of-${kind}`),
      render: (_, row) => {
        if (kind === 'account')
          return (
            <Link to={profilePath('account', row.subject)} className="mono anywhere">
              {row.subject}
            </Link>
          );
        const path = row.other
          ? profilePath('link', row.subject, row.other.address)
          : profilePath('host', row.subject);
        if (as)
          return (
            <Named end={as === 'opens' ? (row.other ?? undefined) : (row.host ?? undefined)} to={path} />
          );
        return (
          <span className="whom">
            <Named end={row.host ?? undefined} to={path} />
            {row.other && (
              <>
                <span className="muted">→</span>
                <Named end={row.other} to={path} />
              </>
            )}
          </span>
        );
      },
    },
    {
      title: t(kind === 'account' ? 'network.exchanges' : 'network.conversation-count'),
      width: 124,
      align: 'right',
      render: (_, row) => <span className="num">{count(row.conversations, language)}</span>,
    },
    ...(kind === 'account'
      ? []
      : [
          {
            title: t('network.volume'),
            width: 100,
            align: 'right' as const,
            render: (_: unknown, row: ProfileRow) => (
              <span className="num nowrap">{bytes(row.bytes, language)}</span>
            ),
          },
        ]),
    ...(as
      ? []
      : [
          {
            title: t('network.first'),
            width: 150,
            render: (_: unknown, row: ProfileRow) => <span className="num nowrap">{instant(row.first)}</span>,
          },
        ]),
    {
      title: t('network.last'),
      width: 150,
      render: (_, row) => <span className="num nowrap">{instant(row.last)}</span>,
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => `${row.subject} ${row.other?.address ?? ''}`}
      columns={columns}
      dataSource={rows}
      pagination={false}
      scroll={as ? { x: 420, y: 320 } : { x: 760 }}
      aria-label={t('network.profiles')}
    />
  );
}
