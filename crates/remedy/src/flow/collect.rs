//! Node 0: which facts are missing, and the exact command that brings each.

use super::Case;
use crate::Nature;
use crate::ports::{Maybe, domain_controller};
use model::{ExposureState, Message, OsBasis};

/// What is not known of the host that this weapon's answer depends on.
pub fn gaps(case: &Case<'_>) -> Vec<Message> {
    let mut gaps = Vec::new();
    match &case.lore.nature {
        Nature::Application { product } => {
            if case.host.facts.software.is_none() {
                gaps.push(Message::new("disposal.facts.no-software-list").with("product", product));
            }
            return gaps;
        }
        Nature::Implant { .. } if case.implanted() => return gaps,
        Nature::Implant { .. } => return vec![Message::new("disposal.facts.implant-not-scanned")],
        Nature::System => {}
    }
    match (case.host.facts.os.basis, &case.exposure.system) {
        (OsBasis::Guessed, _) => gaps.push(Message::new("disposal.facts.system-guessed")),
        (_, None) => gaps.push(Message::new("disposal.facts.system-unknown")),
        _ => {}
    }
    if let Some(gap) = case.host.facts.updates.gap() {
        gaps.push(gap);
    }
    if role_matters(case) {
        gaps.push(Message::new("disposal.facts.role-unknown"));
    }
    gaps
}

/// What to collect, each with the command that does it; never empty.
pub fn what(case: &Case<'_>) -> Vec<Message> {
    let mut ask = Vec::new();
    match &case.lore.nature {
        Nature::Application { product } => {
            return vec![Message::new("disposal.collect.software").with("product", product)];
        }
        Nature::Implant { .. } => {
            return vec![Message::new("disposal.collect.implant-scan").with("address", address(case))];
        }
        Nature::System => {}
    }
    if case.exposure.system.is_none() || case.host.facts.os.basis != OsBasis::Stated {
        ask.push(Message::new("disposal.collect.system"));
    }
    if case.host.facts.updates.gap().is_some() {
        ask.push(Message::new("disposal.collect.updates"));
        ask.extend(case.lore.file.as_ref().map(|file| Message::new("disposal.collect.file").with("file", file)));
    }
    if role_matters(case) {
        ask.push(Message::new("disposal.collect.role"));
    }
    if ask.is_empty() {
        // The judgement is open for a reason of its own; the two lists that decide most answer it most often.
        ask.push(Message::new("disposal.collect.system"));
        ask.push(Message::new("disposal.collect.updates"));
    }
    ask
}

fn role_matters(case: &Case<'_>) -> bool {
    case.lore.domain_controllers_only
        && case.weapon.state == ExposureState::Unknown
        && domain_controller(case.host) == Maybe::Unknown
}

fn address(case: &Case<'_>) -> String {
    case.host.facts.addresses.first().map_or_else(|| case.host.label(), ToString::to_string)
}
