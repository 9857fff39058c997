/** The drawing of the relation graph. Whatever it shows, the tables beside it show as text. */
import type { Core, ElementDefinition, StylesheetJson } from 'cytoscape';
import { useEffect, useRef, useState } from 'react';
import type { Graph } from '../../api/model';
import { FONT, PALETTE, type Mode } from '../../app/theme';
import { useMode } from '../../app/mode';
import type { Tone } from '../../parts/Marks';
import { useWords, type Language } from '../../words';
import { badge, compact, place, short, related, toneOfCounts } from './layout';

const NODE = 250;

/** The badge's outline tells the state where colours cannot. */
const BADGE: Partial<Record<Tone, string>> = {
  open: 'cut-rectangle',
  blocked: 'barrel',
  fixed: 'ellipse',
  unknown: 'round-rectangle',
};

interface Point {
  x: number;
  y: number;
}

/** The two control points that make a line leave and arrive level, as weights along it and distances from it. */
function curve(from: Point | undefined, to: Point | undefined): { weights: string; distances: string } {
  if (!from || !to) return { weights: '0.5', distances: '0' };
  const dx = to.x - from.x - NODE;
  const dy = to.y - from.y;
  const length2 = dx * dx + dy * dy;
  const along = (0.45 * dx * dx) / length2;
  const aside = (0.45 * dx * dy) / Math.sqrt(length2);
  return { weights: `${along} ${1 - along}`, distances: `${-aside} ${aside}` };
}

function elements(
  graph: Graph,
  width: number,
  language: Language,
): { list: ElementDefinition[]; height: number } {
  const { placed, height } = place(graph, width, NODE);
  const list: ElementDefinition[] = [];
  for (const { node, x, y } of placed) {
    const tone = toneOfCounts(node.hosts);
    const doubt = node.confidence === 'disputed' || node.confidence === 'unverified';
    list.push({
      data: { id: node.id, label: short(node.label[language]), of: node.id },
      position: { x, y },
      classes: ['thing', node.kind, tone, doubt ? 'doubt' : ''].join(' '),
    });
    if (tone !== 'none') {
      const label = compact(badge(node.hosts));
      const wide = Math.max(32, 11 + 7 * label.length);
      list.push({
        data: { id: `badge:${node.id}`, label, wide, of: node.id },
        position: { x: x + NODE / 2 - 4 - wide / 2, y },
        classes: `badge ${tone}`,
      });
    }
  }
  const at = new Map(placed.map(({ node, x, y }) => [node.id, { x, y }]));
  graph.edges.forEach((edge, i) => {
    const doubt = edge.confidence === 'disputed' || edge.confidence === 'unverified';
    list.push({
      data: {
        id: `edge:${i}`,
        source: edge.from,
        target: edge.to,
        ...curve(at.get(edge.from), at.get(edge.to)),
        weight: 1 + Math.min(3, Math.log10(1 + edge.hosts.reachable)),
      },
      classes: [toneOfCounts(edge.hosts), doubt ? 'doubt' : ''].join(' '),
    });
  });
  return { list, height };
}

function dress(mode: Mode): StylesheetJson {
  const colours = PALETTE[mode];
  const tones = ['open', 'blocked', 'fixed', 'unknown'] as const;
  return [
    {
      selector: 'node.thing',
      style: {
        shape: 'round-rectangle',
        width: NODE,
        height: 21,
        'background-color': colours.panel,
        'border-width': 1,
        'border-color': colours.line,
        label: 'data(label)',
        color: colours.text,
        'font-family': FONT,
        'font-size': 12,
        'text-valign': 'center',
        'text-halign': 'center',
        'text-wrap': 'ellipsis',
        'text-max-width': `${NODE - 62}px`,
        'text-margin-x': -18,
      },
    },
    { selector: 'node.weapon', style: { 'font-weight': 600 } },
    { selector: 'node.none', style: { color: colours.muted, 'text-margin-x': 0 } },
    { selector: 'node.thing.doubt', style: { 'border-style': 'dashed', 'border-color': colours.unknown } },
    {
      selector: 'node.badge',
      style: {
        width: 'data(wide)',
        height: 15,
        label: 'data(label)',
        color: mode === 'dark' ? '#10151c' : '#ffffff',
        'font-family': FONT,
        'font-size': 10,
        'font-weight': 600,
        'text-valign': 'center',
        'text-halign': 'center',
      },
    },
    ...tones.flatMap((tone) => [
      { selector: `node.thing.${tone}`, style: { 'border-color': colours[tone] } },
      { selector: `node.badge.${tone}`, style: { 'background-color': colours[tone], shape: BADGE[tone] } },
    ]),
    {
      selector: 'edge',
      style: {
        'curve-style': 'unbundled-bezier',
        'edge-distances': 'endpoints',
        'control-point-distances': 'data(distances)',
        'control-point-weights': 'data(weights)',
        width: 1,
        'line-color': colours.line,
        opacity: 0.85,
        'source-endpoint': '90deg',
        'target-endpoint': '270deg',
      },
    },
    { selector: 'edge.open', style: { 'line-color': colours.open, opacity: 0.42, width: 'data(weight)' } },
    { selector: 'edge.blocked', style: { 'line-color': colours.blocked, opacity: 0.5 } },
    { selector: 'edge.fixed', style: { 'line-color': colours.fixed, opacity: 0.4 } },
    { selector: 'edge.unknown', style: { 'line-color': colours.unknown, opacity: 0.4 } },
    { selector: 'edge.doubt', style: { 'line-style': 'dashed' } },
    { selector: '.dim', style: { opacity: 0.12 } },
    { selector: 'edge.lit', style: { opacity: 0.95 } },
    { selector: 'node.chosen', style: { 'border-width': 2, 'border-color': colours.accent } },
  ] as StylesheetJson;
}

