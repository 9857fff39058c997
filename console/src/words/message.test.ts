import { describe, expect, it } from 'vitest';
import { capital, joined, keepWeaponNames, named, plurals, preferred, raw, wordKey } from './message';

describe('a message code', () => {
  it('splits into namespace and key at its first dot only', () => {
    expect(wordKey('exposure.fix-installed')).toBe('exposure:fix-installed');
    expect(wordKey('console.nav.assets')).toBe('console:nav.assets');
  });

  it('joins lists by the comma of the language', () => {
    const params = { kbs: ['KB1', 'KB2'], n: 2 };
    expect(joined(params, 'en')).toEqual({ kbs: 'KB1, KB2', n: '2' });
    expect(joined(params, 'zh-CN')).toEqual({ kbs: 'KB1、KB2', n: '2' });
  });

  it('says a reason within a sentence in the language of the sentence', () => {
    const params = { path: 'a', cause: { code: 'os.not-found' } };
    expect(joined(params, 'en', (reason) => `words of ${reason.code}`)).toEqual({
      path: 'a',
      cause: 'words of os.not-found',
    });
    expect(joined(params, 'en')).toEqual({ path: 'a', cause: 'os.not-found' });
  });

  it('stays visible when it has no words', () => {
    expect(raw({ code: 'no.such', params: { kb: 'KB1' } }, 'en')).toBe('no.such (kb=KB1)');
    expect(raw({ code: 'no.such' }, 'zh-CN')).toBe('no.such');
  });
});

describe('the language of a first visit', () => {
  it('is what was chosen before, else what the browser speaks', () => {
    expect(preferred('en', ['zh-CN'])).toBe('en');
    expect(preferred(null, ['zh-TW', 'en'])).toBe('zh-CN');
    expect(preferred(null, ['fr-FR', 'zh-CN'])).toBe('en');
    expect(preferred('klingon', [])).toBe('en');
  });
});

describe('names in sentences', () => {
  it('shows a weapon and a control by name, and what has no name by its id', () => {
    keepWeaponNames([{ id: 'eternalblue', name: { en: 'Eternalblue', 'zh-CN': '永恒之蓝' } }]);
    const word = (code: string) => (code === 'control.block-port.title' ? '封堵端口' : null);
    expect(named({ weapons: ['eternalblue', 'other'], control: 'block-port', n: 2 }, 'zh-CN', word)).toEqual({
      weapons: ['永恒之蓝', 'other'],
      control: '封堵端口',
      n: 2,
    });
  });

  it('begins an English sentence large, but never an id', () => {
    expect(capital('port tcp/445 is open', 'en')).toBe('Port tcp/445 is open');
    expect(capital('tcp/445 is open', 'en')).toBe('tcp/445 is open');
    expect(capital('smb-vuln: found', 'en')).toBe('smb-vuln: found');
  });
});

describe('a count in English', () => {
  it('settles the plural of the noun after it', () => {
    const text = '1 behaviour(s) · 0 indicator(s) met, 1,201 line(s) that are none, 2 session record(s)';
    expect(plurals(text, 'en')).toBe(
      '1 behaviour · 0 indicators met, 1,201 lines that are none, 2 session records',
    );
  });

  it('leaves a bracket alone that no number stands before', () => {
    expect(plurals('file(s) of KB1', 'en')).toBe('file(s) of KB1');
  });
});
