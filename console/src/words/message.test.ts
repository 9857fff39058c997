import { describe, expect, it } from 'vitest';
import { joined, preferred, raw, wordKey } from './message';

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
