/** Rules of YARA that a part met, with what their authors said. */
import type { FileRuleMatch } from '../../api/model';
import { Name } from '../../parts/Name';
import { useWords, type WordKey } from '../../words';
import { offset, webAddress } from './parts';

export function Matches({ matches }: { matches: readonly FileRuleMatch[] }) {
  return (
    <ul className="matches">
      {matches.map((match, i) => (
        <li key={i}>
          <Match match={match} />
        </li>
      ))}
    </ul>
  );
}

function Match({ match }: { match: FileRuleMatch }) {
  const { t } = useWords();
  const web = webAddress(match.reference);
  const said: [WordKey, string | null | undefined][] = [
    ['files.author', match.author],
    ['files.licence', match.licence],
  ];
  return (
    <>
      <div>
        <strong className="mono anywhere">{match.rule}</strong>{' '}
        <span className="muted mono small">{match.namespace}</span>
        {match.score != null && (
          <span className="chip num">{t('files.author-score', { n: match.score })}</span>
        )}
        {[...(match.tags ?? []), ...(match.techniques ?? [])].map((tag) => (
          <span key={tag} className="chip">
            <Name text={tag} />
          </span>
        ))}
      </div>
      {match.description && (
        <div>
          <Name text={match.description} className="anywhere" />
        </div>
      )}
      <div className="muted small match-said">
        {said.map(
          ([name, value]) =>
            value && (
              <span key={name}>
                {t(name)} <Name text={value} className="anywhere" />
              </span>
            ),
        )}
        {match.reference && (
          <span>
            {t('files.reference')}{' '}
            {web ? (
              <a href={web} target="_blank" rel="noreferrer noopener" className="anywhere">
                {web}
              </a>
            ) : (
              <Name text={match.reference} className="anywhere" />
            )}
          </span>
        )}
      </div>
      {(match.strings?.length ?? 0) > 0 && (
        <div className="mono small muted match-strings">
          {match.strings?.slice(0, 20).map(([name, at], i) => (
            <span key={i}>
              {name} @ {offset(at)}
            </span>
          ))}
          {(match.strings?.length ?? 0) > 20 && <span>+{(match.strings?.length ?? 0) - 20}</span>}
        </div>
      )}
    </>
  );
}
