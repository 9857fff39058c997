/** Groups below each other, each with its mode and how many endpoints it has. */
import { Tree } from 'antd';
import { useMemo, useState } from 'react';
import type { EndpointGroup } from '../../api/model';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useWords } from '../../words';
import { MODE_ICONS, MODE_TONES } from './marks';
import { found, treeOf, type Branch } from './tree';

/** More groups than these are folded at first, but for the two upper levels. */
const OPEN_MAX = 200;
const HEIGHT_MIN = 320;

interface Node {
  key: string;
  title: React.ReactNode;
  children: Node[];
}

export function GroupTree(props: {
  groups: EndpointGroup[];
  shown: string | undefined;
  onPick: (id: string) => void;
}) {
  const { groups, shown, onPick } = props;
  const { t, language } = useWords();
  const [text, setText] = useState('');
  const tree = useMemo(() => treeOf(groups), [groups]);
  const left = useMemo(() => found(tree, text), [tree, text]);
  const [opened, setOpened] = useState<string[] | null>(null);
  const open =
    text.trim() !== '' || (opened === null && groups.length <= OPEN_MAX)
      ? keysOf(left)
      : (opened ?? [...above(groups, shown), ...tree.map(({ group }) => group.id)]);
  const nodeOf = ({ group, below }: Branch): Node => ({
    key: group.id,
    title: (
      <span className="group-line">
        <span className={`tone-${MODE_TONES[group.mode]}`} title={t(`endpoints.mode-${group.mode}`)}>
          {MODE_ICONS[group.mode]}
          <span className="sr">{t(`endpoints.mode-${group.mode}`)}</span>
        </span>
        <Name text={group.name} className="ellipsis" />
        {group.glass && <span className="chip warn">{t('endpoints.glass')}</span>}
        <span className="num muted small">{count(group.endpoints_below, language)}</span>
      </span>
    ),
    children: below.map(nodeOf),
  });
  return (
    <Panel
      flush
      className="group-tree"
      title={t('endpoints.groups-n', { n: count(groups.length, language) })}
    >
      <div className="filters" role="search">
        <SearchBox value={text} label={t('endpoints.search-groups')} width={210} onSearch={setText} />
      </div>
      {left.length === 0 ? (
        <p className="muted padded">{t('empty.filtered')}</p>
      ) : (
        <Tree<Node>
          blockNode
          virtual
          height={Math.max(HEIGHT_MIN, window.innerHeight - 260)}
          itemHeight={28}
          treeData={left.map(nodeOf)}
          selectedKeys={shown ? [shown] : []}
          expandedKeys={open}
          onExpand={(keys) => setOpened(keys.map(String))}
          onSelect={(_, { node }) => onPick(String(node.key))}
          aria-label={t('endpoints.groups')}
        />
      )}
    </Panel>
  );
}

const keysOf = (tree: readonly Branch[]): string[] =>
  tree.flatMap(({ group, below }) => (below.length > 0 ? [group.id, ...keysOf(below)] : []));

/** The groups above one, so that it is in sight. */
function above(groups: readonly EndpointGroup[], id: string | undefined): string[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const path: string[] = [];
  let at = id === undefined ? undefined : byId.get(id)?.parent;
  while (at && !path.includes(at)) {
    path.push(at);
    at = byId.get(at)?.parent;
  }
  return path;
}
