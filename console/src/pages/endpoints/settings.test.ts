import { describe, expect, it } from 'vitest';
import type { PolicySettings } from '../../api/model';
import { draftOf, linesOf, saidBy, settingsOf, withCheck, withDigest } from './settings';

const ONE = '1'.repeat(64);
const TWO = 'a'.repeat(64);

const FULL: PolicySettings = {
  mode: 'enforce',
  trust_packages: true,
  unknown_may: false,
  reputation_from: { from: 80 },
  undo_bytes_max: 4 << 28,
  kept_hours: 24,
  agent: { release: { version: '1.2.0', older: true } },
  telemetry: ['executions'],
  denied: [ONE],
  protected: ['/srv/share'],
  publishers: ['Example 公司'],
};

describe('settings of a group', () => {
  it('come out of the form as they went in', () => {
    expect(settingsOf(draftOf(FULL))).toEqual(FULL);
    expect(settingsOf(draftOf({}))).toEqual({});
  });

  it('that say no are not settings that say nothing', () => {
    const draft = draftOf({ trust_packages: false, telemetry: [], reputation_from: 'off' });
    expect(settingsOf(draft)).toEqual({ trust_packages: false, telemetry: [], reputation_from: 'off' });
  });

  it('are none while a line or a number is wrong', () => {
    const draft = draftOf({});
    expect(settingsOf({ ...draft, lists: { ...draft.lists, denied: 'no digest' } })).toBeNull();
    expect(settingsOf({ ...draft, lists: { ...draft.lists, protected: '/' } })).toBeNull();
    expect(settingsOf({ ...draft, numbers: { ...draft.numbers, kept_hours: 0 } })).toBeNull();
  });

  it('are said one by one', () => {
    expect(saidBy({ mode: 'observe', denied: [], kept_hours: null, trust_packages: false })).toEqual([
      { name: 'mode', value: 'observe' },
      { name: 'trust_packages', value: false },
    ]);
  });
});

describe('a list as it is written', () => {
  it('has an entry a line, each once', () => {
    expect(linesOf(`\n ${TWO.toUpperCase()} \r\n${ONE}\n${TWO}\n\n`, 'digest')).toEqual({
      entries: [ONE, TWO],
      wrong: [],
    });
  });

  it('says which lines are no entries', () => {
    expect(linesOf('/opt/a\nopt/b\n/opt/../c\n/', 'folder')).toEqual({
      entries: ['/opt/a'],
      wrong: [
        { number: 2, text: 'opt/b' },
        { number: 3, text: '/opt/../c' },
        { number: 4, text: '/' },
      ],
    });
    expect(linesOf('/', 'path').entries).toEqual(['/']);
  });
});

describe('a file on a list', () => {
  it('goes from the other list of the group', () => {
    expect(withDigest({ mode: 'enforce', denied: [ONE] }, 'allowed', ONE)).toEqual({
      mode: 'enforce',
      allowed: [ONE],
    });
    expect(withDigest({ allowed: [TWO] }, 'denied', ONE)).toEqual({ allowed: [TWO], denied: [ONE] });
  });

  it('is there beside the checks', () => {
    const settings = withCheck({ mode: 'observe', baseline: ['ptrace'] }, 'baseline', 'aslr');
    expect(settings).toEqual({ mode: 'observe', baseline: ['aslr', 'ptrace'] });
    expect(withCheck(settings, 'baseline', 'aslr')).toEqual(settings);
    expect(withCheck({}, 'baseline_set', 'aslr')).toEqual({ baseline_set: ['aslr'] });
  });

  it('is there once', () => {
    expect(withDigest({ denied: [ONE] }, 'denied', ONE)).toEqual({ denied: [ONE] });
  });
});
