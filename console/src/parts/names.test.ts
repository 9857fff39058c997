import { describe, expect, it } from 'vitest';
import { systemName } from './names';

describe('the name of a system', () => {
  it.each([
    ['7-sp1-x64', 'Windows 7 SP1'],
    ['7-sp0-x64', 'Windows 7'],
    ['xp-sp3-x86', 'Windows XP SP3'],
    ['2003-sp2-x86', 'Windows Server 2003 SP2'],
    ['2012r2', 'Windows Server 2012 R2'],
    ['10-1607-x64', 'Windows 10 1607'],
    ['2000-sp4', 'Windows 2000 SP4'],
  ])('reads %s as %s', (id, name) => expect(systemName(id)).toBe(name));
});
