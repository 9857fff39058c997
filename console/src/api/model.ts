/** The contract types by the names the pages use. */
import type { Message } from '../words/message';
export type { Message };

type Day = string;
type Instant = string;

export type ExposureState = 'open' | 'unknown' | 'fixed' | 'not-affected';
export type Reach = 'open' | 'unknown' | 'filtered' | 'closed';
export type Confidence = 'verified' | 'known' | 'disputed' | 'unverified';
export type Severity = 'info' | 'low' | 'moderate' | 'important' | 'critical';
export type PatchState = 'installed' | 'missing' | 'unknown' | 'none-exists' | 'not-applicable';
export type Situation = 'support-ended' | 'port-is-business' | 'patch-conflicts';
export type PlanState =
  | 'draft' | 'approval' | 'running' | 'verifying' | 'verified' | 'rolled-back' | 'exception' | 'failed';
export type Timeline =
  | 'now' | 'three-days-forensics' | 'three-days' | 'fourteen-days' | 'sixty-days' | 'next-upgrade' | 'none';
export type ActionKind =
  | 'nothing-to-do' | 'isolate' | 'collect-facts' | 'block-port' | 'disable-service' | 'disable-feature' | 'shield'
  | 'detect-outside' | 'base-patch' | 'key-patch' | 'upgrade-application' | 'upgrade-system' | 'replace-system'
  | 'examine' | 'verify' | 'roll-back';
export type SourceKind =
  | 'systeminfo' | 'update-list' | 'wanted-list' | 'nmap' | 'nessus' | 'openvas' | 'table' | 'script-result' | 'manual';
export type HostRole =
  | 'standalone workstation' | 'member workstation' | 'standalone server' | 'member server'
  | 'backup domain controller' | 'primary domain controller';
export type Standing = 'hit' | 'unknown' | 'clear';

export interface Business {
  group?: string; zone?: string; owner?: string; value?: number;
  needs_ports?: string[]; needs_services?: string[]; alternatives?: string[];
  conflicting_updates?: number[]; patch_conflict?: boolean; online?: boolean; exposed?: boolean; note?: string;
}
export interface HostFacts {
  name?: string; domain?: string; addresses?: string[]; macs?: string[]; product_id?: string;
  os: {
    name?: string | null; product?: string | null; edition?: string | null; family?: string | null; version?: string | null;
    build?: number | null; ubr?: number | null; service_pack?: number | null; arch?: string | null;
    role?: HostRole | null; language?: string | null; locale?: string | null; encoding?: string | null;
    evaluation?: boolean; r2?: boolean; basis?: 'unknown' | 'guessed' | 'stated';
  };
  updates: { known: boolean; complete: boolean; installed: number[]; claimed?: number | null; listed?: number | null };
  wanted?: number[];
  ports?: Record<string, { status: 'open' | 'filtered' | 'closed'; service?: string; product?: string }>;
  files?: Record<string, string>;
  services?: Record<string, string>;
  software?: { name: string; version?: string }[];
  smb1?: boolean;
  implants?: { weapon: string; evidence: string }[];
  scanner?: { check: string; title: string; severity?: Severity; cves?: string[]; port?: string; vulnerable?: boolean }[];
  business?: Business;
}
export interface Source { kind: SourceKind; path: string; sha256?: string; observed?: Instant }
export interface Oddity { message: Message; line?: number }
export interface Conflict { field: string; kept: string; kept_from: string; other: string; other_from: string }
export interface Observation { source: Source; facts: HostFacts; oddities?: Oddity[] }
export interface Host {
  id: string; facts: HostFacts; provenance: Record<string, number>; sources: Source[];
  conflicts?: Conflict[]; oddities?: Oddity[];
}
export interface Exposure {
  weapon: string; state: ExposureState; why: Message[]; patch: PatchState;
  base?: { steps: { id: string; any_of: number[]; reboot: boolean }[] };
  fixes?: number[]; reach: Reach; ports: string[]; confidence: Confidence; preconditions?: Message[];
}
export interface OpenCve { cve: string; severity: Severity | null; kev: boolean; component?: string }
export interface CveGroup { kb: number | null; cves: OpenCve[] }
export interface HostExposure {
  host: string; system: string | null; support_ended: Day | null; supported: boolean | null;
  weapons: Exposure[]; cves: CveGroup[]; open_cves: number; open_kev: number; gaps?: Message[];
}
export interface Decision { node: string; answer: Message; evidence?: Message[]; would_change?: Message[] }
export interface Action {
  kind: ActionKind; control?: string; any_of?: number[]; ports?: string[]; services?: string[];
  temporary: boolean; reboot: boolean; review_on?: Day; why: Message[];
}
export interface Step extends Action { number: number; weapons: string[] }
export interface Urgency {
  timeline: Timeline;
  basis: { kev: boolean; exposed: boolean; exposed_assumed: boolean; automatable: boolean; total_impact: boolean };
}
export interface Disposal { weapon: string; path: Decision[]; actions: Action[]; urgency: Urgency; situation?: Situation }
export interface HostPlan { id: string; host: string; day: Day; disposals: Disposal[]; steps: Step[]; urgency: Urgency }

