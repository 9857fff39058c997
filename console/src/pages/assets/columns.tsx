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
        ...ordered('name'),
        title: t('col.host'),
        width: 172,
        fixed: 'left',
        render: (_, row) => (
          <>
            <Link to={`/hosts/${encodeURIComponent(row.id)}`} className="ellipsis strong">
              {row.label}
            </Link>
            <div className="muted ellipsis small mono">{row.addresses.join(' ') || '—'}</div>
          </>
        ),
      },
      {
        ...ordered('system'),
        title: t('col.system'),
        width: 234,
        render: (_, row) => (
          <>
            <div className="ellipsis" title={productName(row) ?? undefined}>
              {productName(row) ?? <Mark tone="unknown" bare>{t('assets.system-unknown')}</Mark>}
            </div>
            <div className="muted ellipsis small">
              {systemDetail(row)}
              {row.role?.includes('domain controller') && <span className="chip">{t(roleKey(row.role))}</span>}
              {row.supported === false && <span className="chip warn">{t('assets.support-ended')}</span>}
            </div>
          </>
        ),
      },
      {
        key: 'zone',
        title: t('col.zone'),
        width: 104,
        render: (_, row) => (
          <>
            <div className="ellipsis">{row.zone ?? '—'}</div>
            <div className="muted ellipsis small">{row.group}</div>
          </>
        ),
      },
      {
        ...ordered('value'),
        title: t('col.value'),
        width: 66,
        align: 'right',
        render: (_, row) => row.value ?? '—',
      },
      {
        ...ordered('weapons'),
        title: t('col.weapons'),
        width: 190,
        render: (_, row) => <Weapons row={row} name={weapon} />,
      },
      {
        ...ordered('cves'),
        title: t('col.cves'),
        width: 92,
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
        width: 112,
        render: (_, row) => <UrgencyMark timeline={row.timeline} bare />,
      },
      { key: 'plan', title: t('col.plan'), width: 92, render: (_, row) => <PlanMark state={row.plan_state} /> },
      {
        ...ordered('last-seen'),
        title: t('col.seen'),
        width: 104,
        render: (_, row) => (
          <Tooltip title={instant(row.last_seen)}>
            <div className="ellipsis">{ago(row.last_seen, language)}</div>
            <div className="muted small ellipsis">{row.sources.map((kind) => t(`source.${kind}`)).join(' ')}</div>
          </Tooltip>
        ),
      },
    ];
  }, [sort, descending, t, language, weapon]);
}

function Weapons({ row, name }: { row: HostRow; name: (id: string) => string }) {
  const { t } = useWords();
  const [first, second] = row.weapons;
  if (!first) {
    if (row.unknown_weapons > 0) {
      return (
        <Mark tone="unknown" bare>
          {t('assets.unknown-weapons', { n: row.unknown_weapons })}
        </Mark>
      );
    }
    return (
      <Mark tone="fixed" bare>
        {t('standing.clear')}
      </Mark>
    );
  }
  const rest = row.weapons.length - (second ? 2 : 1);
  return (
    <Tooltip title={row.weapons.map(name).join(', ')}>
      <Mark tone="open">{row.weapons.length}</Mark>{' '}
      <span className="small">
        {name(first)}
        {second && `, ${name(second)}`}
        {rest > 0 && ` +${rest}`}
      </span>
      {row.unknown_weapons > 0 && (
        <div className="muted small">{t('assets.unknown-weapons', { n: row.unknown_weapons })}</div>
      )}
    </Tooltip>
  );
}
