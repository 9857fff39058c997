/** The plans of one state as a paged table, and moving many of them at once. */
import { DownloadOutlined } from '@ant-design/icons';
import { Button, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { address } from '../../api/client';
import type { PlanCard, PlanState } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Blank, Show } from '../../parts/Blank';
import { instant } from '../../parts/format';
import { PlanMark, UrgencyMark } from '../../parts/Marks';
import { productName, systemDetail } from '../../parts/names';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { kept, openWeapons, useBoard } from './board';
import { MoveMany } from './MoveMany';

export function OneState({ state }: { state: PlanState }) {
  const { t, word, language } = useWords();
  const { filters, set } = useFilters();
  const name = useWeaponName();
  const board = useBoard({ ...kept(filters), state, cursor: filters['cursor'], limit: 50 });
  const [picked, setPicked] = useState<string[]>([]);
  const columns: TableColumnsType<PlanCard> = [
    {
      title: t('col.host'),
      render: (_, { host }) => (
        <button type="button" className="link strong nowrap" onClick={() => set({ card: host.id })}>
          {host.label}
        </button>
      ),
    },
    {
      title: t('col.system'),
      width: 260,
      render: (_, { host }) => (
        <>
          <div className="ellipsis">{productName(host) ?? t('assets.system-unknown')}</div>
          <div className="muted small">{systemDetail(host)}</div>
        </>
      ),
    },
    {
      title: t('col.zone'),
      width: 130,
      render: (_, { host }) => [host.zone, host.group].filter(Boolean).join(' / ') || '—',
    },
    {
      title: t('col.weapons'),
      width: 190,
      render: (_, { host }) => {
        const open = openWeapons(host);
        if (open.length === 0) return <span className="muted">—</span>;
        return `${host.worst ? name(host.worst) : ''}${open.length > 1 ? ` +${open.length - 1}` : ''}`;
      },
    },
    {
      title: t('disposal.first'),
      width: 130,
      render: (_, { host }) => (host.next_action ? word(`disposal.kind.${host.next_action}`) : '—'),
    },
    {
      title: t('col.urgency'),
      width: 130,
      render: (_, { host }) => host.timeline && <UrgencyMark timeline={host.timeline} bare />,
    },
    {
      title: t(state === 'exception' ? 'move.until' : 'disposal.since'),
      width: 150,
      render: (_, { standing }) =>
        state === 'exception' ? (
          (standing.until ?? '—')
        ) : (
          <span className="num nowrap">{instant(standing.changed)}</span>
        ),
    },
  ];
  return (
    <Panel
      flush
      title={<PlanMark state={state} bare />}
      extra={
        <span className="line">
          <Button
            size="small"
            icon={<DownloadOutlined />}
            href={address('/hosts.export', {
              ...kept(filters),
              plan_state: state,
              format: 'csv',
              lang: language,
            })}
            title={t('disposal.export')}
            download
          >
            CSV
          </Button>
          <Button size="small" onClick={() => set({ state: null })}>
            {t('disposal.back')}
          </Button>
        </span>
      }
    >
      {/* Outside of what is shown: the lane is often empty after a move, and what became of it must stay. */}
      <MoveMany state={state} picked={picked} total={board.data?.total ?? 0} onDone={() => setPicked([])} />
      <Show of={board}>
        {(data) =>
          data.cards.length === 0 ? (
            <Blank title={t('disposal.lane-empty')} />
          ) : (
            <>
              <Table
                size="small"
                rowKey={(card) => card.standing.plan}
                rowSelection={{
                  selectedRowKeys: picked,
                  onChange: (keys) => setPicked(keys.map(String)),
                  columnWidth: 40,
                }}
                columns={columns}
                dataSource={data.cards}
                pagination={false}
                loading={board.isPlaceholderData}
                aria-label={t(`plan.${state}`)}
              />
              <Pager total={data.total} shown={data.cards.length} next={data.next ?? undefined} />
            </>
          )
        }
      </Show>
    </Panel>
  );
}
