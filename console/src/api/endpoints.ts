/** Stands for the generated types until the server has them. */
import type { Message } from '../words';

export type EndpointState = 'connected' | 'away' | 'revoked';
export type PolicyMode = 'observe' | 'simulate' | 'enforce';
export type ExecutionKind = 'program' | 'script' | 'library' | 'nameless';
export type ExecutionOrigin =
  | { package: { name: string } }
  | { changed_package: { name: string } }
  | { publisher: { name: string } }
  | 'nobody';
export type ExecutionOutcome = 'ran' | 'would_block' | 'blocked';
export type ExecutionRung =
  'denied' | 'allowed' | 'package' | 'publisher' | 'deployer' | 'reputation' | 'unknown' | 'undecided';
export interface ExecutionVerdict {
  may: boolean;
  rung: ExecutionRung;
  why: Message;
}
export type PolicyThreshold = 'off' | { from: number };
export type PolicyTelemetry = 'executions' | 'libraries' | 'processes' | 'network' | 'baseline';
export type PolicySetting =
  | 'mode'
  | 'trust_packages'
  | 'reputation_from'
  | 'unknown_may'
  | 'undecided_may'
  | 'undo_bytes_max'
  | 'kept_hours'
  | 'heartbeat_seconds'
  | 'telemetry'
  | 'denied'
  | 'allowed'
  | 'publishers'
  | 'deployers'
  | 'deployed'
  | 'protected'
  | 'guard_allowed'
  | 'baseline'
  | 'break_glass';
export interface PolicySettings {
  mode?: PolicyMode | null;
  trust_packages?: boolean | null;
  reputation_from?: PolicyThreshold | null;
  unknown_may?: boolean | null;
  undecided_may?: boolean | null;
  undo_bytes_max?: number | null;
  kept_hours?: number | null;
  heartbeat_seconds?: number | null;
  telemetry?: PolicyTelemetry[] | null;
  denied?: string[];
  allowed?: string[];
  publishers?: string[];
  deployers?: string[];
  deployed?: string[];
  protected?: string[];
  guard_allowed?: string[];
  baseline?: string[];
}
export interface BreakGlass {
  group: string;
  who: string;
  why: string;
  from: number;
  until: number;
}
export interface Sourced<T> {
  value: T;
  from?: string | null;
}
export type Listed = Record<string, string[]>;
export interface PolicyOverruled {
  sha256: string;
  allowed_by: string[];
  denied_by: string[];
}
export interface PolicyEffective {
  group: string;
  path: string[];
  mode: Sourced<PolicyMode>;
  trust_packages: Sourced<boolean>;
  reputation_from: Sourced<PolicyThreshold>;
  unknown_may: Sourced<boolean>;
  undecided_may: Sourced<boolean>;
  undo_bytes_max: Sourced<number>;
  kept_hours: Sourced<number>;
  heartbeat_seconds: Sourced<number>;
  telemetry: Sourced<PolicyTelemetry[]>;
  denied: Listed;
  allowed: Listed;
  overruled: PolicyOverruled[];
  publishers: Listed;
  deployers: Listed;
  deployed: Listed;
  protected: Listed;
  guard_allowed: Listed;
  baseline: Listed;
  break_glass?: BreakGlass | null;
}
export type PolicyDirection = 'tightens' | 'loosens';
export interface PolicyChanged {
  setting: PolicySetting;
  direction: PolicyDirection;
  words: Message;
  entries?: string[];
}
export interface LockoutBlocked {
  path: string;
  sha256?: string | null;
  kind: ExecutionKind;
  rung: ExecutionRung;
  why: Message;
  hosts: Record<string, { count: number; last: number }>;
}
export interface LockoutEssential {
  path: string;
  sha256?: string | null;
  why: Message;
  hosts: string[];
}
export interface Lockout {
  blocked: LockoutBlocked[];
  essential: LockoutEssential[];
  hosts_without_history: string[];
  hosts_with_history: number;
  unseen: Message[];
}
export type PolicyRequestState =
  'proposed' | 'approved' | 'rejected' | 'withdrawn' | 'expired' | 'applied' | 'rolled_back';
export type PolicyStep = 'propose' | 'approve' | 'reject' | 'withdraw' | 'expire' | 'apply' | 'roll_back';
export interface PolicyDeed {
  step: PolicyStep;
  by?: string | null;
  at: number;
  why?: string;
}
export interface PolicyRequest {
  content: string;
  basis: number;
  needs_two: Message[];
  expires: number;
  state: PolicyRequestState;
  deeds: PolicyDeed[];
}
export interface EndpointCounts {
  decided?: number;
  blocked?: number;
  undecided?: number;
  overflows?: number;
  protected?: number;
  undo_bytes?: number;
  undo_bytes_max?: number;
  waiting?: number;
  shed?: number;
}
export interface EndpointReport {
  version: string;
  machine?: string;
  system?: string;
  kernel?: string;
  began?: number;
  now?: number;
  orders?: number | null;
  reputation?: number | null;
  group?: string | null;
  mode?: PolicyMode;
  refused?: Message | null;
  gaps?: Message[];
  telemetry?: PolicyTelemetry[];
  counts?: EndpointCounts;
}
export interface EndpointRan {
  kind: ExecutionKind;
  path: string;
  sha256?: string | null;
  origin: ExecutionOrigin;
  writer?: string | null;
  parent?: string | null;
  user?: number | null;
  bytes?: number | null;
  outcome: ExecutionOutcome;
  verdict: ExecutionVerdict;
  count: number;
  essential?: boolean;
}
export interface EndpointProgram {
  path: string;
  sha256?: string | null;
  origin?: ExecutionOrigin | null;
  command_line?: string | null;
}
export interface EndpointStopped {
  incident: string;
  program?: EndpointProgram | null;
  ancestors?: EndpointProgram[];
  processes: number;
  touched: number;
  points: number;
  reasons: Message[];
}
export type UndoneHow = 'restored' | 'beside' | 'evidence' | 'failed';
export interface FileUndone {
  path: string;
  how: UndoneHow;
  why?: string | null;
}
export interface EndpointRestored {
  incident: string;
  restored: number;
  beside: number;
  evidence: number;
  failed: number;
  files?: FileUndone[];
}
export type AlarmLevel = 'informational' | 'low' | 'medium' | 'high' | 'critical';
export interface EndpointAlarm {
  rule: string;
  message: Message;
  level: AlarmLevel;
  tags?: string[];
  program?: EndpointProgram | null;
  ancestors?: EndpointProgram[];
}

