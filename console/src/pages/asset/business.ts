/** Between the business facts and the form: "nobody was asked" is an answer of its own and never becomes "no". */
import type { Business } from '../../api/model';

export type Asked = 'unknown' | 'yes' | 'no';

export interface Answers {
  group?: string;
  zone?: string;
  owner?: string;
  note?: string;
  value?: number;
  asked_ports: 'unknown' | 'none' | 'some';
  needs_ports?: string[];
  alternatives?: string[];
  patch_conflict: Asked;
  exposed: Asked;
  online: Asked;
}

const asked = (value: boolean | null | undefined): Asked =>
  value == null ? 'unknown' : value ? 'yes' : 'no';
const answered = (value: Asked): boolean | undefined => (value === 'unknown' ? undefined : value === 'yes');

/** `tcp/445` from `445`, `445/tcp`, `TCP/445`; null for anything else. */
export function portOf(text: string): string | null {
  const found = /^(?:(tcp|udp|sctp)\/)?(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text.trim());
  if (!found || (found[1] && found[3])) return null;
  const number = Number(found[2]);
  if (number < 1 || number > 65535) return null;
  return `${(found[1] ?? found[3] ?? 'tcp').toLowerCase()}/${number}`;
}

const ports = (list: string[] | undefined) => [
  ...new Set((list ?? []).map(portOf).filter((port) => port !== null)),
];

export function shown(kept: Business): Answers {
  return {
    group: kept.group ?? '',
    zone: kept.zone ?? '',
    owner: kept.owner ?? '',
    note: kept.note ?? '',
    value: kept.value ?? 0,
    asked_ports: kept.needs_ports == null ? 'unknown' : kept.needs_ports.length === 0 ? 'none' : 'some',
    needs_ports: kept.needs_ports ?? [],
    alternatives: kept.alternatives ?? [],
    patch_conflict: asked(kept.patch_conflict),
    exposed: asked(kept.exposed),
    online: asked(kept.online),
  };
}

/** The whole set, as the server wants it; what the form does not show stays as it was. */
export function business(kept: Business, answers: Answers): Business {
  const text = (value: string | undefined) => (value?.trim() ? value.trim() : undefined);
  const some = answers.asked_ports === 'some';
  const next = {
    ...kept,
    group: text(answers.group),
    zone: text(answers.zone),
    owner: text(answers.owner),
    note: text(answers.note),
    value: answers.value ? answers.value : undefined,
    needs_ports: some ? ports(answers.needs_ports) : answers.asked_ports === 'none' ? [] : undefined,
    alternatives: some ? ports(answers.alternatives) : [],
    patch_conflict: answered(answers.patch_conflict),
    exposed: answered(answers.exposed),
    online: answered(answers.online),
  };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value != null)) as Business;
}
