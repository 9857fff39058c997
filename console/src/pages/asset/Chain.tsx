/** The way to the fix as a path: base patches in their order, each restart, the key patch, and what comes after. */
import { RedoOutlined } from '@ant-design/icons';
import { Fragment } from 'react';
import type { ActionKind, Step } from '../../api/model';
import { useActionName } from '../../parts/names';
import { useWords } from '../../words';

/** What the path is made of; measures until then stand in the list of steps. */
const ON_THE_WAY: ActionKind[] = [
  'base-patch',
  'key-patch',
  'upgrade-application',
  'upgrade-system',
  'replace-system',
  'verify',
  'roll-back',
];
const INSTALLS: ActionKind[] = [
  'base-patch',
  'key-patch',
  'upgrade-application',
  'upgrade-system',
  'replace-system',
];

export interface Node {
  key: string;
  step: Step | null;
}

/** The steps of the path with a node for each restart; empty when nothing is installed. What comes after the fix is
 * one node for each kind: the list says what it is made of. */
export function chainOf(steps: Step[]): Node[] {
  const way = steps.filter((step) => ON_THE_WAY.includes(step.kind));
  if (!way.some((step) => INSTALLS.includes(step.kind))) return [];
  return way.flatMap((step, i): Node[] => {
    const node = { key: `${step.number}`, step };
    if (INSTALLS.includes(step.kind))
      return step.reboot ? [node, { key: `${step.number}-restart`, step: null }] : [node];
    return way.findIndex((other) => other.kind === step.kind) === i ? [node] : [];
  });
}

export function Chain({ steps }: { steps: Step[] }) {
  const { t, word } = useWords();
  const action = useActionName();
  const nodes = chainOf(steps);
  if (nodes.length < 2) return null;
  return (
    <ol className="chain" aria-label={t('chain.title')}>
      {nodes.map(({ key, step }, i) => (
        <Fragment key={key}>
          {i > 0 && (
            <li className="arrow" aria-hidden="true">
              →
            </li>
          )}
          {step ? (
            <li className={`node ${step.kind}`}>
              <span className="muted small">{t(`chain.kind.${kindOf(step.kind)}`)}</span>
              <span>{INSTALLS.includes(step.kind) ? action(step) : word(`disposal.kind.${step.kind}`)}</span>
            </li>
          ) : (
            <li className="node restart">
              <RedoOutlined /> {t('chain.restart')}
            </li>
          )}
        </Fragment>
      ))}
    </ol>
  );
}

function kindOf(kind: ActionKind): 'base' | 'key' | 'upgrade' | 'after' {
  if (kind === 'base-patch') return 'base';
  if (kind === 'key-patch') return 'key';
  return INSTALLS.includes(kind) ? 'upgrade' : 'after';
}
