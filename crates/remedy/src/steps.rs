//! From the actions of all weapons to the one list of steps a person works through.
//!
//! The order is [`ActionKind`]'s. Actions that are the same thing become one step with every weapon it serves: ports of
//! one block, services of one shutdown, updates that one package brings. Base patches keep their prerequisite order,
//! and of several key patches only the last restarts the machine.

use crate::ports::rulings;
use model::{Action, ActionKind, Disposal, Host, HostExposure, HostId, KbId, Message, PlanId, Port, Step, WeaponId};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Merges the actions of all weapons into the host's ordered steps.
pub fn merge(host: &Host, exposure: &HostExposure, disposals: &[Disposal]) -> Vec<Step> {
    let mut merged: Vec<(Action, BTreeSet<WeaponId>)> = Vec::new();
    let work = disposals.iter().flat_map(|disposal| disposal.actions.iter().map(|action| (&disposal.weapon, action)));
    let work = work.filter(|(_, action)| !matches!(action.kind, ActionKind::NothingToDo | ActionKind::RollBack));
    for (weapon, action) in work {
        match merged.iter_mut().find(|(other, _)| same_step(other, action)) {
            Some((step, weapons)) => {
                absorb(step, action);
                weapons.insert(weapon.clone());
            }
            None => merged.push((action.clone(), BTreeSet::from([weapon.clone()]))),
        }
    }
    let roll_backs = roll_backs(&merged, disposals);
    merged.extend(roll_backs);
    if merged.is_empty() {
        merged.extend(nothing_to_do(disposals));
    }
    let base_order = base_order(exposure);
    merged.sort_by_cached_key(|(action, _)| (action.kind, base_rank(action, &base_order), sort_name(action)));
    one_restart_for_key_patches(&mut merged);
    verify_what_is_done(&mut merged);
    for (action, _) in &mut merged {
        reword(host, action);
    }
    merged
        .into_iter()
        .zip(1..)
        .map(|((action, weapons), number)| Step { number, action, weapons: weapons.into_iter().collect() })
        .collect()
}

/// The plan's id: the host's id and a digest of what is done, in order.
///
/// Dates and reasons stay out: the same work judged a day later, or told in other words, keeps its id, so that a
/// script made yesterday still belongs to the plan. Anything that changes what is done changes the id.
pub fn id(host: &HostId, steps: &[Step]) -> PlanId {
    let mut text = host.to_string();
    for Step { number, action, weapons } in steps {
        let Action { kind, control, any_of, ports, services, temporary, reboot, .. } = action;
        write!(
            text,
            "\n{number} {kind:?} {control:?} {any_of:?} {ports:?} {services:?} {temporary} {reboot} {weapons:?}"
        )
        .expect("a string takes all text");
    }
    let digest = Sha256::digest(text.as_bytes());
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    PlanId(format!("{host}-{short}"))
}

/// Whether two actions are one step on the host.
fn same_step(a: &Action, b: &Action) -> bool {
    if a.kind != b.kind {
        return false;
    }
    match a.kind {
        // One update that is in both sets closes both holes.
        ActionKind::KeyPatch => a.any_of.iter().any(|kb| b.any_of.contains(kb)),
        ActionKind::BasePatch | ActionKind::DisableFeature | ActionKind::UpgradeApplication => a.control == b.control,
        ActionKind::BlockPort | ActionKind::DisableService => a.temporary == b.temporary,
        _ => true,
    }
}

fn absorb(step: &mut Action, other: &Action) {
    match step.kind {
        ActionKind::KeyPatch => step.any_of.retain(|kb| other.any_of.contains(kb)),
        ActionKind::BasePatch => {}
        _ => extend(&mut step.any_of, &other.any_of),
    }
    step.ports.extend(other.ports.iter().copied());
    step.services.extend(other.services.iter().cloned());
    step.temporary &= other.temporary;
    step.reboot |= other.reboot;
    step.review_on = match (step.review_on, other.review_on) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    extend(&mut step.why, &other.why);
}

fn extend<T: Clone + PartialEq>(into: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !into.contains(item) {
            into.push(item.clone());
        }
    }
}

/// The reasons of a merged step, told of all its ports at once instead of weapon by weapon.
fn reword(host: &Host, action: &mut Action) {
    let rulings =
        || rulings(host, action.ports.iter().copied()).into_iter().map(|(ruling, ports)| ruling.message(&ports));
    match action.kind {
        ActionKind::BlockPort => action.why = rulings().collect(),
        ActionKind::Shield if !action.ports.is_empty() => {
            let how = Message::new("disposal.shield.how").list("ports", &action.ports);
            action.why = rulings().chain([how]).collect();
        }
        _ => {}
    }
}

