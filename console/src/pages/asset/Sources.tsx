/** Where every fact came from, where sources disagree, and what was odd about them. */
import { useQuery } from '@tanstack/react-query';
import { Table, type TableColumnsType } from 'antd';
import { get } from '../../api/client';
import type { Conflict, HistoryEntry, HostDetail, HostHistory } from '../../api/model';
import { Show } from '../../parts/Blank';
import { instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

export function Sources({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const path = `/hosts/${encodeURIComponent(detail.row.id)}/history`;
  const history = useQuery({
    queryKey: ['host', detail.row.id, 'history'],
    queryFn: () => get<HostHistory>(path),
  });
  const conflicts = detail.host.conflicts ?? [];
  return (
    <div className="grid">
      {conflicts.length > 0 && (
        <Panel title={t('sources.conflicts')} flush>
          <Conflicts conflicts={conflicts} />
        </Panel>
      )}
      <Panel title={t('sources.title')} flush>
        <Show of={history}>{(data) => <Observations list={data.observations} />}</Show>
      </Panel>
      <Panel title={t('sources.provenance')} flush>
        <Provenance detail={detail} />
      </Panel>
    </div>
  );
}

function Conflicts({ conflicts }: { conflicts: Conflict[] }) {
  const { t } = useWords();
  const fact = useFactName();
  const columns: TableColumnsType<Conflict> = [
    { title: t('sources.fact'), width: 200, render: (_, row) => fact(row.field) },
    {
      title: t('sources.kept'),
      render: (_, row) => (
        <>
          {row.kept} <span className="muted small">{row.kept_from}</span>
        </>
      ),
    },
    {
      title: t('sources.other'),
      render: (_, row) => (
        <>
          {row.other} <span className="muted small">{row.other_from}</span>
        </>
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(row) => row.field + row.other_from}
      columns={columns}
      dataSource={conflicts}
      pagination={false}
    />
  );
}

function Observations({ list }: { list: HistoryEntry[] }) {
  const { t, say } = useWords();
  const columns: TableColumnsType<HistoryEntry> = [
    {
      title: t('sources.observed'),
      width: 140,
      render: (_, row) => instant(row.observation.source.observed ?? row.stored),
    },
    { title: t('filter.source'), width: 110, render: (_, row) => t(`source.${row.observation.source.kind}`) },
    {
      title: t('sources.file'),
      render: (_, row) => (
        <>
          <span className="mono anywhere">{row.observation.source.path}</span>
          {row.observation.source.sha256 && (
            <div className="mono muted ellipsis">sha256 {row.observation.source.sha256}</div>
          )}
        </>
      ),
    },
    {
      title: t('sources.oddities'),
      width: '36%',
      render: (_, row) => {
        const oddities = row.observation.oddities ?? [];
        if (oddities.length === 0) return <span className="muted">—</span>;
        return (
          <ul className="says">
            {oddities.slice(0, 8).map((oddity, i) => (
              <li key={i}>
                {say(oddity.message)}
                {oddity.line != null && (
                  <span className="muted"> ({t('sources.line', { n: oddity.line })})</span>
                )}
              </li>
            ))}
            {oddities.length > 8 && <li>+{oddities.length - 8}</li>}
          </ul>
        );
      },
    },
  ];
  return (
    <Table
      size="small"
      rowKey="digest"
      columns={columns}
      dataSource={list}
      className="top-aligned"
      pagination={list.length > 20 ? { pageSize: 20, size: 'small', showSizeChanger: false } : false}
    />
  );
}

/** `ports.tcp/445` and `os.build` in words; a fact without words shows its name. */
function useFactName(): (fact: string) => string {
  const { t, word } = useWords();
  return (fact) => {
    const [, kind, name] = /^(ports|files|services)\.(.+)$/.exec(fact) ?? [];
    if (kind === 'ports') return t('fact.port', { port: name ?? '' });
    if (kind === 'files') return t('fact.file', { name: name ?? '' });
    if (kind === 'services') return t('fact.service', { name: name ?? '' });
    return word(`console.fact.${fact}`, fact);
  };
}

function Provenance({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const fact = useFactName();
  const rows = Object.entries(detail.host.provenance ?? {}).map(([fact, index]) => ({
    fact,
    source: detail.host.sources[index],
  }));
  return (
    <Table
      size="small"
      rowKey="fact"
      pagination={rows.length > 15 ? { pageSize: 15, size: 'small', showSizeChanger: false } : false}
      dataSource={rows}
      columns={[
        { title: t('sources.fact'), width: 260, render: (_, row) => fact(row.fact) },
        {
          title: t('sources.file'),
          render: (_, row) =>
            row.source ? (
              <>
                <span className="mono anywhere">{row.source.path}</span>{' '}
                <Mark tone="none" bare>
                  {t(`source.${row.source.kind}`)}
                </Mark>
              </>
            ) : (
              '—'
            ),
        },
      ]}
    />
  );
}
