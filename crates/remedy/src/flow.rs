//! The disposal flow: one weapon, one host, node by node. First match ends a weapon; outcomes combine.
//!
//! Every node leaves a [`Decision`]: what was found, on what evidence, and what would change it. Unknown is treated
//! as open until it is known, and never ends in "nothing to do".

mod collect;
mod fix;
mod implant;
mod interim;

pub use fix::base_name;

use crate::{Lore, Nature, WeaponLore, action, urgency};
use jiff::civil::Date;
use model::{
    Action, ActionKind, Decision, Disposal, Exposure, ExposureState, Host, HostExposure, Message, OsBasis, PatchState,
    Port, PortStatus, Reach, ServiceState, Situation, Timeline, Urgency,
};

/// One weapon against one host, and all that is known of both.
pub struct Case<'a> {
    pub host: &'a Host,
    pub exposure: &'a HostExposure,
    pub weapon: &'a Exposure,
    pub lore: WeaponLore,
    pub source: &'a dyn Lore,
    pub day: Date,
}

/// What the nodes passed so far have found.
#[derive(Default)]
pub struct Walk {
    path: Vec<Decision>,
    actions: Vec<Action>,
    situation: Option<Situation>,
}

/// Takes a weapon through the flow.
pub fn walk(case: &Case<'_>) -> Disposal {
    let mut walk = Walk::default();
    walk.facts_known(case);
    if case.implanted() {
        walk.implanted(case);
        return walk.end(case, Urgency { timeline: Timeline::Now, ..case.urgency(false) });
    }
    if !walk.affected(case) {
        return walk.end(case, crate::NOTHING);
    }
    walk.no_implant(case);
    let defended = walk.reach(case);
    if case.only_asks() {
        return walk.end(case, case.urgency(defended));
    }
    let fix = walk.official_fix(case);
    walk.interim(case, fix, defended);
    walk.roll_back(case);
    walk.end(case, case.urgency(defended))
}

impl Case<'_> {
    fn implanted(&self) -> bool {
        let judged = matches!(self.lore.nature, Nature::Implant { .. }) && self.weapon.state == ExposureState::Open;
        judged || self.host.facts.implants.iter().any(|sign| sign.weapon == self.weapon.weapon)
    }

    /// A product nobody saw, or an implant nobody looked for, on ports nobody saw open: asking is the whole answer.
    /// Rules for ports that most likely serve nothing would bury the steps that matter.
    fn only_asks(&self) -> bool {
        let unseen = self.weapon.state == ExposureState::Unknown && self.weapon.reach != Reach::Open;
        match self.lore.nature {
            Nature::System => false,
            Nature::Application { .. } => unseen,
            Nature::Implant { .. } => self.weapon.state == ExposureState::Unknown,
        }
    }

    fn support_ended(&self) -> bool {
        self.exposure.supported == Some(false)
    }

    fn urgency(&self, defended: bool) -> Urgency {
        urgency::urgency_of(self.host, self.weapon, &self.lore, self.source, defended)
    }
}

/// The nodes 0 to 3; 4 is in [`fix`], 5 to 8 in [`interim`].
impl Walk {
    /// Node 0: unknown is collected first and treated as open meanwhile.
    fn facts_known(&mut self, case: &Case<'_>) {
        let gaps = collect::gaps(case);
        let unknown = case.weapon.state == ExposureState::Unknown;
        let open_by_guess = case.weapon.state == ExposureState::Open && case.host.facts.os.basis == OsBasis::Guessed;
        if !unknown && !open_by_guess {
            let answer = match &case.exposure.system {
                Some(system) => Message::new("disposal.facts.enough").with("system", system),
                None => Message::new("disposal.facts.decided"),
            };
            return self.decide("facts-known", answer, gaps, Vec::new());
        }
        let ask = collect::what(case);
        self.decide(
            "facts-known",
            Message::new("disposal.facts.missing"),
            gaps,
            vec![Message::new("disposal.change.facts-collected")],
        );
        self.actions
            .push(Action { why: ask, ..action::new(ActionKind::CollectFacts, Message::new("disposal.facts.missing")) });
    }

