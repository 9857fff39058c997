/** Why a file is judged as it is: each rule that was met, what it counted, and where. */
import type { FileReason, FileReport } from '../../api/model';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { Quoted } from '../../parts/Says';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { useState } from 'react';
import type { Node } from './parts';
import { PartLink } from './PartLink';

/** More are shown when somebody asks for them. */
const FIRST = 12;

export function Reasons(props: { report: FileReport; nodes: ReadonlyMap<number, Node> }) {
  const { t, language } = useWords();
  const { report } = props;
  const { reasons, ledger } = report.verdict;
  const [all, setAll] = useState(false);
  const most = Math.max(1, ...reasons.map((reason) => Math.abs(reason.counted)));
  const shown = all ? reasons : reasons.slice(0, FIRST);
  return (
    <Panel
      title={t('files.reasons', { n: count(reasons.length, language) })}
      extra={
        <span className="muted small" title={report.versions.rules}>
          {t('files.versions', {
            ledger,
            readers: report.versions.readers,
            rules: report.versions.rules.slice(0, 8) || '—',
          })}
        </span>
      }
      flush
    >
      {reasons.length === 0 ? (
        <p className="padded muted">{t('files.no-reasons')}</p>
      ) : (
        <ol className="reasons">
          {shown.map((reason, i) => (
            <Reason key={i} reason={reason} most={most} nodes={props.nodes} />
          ))}
        </ol>
      )}
      {shown.length < reasons.length && (
        <p className="padded no-print">
          <button type="button" className="plain-link" onClick={() => setAll(true)}>
            {t('files.all-reasons', { n: count(reasons.length, language) })}
          </button>
        </p>
      )}
    </Panel>
  );
}

function Reason(props: { reason: FileReason; most: number; nodes: ReadonlyMap<number, Node> }) {
  const { t, say, language } = useWords();
  const { reason, most, nodes } = props;
  const { counted } = reason;
  const part = nodes.get(reason.part)?.part;
  const tone = counted > 0 ? 'open' : counted < 0 ? 'fixed' : 'unknown';
  const also = reason.also?.length ?? 0;
  const cut = counted !== reason.points;
  return (
    <li className={counted === 0 ? 'uncounted' : undefined}>
      <span className="reason-points" title={t('files.points', { n: reason.points, counted })}>
        <span className={`num strong ${counted === 0 ? 'muted' : `tone-${tone}`}`}>
          {counted > 0 ? `+${counted}` : counted === 0 ? '0' : `−${-counted}`}
          {cut && <small className="muted"> / {reason.points}</small>}
        </span>
        <span className="bar" aria-hidden="true">
          <span style={{ width: `${(Math.abs(counted) / most) * 100}%`, background: `var(--${tone})` }} />
        </span>
      </span>
      <div>
        <div className="reason-says">
          <Quoted text={visible(say(reason.message))} />
          {(reason.techniques ?? []).map((technique) => (
            <span key={technique} className="chip mono" title={t('files.technique')}>
              {technique}
            </span>
          ))}
          {reason.source === 'dynamic' && <span className="chip">{t('files.by-running')}</span>}
        </div>
        <div className="muted small">
          {part && (
            <>
              <PartLink part={reason.part}>
                {part.parent == null ? (
                  t('files.the-file-itself')
                ) : (
                  <Name text={part.path || part.name} className="mono anywhere" />
                )}
              </PartLink>
              {also > 0 && ` ${t('files.and-others', { n: count(also, language) })}`}
              {' · '}
            </>
          )}
          <span className="mono">{reason.rule}</span> v{reason.version} · {reason.family}
        </div>
      </div>
    </li>
  );
}
