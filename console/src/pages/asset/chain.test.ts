import { expect, test } from 'vitest';
import type { Step } from '../../api/model';
import { chainOf } from './Chain';

const step = (number: number, kind: Step['kind'], reboot: boolean): Step => ({
  number,
  kind,
  reboot,
  temporary: false,
  why: [],
  weapons: [],
});

test('a restart stands between the base patch and the key patch', () => {
  const steps = [
    step(1, 'block-port', false),
    step(2, 'base-patch', true),
    step(3, 'key-patch', true),
    step(4, 'verify', false),
    step(5, 'roll-back', false),
    step(6, 'roll-back', false),
  ];
  expect(chainOf(steps).map(({ key }) => key)).toEqual(['2', '2-restart', '3', '3-restart', '4', '5']);
});

test('where nothing is installed there is no path', () => {
  expect(chainOf([step(1, 'shield', false), step(2, 'verify', false)])).toEqual([]);
});