    /// Node 1: not affected and fixed end here, with their evidence. True when the walk goes on.
    fn affected(&mut self, case: &Case<'_>) -> bool {
        let evidence = case.weapon.why.clone();
        let (answer, would_change) = match case.weapon.state {
            ExposureState::NotAffected => (Message::new("disposal.affected.no"), case.would_affect()),
            ExposureState::Fixed => {
                (Message::new("disposal.affected.fixed"), Message::new("disposal.change.fix-removed"))
            }
            ExposureState::Open => (Message::new("disposal.affected.open"), case.would_fix()),
            ExposureState::Unknown => (Message::new("disposal.affected.assumed"), case.would_fix()),
        };
        if !case.weapon.state.needs_action() {
            self.actions.push(Action { why: evidence.clone(), ..action::new(ActionKind::NothingToDo, answer.clone()) });
        }
        let evidence = if case.weapon.state.needs_action() {
            evidence
                .into_iter()
                .chain(case.weapon.preconditions.iter().cloned())
                .chain(case.lore.notes.iter().cloned())
                .collect()
        } else {
            evidence
        };
        self.decide("affected", answer, evidence, vec![would_change]);
        case.weapon.state.needs_action()
    }

    fn no_implant(&mut self, case: &Case<'_>) {
        let answer = match case.host.facts.implants.first() {
            Some(sign) => Message::new("disposal.implant.other").with("weapon", &sign.weapon),
            None => Message::new("disposal.implant.none-seen"),
        };
        self.decide("implant", answer, Vec::new(), vec![Message::new("disposal.change.implant-seen")]);
    }

    /// Node 3: a closed port or a service that is off lowers the urgency, and the walk goes on: defences change.
    fn reach(&mut self, case: &Case<'_>) -> bool {
        let off = case.switched_off();
        let ports = &case.weapon.ports;
        let (answer, would_change, defended) = match (off, case.weapon.reach) {
            (Some(what), _) => (
                Message::new("disposal.reach.off").with("what", &what),
                Message::new("disposal.change.switched-on").with("what", what),
                true,
            ),
            (None, Reach::Closed) => (
                Message::new("disposal.reach.closed").list("ports", ports),
                Message::new("disposal.change.port-opened").list("ports", ports),
                true,
            ),
            (None, Reach::Open) => (
                Message::new("disposal.reach.open").list("ports", case.seen_open()),
                Message::new("disposal.change.port-closed").list("ports", ports),
                false,
            ),
            (None, Reach::Filtered) => (
                Message::new("disposal.reach.filtered").list("ports", ports),
                Message::new("disposal.change.port-closed").list("ports", ports),
                false,
            ),
            (None, Reach::Unknown) => (
                Message::new("disposal.reach.unknown").list("ports", ports),
                Message::new("disposal.change.port-closed").list("ports", ports),
                false,
            ),
        };
        self.decide("reach", answer, Vec::new(), vec![would_change]);
        defended
    }

    fn decide(&mut self, node: &str, answer: Message, evidence: Vec<Message>, would_change: Vec<Message>) {
        self.path.push(Decision { node: node.to_owned(), answer, evidence, would_change });
    }

    /// Ends the walk. A weapon that can hit and for which no node found anything to do is watched: never nothing.
    fn end(mut self, case: &Case<'_>, urgency: Urgency) -> Disposal {
        if self.actions.is_empty() {
            self.actions.push(interim::detect_outside(case));
        }
        Disposal {
            weapon: case.weapon.weapon.clone(),
            path: self.path,
            actions: self.actions,
            urgency,
            situation: self.situation,
        }
    }
}

impl Case<'_> {
    fn would_affect(&self) -> Message {
        if self.lore.domain_controllers_only && self.weapon.patch != PatchState::Installed {
            Message::new("disposal.change.became-dc")
        } else {
            Message::new("disposal.change.other-system")
        }
    }

    fn would_fix(&self) -> Message {
        let fixes = self.fixes();
        if fixes.is_empty() {
            return match &self.lore.nature {
                Nature::Application { product } => {
                    Message::new("disposal.change.product-absent").with("product", product)
                }
                _ => Message::new("disposal.change.supported-system"),
            };
        }
        Message::new("disposal.change.installed").list("kbs", fixes)
    }

    fn seen_open(&self) -> Vec<Port> {
        let open = |port: &&Port| self.host.facts.ports.get(port).is_some_and(|state| state.status == PortStatus::Open);
        let seen: Vec<_> = self.weapon.ports.iter().filter(open).copied().collect();
        if seen.is_empty() { self.weapon.ports.clone() } else { seen }
    }

    /// The service or protocol the weapon needs that is known to be off today.
    fn switched_off(&self) -> Option<String> {
        use crate::{Way, controls};
        let smb1_off = self.host.facts.smb1 == Some(false);
        self.lore.ways.iter().find_map(|way| match way {
            Way::Feature(id) if id == controls::SMB1_OFF && smb1_off => Some("SMB1".to_owned()),
            Way::Service(name) => match self.host.facts.services.get(name) {
                Some(ServiceState::Stopped | ServiceState::Disabled) => Some(name.clone()),
                _ => None,
            },
            Way::Feature(_) => None,
        })
    }
}
