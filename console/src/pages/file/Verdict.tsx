/** What counts for a file, and beside it what the rules say by themselves. */
import { LoadingOutlined } from '@ant-design/icons';
import { Alert } from 'antd';
import type { ReactNode } from 'react';
import type { FileDetail } from '../../api/model';
import { useActor } from '../../parts/actor';
import { count, instant } from '../../parts/format';
import { Shape } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { isMoving, toneOf, VerdictMark } from '../files/marks';
import { PartLink } from './PartLink';
import { overruledBy, type Node } from './parts';
import { overruling } from './saying';
import { Signers } from './Signers';

export function Verdict(props: { detail: FileDetail; nodes: ReadonlyMap<number, Node> | null }) {
  const { t, word, say, language } = useWords();
  const { file, report } = props.detail;
  const standing = file.standing ?? (report ? report.verdict.state : null);
  const tone = toneOf(standing);
  const overruled = overruledBy(props.detail);
  const score = report?.verdict.score ?? file.score;
  const n = (value: number) => count(value, language);
  return (
    <section className={`panel verdict-banner edge-${tone}`} aria-label={t('files.verdict')}>
      <div className="verdict-head">
        <span className={`tone-${tone}`}>
          <Shape tone={tone} size={34} />
        </span>
        <div className="verdict-words">
          <strong className={`tone-${tone}`}>
            {standing ? word(`console.files.verdict-${standing}`, standing) : t('files.verdict-none')}
          </strong>
          <span className="muted">
            {overruled
              ? visible(say(overruling(overruled.by)))
              : standing
                ? word(`console.files.means-${standing}`, '')
                : t('files.means-none')}
          </span>
        </div>
        {report && (
          <div className="verdict-ledger">
            {overruled && (
              <span className="line small">
                <span className="muted nowrap">{t('files.own-result')}</span>
                <VerdictMark verdict={report.verdict.state} />
              </span>
            )}
            <span
              className="line"
              role="img"
              aria-label={t('files.score-of', { n: n(score) })}
              title={t('files.score-of', { n: n(score) })}
            >
              <span className="verdict-score num">
                {n(score)}
                <small className="muted"> / 100</small>
              </span>
              <span className="bar" aria-hidden="true">
                <span
                  style={{
                    width: `${Math.min(100, score)}%`,
                    background: `var(--${toneOf(report.verdict.state)})`,
                  }}
                />
              </span>
            </span>
          </div>
        )}
      </div>
      <Signers detail={props.detail} />
      <Notes {...props} overruledPart={overruled && overruled.part !== 0 ? overruled.part : null} />
    </section>
  );
}

function Notes(props: {
  detail: FileDetail;
  nodes: ReadonlyMap<number, Node> | null;
  overruledPart: number | null;
}) {
  const { t, say, language } = useWords();
  const actor = useActor();
  const { nodes, overruledPart } = props;
  const { file, report, listed } = props.detail;
  const n = (value: number) => count(value, language);
  const unread = nodes ? [...nodes.values()].filter((node) => node.unread) : [];
  const [first] = unread;
  const inside = overruledPart === null ? undefined : nodes?.get(overruledPart)?.part;
  return (
    <>
      {isMoving(file.state) && (
        <Alert
          type="info"
          showIcon
          icon={<LoadingOutlined />}
          role="status"
          title={
            <Said
              what={
                <>
                  {t(`files.state-${file.state as 'waiting' | 'leased'}`)}
                  {file.state === 'leased' && file.worker && (
                    <>
                      {' · '}
                      <Name text={file.worker} />
                    </>
                  )}
                  {file.attempts > 1 && ` · ${t('files.attempt', { n: n(file.attempts) })}`}
                </>
              }
              more={report ? t('files.from-before', { at: instant(file.analysed) }) : t('files.follows')}
            />
          }
        />
      )}
      {file.state === 'set-aside' && (
        <Alert
          type="warning"
          showIcon
          title={
            <Said
              what={t('files.state-set-aside')}
              more={t('files.set-aside-means', { n: n(file.attempts) })}
            />
          }
        />
      )}
      {listed && (
        <p className="verdict-note">
          <span className={`chip first file-list-${listed.list}`}>{t(`files.list-${listed.list}`)}</span>
          <Name text={listed.reason} className="anywhere strong" />
          <span className="muted small num">
            {' '}
            — {actor(listed.owner)}, {instant(listed.added)}
          </span>
        </p>
      )}
      {inside && (
        <p className="verdict-note">
          {t('files.overruled-inside')}{' '}
          <PartLink part={inside.number}>
            <Name text={inside.path || inside.name} className="mono anywhere" />
          </PartLink>
        </p>
      )}
      {report?.broken && (
        <Alert
          type="error"
          showIcon
          title={<Said what={t('files.broken')} more={visible(say(report.broken))} />}
        />
      )}
      {report && !report.complete && !report.broken && (
        <p className="verdict-note tone-partial">
          <Shape tone="partial" size={13} />{' '}
          <strong>
            {unread.length > 0
              ? t('files.not-whole', { n: n(unread.length) })
              : t('files.not-whole-somewhere')}
          </strong>{' '}
          <span className="muted">{t('files.not-whole-means')}</span>{' '}
          {first && (
            <PartLink part={first.part.number} className="no-print">
              {t('files.see-unread')}
            </PartLink>
          )}
        </p>
      )}
      {!file.kept && <p className="verdict-note muted">{t('files.bytes-gone')}</p>}
    </>
  );
}

/** What is the matter, and behind it what it means, in one line where there is room. */
function Said({ what, more }: { what: ReactNode; more: string }) {
  return (
    <>
      <strong>{what}</strong> <span className="muted">{more}</span>
    </>
  );
}
