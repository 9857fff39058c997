/** Facts that the reader of a format told, by what they are about. What is absent, failed or cut off says so. */
import { Fragment, useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import type { FileFact } from '../../api/model';
import { Copy } from '../../parts/Copy';
import { count } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { SearchBox } from '../../parts/SearchBox';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { grouped, offset, utc } from './parts';

/** Of a long list the rest is shown when somebody asks for it. */
const TEXTS_FIRST = 8;

export function Facts({ facts }: { facts: readonly FileFact[] }) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const asked = useDeferredValue(text);
  const groups = useMemo(() => grouped(facts, asked), [facts, asked]);
  return (
    <>
      <div className="filters plain">
        <SearchBox value={text} label={t('files.fact-search')} width={260} onSearch={setText} />
      </div>
      <div>
        <table className="fact-table" aria-label={t('files.facts')}>
          <tbody>
            {groups.map((group) => (
              <Fragment key={group.namespace}>
                <tr>
                  <th colSpan={3} scope="colgroup">
                    {group.namespace} <span className="count-badge num">{group.facts.length}</span>
                  </th>
                </tr>
                {group.facts.map((fact, i) => (
                  <tr key={i}>
                    <td className="mono">{fact.name}</td>
                    <td>
                      <Value fact={fact} />
                    </td>
                    <td className="mono muted small">{fact.at != null && offset(fact.at)}</td>
                  </tr>
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
        {groups.length === 0 && <p className="padded muted">{t('empty.filtered')}</p>}
      </div>
    </>
  );
}

export function Value({ fact }: { fact: FileFact }): ReactNode {
  const { t, say, word } = useWords();
  switch (fact.type) {
    case 'flag':
      return t(fact.value ? 'business.yes' : 'business.no');
    case 'integer':
      return (
        <span className="num" title={fact.value >= 0 ? `0x${fact.value.toString(16)}` : undefined}>
          {fact.value}
        </span>
      );
    case 'real':
      return <span className="num">{Number(fact.value.toPrecision(6))}</span>;
    case 'time':
      return <span className="num">{utc(fact.value)}</span>;
    case 'digest':
      return (
        <span className="digest">
          <span className="mono anywhere">{fact.value}</span>
          <Copy text={fact.value} what={fact.name} />
        </span>
      );
    case 'text':
      return fact.value === '' ? (
        <span className="muted">{t('files.empty-text')}</span>
      ) : (
        <span className="digest">
          <Name text={fact.value} className="anywhere" />
          <Copy text={fact.value} what={fact.name} />
        </span>
      );
    case 'texts':
      return <Texts texts={fact.value} />;
    case 'absent':
      return <span className="muted">{t('files.absent')}</span>;
    case 'failed':
      return (
        <Mark tone="blocked" bare>
          <span className="wrap-words">{t('files.fact-failed', { why: visible(say(fact.value)) })}</span>
        </Mark>
      );
    case 'limited':
      return (
        <Mark tone="partial" bare>
          <span className="wrap-words">
            {t('files.limited', { what: word(`console.files.limit-${fact.value}`, fact.value) })}
          </span>
        </Mark>
      );
  }
}

function Texts({ texts }: { texts: readonly string[] }) {
  const { t, language } = useWords();
  const [all, setAll] = useState(false);
  const shown = all ? texts : texts.slice(0, TEXTS_FIRST);
  if (texts.length === 0) return <span className="muted">{t('files.empty-text')}</span>;
  return (
    <ul className="fact-texts">
      {shown.map((text, i) => (
        <li key={i}>
          <Name text={text} className="anywhere" />
        </li>
      ))}
      {shown.length < texts.length && (
        <li>
          <button type="button" className="plain-link small no-print" onClick={() => setAll(true)}>
            {t('files.more-texts', { n: count(texts.length - shown.length, language) })}
          </button>
        </li>
      )}
    </ul>
  );
}
