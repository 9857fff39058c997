/** All that is known of one part: what it is, what is odd about it, its facts, rules that it met, what it names. */
import { Alert, Tabs } from 'antd';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import type { FileOddity, FilePart, FileReason } from '../../api/model';
import { Copy } from '../../parts/Copy';
import { bytes, count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Quoted } from '../../parts/Says';
import { visible } from '../../parts/visible';
import { useWords, type WordKey } from '../../words';
import { useGroupName } from '../files/marks';
import { Facts } from './Facts';
import { Indicators } from './Indicators';
import { Matches } from './Matches';
import { offset, type Node } from './parts';
import { keptOf, unreadOf } from './saying';

/** Of many the rest is shown when somebody asks for it. */
const ODDITIES_FIRST = 8;

type Tab = 'what' | 'facts' | 'matches' | 'indicators';

/** Stays when another part is chosen, as long as that one has it too. */
let chosen: Tab = 'what';

export function PartView(props: {
  node: Node;
  nodes: ReadonlyMap<number, Node>;
  reasons: readonly FileReason[];
  onPick: (part: number) => void;
}) {
  const { t, language } = useWords();
  const { part } = props.node;
  const { facts = [], matches = [], indicators = [] } = part;
  const has: Record<Tab, number> = {
    what: 1,
    facts: facts.length,
    matches: matches.length,
    indicators: indicators.length,
  };
  const [tab, setTab] = useState<Tab>(has[chosen] > 0 ? chosen : 'what');
  const label = (name: WordKey, n: number) => (
    <>
      {t(name)} <span className="count-badge num">{count(n, language)}</span>
    </>
  );
  return (
    <div className="part-view">
      <div className="part-path">
        <Name text={part.path || part.name} className="mono anywhere" />
        <Copy text={part.path || part.name} what={t('files.path')} />
      </div>
      <Tabs
        size="small"
        activeKey={tab}
        onChange={(next) => {
          chosen = next as Tab;
          setTab(next as Tab);
        }}
        items={[
          {
            key: 'what',
            label: t('files.what-it-is'),
            children: <What {...props} />,
          },
          {
            key: 'facts',
            label: label('files.facts', facts.length),
            disabled: facts.length === 0,
            children: <Facts facts={facts} />,
          },
          {
            key: 'matches',
            label: label('files.matches', matches.length),
            disabled: matches.length === 0,
            children: <Matches matches={matches} />,
          },
          {
            key: 'indicators',
            label: label('files.indicators', indicators.length),
            disabled: indicators.length === 0,
            children: <Indicators indicators={indicators} />,
          },
        ]}
      />
    </div>
  );
}

