/** How each weapon went through the disposal flow: question, answer, evidence, and what would change it. */
import { Collapse } from 'antd';
import type { Disposal } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Mark, UrgencyMark } from '../../parts/Marks';
import { useActionName } from '../../parts/names';
import { Says } from '../../parts/Says';
import { useWords } from '../../words';

/** The nodes passed, in one line. */
function Crumbs({ disposal }: { disposal: Disposal }) {
  const { word, say } = useWords();
  return (
    <ol className="crumbs">
      {disposal.path.map((decision, i) => (
        <li key={i} title={say(decision.answer)}>
          {word(`disposal.node.${decision.node}`, decision.node)}
        </li>
      ))}
    </ol>
  );
}

function Path({ disposal }: { disposal: Disposal }) {
  const { t, say, word } = useWords();
  const action = useActionName();
  return (
    <>
      <ol className="path">
        {disposal.path.map((decision, i) => (
          <li key={i}>
            <div className="node">{word(`disposal.node.${decision.node}`, decision.node)}</div>
            <div className="answer">{say(decision.answer)}</div>
            <Says list={decision.evidence} />
            {(decision.would_change?.length ?? 0) > 0 && (
              <div className="counter">
                <span>{t('path.would-change')}</span>
                <Says list={decision.would_change} />
              </div>
            )}
          </li>
        ))}
      </ol>
      <div className="outcome">
        <span className="muted">{t('path.outcome')}</span> {disposal.actions.map(action).join(' → ')}
      </div>
    </>
  );
}

export function DecisionPaths({ disposals }: { disposals: Disposal[] }) {
  const { word } = useWords();
  const name = useWeaponName();
  const ranked = [...disposals].sort((a, b) => Number(idle(a)) - Number(idle(b)));
  return (
    <Collapse
      ghost
      defaultActiveKey={ranked[0] && !idle(ranked[0]) ? [ranked[0].weapon] : []}
      items={ranked.map((disposal) => ({
        key: disposal.weapon,
        label: (
          <div>
            <div className="line">
              <strong style={{ minWidth: 128 }}>{name(disposal.weapon)}</strong>
              {disposal.situation && (
                <Mark tone="blocked">{word(`disposal.situation.${disposal.situation}`)}</Mark>
              )}
              <span className="muted ellipsis" style={{ flex: 1 }}>
                {[...new Set(disposal.actions.map((action) => word(`disposal.kind.${action.kind}`)))].join(
                  ' → ',
                )}
              </span>
              <UrgencyMark timeline={disposal.urgency.timeline} bare />
            </div>
            {!idle(disposal) && <Crumbs disposal={disposal} />}
          </div>
        ),
        children: <Path disposal={disposal} />,
      }))}
    />
  );
}

const idle = (disposal: Disposal) => disposal.actions.every((action) => action.kind === 'nothing-to-do');
