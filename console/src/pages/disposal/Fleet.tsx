/** The smallest set of actions that closes most, in order. */
import { useQuery } from '@tanstack/react-query';
import { Table, Tooltip, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { FleetAction, FleetActions, RolloutList } from '../../api/model';
import { ActionFacts } from '../overview/ActionFacts';
import { Blank, Show } from '../../parts/Blank';
import { bytes, count, duration } from '../../parts/format';
import { useFleetTitle } from '../../parts/names';
import { Nothing } from '../../parts/Nothing';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { Rings, RolloutRings } from './Rings';
import { useWords } from '../../words';

export function Fleet() {
  const { t, language } = useWords();
  const fleet = useQuery({ queryKey: ['fleet'], queryFn: () => get<FleetActions>('/fleet/actions') });
  return (
    <>
      <Leftover actions={fleet.data?.actions} />
      <Panel
        flush
        title={t('fleet.title')}
        extra={
          fleet.data &&
          fleet.data.left > 0 && (
            <span className="muted num">{t('fleet.left', { n: count(fleet.data.left, language) })}</span>
          )
        }
      >
        <Show of={fleet} rows={10}>
          {(data) =>
            data.actions.length === 0 ? (
              <Nothing>
                <Blank title={t('overview.no-actions')}>{t('overview.no-actions-note')}</Blank>
              </Nothing>
            ) : (
              <Actions actions={data.actions} />
            )
          }
        </Show>
      </Panel>
    </>
  );
}

/** Roll-outs whose action is done everywhere, or gone: they still hold rings back until somebody ends them. */
function Leftover({ actions }: { actions: FleetAction[] | undefined }) {
  const { t, say } = useWords();
  const going = useQuery({ queryKey: ['rollouts'], queryFn: () => get<RolloutList>('/rollouts') });
  if (!actions) return null;
  const shown = new Set(actions.map((action) => action.rollout?.id));
  const left = (going.data?.rollouts ?? []).filter((rollout) => !shown.has(rollout.id));
  return left.map((rollout) => (
    <Panel key={rollout.id} title={`${t('rollout.going')} · ${say(rollout.title)}`} className="spaced">
      <RolloutRings rollout={rollout} />
    </Panel>
  ));
}

function Actions({ actions }: { actions: FleetAction[] }) {
  const { t, language } = useWords();
  const title = useFleetTitle();
  const together = new Map<number, number>();
  let sum = 0;
  for (const action of actions) {
    // A measure only holds exposures until a lasting action closes them; its share is not added up.
    if (action.lasting) sum += action.risk_removed;
    together.set(action.rank, sum);
  }
  const columns: TableColumnsType<FleetAction> = [
    { title: '#', width: 44, align: 'right', dataIndex: 'rank' },
    {
      title: t('fleet.action'),
      render: (_, action) => (
        <>
          <strong>{title(action)}</strong>
          <ActionFacts action={action} brief />
        </>
      ),
    },
    {
      title: t('fleet.hosts'),
      width: 84,
      align: 'right',
      render: (_, action) => <Link to={`/hosts?${action.query}`}>{count(action.hosts, language)}</Link>,
    },
    {
      title: t('fleet.closed'),
      width: 104,
      align: 'right',
      render: (_, action) =>
        action.exposures_closed > 0 ? (
          count(action.exposures_closed, language)
        ) : (
          <span className="muted">—</span>
        ),
    },
    {
      title: t('fleet.removed'),
      width: 150,
      render: (_, action) =>
        action.risk_removed === 0 ? (
          <span className="muted">—</span>
        ) : (
          <Tooltip
            title={t('fleet.together', { percent: Math.round((together.get(action.rank) ?? 0) * 100) })}
          >
            <div className="line">
              <div className="bar" style={{ flex: 1 }} aria-hidden="true">
                <span
                  style={{
                    width: `${Math.max(0, (together.get(action.rank) ?? 0) - (action.lasting ? action.risk_removed : 0)) * 100}%`,
                    background: 'color-mix(in srgb, var(--accent) 28%, transparent)',
                  }}
                />
                <span
                  style={{
                    width: `${action.risk_removed * 100}%`,
                    background: action.lasting ? 'var(--accent)' : 'var(--blocked)',
                  }}
                />
              </div>
              <span className="num nowrap" style={{ width: 44, textAlign: 'right' }}>
                −{(action.risk_removed * 100).toFixed(1)}%
              </span>
            </div>
          </Tooltip>
        ),
    },
    {
      title: t('fleet.size'),
      width: 90,
      align: 'right',
      className: 'nowrap',
      render: (_, action) =>
        action.bytes ? bytes(action.bytes, language) : <span className="muted">—</span>,
    },
    {
      title: t('fleet.time'),
      width: 90,
      align: 'right',
      className: 'nowrap',
      render: (_, action) =>
        action.minutes ? duration(action.minutes, language) : <span className="muted">—</span>,
    },
  ];
  return (
    <Table
      size="small"
      tableLayout="fixed"
      rowKey="rank"
      columns={columns}
      dataSource={actions}
      pagination={actions.length > 50 ? { pageSize: 50, size: 'small', showSizeChanger: false } : false}
      aria-label={t('fleet.title')}
      expandable={{
        expandedRowRender: (action) => (
          <>
            <Says list={action.why} />
            <Rings action={action} />
          </>
        ),
        defaultExpandedRowKeys: actions.filter((action) => action.rollout).map((action) => action.rank),
      }}
    />
  );
}