function What(props: {
  node: Node;
  nodes: ReadonlyMap<number, Node>;
  reasons: readonly FileReason[];
  onPick: (part: number) => void;
}) {
  const words = useWords();
  const { t, say } = words;
  const { node, nodes, onPick } = props;
  const { part } = node;
  const unread = unreadOf(words, part.outcome);
  const reasons = props.reasons.filter(
    (reason) => reason.part === part.number || reason.also?.includes(part.number),
  );
  const same = typeof part.outcome === 'object' && 'same' in part.outcome ? part.outcome.same : null;
  const twin = same === null ? undefined : nodes.get(same)?.part;
  return (
    <div className="grid">
      {unread && (
        <Alert
          type="warning"
          showIcon
          title={
            <>
              {unread} <span className="muted">{t('files.unread-means')}</span>
            </>
          }
        />
      )}
      {twin && (
        <Alert
          type="info"
          showIcon
          title={
            <>
              {t('files.same-as')}{' '}
              <button type="button" className="plain-link" onClick={() => onPick(twin.number)}>
                <Name text={twin.path || twin.name} className="mono anywhere" />
              </button>
            </>
          }
        />
      )}
      {part.file?.mismatch != null && (
        <Alert
          type="warning"
          showIcon
          title={t('files.mismatch', { extension: visible(part.file.mismatch), kind: part.file.kind })}
        />
      )}
      {reasons.length > 0 && (
        <ul className="part-reasons">
          {reasons.map((reason, i) => (
            <li key={i}>
              <span
                className={`num strong ${reason.counted > 0 ? 'tone-open' : reason.counted < 0 ? 'tone-fixed' : 'muted'}`}
              >
                {reason.part !== part.number
                  ? t('files.too')
                  : reason.counted > 0
                    ? `+${reason.counted}`
                    : reason.counted < 0
                      ? `−${-reason.counted}`
                      : '0'}
              </span>
              <span>
                <Quoted text={visible(say(reason.message))} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {part.oddities && part.oddities.length > 0 && <Oddities oddities={part.oddities} />}
      <Identity part={part} />
    </div>
  );
}

function Oddities({ oddities }: { oddities: FileOddity[] }) {
  const { t, say, language } = useWords();
  const [all, setAll] = useState(false);
  const shown = all ? oddities : oddities.slice(0, ODDITIES_FIRST);
  return (
    <section aria-label={t('files.oddities')}>
      <h3 className="part-title">
        {t('files.oddities')} <span className="count-badge num">{count(oddities.length, language)}</span>
      </h3>
      <ul className="oddities">
        {shown.map((odd, i) => (
          <li key={i}>
            <Quoted text={visible(say(odd.message))} />
            {odd.at != null && <span className="muted mono small"> @ {offset(odd.at)}</span>}
          </li>
        ))}
      </ul>
      {shown.length < oddities.length && (
        <button type="button" className="plain-link small" onClick={() => setAll(true)}>
          {t('files.more-texts', { n: count(oddities.length - shown.length, language) })}
        </button>
      )}
    </section>
  );
}

export function Identity({ part, bare }: { part: FilePart; bare?: boolean }) {
  const words = useWords();
  const { t, word, language } = words;
  const group = useGroupName();
  const { file } = part;
  const digest = (value: string) => (
    <span className="digest">
      <span className="mono anywhere">{value}</span>
      {!bare && <Copy text={value} />}
    </span>
  );
  const facts: [string, ReactNode][] = [];
  if (file) {
    facts.push(
      [
        t('files.type'),
        <>
          <span className="mono strong">{file.kind}</span> · {group(file.group)} ·{' '}
          <span className="mono">{file.mime}</span>
          {file.encoding && ` · ${file.encoding}`}{' '}
          <span className="muted">({word(`console.files.by-${file.by}`, file.by)})</span>
        </>,
      ],
      [
        t('files.size'),
        <span className="num">
          {bytes(file.size, language)}{' '}
          <span className="muted">{t('files.n-bytes', { n: count(file.size, language) })}</span>
        </span>,
      ],
    );
    if (file.also && file.also.length > 0)
      facts.push([
        t('files.also'),
        <span className="mono">
          {file.also.map((also) => `${also.kind} @ ${offset(also.at)}`).join(' · ')}
        </span>,
      ]);
  } else facts.push([t('files.type'), <span className="muted">{t('files.no-bytes')}</span>]);
  if (part.parent != null)
    facts.push([
      t('files.storage'),
      <>
        {keptOf(words, part)}
        {part.at != null && <span className="muted mono small"> @ {offset(part.at)}</span>}
      </>,
    ]);
  if (file) {
    facts.push([
      'SHA-256',
      <>
        {digest(file.sha256)}
        {!bare && part.parent != null && (
          <Link className="small nowrap" to={`/files?q=${file.sha256}`}>
            {t('files.find-alone')}
          </Link>
        )}{' '}
        {!bare && (
          <Link
            className="small nowrap"
            to={`/network/hunts?${new URLSearchParams({ look: `sha256,${file.sha256}` }).toString()}`}
          >
            {t('files.look-back')}
          </Link>
        )}
      </>,
    ]);
    const digests = [
      ['SHA-1', file.sha1],
      ['MD5', file.md5],
      ['TLSH', file.tlsh],
      ['ssdeep', file.ssdeep],
    ] as const;
    for (const [name, value] of digests) {
      if (value) facts.push([name, digest(value)]);
    }
  }
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
