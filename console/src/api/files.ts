/** Stands in for the contract of files until its description is generated. */
import type { Message } from './model';

export type FileState = 'waiting' | 'leased' | 'done' | 'set-aside';
export type FileSource = 'upload' | 'wire' | 'folder' | 'endpoint';
export type FileList = 'allow' | 'deny';
export type FileSort = 'last-seen' | 'score';
export interface FileRow {
  sha256: string;
  size: number;
  name: string;
  kept: boolean;
  first_seen: string;
  last_seen: string;
  hosts: number;
  state: FileState;
  attempts: number;
  worker?: string | null;
  analysed?: string | null;
  standing?: string | null;
  verdict?: string | null;
  score: number;
  type?: string | null;
  group?: string | null;
  mime?: string | null;
  parts: number;
  took_ms: number;
  list?: FileList | null;
}
export interface FilePage {
  rows: FileRow[];
  next?: string | null;
  total: number;
}
export interface FileCount {
  value: string;
  files: number;
}
export interface FileWorker {
  name: string;
  last_seen: string;
  finished: number;
}
export interface FileOverview {
  files: number;
  kept_bytes: number;
  verdicts: FileCount[];
  groups: FileCount[];
  waiting: number;
  leased: number;
  set_aside: number;
  oldest?: string | null;
  workers: FileWorker[];
  trouble?: Message | null;
  upload_bytes_max: number;
}
export interface FileListed {
  list: FileList;
  reason: string;
  owner: string;
  added: string;
}
export interface FileListedPart {
  part: number;
  list: FileList;
}
export interface FileSighting {
  host?: string | null;
  source: FileSource;
  name: string;
  times: number;
  first_seen: string;
  last_seen: string;
}
export interface FileWithin {
  sha256: string;
  name: string;
  path: string;
}
export interface FilePivot {
  kind: string;
  value: string;
  files: number;
}
export interface FileAlike {
  distance: number;
  sha256: string;
  name: string;
  type?: string | null;
  standing?: string | null;
}
export interface FileAccepted {
  name: string;
  sha256: string;
  size: number;
  known: boolean;
  state: FileState;
}
export interface FilesAccepted {
  files: FileAccepted[];
}
export interface AnalysedAgain {
  files: number;
}
export type FileKept = 'plain' | { packed: string } | { encoded: string } | 'encrypted';
export type FileRead =
  'whole' | { same: number } | { partial: Message } | { failed: Message } | { limited: string };
export interface FileAlso {
  kind: string;
  at: number;
}
export interface FileFacts {
  size: number;
  kind: string;
  group: string;
  mime: string;
  by: string;
  encoding?: string | null;
  also?: FileAlso[];
  mismatch?: string | null;
  sha256: string;
  sha1?: string | null;
  md5?: string | null;
  tlsh?: string | null;
  ssdeep?: string | null;
}
export type FileFactValue =
  | { type: 'flag'; value: boolean }
  | { type: 'integer' | 'real' | 'time'; value: number }
  | { type: 'text' | 'digest' | 'limited'; value: string }
  | { type: 'texts'; value: string[] }
  | { type: 'absent' }
  | { type: 'failed'; value: Message };
export type FileFact = FileFactValue & { name: string; at?: number | null };
export interface FileOddity {
  message: Message;
  at?: number | null;
}
export type FileIndicatorKind =
  | 'url'
  | 'domain'
  | 'onion'
  | 'ipv4'
  | 'ipv6'
  | 'email'
  | 'registry-key'
  | 'path'
  | 'unc-path'
  | 'pipe'
  | 'mutex'
  | 'user-agent'
  | 'pdb-path'
  | 'wallet';
export type FileIndicatorLayer = 'ascii' | 'utf16' | 'base64' | 'hex' | 'reversed';
export interface FileIndicator {
  kind: FileIndicatorKind;
  value: string;
  at: number;
  layer: FileIndicatorLayer;
  common: boolean;
}
export interface FileRuleMatch {
  namespace: string;
  rule: string;
  tags?: string[];
  author?: string | null;
  licence?: string | null;
  reference?: string | null;
  description?: string | null;
  score?: number | null;
  techniques?: string[];
  strings?: [string, number][];
}
export interface FilePart {
  number: number;
  parent?: number | null;
  depth: number;
  name: string;
  path: string;
  storage: FileKept;
  at?: number | null;
  outcome: FileRead;
  file?: FileFacts | null;
  facts?: FileFact[];
  oddities?: FileOddity[];
  indicators?: FileIndicator[];
  matches?: FileRuleMatch[];
}
export type FileVerdictState = 'malicious' | 'suspicious' | 'unknown' | 'clean' | 'incomplete';
export type FileReasonSource = 'static' | 'dynamic';
export type FileOverruling =
  'denied' | 'allowed' | { 'known-hash': { source: string } } | { 'trusted-publisher': { name: string } };
export interface FileOverruled {
  by: FileOverruling;
  part: number;
}
export interface FileReason {
  rule: string;
  version: number;
  family: string;
  source: FileReasonSource;
  points: number;
  counted: number;
  part: number;
  also?: number[];
  message: Message;
  techniques?: string[];
}
export interface FileVerdict {
  state: FileVerdictState;
  score: number;
  reasons: FileReason[];
  complete: boolean;
  ledger: string;
  overruled?: FileOverruled | null;
}
export interface FileVersions {
  readers: string;
  rules: string;
}
export interface FileReport {
  parts: FilePart[];
  verdict: FileVerdict;
  complete: boolean;
  broken?: Message | null;
  versions: FileVersions;
}
export interface FileDetail {
  file: FileRow;
  report?: FileReport | null;
  listed?: FileListed | null;
  listed_parts: FileListedPart[];
  sightings: FileSighting[];
  within: FileWithin[];
  pivots: FilePivot[];
  alike: FileAlike[];
}
