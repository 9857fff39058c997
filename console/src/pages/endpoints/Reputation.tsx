/** Why a file stands where it does: every term as a bar for or against it, and what would move it. */
import { Link } from 'react-router';
import type { FileReputation } from '../../api/model';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { barsOf } from './telling';

const points = (value: number) =>
  `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(1).replace(/\.0$/, '')}`;

export function Reputation({ reputation }: { reputation: FileReputation }) {
  const { t, say, language } = useWords();
  const { reputation: value, trusted_from: from, terms, changes } = reputation;
  const trusted = value >= from;
  return (
    <div className="reputation">
      <div className="line wrap reputation-head">
        <strong className={`num tone-${trusted ? 'fixed' : value < 30 ? 'blocked' : 'unknown'}`}>
          {value}
        </strong>
        <span
          className="reputation-scale"
          role="img"
          aria-label={t('endpoints.reputation-scale', { value, from })}
        >
          <span className="at" style={{ left: `${value}%` }} />
          <span className="from" style={{ left: `${from}%` }} title={t('endpoints.trusted-from', { from })} />
        </span>
        <span className="muted small">
          {t('endpoints.trusted-from', { from })} ·{' '}
          <Link to={`/endpoints/executions?outcome=all&file=${reputation.sha256}`} className="num">
            {t('endpoints.n-hosts', { n: count(reputation.hosts, language) })}
          </Link>
        </span>
      </div>
      <p className="muted small">{t('endpoints.reputation-means')}</p>
      <table className="terms" aria-label={t('endpoints.terms')}>
        <thead>
          <tr>
            <th scope="col">{t('endpoints.term')}</th>
            <th scope="col" className="against">
              {t('endpoints.against')}
            </th>
            <th scope="col" className="for">
              {t('endpoints.for')}
            </th>
            <th scope="col" className="num">
              {t('endpoints.points')}
            </th>
            <th scope="col" className="num" title={t('endpoints.without-means')}>
              {t('endpoints.without')}
            </th>
          </tr>
        </thead>
        <tbody>
          {barsOf(terms).map(({ term, width, side }) => (
            <tr key={term.name} className={side === 'none' ? 'muted' : undefined}>
              <th scope="row">
                <Name text={say(term.words)} className="anywhere" />
              </th>
              <td className="against">
                {side === 'against' && <span style={{ width: `${width}%` }} aria-hidden="true" />}
              </td>
              <td className="for">
                {side === 'for' && <span style={{ width: `${width}%` }} aria-hidden="true" />}
              </td>
              <td className="num">{points(term.points)}</td>
              <td className="num muted">{term.without ?? '—'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {changes.length > 0 && (
        <>
          <h3>{t('endpoints.would-change')}</h3>
          <ul className="rows would-change">
            {changes.map((change, i) => (
              <li key={i}>
                <Name text={say(change.words)} className="anywhere" />
                <span className="num nowrap">
                  {value} →{' '}
                  <strong className={change.reputation >= value ? 'tone-fixed' : 'tone-blocked'}>
                    {change.reputation}
                  </strong>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
