import { describe, expect, it } from 'vitest';
import { business, portOf, shown } from './business';

describe('a port a person typed', () => {
  it('is read both ways round and refused when it is none', () => {
    expect(['445', 'TCP/445', '137/udp', ' tcp/3389 '].map(portOf)).toEqual([
      'tcp/445',
      'tcp/445',
      'udp/137',
      'tcp/3389',
    ]);
    expect(['', '0', '70000', 'tcp/445/tcp', 'http', 'icmp/8'].map(portOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('business facts through the form', () => {
  it('come back as they were when nothing is changed', () => {
    const kept = {
      group: 'MES',
      needs_ports: ['tcp/445'],
      needs_services: ['spooler'],
      alternatives: [],
      patch_conflict: true,
    };
    expect(business(kept, shown(kept))).toEqual(kept);
  });

  it('keep "nobody was asked" apart from "no" and "none"', () => {
    expect(business({}, shown({}))).toEqual({ alternatives: [] });
    expect(business({}, { ...shown({}), asked_ports: 'none', exposed: 'no' })).toEqual({
      needs_ports: [],
      alternatives: [],
      exposed: false,
    });
  });
});