/// Verification follows the merged steps: the updates really installed, the ports really blocked.
fn verify_what_is_done(steps: &mut [(Action, BTreeSet<WeaponId>)]) {
    let of = |kind| steps.iter().map(|(action, _)| action).filter(move |action| action.kind == kind);
    let sets: Vec<Vec<KbId>> = of(ActionKind::KeyPatch).map(|action| action.any_of.clone()).collect();
    let ports: BTreeSet<Port> = of(ActionKind::BlockPort).flat_map(|action| action.ports.clone()).collect();
    let Some((verify, _)) = steps.iter_mut().find(|(action, _)| action.kind == ActionKind::Verify) else { return };
    let told =
        |message: &Message| !matches!(message.code.as_str(), "disposal.verify.updates" | "disposal.verify.ports");
    let mut why: Vec<Message> =
        sets.iter().map(|kbs| Message::new("disposal.verify.updates").list("kbs", kbs)).collect();
    if !ports.is_empty() {
        why.push(Message::new("disposal.verify.ports").list("ports", &ports));
    }
    why.extend(std::mem::take(&mut verify.why).into_iter().filter(told));
    verify.why = why;
    verify.ports.extend(ports);
    // "Any one of these" is true of one key patch; several are each told in words and checked by their own step.
    verify.any_of = if let [only] = &sets[..] { only.clone() } else { Vec::new() };
}

/// One roll-back for each step that is still temporary after merging: a measure that one weapon needs for good is not
/// undone because another's patch is in.
fn roll_backs(merged: &[(Action, BTreeSet<WeaponId>)], disposals: &[Disposal]) -> Vec<(Action, BTreeSet<WeaponId>)> {
    let undo = |step: &Action| {
        disposals
            .iter()
            .flat_map(|disposal| &disposal.actions)
            .find(|action| action.kind == ActionKind::RollBack && action.control == step.control)
    };
    merged
        .iter()
        .filter(|(step, _)| step.temporary)
        .filter_map(|(step, weapons)| {
            let mut action = undo(step)?.clone();
            action.ports = step.ports.clone();
            action.services = step.services.clone();
            action.reboot = step.reboot;
            Some((action, weapons.clone()))
        })
        .collect()
}

/// A host nothing can hit has one step that says so; without a single judgement there is none.
fn nothing_to_do(disposals: &[Disposal]) -> Option<(Action, BTreeSet<WeaponId>)> {
    let weapons: BTreeSet<_> = disposals.iter().map(|disposal| disposal.weapon.clone()).collect();
    let why = model::Message::new("disposal.nothing-open");
    (!weapons.is_empty()).then(|| (crate::action::new(ActionKind::NothingToDo, why), weapons))
}

/// The base patches of all weapons in one order that keeps each weapon's own.
fn base_order(exposure: &HostExposure) -> BTreeMap<String, usize> {
    let chains: Vec<Vec<&str>> = exposure
        .weapons
        .iter()
        .filter_map(|weapon| weapon.base.as_ref())
        .map(|base| base.steps.iter().map(|step| step.id.as_str()).collect())
        .collect();
    let mut order = Vec::<&str>::new();
    let mut seen = BTreeSet::new();
    let ids: Vec<&str> = chains.iter().flatten().copied().filter(|id| seen.insert(*id)).collect();
    while order.len() < ids.len() {
        let left = |id: &&&str| !order.contains(*id);
        let free = |id: &&&str| chains.iter().all(|chain| no_earlier_left(chain, id, &order));
        // Chains that contradict each other have no order; the first seen goes first then.
        let Some(next) = ids.iter().filter(left).find(free).or_else(|| ids.iter().find(left)) else { break };
        order.push(next);
    }
    order.iter().enumerate().map(|(rank, id)| ((*id).to_owned(), rank)).collect()
}

fn no_earlier_left(chain: &[&str], id: &str, done: &[&str]) -> bool {
    !chain.contains(&id) || chain.iter().take_while(|other| **other != id).all(|other| done.contains(other))
}

fn base_rank(action: &Action, order: &BTreeMap<String, usize>) -> usize {
    action.control.as_ref().and_then(|id| order.get(id)).copied().unwrap_or_default()
}

fn sort_name(action: &Action) -> (bool, Option<String>, Vec<KbId>) {
    // Within a kind what lasts comes before what is undone again.
    (action.temporary, action.control.clone(), action.any_of.clone())
}

/// Updates are installed one after the other without a restart between them; the last one restarts the machine.
fn one_restart_for_key_patches(steps: &mut [(Action, BTreeSet<WeaponId>)]) {
    let mut keys = steps.iter_mut().rev().filter(|(action, _)| action.kind == ActionKind::KeyPatch);
    keys.next();
    for (action, _) in keys {
        action.reboot = false;
    }
}
