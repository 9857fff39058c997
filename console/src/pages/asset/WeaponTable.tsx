/** All weapons against this host, each with its evidence. */
import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { Exposure, HostExposure } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { kb } from '../../parts/format';
import { ConfidenceMark, ReachMark, StateMark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useWords } from '../../words';
import { ORDER } from './WeaponTiles';

export function WeaponTable({ exposure }: { exposure: HostExposure }) {
  const { t } = useWords();
  const name = useWeaponName();
  const rows = [...exposure.weapons].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  const columns: TableColumnsType<Exposure> = [
    {
      title: t('search.weapon'),
      width: 168,
      render: (_, row) => (
        <>
          <Link to={`/exposure?weapon=${row.weapon}&card=${row.weapon}`} className="strong">
            {name(row.weapon)}
          </Link>
          <div className="mono muted">{row.ports.join(' ')}</div>
        </>
      ),
    },
    {
      title: t('exposure.state'),
      width: 150,
      render: (_, row) => (
        <div className="stack">
          <StateMark state={row.state} reach={row.reach} />
          <ConfidenceMark confidence={row.confidence} />
        </div>
      ),
    },
    { title: t('exposure.reach'), width: 104, render: (_, row) => <ReachMark reach={row.reach} /> },
    { title: t('exposure.patch'), width: 104, render: (_, row) => t(`patch.${row.patch}`) },
    {
      title: t('asset.evidence'),
      render: (_, row) => (
        <>
          <Says list={row.why} />
          {(row.preconditions?.length ?? 0) > 0 && (
            <div className="muted small" style={{ marginTop: 4 }}>
              {t('asset.preconditions')}
              <Says list={row.preconditions} />
            </div>
          )}
        </>
      ),
    },
    {
      title: t('exposure.fixes'),
      width: 176,
      render: (_, row) => <Fixes row={row} />,
    },
  ];
  return (
    <Panel flush>
      <Table
        size="small"
        rowKey="weapon"
        columns={columns}
        dataSource={rows}
        pagination={false}
        className="top-aligned"
        aria-label={t('asset.weapons')}
      />
    </Panel>
  );
}

function Fixes({ row }: { row: Exposure }) {
  const { t } = useWords();
  const fixes = row.fixes ?? [];
  if (row.state === 'fixed' || row.state === 'not-affected' || fixes.length === 0)
    return <span className="muted">—</span>;
  return (
    <span className="mono">
      {row.base && (
        <div>
          {row.base.steps.map((step) => (step.any_of?.[0] ? kb(step.any_of[0]) : step.id)).join(' → ')} →
        </div>
      )}
      {fixes.slice(0, 3).map(kb).join(t('step.or'))}
      {fixes.length > 3 && <span className="muted"> +{fixes.length - 3}</span>}
    </span>
  );
}
