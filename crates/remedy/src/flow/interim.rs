//! Nodes 5 to 8: what holds until the fix is in, and what is undone after it. Block, else switch off, else shield.

use super::fix::Fix;
use super::{Case, Walk};
use crate::ports::{Maybe, Ruling, domain_controller, rulings};
use crate::{Way, action, controls};
use jiff::ToSpan;
use jiff::civil::Date;
use model::{Action, ActionKind, KbId, Message, Port, ServiceState, Situation};
use std::collections::{BTreeMap, BTreeSet};

/// A shield is looked at again after this many days; sooner when the weapon is known to be used.
const REVIEW_DAYS: i32 = 90;
const REVIEW_DAYS_KEV: i32 = 30;

impl Walk {
    /// Nodes 5, 6 and 7. `defended` hosts need no new measure now: their port is closed or their service off.
    pub(super) fn interim(&mut self, case: &Case<'_>, fix: Fix, defended: bool) {
        if defended {
            return self.decide("port-needed", Message::new("disposal.port.defended"), Vec::new(), Vec::new());
        }
        let groups = rulings(case.host, case.weapon.ports.iter().copied());
        self.port_needed(case, &groups, fix);
        let shielded: BTreeSet<Port> =
            groups.iter().filter(|(ruling, _)| ruling.shields()).flat_map(|(_, ports)| ports.iter().copied()).collect();
        if shielded.is_empty() && !case.weapon.ports.is_empty() {
            return;
        }
        self.service_needed(case, fix);
        self.shield(case, &groups, shielded);
    }

    /// Node 5: what may be blocked is blocked.
    fn port_needed(&mut self, case: &Case<'_>, groups: &BTreeMap<Ruling, BTreeSet<Port>>, fix: Fix) {
        // The ruling that restricts most is the answer, the others stand beside it.
        let mut messages = groups.iter().map(|(ruling, ports)| ruling.message(ports));
        let answer = messages.next().unwrap_or_else(|| Message::new("disposal.port.none"));
        let would_change = groups.iter().filter_map(|(ruling, ports)| ruling.would_change(ports)).collect();
        self.decide("port-needed", answer, messages.collect(), would_change);
        if groups.contains_key(&Ruling::Needed) {
            self.situation = match self.situation {
                Some(Situation::PatchConflicts) => self.situation,
                _ => Some(Situation::PortIsBusiness),
            };
        }
        if let Some(ports) = groups.get(&Ruling::AskFirst) {
            self.actions.push(action::new(
                ActionKind::CollectFacts,
                Message::new("disposal.collect.ask-ports").list("ports", ports),
            ));
        }
        for (ruling, ports) in groups.iter().filter(|(ruling, _)| ruling.blocks()) {
            self.block(case, *ruling, ports, fix);
        }
    }

    fn block(&mut self, case: &Case<'_>, ruling: Ruling, ports: &BTreeSet<Port>, fix: Fix) {
        // A port nobody needs stays blocked: rolling back would only open it again.
        let temporary = ruling != Ruling::NotNeeded && fix == Fix::Coming;
        let review_on = (!temporary && ruling != Ruling::NotNeeded).then(|| review_on(case));
        let ports = with_netbios(case, ruling, ports);
        let why = vec![ruling.message(&ports)];
        let mut measures = vec![action::on_ports(ActionKind::BlockPort, controls::BLOCK_PORT, ports.clone(), why)];
        if controls::is_nt5(case.host, case.exposure) {
            measures.extend(without_listener(&ports));
        }
        self.actions.extend(measures.into_iter().map(|action| Action { temporary, review_on, ..action }));
    }

    /// Node 6: the port stays; is there a part behind it that nobody needs?
    fn service_needed(&mut self, case: &Case<'_>, fix: Fix) {
        let ways: Vec<_> = case.lore.ways.iter().filter(|way| case.exists(way)).collect();
        if ways.is_empty() {
            return;
        }
        let (mut answers, mut would_change) = (Vec::new(), Vec::new());
        for way in ways {
            let name = controls::name(way.id());
            match case.way_out(way) {
                WayOut::AlreadyOff => answers.push(Message::new("disposal.service.off").with("service", name)),
                WayOut::Never => answers.push(Message::new("disposal.service.never-on-dc").with("service", name)),
                WayOut::Needed => {
                    answers.push(Message::new("disposal.service.needed").with("service", name));
                    would_change.push(Message::new("disposal.change.service-not-needed").with("service", name));
                }
                WayOut::Ask => {
                    answers.push(Message::new("disposal.service.ask-first").with("service", name));
                    would_change.push(Message::new("disposal.change.service-not-needed").with("service", name));
                    let ask = Message::new("disposal.collect.ask-service").with("service", name);
                    self.actions.push(action::new(ActionKind::CollectFacts, ask));
                }
                WayOut::SwitchOff { asked } => {
                    let code = if asked { "disposal.service.not-needed" } else { "disposal.service.legacy" };
                    let answer = Message::new(code).with("service", name);
                    answers.push(answer.clone());
                    would_change.push(Message::new("disposal.change.service-needed").with("service", name));
                    self.actions.push(switch_off(case, way, answer, !asked && fix == Fix::Coming));
                }
            }
        }
        let answer = answers.remove(0);
        self.decide("service-needed", answer, answers, would_change);
    }

