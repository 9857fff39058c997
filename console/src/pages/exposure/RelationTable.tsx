/** The graph as text: one row per relation. */
import { Table, type TableColumnsType } from 'antd';
import type { Graph, GraphEdge } from '../../api/model';
import { count } from '../../parts/format';
import { ConfidenceMark, Mark } from '../../parts/Marks';
import { useWords } from '../../words';
import { CLASSES } from './layout';

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
      width: '22%',
      render: (_, edge) => end(edge.from),
      sorter: (a, b) => a.from.localeCompare(b.from),
    },
    { title: t('exposure.to'), width: '26%', render: (_, edge) => end(edge.to) },
    ...CLASSES.map(([name, tone]): NonNullable<TableColumnsType<GraphEdge>[number]> => ({
      title: t(`legend.${tone}`),
      key: name,
      align: 'right',
      width: 118,
      defaultSortOrder: name === 'reachable' ? 'descend' : null,
      sorter: (a, b) => a.hosts[name] - b.hosts[name],
      render: (_, edge) =>
        edge.hosts[name] > 0 ? (
          <Mark tone={tone} bare>
            {count(edge.hosts[name], language)}
          </Mark>
        ) : (
          <span className="muted">0</span>
        ),
    })),
    {
      title: t('weapon.confidence'),
      width: 110,
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