export interface Facet { value: string; count: number }
export interface StateCounts { open: number; unknown: number; fixed: number; not_affected: number }
export interface HostRow {
  id: string; label: string; addresses: string[]; product: string | null; edition: string | null; version: string | null;
  service_pack: number | null; arch: string | null; role: HostRole | null; system: string | null; supported: boolean | null;
  group: string | null; zone: string | null; owner: string | null; value: number | null; standing: Standing;
  weapons: string[]; unknown_weapons: number; open_cves: number; open_kev: number; timeline: Timeline;
  plan_state: PlanState; last_seen: Instant | null; sources: SourceKind[];
}
export interface HostPage { rows: HostRow[]; next?: string; total: number; facets?: Record<string, Facet[]> }
export interface ScriptInfo { name: string; purpose: string; media_type: string; bytes: number; title: Message }
export interface PlanStanding {
  plan: string; state: PlanState; until?: Day; note?: string; changed?: Instant; next: PlanState[];
}
export interface PlanEvent { plan: string; at: Instant; from: PlanState | null; to: PlanState; by: string; note?: string }
export interface HostDetail {
  host: Host; row: HostRow; exposure: HostExposure; plan: HostPlan; standing: PlanStanding; history: PlanEvent[];
  scripts: ScriptInfo[];
}
export interface HostHistory { observations: Observation[]; conflicts: Conflict[] }
export interface PlanCard {
  plan: string; host: string; label: string; product: string | null; zone: string | null; group: string | null;
  state: PlanState; until: Day | null; timeline: Timeline; standing: Standing; weapons: string[];
  situations: Situation[]; steps: number; first: ActionKind | null;
}
export interface PlanCount { state: PlanState; count: number }
export interface PlanBoard { counts: PlanCount[]; cards: PlanCard[]; next?: string }
export interface ResultsReport {
  files: { path: string; host?: string; plan?: string; state?: PlanState; messages: Message[] }[];
}

export interface HostCounts { total: number; hit: number; unknown: number; clear: number }
export interface FleetAction {
  rank: number; kind: ActionKind; title: Message; kb: number | null; any_of: number[]; control?: string; ports: string[];
  weapons: string[]; hosts: number; exposures_closed: number; risk_removed: number; bytes?: number; minutes?: number;
  why: Message[]; query: string;
}
export interface FleetActions { day: Day; actions: FleetAction[]; left: number }
export interface KnowledgeAge { part: string; version: string; date: Day | null; rows: number; stale: boolean }
export interface WeaponCount { id: string; name: string; counts: StateCounts }
export interface Overview {
  day: Day; hosts: HostCounts; weapons: WeaponCount[];
  blind_spots: { what: Message; hosts: number; query: string }[];
  actions: FleetAction[]; plans: PlanCount[]; knowledge: KnowledgeAge[];
  trend: { at: Instant; hosts: HostCounts }[]; jobs: Job[];
}
export interface WhatIf { updates?: number[]; close_ports?: string[]; group?: string; zone?: string }
export interface WhatIfAnswer {
  before: HostCounts; after: HostCounts;
  weapons: { id: string; before: StateCounts; after: StateCounts; reachable_before: number; reachable_after: number }[];
  touched: number; warnings: Message[];
}

