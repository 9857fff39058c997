/** What paper shows of the parts instead of a tree to click in: those that are worth a look, each with all that was found. */
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { usePrinting } from '../../parts/printing';
import { Quoted } from '../../parts/Says';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { Value } from './Facts';
import { Matches } from './Matches';
import { Identity } from './PartView';
import { offset, type Node } from './parts';
import { unreadOf } from './saying';

/** A report on paper has an end. */
const PARTS_MAX = 100;
const INDICATORS_MAX = 200;

export function Printed({ nodes }: { nodes: ReadonlyMap<number, Node> }) {
  return usePrinting() ? <Paper nodes={nodes} /> : null;
}

function Paper({ nodes }: { nodes: ReadonlyMap<number, Node> }) {
  const { t, language } = useWords();
  const worth = [...nodes.values()].filter((node) => node.remarkable || node.part.parent == null);
  return (
    <Panel title={t('files.remarkable-parts')} className="paper">
      <p className="muted">
        {t('files.paper-note', {
          n: count(Math.min(PARTS_MAX, worth.length), language),
          all: count(nodes.size, language),
        })}
      </p>
      {worth.slice(0, PARTS_MAX).map((node) => (
        <OnPaper key={node.part.number} node={node} />
      ))}
    </Panel>
  );
}

function OnPaper({ node }: { node: Node }) {
  const words = useWords();
  const { t, say, word, language } = words;
  const { part } = node;
  const unread = unreadOf(words, part.outcome);
  const facts = (part.facts ?? []).filter((fact) => fact.type !== 'absent');
  const indicators = (part.indicators ?? []).filter((indicator) => !indicator.common);
  return (
    <section className="paper-part">
      <h3>
        <Name text={part.path || part.name || t('files.unnamed')} className="mono anywhere" />
      </h3>
      {unread && <p className="tone-partial">{unread}</p>}
      <Identity part={part} bare />
      {(part.oddities?.length ?? 0) > 0 && (
        <>
          <h4>{t('files.oddities')}</h4>
          <ul>
            {part.oddities?.map((odd, i) => (
              <li key={i}>
                <Quoted text={visible(say(odd.message))} />
                {odd.at != null && <span className="mono small"> @ {offset(odd.at)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      {(part.matches?.length ?? 0) > 0 && (
        <>
          <h4>{t('files.matches')}</h4>
          <Matches matches={part.matches ?? []} />
        </>
      )}
      {indicators.length > 0 && (
        <>
          <h4>
            {t('files.indicators')} {count(indicators.length, language)}
          </h4>
          <ul className="paper-indicators">
            {indicators.slice(0, INDICATORS_MAX).map((indicator, i) => (
              <li key={i}>
                <span className="muted">
                  {word(`console.files.indicator-${indicator.kind}`, indicator.kind)}
                </span>{' '}
                <Name text={indicator.value} className="mono anywhere" />
              </li>
            ))}
          </ul>
        </>
      )}
      {facts.length > 0 && (
        <>
          <h4>{t('files.facts')}</h4>
          <table className="fact-table">
            <tbody>
              {facts.map((fact, i) => (
                <tr key={i}>
                  <td className="mono">{fact.name}</td>
                  <td>
                    <Value fact={fact} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}
