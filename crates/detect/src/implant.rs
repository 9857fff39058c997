//! Implants: a patch list shows neither presence nor absence; a sign is a sign on any system.

use crate::context::Context;
use knowledge::Weapon;
use model::{Exposure, ExposureState, Message};

/// The state of an implant, given what was judged of the weapons that plant it.
pub fn judge(context: &Context<'_>, weapon: &Weapon, others: &[Option<Exposure>]) -> (ExposureState, Vec<Message>) {
    let signs = context.facts.implants.iter().filter(|sign| sign.weapon == weapon.id);
    let seen: Vec<Message> =
        signs.map(|sign| Message::new("exposure.implant-sign").with("evidence", &sign.evidence)).collect();
    if !seen.is_empty() {
        return (ExposureState::Open, seen);
    }
    let carriers = || others.iter().flatten().filter(|exposure| weapon.delivered_by.contains(&exposure.weapon));
    let states = || carriers().map(|exposure| exposure.state);
    let closed = states().count() == weapon.delivered_by.len() && states().all(|s| s == ExposureState::NotAffected);
    if closed && !weapon.delivered_by.is_empty() {
        return (ExposureState::NotAffected, vec![Message::new("exposure.implant-no-way-in")]);
    }
    let mut why = vec![Message::new("exposure.implant-unseen")];
    let open: Vec<&str> =
        carriers().filter(|e| e.state == ExposureState::Open).map(|exposure| exposure.weapon.as_str()).collect();
    if !open.is_empty() {
        why.push(Message::new("exposure.implant-way-in-open").list("weapons", open));
    }
    (ExposureState::Unknown, why)
}