    /// Node 7: what stays open is shielded, until a day on which someone looks again.
    fn shield(&mut self, case: &Case<'_>, groups: &BTreeMap<Ruling, BTreeSet<Port>>, ports: BTreeSet<Port>) {
        let review_on = review_on(case);
        let answer = Message::new("disposal.shield.needed").list("ports", &ports).with("date", review_on);
        let would_change =
            ports.iter().next().map(|_| Message::new("disposal.change.port-closed").list("ports", &ports));
        let reasons = groups.iter().filter(|(ruling, _)| ruling.shields()).map(|(ruling, ports)| ruling.message(ports));
        let mut why: Vec<_> = reasons.collect();
        why.push(Message::new("disposal.shield.how").list("ports", &ports));
        self.decide("shield", answer, Vec::new(), would_change.into_iter().collect());
        let mut shield = action::on_ports(ActionKind::Shield, controls::SHIELD, ports, why);
        shield.review_on = Some(review_on);
        self.actions.push(shield);
    }

    /// Node 8: verify what was done, then undo what was only for the time being.
    pub(super) fn roll_back(&mut self, case: &Case<'_>) {
        if !self.actions.iter().any(|action| changes_something(action.kind)) {
            return;
        }
        if !self.actions.iter().any(|action| action.kind == ActionKind::Verify) {
            let verify = verify(case, &self.actions);
            self.actions.push(verify);
        }
        let undo: Vec<_> = self.actions.iter().filter(|action| action.temporary).map(undo).collect();
        let undone: BTreeSet<_> = undo.iter().filter_map(|action| action.control.clone()).collect();
        let answer = if undo.is_empty() {
            Message::new("disposal.roll-back.nothing")
        } else {
            Message::new("disposal.roll-back.after-verify").list("controls", undone.iter().map(|id| controls::name(id)))
        };
        let would_change = if undo.is_empty() { None } else { Some(Message::new("disposal.change.keep-block")) };
        self.decide("roll-back", answer, Vec::new(), would_change.into_iter().collect());
        self.actions.extend(undo);
    }
}

/// NetBIOS is one thing on three ports: where its session service is blocked, name and datagram service go with it.
fn with_netbios(case: &Case<'_>, ruling: Ruling, ports: &BTreeSet<Port>) -> BTreeSet<Port> {
    let mut all = ports.clone();
    if ports.contains(&Port::tcp(139)) {
        let same = |port: &Port| crate::ports::ruling(case.host, *port) == ruling;
        all.extend([Port::udp(137), Port::udp(138)].into_iter().filter(same));
    }
    all
}

/// The firewall of XP and 2003 has no rule that blocks; these two take the listener away.
fn without_listener(ports: &BTreeSet<Port>) -> Vec<Action> {
    let mut measures = Vec::new();
    if ports.contains(&Port::tcp(445)) {
        let why = Message::new("disposal.block.smb-device");
        let off = action::control(ActionKind::DisableFeature, controls::SMB_OVER_TCP_OFF, why);
        measures.push(Action { reboot: true, ..off });
    }
    // The switch takes all three ports away at once, so all three must be free to go.
    if [Port::tcp(139), Port::udp(137), Port::udp(138)].iter().all(|port| ports.contains(port)) {
        let why = Message::new("disposal.block.netbios");
        measures.push(action::control(ActionKind::DisableFeature, controls::NETBIOS_OFF, why));
    }
    measures
}

/// Watching from outside the host, for what nothing on the host can close.
pub fn detect_outside(case: &Case<'_>) -> Action {
    let ports: BTreeSet<_> = case.weapon.ports.iter().copied().collect();
    let why = Message::new("disposal.detect-outside").list("ports", &ports).with("weapon", &case.weapon.weapon);
    action::on_ports(ActionKind::DetectOutside, controls::DETECT_OUTSIDE, ports, vec![why])
}

