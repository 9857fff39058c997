import { describe, expect, it } from 'vitest';
import { read } from './weapon';

describe('a weapon of the knowledge', () => {
  it('keeps what is disputed apart from what is sure', () => {
    const known = read({
      name: { en: 'Easypi', zh: 'Easypi' },
      report: { affects: 'IBM Lotus Notes', remedy: '', ports: '3264', links: [] },
      product: { title: 'Lotus cc:Mail', confidence: 'disputed', source: 'iana-ports' },
      cve: [{ id: 'CVE-2017-0144', kev: '2022-02-10', confidence: 'verified' }],
      precondition: [{ code: 'weapons.pre-smb1', confidence: 'known' }],
    });
    expect(known.report.affects).toBe('IBM Lotus Notes');
    expect(known.product).toEqual([{ text: 'Lotus cc:Mail', confidence: 'disputed', source: 'iana-ports' }]);
    expect(known.cves).toEqual([{ text: 'CVE-2017-0144', confidence: 'verified', kev: '2022-02-10' }]);
    expect(known.preconditions).toEqual([{ text: '', code: 'weapons.pre-smb1', confidence: 'known' }]);
  });

  it('reads nothing from nothing', () => {
    for (const odd of [null, 3, 'x', [], { report: 7, cve: 'y' }]) {
      expect(read(odd).report.affects).toBe('');
      expect(read(odd).cves).toEqual([]);
    }
  });
});
