/** How checks stand: a shape, a colour and a word, and the same over many endpoints as a bar. */
import type { CheckSeverity, CheckState, CheckStep, CheckSummary } from '../../api/model';
import { count } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { useWords } from '../../words';
import { Told } from './marks';

export const AREAS = ['accounts', 'services', 'network', 'kernel', 'ssh'] as const;
export const STATES = ['not', 'unknown', 'compliant'] as const;

const STATE_TONES: Record<CheckState, Tone> = { compliant: 'fixed', not: 'open', unknown: 'unknown' };
const SEVERITY_TONES: Record<CheckSeverity, Tone> = { high: 'open', medium: 'blocked', low: 'unknown' };

export function StandingMark({ state }: { state: CheckState }) {
  const { t } = useWords();
  return <Mark tone={STATE_TONES[state]}>{t(`endpoints.check-state-${state}`)}</Mark>;
}

export function SeverityMark({ severity }: { severity: CheckSeverity }) {
  const { t } = useWords();
  return (
    <Mark tone={SEVERITY_TONES[severity]} bare>
      {t(`endpoints.check-severity-${severity}`)}
    </Mark>
  );
}

type Counts = Pick<CheckSummary, 'compliant' | 'not' | 'unknown'>;

/** What is as it should be first; the numbers say the same in words. */
export function ComplianceBar({ counts }: { counts: Counts }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const all = counts.compliant + counts.not + counts.unknown;
  if (all === 0) return <span className="muted">{t('endpoints.check-not-asked')}</span>;
  const parts: [CheckState, number][] = [
    ['compliant', counts.compliant],
    ['not', counts.not],
    ['unknown', counts.unknown],
  ];
  return (
    <div className="compliance">
      <span className="bar verdicts" aria-hidden="true">
        {parts
          .filter(([, value]) => value > 0)
          .map(([state, value]) => (
            <span key={state} className={`fill-${STATE_TONES[state]}`} style={{ flexGrow: value }} />
          ))}
      </span>
      <span className="small num">
        {t('endpoints.check-n-compliant', { n: n(counts.compliant), all: n(all) })}
        {counts.not > 0 && (
          <span className="tone-open"> · {t('endpoints.check-n-not', { n: n(counts.not) })}</span>
        )}
        {counts.unknown > 0 && (
          <span className="muted"> · {t('endpoints.check-n-unknown', { n: n(counts.unknown) })}</span>
        )}
      </span>
    </div>
  );
}

/** What an agent did about it. */
export function StepLine({ step }: { step: CheckStep | null | undefined }) {
  const { t } = useWords();
  if (!step) return null;
  const isBad = step.did === 'not_set' || step.did === 'not_undone';
  return (
    <div className={`small${isBad ? ' tone-blocked' : ''}`}>
      <span className="strong">{t(`endpoints.check-did-${step.did}`)}</span>
      {step.orders != null && (
        <span className="muted num"> · {t('endpoints.orders-version', { version: step.orders })}</span>
      )}
      {step.why && (
        <div>
          <Told message={step.why} className="anywhere" />
        </div>
      )}
    </div>
  );
}