enum WayOut {
    AlreadyOff,
    Never,
    Needed,
    Ask,
    SwitchOff { asked: bool },
}

impl Way {
    pub fn id(&self) -> &str {
        match self {
            Way::Service(id) | Way::Feature(id) => id,
        }
    }
}

impl Case<'_> {
    fn exists(&self, way: &Way) -> bool {
        controls::exists_on(way.id(), self.host, self.exposure)
    }

    fn way_out(&self, way: &Way) -> WayOut {
        let facts = &self.host.facts;
        let off = facts.services.get(way.id()).is_some_and(|state| *state != ServiceState::Running);
        if off || (way.id() == controls::SMB1_OFF && facts.smb1 == Some(false)) {
            return WayOut::AlreadyOff;
        }
        let controller = domain_controller(self.host);
        if controller != Maybe::No && controls::is_domain_service(way.id()) {
            return WayOut::Never;
        }
        match facts.business.needs_services.as_ref().map(|needed| needed.contains(way.id())) {
            Some(true) => WayOut::Needed,
            Some(false) => WayOut::SwitchOff { asked: true },
            // A domain controller is no print server: Microsoft's own hardening switches the Spooler off there.
            None if controls::is_legacy(way.id()) || (controller == Maybe::Yes && way.id() == "spooler") => {
                WayOut::SwitchOff { asked: false }
            }
            None => WayOut::Ask,
        }
    }
}

fn switch_off(case: &Case<'_>, way: &Way, why: Message, temporary: bool) -> Action {
    let mut action = match way {
        Way::Service(name) => {
            let mut action = action::control(ActionKind::DisableService, controls::DISABLE_SERVICE, why);
            action.services.insert(name.clone());
            action
        }
        Way::Feature(id) => action::control(ActionKind::DisableFeature, id, why),
    };
    // Only 8 and 2012 have the switch and not yet the optional feature: there it works at once.
    action.reboot =
        way.id() == controls::SMB1_OFF && case.exposure.system.as_deref().is_none_or(|id| !has_live_smb1_switch(id));
    action.temporary = temporary;
    action
}

fn has_live_smb1_switch(system: &str) -> bool {
    matches!(system.split('-').next(), Some("8" | "2012"))
}

fn review_on(case: &Case<'_>) -> Date {
    let days = if case.lore.kev { REVIEW_DAYS_KEV } else { REVIEW_DAYS };
    case.day.checked_add(days.days()).unwrap_or(Date::MAX)
}

fn changes_something(kind: ActionKind) -> bool {
    !matches!(
        kind,
        ActionKind::NothingToDo | ActionKind::CollectFacts | ActionKind::DetectOutside | ActionKind::ReplaceSystem
    )
}

/// One check for all that was done for this weapon: updates listed, ports closed, controls read back.
fn verify(case: &Case<'_>, actions: &[Action]) -> Action {
    let key: Vec<KbId> = actions
        .iter()
        .filter(|action| action.kind == ActionKind::KeyPatch)
        .flat_map(|action| action.any_of.clone())
        .collect();
    let ports: BTreeSet<Port> = actions
        .iter()
        .filter(|action| action.kind == ActionKind::BlockPort)
        .flat_map(|action| action.ports.clone())
        .collect();
    let mut why = Vec::new();
    if !key.is_empty() {
        why.push(Message::new("disposal.verify.updates").list("kbs", &key));
        why.extend(case.lore.file.as_ref().map(|file| Message::new("disposal.verify.file").with("file", file)));
    }
    if !ports.is_empty() {
        why.push(Message::new("disposal.verify.ports").list("ports", &ports));
    }
    let rest = |kind| matches!(kind, ActionKind::DisableService | ActionKind::DisableFeature | ActionKind::Shield);
    if actions.iter().any(|action| rest(action.kind)) {
        why.push(Message::new("disposal.verify.controls"));
    }
    if why.is_empty() {
        why.push(Message::new("disposal.verify.assess-again"));
    }
    Action { any_of: key, ports, why, ..action::new(ActionKind::Verify, Message::new("disposal.verify.assess-again")) }
}

/// The step that undoes a temporary one: the same control, ports and services.
fn undo(action: &Action) -> Action {
    let code = if action.kind == ActionKind::Isolate { "disposal.roll-back.rejoin" } else { "disposal.roll-back.undo" };
    let control = action.control.clone().unwrap_or_default();
    let mut undo = action::new(ActionKind::RollBack, Message::new(code).with("control", controls::name(&control)));
    undo.control = Some(control);
    undo.ports = action.ports.clone();
    undo.services = action.services.clone();
    undo.reboot = action.reboot;
    undo
}
