/** Open vulnerabilities grouped by the update that closes them, and the updates that are there. */
import { Table, Tag, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type { CveGroup, HostDetail, OpenCve } from '../../api/model';
import { Blank } from '../../parts/Blank';
import { count, kb } from '../../parts/format';
import { Mark, SeverityMark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

const WORST = ['critical', 'important', 'moderate', 'low', 'info'] as const;

export function Patches({ detail }: { detail: HostDetail }) {
  const { t, language } = useWords();
  const { exposure } = detail;
  const most = Math.max(1, ...exposure.cves.map((group) => group.cves.length));
  const columns: TableColumnsType<CveGroup> = [
    {
      title: t('patches.update'),
      width: 150,
      render: (_, group) =>
        group.kb == null ? (
          <span className="muted">{t('patches.no-update')}</span>
        ) : (
          <Link
            to={`/disposal?view=what-if&updates=${kb(group.kb)}`}
            className="mono strong"
            title={t('patches.what-if', { kb: kb(group.kb) })}
            onClick={(event) => event.stopPropagation()}
          >
            {kb(group.kb)}
          </Link>
        ),
    },
    {
      title: t('patches.closes'),
      width: 190,
      render: (_, group) => (
        <div className="line">
          <span className="bar" style={{ flex: 1 }} aria-hidden="true">
            <span style={{ width: `${(group.cves.length / most) * 100}%`, background: 'var(--accent)' }} />
          </span>
          <span className="num" style={{ width: 40, textAlign: 'right' }}>
            {count(group.cves.length, language)}
          </span>
        </div>
      ),
    },
    {
      title: 'KEV',
      width: 110,
      align: 'right',
      render: (_, group) => {
        const kev = group.cves.filter((cve) => cve.kev).length;
        return kev === 0 ? (
          <span className="muted">0</span>
        ) : (
          <span className="tone-open strong">{count(kev, language)}</span>
        );
      },
    },
    {
      title: t('patches.worst'),
      width: 130,
      render: (_, group) => (
        <SeverityMark severity={WORST.find((level) => group.cves.some((cve) => cve.severity === level))} />
      ),
    },
    {
      title: t('patches.cves'),
      ellipsis: true,
      render: (_, group) => (
        <span className="mono muted">
          {group.cves
            .slice(0, 6)
            .map((cve) => cve.cve)
            .join(' ')}
        </span>
      ),
    },
  ];
  return (
    <>
      <Panel
        title={t('patches.title', {
          n: count(exposure.open_cves, language),
          kev: count(exposure.open_kev, language),
        })}
        flush
      >
        {exposure.cves.length === 0 ? (
          <Blank title={t('patches.none')} />
        ) : (
          <Table
            size="small"
            rowKey={(group) => group.kb ?? 'none'}
            columns={columns}
            dataSource={exposure.cves}
            pagination={
              exposure.cves.length > 50 ? { pageSize: 50, size: 'small', showSizeChanger: false } : false
            }
            expandable={{ expandedRowRender: (group) => <Group cves={group.cves} />, expandRowByClick: true }}
          />
        )}
      </Panel>
      <Installed detail={detail} />
    </>
  );
}

function Group({ cves }: { cves: OpenCve[] }) {
  const { t } = useWords();
  const columns: TableColumnsType<OpenCve> = [
    {
      title: 'CVE',
      width: 180,
      render: (_, row) => <span className="mono">{row.cve}</span>,
    },
    {
      title: t('patches.severity'),
      width: 120,
      render: (_, row) => <SeverityMark severity={row.severity} />,
    },
    {
      title: 'KEV',
      width: 150,
      render: (_, row) =>
        row.kev ? (
          <Mark tone="open" bare>
            {t('patches.kev')}
          </Mark>
        ) : (
          <span className="muted">—</span>
        ),
    },
    // Scores are shown only where a day of them was imported.
    ...(cves.some((cve) => cve.epss != null)
      ? [
          {
            title: 'EPSS',
            width: 90,
            render: (_: unknown, row: OpenCve) =>
              row.epss == null ? <span className="muted">—</span> : `${(row.epss * 100).toFixed(1)} %`,
          },
        ]
      : []),
    { title: t('patches.component'), render: (_, row) => row.component ?? <span className="muted">—</span> },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => `${row.cve}-${row.component ?? ''}`}
      columns={columns}
      dataSource={cves}
      pagination={cves.length > 20 ? { pageSize: 20, size: 'small', showSizeChanger: false } : false}
    />
  );
}

const FIRST = 60;

function Installed({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const [all, setAll] = useState(false);
  const updates = detail.host.facts.updates ?? {};
  const installed = updates.installed ?? [];
  const shown = all ? installed : installed.slice(0, FIRST);
  return (
    <Panel title={t('patches.installed', { n: installed.length })} className="below">
      {installed.length === 0 ? (
        <span className="muted">{t(updates.known ? 'patches.installed-none' : 'asset.updates-unknown')}</span>
      ) : (
        <div className="tags">
          {shown.map((number) => (
            <Tag key={number} className="mono">
              {kb(number)}
            </Tag>
          ))}
          {installed.length > FIRST && (
            <button type="button" className="link" onClick={() => setAll(!all)}>
              {all ? t('action.fewer') : `+${installed.length - FIRST}`}
            </button>
          )}
        </div>
      )}
    </Panel>
  );
}
