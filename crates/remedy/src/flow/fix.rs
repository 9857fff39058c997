//! Node 4: is there an official fix for this system, can it be installed, and what must be installed first?

use super::{Case, Walk};
use crate::{Nature, action};
use jiff::civil::Date;
use model::{Action, ActionKind, BaseStep, Family, KbId, Message, PatchState, Situation};
use std::collections::BTreeSet;

/// How the hole will be closed for good, as node 4 found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// An update, a new version or a new system ends the need for interim measures.
    Coming,
    /// Nothing ends it: measures stay, under review.
    Never,
    /// Not known until facts are collected.
    Unknown,
}

impl Walk {
    pub(super) fn official_fix(&mut self, case: &Case<'_>) -> Fix {
        let fixes = case.fixes();
        if let Nature::Application { product } = &case.lore.nature {
            self.upgrade_application(case, product);
        }
        if fixes.is_empty() {
            return self.no_fix(case);
        }
        let usable = case.usable(&case.weapon.fixes, &case.lore.preferred);
        if usable.is_empty() || case.base_conflicts() {
            return self.fix_conflicts(case, &fixes);
        }
        self.install(case, usable)
    }

    /// 4a, and what never had a fix.
    fn no_fix(&mut self, case: &Case<'_>) -> Fix {
        let application = matches!(case.lore.nature, Nature::Application { .. });
        if application {
            return Fix::Coming;
        }
        if case.weapon.patch == PatchState::Unknown && case.exposure.system.is_none() {
            self.decide(
                "official-fix",
                Message::new("disposal.fix.system-unknown"),
                Vec::new(),
                vec![Message::new("disposal.change.facts-collected")],
            );
            return Fix::Unknown;
        }
        if !case.support_ended() {
            self.decide(
                "official-fix",
                Message::new("disposal.fix.none"),
                Vec::new(),
                vec![Message::new("disposal.change.fix-published")],
            );
            self.actions.push(super::interim::detect_outside(case));
            return Fix::Never;
        }
        let answer = Message::new("disposal.fix.none-support-ended").with("date", ended(case));
        self.decide("official-fix", answer.clone(), Vec::new(), vec![Message::new("disposal.change.supported-system")]);
        self.situation = Some(Situation::SupportEnded);
        self.actions.push(upgrade_system(case, answer));
        Fix::Coming
    }

    /// 4b: the patch breaks the business. Watched from outside and replaced; the shield follows in node 7.
    fn fix_conflicts(&mut self, case: &Case<'_>, fixes: &[KbId]) -> Fix {
        let answer = Message::new("disposal.fix.conflict").list("kbs", fixes);
        let mut would_change = vec![Message::new("disposal.change.no-conflict").list("kbs", fixes)];
        would_change.push(Message::new("disposal.change.ring").list("kbs", fixes));
        self.decide("official-fix", answer.clone(), Vec::new(), would_change);
        self.situation = Some(Situation::PatchConflicts);
        self.actions.push(super::interim::detect_outside(case));
        let mut replace = action::new(ActionKind::ReplaceSystem, answer);
        replace.control = case.target();
        replace.why.push(case.target_message());
        self.actions.push(replace);
        Fix::Never
    }

    /// 4c and 4d.
    fn install(&mut self, case: &Case<'_>, usable: Vec<KbId>) -> Fix {
        let mut evidence = Vec::new();
        if case.support_ended() {
            evidence.push(case.fix_after_support(&usable));
            self.situation.get_or_insert(Situation::SupportEnded);
        }
        if let Some(step) = case.closing_step() {
            return self.install_closing(case, step, &usable, evidence);
        }
        let steps = case.weapon.base.as_ref().map_or(&[][..], |base| &base.steps);
        let needs = Message::new("disposal.change.conflicted").list("kbs", &usable);
        if !steps.is_empty() {
            let names = steps.iter().map(|step| base_name(&step.id, &step.any_of));
            let first = Message::new("disposal.fix.base-first").list("base", names).list("kbs", &usable);
            self.decide(
                "official-fix",
                Message::new("disposal.fix.exists").list("kbs", &usable),
                evidence,
                vec![needs],
            );
            self.decide("base-present", first, Vec::new(), vec![Message::new("disposal.change.base-installed")]);
        } else {
            self.decide(
                "official-fix",
                Message::new("disposal.fix.exists").list("kbs", &usable),
                evidence,
                vec![needs],
            );
            self.decide("base-present", Message::new("disposal.fix.base-there"), Vec::new(), Vec::new());
        }
        for step in steps {
            let why = Message::new("disposal.fix.base-for")
                .list("kbs", &usable)
                .with("base", base_name(&step.id, &step.any_of));
            let mut base = action::updates(ActionKind::BasePatch, step.any_of.clone(), why);
            base.control = Some(step.id.clone());
            base.reboot = step.reboot;
            self.actions.push(base);
        }
        let mut key = action::updates(ActionKind::KeyPatch, usable, key_reason(case));
        if case.host.facts.business.online == Some(false) {
            key.why.push(Message::new("disposal.fix.by-medium"));
        }
        self.actions.push(key);
        Fix::Coming
    }

