/** The columns of the host table. */
import { Tooltip, type TableColumnsType } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { HostRow } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { ago, count, instant } from '../../parts/format';
import { Mark, PlanMark, UrgencyMark } from '../../parts/Marks';
import { productName, roleKey, systemDetail } from '../../parts/names';
import { useWords } from '../../words';

export function useColumns(sort: string | undefined, descending: boolean): TableColumnsType<HostRow> {
  const { t, language } = useWords();
  const weapon = useWeaponName();
  return useMemo(() => {
    const ordered = (key: string) => ({
      key,
      sorter: true,
      sortOrder: sort === key ? ((descending ? 'descend' : 'ascend') as 'descend' | 'ascend') : null,
    });
    return [
      {
        ...ordered('label'),
        title: t('col.host'),
        width: 130,
        fixed: 'left',
        render: (_, row) => (
          <>
            <Link to={`/hosts/${encodeURIComponent(row.id)}`} className="ellipsis strong" title={row.label}>
              {row.label}
            </Link>
            <div className="muted ellipsis mono">{row.address ?? '—'}</div>
          </>
        ),
      },
      {
        ...ordered('product'),
        title: t('col.system'),
        width: 222,
        render: (_, row) => <System row={row} />,
      },
      {
        ...ordered('zone'),
        title: t('col.zone'),
        width: 96,
        render: (_, row) => (
          <>
            <div className="ellipsis" title={row.zone ?? undefined}>
              {row.zone ?? '—'}
            </div>
            <div className="muted ellipsis small" title={row.group ?? undefined}>
              {row.group}
            </div>
          </>
        ),
      },
      {
        ...ordered('value'),
        title: t('col.value'),
        width: 76,
        align: 'right',
        render: (_, row) => row.value ?? <span className="muted">—</span>,
      },
      {
        ...ordered('open-weapons'),
        title: t('col.weapons'),
        width: 150,
        render: (_, row) => <Weapons row={row} name={weapon} />,
      },
      {
        ...ordered('open-cves'),
        title: t('col.cves'),
        width: 94,
        align: 'right',
        render: (_, row) => (
          <>
            <div>{count(row.open_cves, language)}</div>
            {row.open_kev > 0 && <div className="small tone-open">KEV {count(row.open_kev, language)}</div>}
          </>
        ),
      },
      {
        ...ordered('urgency'),
        title: t('col.urgency'),
        width: 148,
        render: (_, row) =>
          row.timeline ? <UrgencyMark timeline={row.timeline} bare /> : <span className="muted">—</span>,
      },
      {
        ...ordered('plan-state'),
        title: t('col.plan'),
        width: 104,
        render: (_, row) =>
          row.plan_state ? <PlanMark state={row.plan_state} /> : <span className="muted">—</span>,
      },
      {
        ...ordered('last-seen'),
        title: t('col.seen'),
        width: 106,
        render: (_, row) => (
          <Tooltip title={instant(row.last_seen)}>
            <div className="ellipsis">{ago(row.last_seen, language)}</div>
            <div className="muted small ellipsis">
              {row.sources.map((kind) => t(`source.${kind}`)).join(' ')}
            </div>
          </Tooltip>
        ),
      },
    ];
  }, [sort, descending, t, language, weapon]);
}

function System({ row }: { row: HostRow }) {
  const { t } = useWords();
  const name = productName(row);
  return (
    <>
      {name ? (
        <div className="ellipsis" title={name}>
          {name}
        </div>
      ) : (
        <Mark tone="unknown" bare>
          {t('assets.system-unknown')}
        </Mark>
      )}
      <div className="muted ellipsis small">
        {systemDetail(row)}
        {row.role?.includes('domain controller') && (
          <span className="chip" title={t(roleKey(row.role))}>
            {t('role.short-domain-controller')}
          </span>
        )}
        {row.supported === false && <span className="chip warn">{t('assets.support-ended')}</span>}
      </div>
    </>
  );
}

function Weapons({ row, name }: { row: HostRow; name: (id: string) => string }) {
  const { t } = useWords();
  const open = Object.entries(row.weapons)
    .filter(([, state]) => state === 'open')
    .map(([id]) => id);
  if (row.standing == null) return <span className="muted">{t('assets.not-judged')}</span>;
  if (open.length === 0) {
    const tone = row.unknown_weapons > 0 ? 'unknown' : 'fixed';
    return (
      <Mark tone={tone} bare>
        {tone === 'unknown' ? t('assets.unknown-weapons', { n: row.unknown_weapons }) : t('standing.clear')}
      </Mark>
    );
  }
  const first = row.worst && open.includes(row.worst) ? row.worst : open[0];
  return (
    <Tooltip title={open.map(name).join(', ')}>
      <div className="line" style={{ gap: 6 }}>
        <Mark tone="open">{open.length}</Mark>
        <span className="ellipsis">{first && name(first)}</span>
      </div>
      {row.unknown_weapons > 0 && (
        <div className="muted small">{t('assets.unknown-weapons', { n: row.unknown_weapons })}</div>
      )}
    </Tooltip>
  );
}
