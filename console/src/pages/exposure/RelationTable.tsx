/** The graph as text: one row per relation. */
import { Table, type TableColumnsType } from 'antd';
import type { Graph, GraphEdge } from '../../api/model';
import { count } from '../../parts/format';
import { ConfidenceMark, Mark } from '../../parts/Marks';
import { useWords } from '../../words';
import { toneOfCounts } from './layout';

export function RelationTable({ graph, onChoose }: { graph: Graph; onChoose: (id: string) => void }) {
  const { t, language } = useWords();
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const end = (id: string) => (
    <button type="button" className="link" onClick={() => onChoose(id)}>
      {nodes.get(id)?.label[language] ?? id}
    </button>
  );
  const columns: TableColumnsType<GraphEdge> = [
    {
      title: t('exposure.from'),
      width: '28%',
      render: (_, edge) => end(edge.from),
      sorter: (a, b) => a.from.localeCompare(b.from),
    },
    { title: t('exposure.to'), width: '32%', render: (_, edge) => end(edge.to) },
    {
      title: t('state.open'),
      align: 'right',
      width: 110,
      defaultSortOrder: 'descend',
      sorter: (a, b) => (a.hosts?.open ?? 0) - (b.hosts?.open ?? 0),
      render: (_, edge) =>
        edge.hosts && edge.hosts.open > 0 ? (
          <Mark tone={toneOfCounts(edge.hosts)} bare>
            {count(edge.hosts.open, language)}
          </Mark>
        ) : (
          <span className="muted">0</span>
        ),
    },
    {
      title: t('state.unknown'),
      align: 'right',
      width: 90,
      render: (_, edge) => count(edge.hosts?.unknown ?? 0, language),
    },
    {
      title: t('state.fixed'),
      align: 'right',
      width: 90,
      render: (_, edge) => count(edge.hosts?.fixed ?? 0, language),
    },
    {
      title: t('weapon.confidence'),
      width: 130,
      render: (_, edge) => (edge.confidence ? <ConfidenceMark confidence={edge.confidence} always /> : '—'),
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(edge) => `${edge.from}>${edge.to}`}
      columns={columns}
      dataSource={graph.edges}
      pagination={{ pageSize: 25, size: 'small', showSizeChanger: false }}
      aria-label={t('exposure.relations')}
    />
  );
}
