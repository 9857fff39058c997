/** The weapon whose urgency is the plan's, and how many others can hit the host as well. */
import type { Disposal, Exposure, Urgency } from '../../api/model';

interface Judged {
  plan: { urgency: Urgency; disposals: Pick<Disposal, 'weapon' | 'urgency'>[] };
  exposure: { weapons: Pick<Exposure, 'weapon' | 'state'>[] };
}

export function deciding(
  plan: Judged['plan'],
  exposure: Judged['exposure'],
): { weapon: string; further: number } | null {
  if (plan.urgency.timeline === 'none') return null;
  const open = new Set(exposure.weapons.filter(({ state }) => state === 'open').map(({ weapon }) => weapon));
  const found = plan.disposals.filter(({ urgency }) => same(urgency, plan.urgency));
  // Of several that are as urgent, one that is open says more than one nobody knows of.
  const weapon = (found.find((disposal) => open.has(disposal.weapon)) ?? found[0])?.weapon;
  if (weapon === undefined) return null;
  open.delete(weapon);
  return { weapon, further: open.size };
}

function same(a: Urgency, b: Urgency): boolean {
  return (
    a.timeline === b.timeline &&
    a.basis.kev === b.basis.kev &&
    a.basis.exposed === b.basis.exposed &&
    a.basis.exposed_assumed === b.basis.exposed_assumed &&
    a.basis.automatable === b.basis.automatable &&
    a.basis.total_impact === b.basis.total_impact
  );
}