export interface Drawing {
  png: () => Blob;
}

export function GraphView({
  graph,
  chosen,
  label,
  onChoose,
  onReady,
}: {
  graph: Graph;
  chosen: string | null;
  label: string;
  onChoose: (id: string | null) => void;
  onReady: (drawing: Drawing | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [cy, setCy] = useState<Core | null>(null);
  const [width, setWidth] = useState(0);
  const [height, setHeight] = useState(420);
  const { mode } = useMode();
  const { language } = useWords();
  const choose = useRef(onChoose);

  useEffect(() => {
    choose.current = onChoose;
  }, [onChoose]);

  useEffect(() => {
    if (!box.current) return;
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);

  useEffect(() => {
    let made: Core | null = null;
    let gone = false;
    void import('cytoscape').then(({ default: cytoscape }) => {
      if (gone || !box.current) return;
      made = cytoscape({
        container: box.current,
        // The wheel belongs to the page: the drawing has its natural size and scrolls with it.
        userZoomingEnabled: false,
        userPanningEnabled: false,
        boxSelectionEnabled: false,
        autoungrabify: true,
        layout: { name: 'preset' },
        // Text on a canvas of one pixel per pixel is blurred.
        pixelRatio: Math.max(2, window.devicePixelRatio),
      });
      made.on('tap', (event) => {
        choose.current(
          event.target === made ? null : ((event.target.data('of') as string | undefined) ?? null),
        );
      });
      made.on('mouseover', 'node', () => void (box.current && (box.current.style.cursor = 'pointer')));
      made.on('mouseout', 'node', () => void (box.current && (box.current.style.cursor = '')));
      setCy(made);
    });
    return () => {
      gone = true;
      made?.destroy();
    };
  }, []);

  useEffect(() => {
    if (!cy || width === 0) return;
    const drawn = elements(graph, Math.max(width, 900), language);
    setHeight(drawn.height);
    cy.batch(() => {
      cy.elements().remove();
      cy.add(drawn.list);
    });
    cy.style(dress(mode));
    onReady({
      png: () => cy.png({ output: 'blob', full: true, scale: 2, bg: PALETTE[mode].panel }) as unknown as Blob,
    });
    return () => onReady(null);
  }, [cy, graph, width, mode, language, onReady]);

  // Once the box has taken the height of the drawing, so does the canvas.
  useEffect(() => {
    if (!cy) return;
    cy.resize();
    cy.viewport({ zoom: 1, pan: { x: 0, y: 0 } });
    cy.forceRender();
  }, [cy, height, width, graph]);

  useEffect(() => {
    if (!cy) return;
    cy.batch(() => {
      cy.elements().removeClass('dim lit chosen');
      if (chosen === null || cy.getElementById(chosen).empty()) return;
      const near = related(graph.edges, chosen);
      cy.nodes().forEach((node) => void (near.has(node.data('of') as string) || node.addClass('dim')));
      cy.edges().forEach((edge) => {
        const inside = near.has(edge.data('source') as string) && near.has(edge.data('target') as string);
        edge.addClass(inside ? 'lit' : 'dim');
      });
      cy.getElementById(chosen).addClass('chosen');
    });
  }, [cy, graph, chosen, width, mode, language]);

  return (
    <div
      ref={box}
      role="img"
      aria-label={label}
      data-nodes={graph.nodes.length}
      style={{ width: '100%', minWidth: 900, height, position: 'relative' }}
    />
  );
}
