//! What to do about a host and about a fleet: the disposal flow, the ordered plan, the smallest set of actions.
//!
//! [`plan`] walks every weapon through the flow ([`flow`], one node a function) and merges what it finds into one list
//! of steps ([`steps`]). Judgement only: no IO, no clock; the day comes in, and the same facts, knowledge and day give
//! the same plan. The words are in `locales/*/disposal.json` and `locales/*/fleet.json`.

mod action;
pub mod controls;
mod describe;
pub mod fleet;
mod flow;
mod known;
mod lore;
mod ports;
mod steps;
mod urgency;

pub use describe::describe;
pub use fleet::Fleet;
pub use lore::{Lore, Nature, Way, WeaponLore};
pub use urgency::urgency_of;

use jiff::civil::Date;
use model::{Host, HostExposure, HostPlan, Timeline, Urgency, UrgencyBasis};

/// The plan of one host: each weapon's way through the flow, and the steps that carry all of them out.
pub fn plan(host: &Host, exposure: &HostExposure, lore: &impl Lore, day: Date) -> HostPlan {
    let disposals: Vec<_> = exposure
        .weapons
        .iter()
        .map(|weapon| {
            flow::walk(&flow::Case {
                host,
                exposure,
                weapon,
                lore: lore.weapon(&weapon.weapon, exposure.system.as_deref()),
                source: lore,
                day,
            })
        })
        .collect();
    let steps = steps::merge(host, exposure, &disposals);
    let urgency = disposals.iter().map(|disposal| disposal.urgency.clone()).min().unwrap_or(NOTHING);
    HostPlan { id: steps::id(&host.id, &steps), host: host.id.clone(), day, disposals, steps, urgency }
}

/// The urgency of a host nothing can hit.
const NOTHING: Urgency = Urgency {
    timeline: Timeline::None,
    basis: UrgencyBasis { kev: false, exposed: false, exposed_assumed: false, automatable: false, total_impact: false },
};
