import { describe, expect, it } from 'vitest';
import type { FileFact, FileReport } from './model';
import { certificateOf, thumbprint, wrongThumbprint } from './publishers';

const SHA1 = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'f'.repeat(40);

describe('a thumbprint', () => {
  it('is read as the dialogue of Windows gives it', () => {
    const copied = `\u200e${SHA1.toUpperCase().replace(/(..)/g, '$1 ')}`;
    expect(thumbprint(copied)).toBe(SHA1);
    expect(thumbprint(SHA1.replace(/(..)(?!$)/g, '$1:'))).toBe(SHA1);
    expect(wrongThumbprint(copied)).toBe(null);
  });

  it('says what is wrong with it', () => {
    expect(wrongThumbprint(' ')).toBe('thumbprint-first');
    expect(wrongThumbprint('a'.repeat(64))).toBe('thumbprint-sha256');
    expect(wrongThumbprint('a'.repeat(39))).toBe('thumbprint-wrong');
    expect(wrongThumbprint(`g${'a'.repeat(39)}`)).toBe('thumbprint-wrong');
  });

  it('leads to the subject of its own signature', () => {
    const text = (name: string, value: string): FileFact => ({ name, type: 'text', value });
    const digest = (value: string): FileFact => ({
      name: 'pe.signature.thumbprint',
      type: 'digest',
      value,
    });
    const facts = [
      text('pe.signature.subject', 'CN=One'),
      text('pe.signature.issuer', 'CN=Above one'),
      digest(SHA1.toUpperCase()),
      text('pe.signature.subject', 'CN=Two'),
      digest(OTHER),
    ];
    const report = { parts: [{ facts }] } as unknown as FileReport;
    expect(certificateOf(report, SHA1)).toEqual({ subject: 'CN=One', issuer: 'CN=Above one' });
    expect(certificateOf(report, OTHER)).toEqual({ subject: 'CN=Two', issuer: null });
    expect(certificateOf(report, 'a'.repeat(40))).toEqual({ subject: null, issuer: null });
  });
});
