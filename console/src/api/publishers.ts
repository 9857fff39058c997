/** Publishers that are trusted, and the certificates by which they are known. */
import type { FileFact, FileReport } from './model';

/** The digits of a thumbprint as people copy it out of a dialogue: with colons, blanks, and marks that nobody sees. */
export const thumbprint = (text: string) => text.replace(/[\s:\-\u200b-\u200f\ufeff]/g, '').toLowerCase();

export type Wrong = 'thumbprint-first' | 'thumbprint-sha256' | 'thumbprint-wrong';

/** What is wrong with it; `null` when it is one. */
export function wrongThumbprint(text: string): Wrong | null {
  const digits = thumbprint(text);
  if (digits === '') return 'thumbprint-first';
  if (/^[0-9a-f]{64}$/.test(digits)) return 'thumbprint-sha256';
  return /^[0-9a-f]{40}$/.test(digits) ? null : 'thumbprint-wrong';
}

export interface Certificate {
  subject: string | null;
  issuer: string | null;
}

/** What a certificate says of itself, among the facts of the file that it signed. */
export function certificateOf(report: FileReport, sha1: string): Certificate {
  const facts = report.parts[0]?.facts ?? [];
  const is = (fact: FileFact) => fact.name === 'pe.signature.thumbprint';
  const at = facts.findIndex(
    (fact) => is(fact) && fact.type === 'digest' && fact.value.toLowerCase() === sha1,
  );
  // A file may be signed twice: what belongs to a thumbprint stands between the one before and itself.
  const own = at < 0 ? [] : facts.slice(facts.slice(0, at).findLastIndex(is) + 1, at);
  const text = (name: string) => {
    const fact = own.find((fact) => fact.name === `pe.signature.${name}`);
    return fact?.type === 'text' ? fact.value : null;
  };
  return { subject: text('subject'), issuer: text('issuer') };
}