    /// A service pack that goes in anyway brings the fix with it: no key patch for this weapon.
    fn install_closing(&mut self, case: &Case<'_>, step: &BaseStep, usable: &[KbId], evidence: Vec<Message>) -> Fix {
        let base = base_name(&step.id, &step.any_of);
        let needs = Message::new("disposal.change.conflicted").list("kbs", usable);
        self.decide("official-fix", Message::new("disposal.fix.exists").list("kbs", usable), evidence, vec![needs]);
        let answer = Message::new("disposal.fix.in-base").with("base", base).with("weapon", &case.weapon.weapon);
        let would_change = vec![Message::new("disposal.change.base-installed")];
        self.decide("base-present", answer.clone(), Vec::new(), would_change);
        let mut action = action::updates(ActionKind::BasePatch, step.any_of.clone(), answer);
        action.control = Some(step.id.clone());
        action.reboot = step.reboot;
        self.actions.push(action);
        Fix::Coming
    }

    fn upgrade_application(&mut self, case: &Case<'_>, product: &str) {
        let answer = Message::new("disposal.fix.product").with("product", product);
        self.decide(
            "official-fix",
            answer.clone(),
            Vec::new(),
            vec![
                Message::new("disposal.change.product-upgraded").with("product", product),
                Message::new("disposal.change.product-absent").with("product", product),
            ],
        );
        let mut upgrade = action::new(ActionKind::UpgradeApplication, answer);
        upgrade.control = Some(product.to_owned());
        upgrade.why.push(Message::new("disposal.fix.product-or-retire").with("product", product));
        upgrade.why.extend(case.lore.remedies.iter().cloned());
        self.actions.push(upgrade);
    }
}

impl Case<'_> {
    /// Every update that closes the hole on this system, the preferred first.
    pub(super) fn fixes(&self) -> Vec<KbId> {
        order(self.weapon.fixes.iter().copied().collect(), &self.lore.preferred)
    }

    /// Those of `fixes` that the business can bear, the preferred first.
    pub(super) fn usable(&self, fixes: &BTreeSet<KbId>, preferred: &[KbId]) -> Vec<KbId> {
        let business = &self.host.facts.business;
        if business.patch_conflict == Some(true) {
            return Vec::new();
        }
        order(fixes.difference(&business.conflicting_updates).copied().collect(), preferred)
    }

    /// A base patch all of whose choices break the business cannot be the way to the key patch.
    fn base_conflicts(&self) -> bool {
        self.weapon.base.iter().flat_map(|base| &base.steps).any(|step| self.cannot_be_borne(step))
    }

    fn cannot_be_borne(&self, step: &BaseStep) -> bool {
        let conflicting = &self.host.facts.business.conflicting_updates;
        !step.any_of.is_empty() && step.any_of.iter().all(|kb| conflicting.contains(kb))
    }

    /// The base step that closes this weapon by itself and goes in anyway, for this weapon or another of this host.
    fn closing_step(&self) -> Option<&BaseStep> {
        let open = self.exposure.weapons.iter().filter(|weapon| weapon.state.needs_action());
        let patched = open.filter(|weapon| !self.usable(&weapon.fixes, &[]).is_empty());
        let ways = patched.filter_map(|weapon| weapon.base.as_ref()).map(|base| &base.steps);
        // A way with a step that the business cannot bear is not gone: none of its steps goes in.
        let mut steps = ways.filter(|steps| !steps.iter().any(|step| self.cannot_be_borne(step))).flatten();
        steps.find(|step| self.lore.closed_by.contains(&step.id))
    }

    /// The report of 2017 says of XP and 2003 that no patch exists; some came out of band, after support had ended.
    fn fix_after_support(&self, usable: &[KbId]) -> Message {
        let message = match (self.exposure.support_ended, self.lore.published) {
            (Some(ended), Some(published)) if published > ended => {
                Message::new("disposal.fix.out-of-band").with("published", published)
            }
            _ => Message::new("disposal.fix.before-support-end"),
        };
        message.with("date", ended(self)).list("kbs", usable)
    }

    fn target(&self) -> Option<String> {
        self.source.upgrade_target(self.host.facts.os.family?, self.day)
    }

    fn target_message(&self) -> Message {
        match (self.host.facts.os.family, self.target()) {
            (Some(Family::Client), Some(target)) => Message::new("disposal.upgrade.client").with("target", target),
            (Some(Family::Server), Some(target)) => Message::new("disposal.upgrade.server").with("target", target),
            _ => Message::new("disposal.upgrade.unknown"),
        }
    }
}

fn upgrade_system(case: &Case<'_>, why: Message) -> Action {
    let mut upgrade = action::new(ActionKind::UpgradeSystem, why);
    upgrade.control = case.target();
    upgrade.why.push(case.target_message());
    upgrade
}

fn key_reason(case: &Case<'_>) -> Message {
    match case.weapon.state {
        model::ExposureState::Unknown => Message::new("disposal.fix.key-if-missing"),
        _ => Message::new("disposal.fix.key"),
    }
    .with("weapon", &case.weapon.weapon)
}

fn order(mut kbs: Vec<KbId>, preferred: &[KbId]) -> Vec<KbId> {
    let rank = |kb: &KbId| preferred.iter().position(|other| other == kb).unwrap_or(preferred.len());
    kbs.sort_by_key(|kb| (rank(kb), *kb));
    kbs
}

/// `7-sp1 (KB976932)`.
pub fn base_name(id: &str, any_of: &[KbId]) -> String {
    if any_of.is_empty() {
        return id.to_owned();
    }
    let kbs: Vec<_> = any_of.iter().map(ToString::to_string).collect();
    format!("{id} ({})", kbs.join(" / "))
}

fn ended(case: &Case<'_>) -> String {
    case.exposure.support_ended.as_ref().map(Date::to_string).unwrap_or_default()
}
