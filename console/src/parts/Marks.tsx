/** States as people see them: a shape, a colour and a word, never a colour alone. */
import type { ReactNode } from 'react';
import { useWords } from '../words';
import type { Confidence, ExposureState, PlanState, Reach, Severity, Timeline } from '../api/model';

export type Tone = 'open' | 'blocked' | 'partial' | 'fixed' | 'unknown' | 'none' | 'accent';

const SHAPES: Record<Tone, ReactNode> = {
  // A filled octagon: reachable now.
  open: <path d="M4.100 1h5.800L13 4.100v5.800L9.900 13H4.100L1 9.900V4.100Z" fill="currentColor" />,
  // A shield half filled: the hole is there, something stands before it.
  blocked: (
    <>
      <path
        d="M7 1 12.500 3v4c0 3-2.300 5-5.500 6.200C3.800 12 1.500 10 1.500 7V3Z"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.500"
      />
      <path d="M7 2v10.500C4.300 11.300 2.200 9.500 2.200 7V3.600Z" fill="currentColor" />
    </>
  ),
  // A circle filled by half: the other half was not read.
  partial: (
    <>
      <circle cx="7" cy="7" r="5.500" fill="none" stroke="currentColor" strokeWidth="1.400" />
      <path d="M7 1.500a5.500 5.500 0 0 0 0 11Z" fill="currentColor" />
    </>
  ),
  fixed: (
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" />
      <path d="m4.200 7.200 2 2 3.700-4" fill="none" stroke="var(--panel)" strokeWidth="1.600" />
    </>
  ),
  unknown: (
    <>
      <circle
        cx="7"
        cy="7"
        r="5.500"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.400"
        strokeDasharray="2.600 1.800"
      />
      <path
        d="M5.400 5.600a1.700 1.700 0 1 1 2.300 1.600c-.5.200-.7.500-.7 1M7 10v.2"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.300"
        strokeLinecap="round"
      />
    </>
  ),
  none: <path d="M3 7h8" stroke="currentColor" strokeWidth="1.600" strokeLinecap="round" />,
  accent: (
    <rect x="2" y="2" width="10" height="10" rx="2" fill="none" stroke="currentColor" strokeWidth="1.500" />
  ),
};

export function Shape({ tone, size = 12 }: { tone: Tone; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 14 14" aria-hidden="true">
      {SHAPES[tone]}
    </svg>
  );
}

export function Mark({ tone, bare, children }: { tone: Tone; bare?: boolean; children: ReactNode }) {
  return (
    <span className={`mark ${tone}${bare ? ' bare' : ''}`}>
      <Shape tone={tone} />
      {children}
    </span>
  );
}

/** Open is red only while the port can be reached; a closed or filtered port in front of a hole is orange. */
export function toneOf(state: ExposureState, reach?: Reach): Tone {
  switch (state) {
    case 'open':
      return reach === 'closed' || reach === 'filtered' ? 'blocked' : 'open';
    case 'fixed':
      return 'fixed';
    case 'not-affected':
      return 'none';
    default:
      return 'unknown';
  }
}

export function StateMark({ state, reach }: { state: ExposureState; reach?: Reach | undefined }) {
  const { t } = useWords();
  return <Mark tone={toneOf(state, reach)}>{t(`state.${state}`)}</Mark>;
}

const REACH: Record<Reach, Tone> = { open: 'open', unknown: 'unknown', filtered: 'blocked', closed: 'fixed' };

/** `word` replaces the state's own word, where the thing itself is the better name (a port). */
export function ReachMark({ reach, word }: { reach: Reach; word?: string }) {
  const { t } = useWords();
  return (
    <Mark tone={REACH[reach]} bare>
      {word ?? t(`reach.${reach}`)}
      {word !== undefined && <span className="sr">{t(`reach.${reach}`)}</span>}
    </Mark>
  );
}

const PLAN: Record<PlanState, Tone> = {
  draft: 'none',
  approval: 'accent',
  running: 'accent',
  verifying: 'unknown',
  verified: 'fixed',
  'rolled-back': 'blocked',
  exception: 'blocked',
  failed: 'open',
};

export function PlanMark({ state, bare }: { state: PlanState; bare?: boolean }) {
  const { t } = useWords();
  return (
    <Mark tone={PLAN[state]} {...(bare && { bare })}>
      {t(`plan.${state}`)}
    </Mark>
  );
}

const URGENCY: Record<Timeline, Tone> = {
  now: 'open',
  'three-days-forensics': 'open',
  'three-days': 'open',
  'fourteen-days': 'blocked',
  'sixty-days': 'blocked',
  'next-upgrade': 'unknown',
  none: 'none',
};

export function UrgencyMark({ timeline, bare }: { timeline: Timeline; bare?: boolean }) {
  const { t } = useWords();
  return (
    <Mark tone={URGENCY[timeline]} {...(bare && { bare })}>
      {t(`urgency.${timeline}`)}
    </Mark>
  );
}

/** Shown only where the knowledge is not beyond doubt. */
export function ConfidenceMark({ confidence, always }: { confidence: Confidence; always?: boolean }) {
  const { t } = useWords();
  const sure = confidence === 'verified' || confidence === 'known';
  if (sure && !always) return null;
  return <Mark tone={sure ? 'fixed' : 'unknown'}>{t(`confidence.${confidence}`)}</Mark>;
}

const SEVERITY: Record<Severity, Tone> = {
  critical: 'open',
  important: 'blocked',
  moderate: 'unknown',
  low: 'none',
  info: 'none',
};

export function SeverityMark({ severity }: { severity: Severity | null | undefined }) {
  const { t } = useWords();
  if (!severity) return <span className="muted">—</span>;
  return (
    <Mark tone={SEVERITY[severity]} bare>
      {t(`severity.${severity}`)}
    </Mark>
  );
}
