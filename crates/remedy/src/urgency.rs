//! How soon: the BOD 26-04 table by four answers, lowered one row when the weapon cannot reach the host today.
//!
//! The flow says *what*; this says only *when*. An answer nobody gave is assumed, towards the worse where the weapon
//! may reach the host, and marked as assumed.

use crate::{Lore, Nature, WeaponLore};
use model::{Exposure, Host, Reach, Timeline, Urgency, UrgencyBasis};

/// The urgency of a weapon that can, or may, hit the host. `defended`: the port is closed or the service off today.
pub fn urgency_of(host: &Host, exposure: &Exposure, weapon: &WeaponLore, lore: &dyn Lore, defended: bool) -> Urgency {
    let basis = UrgencyBasis {
        kev: weapon.kev,
        exposed: host.facts.business.exposed.unwrap_or_else(|| exposed_assumed(exposure, weapon)),
        exposed_assumed: host.facts.business.exposed.is_none(),
        automatable: weapon.automatable,
        total_impact: weapon.total_impact,
    };
    let timeline = lore.timeline(&basis);
    Urgency { timeline: if defended { one_row_later(timeline) } else { timeline }, basis }
}

/// Nobody said whether the host is reachable from outside. A hole in Windows itself is assumed reachable unless seen
/// closed. A product that may not even be there, or an implant nobody saw, is assumed reachable only where its port
/// was seen open: else every office machine without a software list would come before the real holes.
fn exposed_assumed(exposure: &Exposure, weapon: &WeaponLore) -> bool {
    match (&weapon.nature, exposure.reach) {
        (_, Reach::Open) => true,
        (_, Reach::Closed) => false,
        (Nature::System, Reach::Unknown | Reach::Filtered) => true,
        (Nature::Application { .. } | Nature::Implant { .. }, _) => false,
    }
}

/// Defences change, so a closed port delays and never excuses.
fn one_row_later(timeline: Timeline) -> Timeline {
    match timeline {
        Timeline::Now => Timeline::Now,
        Timeline::ThreeDaysForensics | Timeline::ThreeDays => Timeline::FourteenDays,
        Timeline::FourteenDays => Timeline::SixtyDays,
        Timeline::SixtyDays | Timeline::NextUpgrade => Timeline::NextUpgrade,
        Timeline::None => Timeline::None,
    }
}
