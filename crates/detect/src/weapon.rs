//! One weapon against one host: the flaw, the role, the application and the way in, put together.

use crate::flaw::{self, FlawVerdict};
use crate::{context::Context, implant, product, reach, role, scanner};
use knowledge::Weapon;
use knowledge::weapons::Kind;
use model::{Exposure, ExposureState, Message, PatchState, Port};
use std::collections::{BTreeMap, BTreeSet};

/// Every weapon, in the knowledge base's order.
pub fn all(context: &Context<'_>) -> Vec<Exposure> {
    let weapons = &context.knowledge.weapons;
    // Weapons share flaws: each flaw is judged once.
    let mut flaws: BTreeMap<&str, FlawVerdict> = BTreeMap::new();
    let mut done: Vec<Option<Exposure>> = Vec::with_capacity(weapons.len());
    for weapon in weapons.iter() {
        let judged = (weapon.kind != Kind::Implant).then(|| {
            let verdict = weapons
                .fixset_of(weapon)
                .map(|set| flaws.entry(set.id.as_str()).or_insert_with(|| flaw::judge(context, set)).clone());
            one(context, weapon, verdict)
        });
        done.push(judged);
    }
    // Implants last: they ask what was judged of the weapons that plant them.
    for (at, weapon) in weapons.iter().enumerate() {
        if weapon.kind == Kind::Implant {
            let (state, why) = implant::judge(context, weapon, &done);
            done[at] = Some(finish(context, weapon, nothing_to_patch(weapon, state, why)));
        }
    }
    done.into_iter().flatten().collect()
}

fn one(context: &Context<'_>, weapon: &Weapon, flaw: Option<FlawVerdict>) -> Exposure {
    let mut verdict = match (flaw, &weapon.product) {
        (Some(flaw), Some(product)) => in_product(context, flaw, product),
        (Some(flaw), None) => flaw,
        (None, Some(product)) => product_alone(context, weapon, product),
        (None, None) => {
            let why = vec![Message::new("exposure.no-vendor-fix")];
            FlawVerdict { patch: PatchState::NoneExists, ..nothing_to_patch(weapon, ExposureState::Open, why) }
        }
    };
    if weapon.role.is_some() {
        let (state, said) = role::weigh(context, verdict.state);
        verdict.state = state;
        verdict.why.insert(0, said);
    }
    finish(context, weapon, verdict)
}

/// A flaw that only an application brings within reach: both must hold.
fn in_product(context: &Context<'_>, mut flaw: FlawVerdict, product: &knowledge::weapons::Product) -> FlawVerdict {
    if !flaw.state.needs_action() {
        return flaw;
    }
    let (state, said) = product::judge(context, product);
    flaw.state = match state {
        ExposureState::Open => flaw.state,
        other => other,
    };
    flaw.why.insert(0, said);
    flaw
}

fn product_alone(context: &Context<'_>, weapon: &Weapon, product: &knowledge::weapons::Product) -> FlawVerdict {
    let (state, said) = product::judge(context, product);
    let mut verdict = nothing_to_patch(weapon, state, vec![said]);
    verdict.patch = match state {
        ExposureState::Open => PatchState::Missing,
        ExposureState::Fixed => PatchState::Installed,
        ExposureState::NotAffected => PatchState::NotApplicable,
        ExposureState::Unknown => PatchState::Unknown,
    };
    scanner::weigh(context, weapon.cves.iter().map(|cve| &cve.id), &mut verdict);
    verdict
}

fn nothing_to_patch(weapon: &Weapon, state: ExposureState, why: Vec<Message>) -> FlawVerdict {
    let patch = PatchState::NotApplicable;
    FlawVerdict { state, patch, why, fixes: BTreeSet::new(), base: None, confidence: weapon.confidence }
}

fn finish(context: &Context<'_>, weapon: &Weapon, mut verdict: FlawVerdict) -> Exposure {
    let ports: Vec<Port> = weapon.ports.iter().map(|port| port.port).collect();
    let acts = verdict.state.needs_action();
    if acts {
        verdict.why.extend(reach::told(context.facts, &ports));
        verdict.why.extend(reach::services_off(context.facts, weapon.services.iter()));
        verdict.why.extend(smb1_off(context, weapon));
        verdict.why.extend(outside_targets(context, weapon, verdict.state));
    }
    Exposure {
        weapon: weapon.id.clone(),
        state: verdict.state,
        why: verdict.why,
        patch: verdict.patch,
        base: verdict.base.filter(|_| acts),
        fixes: if acts { verdict.fixes } else { BTreeSet::new() },
        reach: reach::reach(context.facts, &ports),
        ports,
        confidence: verdict.confidence.max(weapon.confidence),
        preconditions: if acts { preconditions(weapon) } else { Vec::new() },
    }
}

fn preconditions(weapon: &Weapon) -> Vec<Message> {
    weapon.preconditions.iter().map(|precondition| Message::new(precondition.code.clone())).collect()
}

fn smb1_off(context: &Context<'_>, weapon: &Weapon) -> Option<Message> {
    let uses = weapon.mitigations.iter().any(|mitigation| mitigation.control == "disable-smb1");
    (uses && context.facts.smb1 == Some(false)).then(|| Message::new("exposure.smb1-off"))
}

/// The flaw is there, but the module as it leaked was built for other systems. Others have rebuilt it since.
fn outside_targets(context: &Context<'_>, weapon: &Weapon, state: ExposureState) -> Option<Message> {
    let (targets, system) = (weapon.targets.as_ref()?, context.system()?);
    let meant = targets.on.iter().any(|selector| selector.matches(system));
    (state == ExposureState::Open && !meant && weapon.kind != Kind::Implant)
        .then(|| Message::new("exposure.outside-module").with("system", &system.name))
}
