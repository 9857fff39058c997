/** The relation graph weapon – vulnerability – system over the hosts of this network, and its table under it. */
import { DownloadOutlined, PrinterOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Dropdown, Segmented, Switch } from 'antd';
import { useCallback, useMemo, useState } from 'react';
import { address, get } from '../../api/client';
import type { Graph } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { save } from '../../parts/files';
import { ImportButton } from '../../parts/ImportButton';
import { Shape } from '../../parts/Marks';
import { PageHead, Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { ExposureTable } from './ExposureTable';
import { GraphView, type Drawing } from './GraphView';
import { CLASSES, relevant, untouched } from './layout';
import { RelationTable } from './RelationTable';
import { WeaponCard } from './WeaponCard';

/** The graph is drawn up to this many nodes; beyond, its table is the better picture. */
const DRAWABLE = 300;

export function Component() {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const brief = filters['detail'] === 'brief';
  const detail = brief ? 'brief' : 'full';
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const graph = useQuery({ queryKey: ['graph', detail], queryFn: () => get<Graph>('/graph', { detail }) });
  const file = (format: string) => address('/graph', { detail, format, lang: language });
  return (
    <>
      <PageHead title={t('nav.exposure')} sub={t('exposure.sub')} stacked>
        <Segmented
          aria-label={t('exposure.detail')}
          value={detail}
          options={[
            { value: 'full', label: t('exposure.full') },
            { value: 'brief', label: t('exposure.brief') },
          ]}
          onChange={(next) => set({ detail: next === 'brief' ? 'brief' : null, node: null })}
        />
        <Dropdown
          trigger={['click']}
          menu={{
            items: [
              {
                key: 'png',
                label: 'PNG',
                disabled: drawing === null,
                onClick: () => drawing && save(`redoubt-graph-${detail}.png`, drawing.png(), 'image/png'),
              },
              ...['csv', 'graphml', 'dot', 'json'].map((format) => ({
                key: format,
                label: (
                  <a href={file(format)} download={`redoubt-graph-${detail}.${format}`}>
                    {format === 'graphml' ? 'GraphML' : format.toUpperCase()}
                  </a>
                ),
              })),
            ],
          }}
        >
          <Button icon={<DownloadOutlined />}>{t('exposure.export')}</Button>
        </Dropdown>
        <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
          {t('action.print')}
        </Button>
      </PageHead>
      <Show of={graph} rows={12}>
        {(data) => <Relations graph={data} onReady={setDrawing} />}
      </Show>
      <ExposureTable />
      <WeaponCard id={filters['card'] ?? null} onClose={() => set({ card: null })} />
    </>
  );
}

function Relations({ graph, onReady }: { graph: Graph; onReady: (drawing: Drawing | null) => void }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const everything = filters['all_nodes'] === 'true';
  const shown = useMemo(() => (everything ? graph : relevant(graph)), [graph, everything]);
  const table = filters['view'] === 'table' || shown.nodes.length > DRAWABLE;
  const chosen = useMemo(() => chosenNode(shown, filters), [shown, filters]);
  const choose = useCallback((id: string | null) => set(filterOf(graph, id)), [graph, set]);
  const count = (kind: string) => shown.nodes.filter((node) => node.kind === kind).length;
  const brief = filters['detail'] === 'brief';
  const label = t(brief ? 'exposure.graph-label-brief' : 'exposure.graph-label', {
    weapons: count('weapon'),
    vulnerabilities: count('vulnerability'),
    systems: count('system'),
  });
  return (
    <Panel
      flush
      title={label}
      extra={
        <span className="line no-print">
          <Legend />
          <label className="line muted">
            <Switch
              size="small"
              checked={everything}
              onChange={(on) => set({ all_nodes: on ? 'true' : null })}
            />
            {t('exposure.all-nodes')}
          </label>
          <Segmented
            size="small"
            aria-label={t('exposure.view')}
            value={table ? 'table' : 'graph'}
            options={[
              { value: 'graph', label: t('exposure.as-graph'), disabled: shown.nodes.length > DRAWABLE },
              { value: 'table', label: t('exposure.as-table') },
            ]}
            onChange={(view) => set({ view: view === 'table' ? 'table' : null })}
          />
        </span>
      }
    >
      {graph.nodes.length === 0 ? (
        <Blank title={t('exposure.empty')} />
      ) : !everything && untouched(graph) ? (
        <Blank
          title={t('exposure.none')}
          action={
            <span className="line">
              <ImportButton />
              <Button onClick={() => set({ all_nodes: 'true' })}>{t('exposure.show-all')}</Button>
            </span>
          }
        >
          {t('exposure.none-note')}
        </Blank>
      ) : table ? (
        <RelationTable graph={shown} onChoose={choose} />
      ) : (
        <div className="graph-scroll">
          <GraphView graph={shown} chosen={chosen} label={label} onChoose={choose} onReady={onReady} />
        </div>
      )}
    </Panel>
  );
}

/** The filters a node stands for. A vulnerability stands for the weapons that use it. */
export function filterOf(graph: Graph, id: string | null): Record<string, string | null> {
  const none = { node: null, weapon: null, system: null, card: null };
  const node = graph.nodes.find((item) => item.id === id);
  if (!node) return none;
  const bare = bareId(node.id);
  switch (node.kind) {
    case 'weapon':
      return { ...none, weapon: bare, node: node.id };
    case 'product':
      return { ...none, node: node.id };
    case 'system':
      return { ...none, system: bare, node: node.id };
    case 'vulnerability': {
      const users = graph.edges.filter((edge) => edge.to === node.id).map((edge) => bareId(edge.from));
      return { ...none, node: node.id, weapon: users.length === 1 ? (users[0] ?? null) : null };
    }
  }
}

/** `weapon:eternalblue` is `eternalblue` to the filters. */
export const bareId = (id: string) => id.replace(/^(weapon|vulnerability|system):/, '');

export function chosenNode(graph: Graph, filters: Record<string, string>): string | null {
  const wanted = filters['node'] ?? filters['weapon'] ?? filters['system'];
  if (wanted === undefined) return null;
  return graph.nodes.find((node) => node.id === wanted || bareId(node.id) === wanted)?.id ?? null;
}

function Legend() {
  const { t } = useWords();
  return (
    <span className="line small">
      {CLASSES.map(([, tone]) => (
        <span key={tone} className={`line tone-${tone}`} style={{ gap: 4 }}>
          <Shape tone={tone} />
          <span className="muted">{t(`legend.${tone}`)}</span>
        </span>
      ))}
    </span>
  );
}