export interface WeaponRow {
  id: string; name: string; cves: string[]; bulletin: string | null; ports: string[]; confidence: Confidence; counts: StateCounts;
}
export interface WeaponDetail { row: WeaponRow; knowledge: unknown }
export type ExposureColor = 'reachable-now' | 'present-blocked' | 'remediated' | 'unknown';
export interface ExposureRow {
  host: string; label: string; addresses: string[]; product: string | null; zone: string | null; group: string | null;
  weapon: string; state: ExposureState; reach: Reach; ports: string[]; fixes: number[]; confidence: Confidence;
  why: Message[]; color: ExposureColor;
}
export interface ExposurePage { rows: ExposureRow[]; next?: string; total: number; facets?: Record<string, Facet[]> }
export interface GraphNode {
  id: string; kind: 'weapon' | 'vulnerability' | 'system'; label: string; confidence?: Confidence; hosts: StateCounts;
}
export interface GraphEdge { from: string; to: string; confidence?: Confidence; hosts: StateCounts }
export interface Graph { nodes: GraphNode[]; edges: GraphEdge[] }

export type JobState = 'queued' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled';
export type JobKind = 'import' | 'knowledge-import' | 'reassess' | 'backup' | 'demo';
export interface Job {
  id: string; kind: JobKind; state: JobState; title: Message; done: number; total: number; created: Instant;
  started?: Instant; finished?: Instant; by: string; error?: Message;
}
export interface JobDetail { job: Job; log: { at: Instant; message: Message }[] }
export interface JobList { jobs: Job[]; next?: string }
export type Notice =
  | { kind: 'job'; job: Job } | { kind: 'hosts'; changed: number } | { kind: 'plans'; plan: string }
  | { kind: 'knowledge' } | { kind: 'lagged'; missed: number };
export interface ImportAccepted { job: Job; files: number; bytes: number }
export interface ImportFile { path: string; kind?: SourceKind; hosts: number; refusal?: Message; oddities: Message[] }
export interface ImportTable {
  path: string; sheet?: string; columns: string[]; rows: string[][]; total_rows: number;
  guess: Record<string, string>; fields: string[];
}
export interface ImportDetail {
  job: Job;
  counts: { files: number; read: number; refused: number; oddities: number; hosts: number; new_hosts: number };
  files: ImportFile[]; tables: ImportTable[]; hosts: string[];
}

export type Role = string;
export type Permission = string;
export interface Status { version: string; setup_needed: boolean; demo: boolean; languages: string[] }
export interface Me {
  id: string; name: string; roles: Role[]; permissions: Permission[]; csrf?: string; expires?: Instant; token?: string;
}
export interface User { id: string; name: string; roles: Role[]; disabled: boolean; created: Instant; last_login?: Instant }
export interface Token {
  id: string; name: string; user: string; scopes: Permission[]; created: Instant; expires?: Instant; last_used?: Instant;
}
export interface TokenCreated { token: Token; secret: string }
export interface SystemInfo {
  version: string; started: Instant; data_directory: string; database: string; database_bytes: number | null;
  memory_bytes: number | null; disk_free_bytes: number | null; listen: string;
  tls: { subject: string; not_after: Instant; authority_sha256: string } | null; accounts: number; duties_separated: boolean;
}
export interface KnowledgeInfo { parts: KnowledgeAge[]; weapons: number; systems: number }
export interface AuditEntry {
  sequence: number; at: Instant; actor: string; address: string; action: string; object: string; detail: unknown; hash: string;
}
export interface AuditPage { entries: AuditEntry[]; next?: string }
export interface AuditVerification { whole: boolean; entries: number; broken_at?: number }
export interface SearchHit {
  kind: 'host' | 'weapon' | 'update' | 'vulnerability'; id: string; label: string; detail?: Message; hosts?: number;
}
export interface SearchAnswer { hits: SearchHit[] }
