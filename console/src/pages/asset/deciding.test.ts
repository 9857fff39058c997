import { expect, test } from 'vitest';
import type { Exposure, Urgency } from '../../api/model';
import { deciding } from './deciding';

const urgency = (timeline: Urgency['timeline'], kev = true): Urgency => ({
  timeline,
  basis: { kev, exposed: false, exposed_assumed: true, automatable: true, total_impact: true },
});
const states = (list: Record<string, Exposure['state']>) => ({
  weapons: Object.entries(list).map(([weapon, state]) => ({ weapon, state })),
});

test('the weapon that decides is named, and the others that are open are counted', () => {
  const plan = {
    urgency: urgency('three-days'),
    disposals: [
      { weapon: 'later', urgency: urgency('fourteen-days') },
      { weapon: 'unknown', urgency: urgency('three-days') },
      { weapon: 'open', urgency: urgency('three-days') },
    ],
  };
  const exposure = states({ later: 'open', unknown: 'unknown', open: 'open', closed: 'fixed' });
  expect(deciding(plan, exposure)).toEqual({ weapon: 'open', further: 1 });
});

test('nothing decides where there is nothing to do', () => {
  const plan = { urgency: urgency('none'), disposals: [{ weapon: 'a', urgency: urgency('none') }] };
  expect(deciding(plan, states({ a: 'fixed' }))).toBeNull();
});
