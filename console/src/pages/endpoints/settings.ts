/** What a group says itself, as a form has it while somebody writes, and as the server takes it. */
import type {
  PolicyAgentVersion,
  PolicyMode,
  PolicySettings,
  PolicyTelemetry,
  PolicyThreshold,
} from '../../api/model';

export const LISTS = [
  'denied',
  'allowed',
  'publishers',
  'deployers',
  'deployed',
  'protected',
  'guard_allowed',
  'baseline',
  'baseline_set',
] as const;
export type ListName = (typeof LISTS)[number];

export const FLAGS = ['trust_packages', 'unknown_may', 'undecided_may'] as const;
export const NUMBERS = ['undo_bytes_max', 'kept_hours', 'heartbeat_seconds'] as const;
export const TELEMETRY = ['executions', 'libraries', 'processes', 'network', 'baseline'] as const;

/** What the entries of a list are. */
export type Entry = 'digest' | 'name' | 'path' | 'folder';
export const ENTRIES: Record<ListName, Entry> = {
  denied: 'digest',
  allowed: 'digest',
  publishers: 'name',
  deployers: 'path',
  deployed: 'folder',
  protected: 'folder',
  guard_allowed: 'path',
  baseline: 'name',
  baseline_set: 'name',
};

/** Entries of one list of one group at most. */
export const LIST_MAX = 20_000;
const MIB = 1 << 20;
/** Numbers with their bounds, in the unit that they are written in. */
export const BOUNDS: Record<(typeof NUMBERS)[number], { least: number; most: number; unit: number }> = {
  undo_bytes_max: { least: 64, most: 1 << 20, unit: MIB },
  kept_hours: { least: 1, most: 720, unit: 1 },
  heartbeat_seconds: { least: 10, most: 86_400, unit: 1 },
};

/** `null` says nothing: what holds comes from above. */
export interface Draft {
  mode: PolicyMode | null;
  flags: Record<(typeof FLAGS)[number], boolean | null>;
  numbers: Record<(typeof NUMBERS)[number], number | null>;
  reputation: PolicyThreshold | null;
  agent: PolicyAgentVersion | null;
  telemetry: PolicyTelemetry[] | null;
  lists: Record<ListName, string>;
}

export function draftOf(settings: PolicySettings): Draft {
  const each = <K extends string, V>(names: readonly K[], of: (name: K) => V) =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as Record<K, V>;
  return {
    mode: settings.mode ?? null,
    flags: each(FLAGS, (name) => settings[name] ?? null),
    numbers: each(NUMBERS, (name) => {
      const value = settings[name] ?? null;
      return value === null ? null : value / BOUNDS[name].unit;
    }),
    reputation: settings.reputation_from ?? null,
    agent: settings.agent ?? null,
    telemetry: settings.telemetry ?? null,
    lists: each(LISTS, (name) => (settings[name] ?? []).join('\n')),
  };
}

export interface Line {
  number: number;
  text: string;
}

export interface Lines {
  entries: string[];
  /** Lines that are not what the list holds. */
  wrong: Line[];
}

const FITS: Record<Entry, (text: string) => boolean> = {
  digest: (text) => /^[0-9a-f]{64}$/.test(text),
  name: (text) => new TextEncoder().encode(text).length <= 512,
  path: isPath,
  folder: (text) => isPath(text) && !/^\/+$/.test(text),
};

function isPath(text: string): boolean {
  return text.startsWith('/') && !text.split('/').some((name) => name === '.' || name === '..');
}

/** A list as it is written: an entry a line. Blank lines say nothing, and the same twice is said once. */
export function linesOf(text: string, entry: Entry): Lines {
  const entries = new Set<string>();
  const wrong: Line[] = [];
  text.split('\n').forEach((written, i) => {
    const line = entry === 'digest' ? written.trim().toLowerCase() : written.trim();
    if (line === '') return;
    if (FITS[entry](line)) entries.add(line);
    else wrong.push({ number: i + 1, text: line });
  });
  return { entries: [...entries].sort(), wrong };
}

/** What the server is sent, or nothing while something in it is no entry of its list. */
export function settingsOf(draft: Draft): PolicySettings | null {
  const settings: PolicySettings = {};
  if (draft.mode !== null) settings.mode = draft.mode;
  for (const name of FLAGS) if (draft.flags[name] !== null) settings[name] = draft.flags[name];
  for (const name of NUMBERS) {
    const value = draft.numbers[name];
    if (value === null) continue;
    const { least, most, unit } = BOUNDS[name];
    if (value < least || value > most) return null;
    settings[name] = value * unit;
  }
  if (draft.reputation !== null) settings.reputation_from = draft.reputation;
  if (draft.agent !== null) settings.agent = draft.agent;
  if (draft.telemetry !== null) settings.telemetry = draft.telemetry;
  for (const name of LISTS) {
    const { entries, wrong } = linesOf(draft.lists[name], ENTRIES[name]);
    if (wrong.length > 0 || entries.length > LIST_MAX) return null;
    if (entries.length > 0) settings[name] = entries;
  }
  return settings;
}

/** The settings with a file on a list, and on no other one of theirs. */
export function withDigest(
  settings: PolicySettings,
  list: 'allowed' | 'denied',
  sha256: string,
): PolicySettings {
  const other = list === 'allowed' ? 'denied' : 'allowed';
  const next = { ...settings, [list]: [...new Set([...(settings[list] ?? []), sha256])].sort() };
  const left = (settings[other] ?? []).filter((entry) => entry !== sha256);
  delete next[other];
  return left.length > 0 ? { ...next, [other]: left } : next;
}

/** The settings with a check on a list. */
export function withCheck(
  settings: PolicySettings,
  list: 'baseline' | 'baseline_set',
  id: string,
): PolicySettings {
  return { ...settings, [list]: [...new Set([...(settings[list] ?? []), id])].sort() };
}

/** `trust_packages` is called `policy.setting-trust-packages`. */
export const settingWord = (name: string) => `policy.setting-${name.replaceAll('_', '-')}`;

export type Thing = { name: string; value: unknown };

/** What a group says, one thing after the other; nothing for what it leaves to those above. */
export function saidBy(settings: PolicySettings): Thing[] {
  return Object.entries(settings)
    .filter(
      ([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
    )
    .map(([name, value]) => ({ name, value }));
}