export interface EndpointHealth {
  endpoints: number;
  connected: number;
  with_gaps: number;
  behind: number;
  modes: Record<string, number>;
  versions: Record<string, number>;
  incidents: number;
  would_block: number;
  proposed: number;
}
export interface EndpointRow {
  endpoint: string;
  collector: string;
  machine: string;
  system: string;
  version: string;
  group: string;
  group_name: string;
  state: EndpointState;
  mode: PolicyMode;
  orders?: number | null;
  orders_wanted: number;
  refused?: Message | null;
  gaps: Message[];
  added: string;
  heard: string;
  host?: string | null;
}
export interface EndpointPage {
  link: boolean;
  health: EndpointHealth;
  rows: EndpointRow[];
  total: number;
  next?: string | null;
}
export type EndpointDetail = EndpointRow & { report: EndpointReport; effective?: PolicyEffective | null };
export interface MoveEndpoint {
  group: string;
  why: string;
}
export interface EndpointGroup {
  id: string;
  name: string;
  parent?: string | null;
  settings: PolicySettings;
  mode: PolicyMode;
  glass?: BreakGlass | null;
  endpoints: number;
  endpoints_below: number;
  orders: number;
}
export interface DeniedEverywhere {
  sha256: string;
  path: string;
  endpoint: string;
  incident: string;
  added: string;
}
export interface EndpointGroups {
  version: number;
  groups: EndpointGroup[];
  denied: DeniedEverywhere[];
}
export type EndpointGroupDetail = EndpointGroup & { version: number; effective: PolicyEffective };
export type PolicyProposal =
  | { kind: 'create'; id: string; name: string; parent: string; settings: PolicySettings }
  | { kind: 'settings'; group: string; settings: PolicySettings }
  | { kind: 'rename'; group: string; name: string }
  | { kind: 'move'; group: string; parent: string }
  | { kind: 'remove'; group: string }
  | { kind: 'break-glass'; group: string; minutes: number }
  | { kind: 'mend-glass'; group: string };
export interface ProposeChange {
  proposal: PolicyProposal;
  basis: number;
  why: string;
}
export interface TriedRules {
  outlook: 'clear' | 'unknown' | 'refused';
  message: Message;
  days: number;
  blocked_files: number;
  hosts_unknown: number;
  lockout: Lockout;
}
export interface TriedGroup {
  group: string;
  name: string;
  endpoints: number;
  changes: PolicyChanged[];
  lockout?: TriedRules | null;
}
export interface PolicyTrial {
  basis: number;
  groups: TriedGroup[];
  endpoints: number;
  needs_two: Message[];
  refused?: Message | null;
}
export interface ChangeOutcome {
  applied: boolean;
  id: number;
  trial: PolicyTrial;
}
export interface PolicyChangeRow {
  id: number;
  group: string;
  proposal: PolicyProposal;
  request: PolicyRequest;
  made: string;
  changed: string;
  denied?: Message | null;
}
export interface PolicyChangePage {
  rows: PolicyChangeRow[];
  total: number;
  next?: string | null;
}
export type ChangeDecision = 'approve' | 'reject' | 'withdraw' | 'take-back';
export interface ExecutedRow {
  ran: EndpointRan;
  first: string;
  last: string;
  times: number;
  endpoints: number;
  would_block: number;
  blocked: number;
  reputation?: number | null;
}
export interface ExecutedPage {
  rows: ExecutedRow[];
  total: number;
  next?: string | null;
}
export interface EndpointExecution {
  endpoint: string;
  machine: string;
  ran: EndpointRan;
  first: string;
  last: string;
  times: number;
}
export interface EndpointExecutions {
  rows: EndpointExecution[];
}
export interface ReputationTerm {
  name: string;
  points: number;
  words: Message;
  without?: number | null;
}
export interface ReputationChange {
  words: Message;
  reputation: number;
}
export interface FileReputation {
  sha256: string;
  reputation: number;
  trusted_from: number;
  terms: ReputationTerm[];
  changes: ReputationChange[];
  hosts: number;
}
export interface IncidentSummary {
  id: number;
  endpoint: string;
  machine: string;
  at: string;
  program?: string | null;
  sha256?: string | null;
  touched: number;
  restored: number;
  beside: number;
  failed: number;
  denied: boolean;
}
export interface IncidentPage {
  rows: IncidentSummary[];
  total: number;
  next?: string | null;
}
export type IncidentDetail = IncidentSummary & {
  stopped?: EndpointStopped | null;
  undone?: EndpointRestored | null;
  elsewhere: EndpointExecution[];
};
export interface AlarmSummary {
  id: number;
  endpoint: string;
  machine: string;
  at: string;
  alarm: EndpointAlarm;
}
export interface AlarmPage {
  rows: AlarmSummary[];
  total: number;
  next?: string | null;
}
