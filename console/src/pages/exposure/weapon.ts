/** Reads a weapon's file of the knowledge, which comes as it is; what is not there is empty, never a failure. */
import type { Confidence } from '../../api/model';

export interface KnownFact {
  text: string;
  /** Code of its words, instead of a text. */
  code?: string;
  confidence?: Confidence;
  source?: string;
  kev?: string;
}

export interface Known {
  name: { en?: string; zh?: string };
  report: { affects: string; remedy: string; ports: string; advice: string; links: string[] };
  cves: KnownFact[];
  ports: KnownFact[];
  product: KnownFact[];
  preconditions: KnownFact[];
  mitigations: KnownFact[];
  remarks: KnownFact[];
  attack: string[];
}

type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');

const SURE: readonly string[] = ['verified', 'known', 'disputed', 'unverified'];

function fact(value: unknown, ...names: string[]): KnownFact {
  if (typeof value === 'string') return { text: value };
  const from = object(value);
  const found: KnownFact = {
    text: names
      .map((name) => text(from[name]))
      .filter((part) => part !== '')
      .join(' · '),
  };
  const code = text(from['code']);
  if (code) found.code = code;
  const confidence = text(from['confidence']);
  if (SURE.includes(confidence)) found.confidence = confidence as Confidence;
  const source = text(from['source']);
  if (source) found.source = source;
  const kev = text(from['kev']);
  if (kev) found.kev = kev;
  return found;
}

export function read(knowledge: unknown): Known {
  const from = object(knowledge);
  const report = object(from['report']);
  const name = object(from['name']);
  const all = (key: string, ...names: string[]) =>
    list(from[key] ?? from[`${key}s`]).map((item) => fact(item, ...names));
  const product = object(from['product']);
  return {
    name: { en: text(name['en']), zh: text(name['zh']) },
    report: {
      affects: text(report['affects']),
      remedy: text(report['remedy']),
      ports: text(report['ports']),
      advice: text(report['advice']),
      links: list(report['links']).map(text),
    },
    cves: all('cve', 'id'),
    ports: all('port', 'port', 'service'),
    product: text(product['title']) ? [fact(product, 'title')] : [],
    preconditions: all('precondition', 'text'),
    mitigations: all('mitigation', 'control'),
    remarks: all('remark', 'text'),
    attack: list(from['attack']).map(text),
  };
}
