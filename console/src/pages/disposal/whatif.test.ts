import { describe, expect, it } from 'vitest';
import { kbOf, supposition } from './WhatIf';

describe('a supposition', () => {
  it('takes updates and ports as people write them', () => {
    expect(kbOf('KB4012212')).toBe(4012212);
    expect(kbOf('958644')).toBe(958644);
    expect(kbOf('KB123')).toBeNull();
    expect(supposition({ updates: ['kb4012212'], ports: ['445', 'x'], zone: ' ' })).toEqual({
      updates: [4012212],
      close_ports: ['tcp/445'],
      group: null,
      zone: null,
    });
  });
});
