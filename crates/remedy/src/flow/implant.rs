//! Node 2: a sign of an implant. Isolate, patch, reboot, examine; a patch alone removes nothing.

use super::{Case, Walk};
use crate::ports::{Maybe, domain_controller};
use crate::{Nature, action, controls};
use model::{Action, ActionKind, ExposureState, KbId, Message};
use std::collections::BTreeSet;

impl Walk {
    pub(super) fn implanted(&mut self, case: &Case<'_>) {
        let signs = case.host.facts.implants.iter().filter(|sign| sign.weapon == case.weapon.weapon);
        let evidence: Vec<_> = signs
            .map(|sign| Message::new("disposal.implant.sign").with("evidence", &sign.evidence))
            .chain(case.weapon.why.iter().cloned())
            .collect();
        self.decide(
            "implant",
            Message::new("disposal.implant.seen").with("weapon", &case.weapon.weapon),
            evidence,
            vec![Message::new("disposal.change.implant-gone")],
        );
        // The question whether an implant is there has been answered; what is collected now is its memory.
        self.actions.retain(|action| action.kind != ActionKind::CollectFacts);
        self.actions.push(isolate(case));
        self.actions.push(action::new(ActionKind::CollectFacts, Message::new("disposal.collect.memory")));
        let patches = way_in(case);
        let patched = patches.is_empty();
        for any_of in patches {
            self.actions.push(action::updates(ActionKind::KeyPatch, any_of, Message::new("disposal.implant.way-in")));
        }
        let mut examine = action::new(ActionKind::Examine, Message::new("disposal.implant.examine"));
        examine.why.push(Message::new(if patched {
            "disposal.implant.reboot"
        } else {
            "disposal.implant.reboot-after"
        }));
        examine.reboot = patched;
        self.actions.push(examine);
        let mut verify = action::new(ActionKind::Verify, Message::new("disposal.verify.implant-gone"));
        verify.ports = case.weapon.ports.iter().copied().collect();
        self.actions.push(verify);
        self.roll_back(case);
    }
}

fn isolate(case: &Case<'_>) -> Action {
    let mut isolate = action::control(ActionKind::Isolate, controls::ISOLATE, Message::new("disposal.implant.isolate"));
    if domain_controller(case.host) != Maybe::No {
        isolate.why.push(Message::new("disposal.implant.isolate-dc"));
    }
    isolate.temporary = true;
    isolate
}

/// The updates that close the ways the implant came in by, as far as they are open on this host.
fn way_in(case: &Case<'_>) -> BTreeSet<Vec<KbId>> {
    let Nature::Implant { delivered_by } = &case.lore.nature else { return BTreeSet::new() };
    let open = case.exposure.weapons.iter().filter(|exposure| {
        delivered_by.contains(&exposure.weapon)
            && matches!(exposure.state, ExposureState::Open | ExposureState::Unknown)
    });
    open.map(|exposure| {
        case.usable(&exposure.fixes, &case.source.weapon(&exposure.weapon, case.exposure.system.as_deref()).preferred)
    })
    .filter(|fixes| !fixes.is_empty())
    .collect()
}
