//! The actions of the fleet: the cheapest set that closes for good what can be closed, and the measures until then.

use super::what_if::clamp;
use super::{
    Base, Choice, Closer, CutOff, Delivery, Fleet, Kind, Link, Measure, Need, Problem, Ring, Sizes, Sorted, greedy,
    rings,
};
use crate::{action, describe};
use model::{Action, ActionKind, KbId, Message, Port, Timeline, WeaponId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

// What things cost, in minutes of someone's work. Only their proportion matters: fetching and testing one more package
// is worth an hour, one more installation a minute, so that a package which serves many beats many that serve few.
const STAGE_PACKAGE: u64 = 60;
const INSTALL_UPDATE: u64 = 1;
const INSTALL_BASE: u64 = 5;
const UPGRADE_APPLICATION: u64 = 60;
const UPGRADE_SYSTEM: u64 = 480;
const REPLACE_SYSTEM: u64 = 960;

/// What to do about the fleet, most urgent first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FleetActions {
    pub actions: Vec<FleetAction>,
    /// All exposures, each weighed by its host's asset value.
    pub exposures: u64,
    /// Those of them that no lasting action closes: they wait for facts, or stay behind a shield.
    pub left: u64,
}

/// One action on many hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetAction {
    /// 1-based: by urgency, then by exposures closed or held.
    pub rank: u32,
    /// Closes its exposures for good; a measure only holds until then.
    pub lasting: bool,
    pub title: Message,
    pub kind: ActionKind,
    pub kb: Option<KbId>,
    pub control: Option<String>,
    pub ports: BTreeSet<Port>,
    pub services: BTreeSet<String>,
    /// Base patches that go in first, on the hosts that lack them.
    pub base: Vec<Base>,
    pub weapons: BTreeSet<WeaponId>,
    /// Systems it is done on; each needs its own package.
    pub systems: BTreeSet<String>,
    /// Most urgent timeline among what it closes or holds.
    pub timeline: Timeline,
    pub hosts: u64,
    /// Exposures, weighed by asset value, that it closes and no lasting action before it did; for a measure, those it holds.
    pub exposures: u64,
    /// The same as a share of all exposures, 0 to 1.
    pub risk_removed: f64,
    /// Minutes of work, by the proportions of this module.
    pub cost: u64,
    pub delivery: Delivery,
    /// For a port block: what it cuts off where the plan would do it.
    pub cut_off: BTreeMap<Port, CutOff>,
    pub why: Vec<Message>,
    /// How it is rolled out: to few hosts first, to those that are missed most last.
    pub rings: Vec<Ring>,
    /// Names the action: the same action has the same key as long as it is there.
    pub key: String,
    /// The lasting way it takes; none for a measure.
    #[serde(skip)]
    pub closer: Option<Closer>,
    /// The kinds of hosts it is done on, by their places in the fleet.
    #[serde(skip)]
    pub kinds: BTreeSet<Kind>,
}

impl Fleet {
    /// The smallest set of lasting actions, and every measure of the plans, ranked.
    pub fn actions(&self, sizes: &Sizes, link: &Link) -> FleetActions {
        let profiles = self.sorted();
        let exposures: u64 = profiles.iter().map(|one| one.profile.exposures.len() as u64 * one.tally.value).sum();
        let board = Board::new(&profiles);
        let taken = greedy(&board.problem());
        let (mut actions, closed) = board.lasting(&taken, sizes, link);
        actions.extend(measures(&profiles));
        actions.sort_by_cached_key(order);
        for (action, rank) in actions.iter_mut().zip(1..) {
            action.rank = rank;
            let kinds = action.kinds.iter().filter_map(|kind| self.kinds.get(*kind));
            action.rings = rings::counted(kinds.map(|(profile, tally)| (&**profile, *tally)));
            action.risk_removed = if exposures == 0 { 0.0 } else { action.exposures as f64 / exposures as f64 };
        }
        FleetActions { actions, exposures, left: exposures - closed }
    }
}

fn order(action: &FleetAction) -> (Timeline, bool, Reverse<u64>, Reverse<u64>, ActionKind, String) {
    let isolation = action.kind != ActionKind::Isolate;
    let (exposures, hosts) = (Reverse(action.exposures), Reverse(action.hosts));
    (
        action.timeline,
        isolation,
        exposures,
        hosts,
        action.kind,
        format!("{:?}{:?}{:?}", action.kb, action.control, action.ports),
    )
}

/// The exposures as elements and the closers as choices of a cover.
struct Board<'a> {
    profiles: &'a [Sorted<'a>],
    /// Element -> profile and exposure.
    elements: Vec<(usize, &'a Need)>,
    closers: BTreeMap<&'a Closer, Vec<u32>>,
}

impl<'a> Board<'a> {
    fn new(profiles: &'a [Sorted<'a>]) -> Self {
        let mut board = Board { profiles, elements: Vec::new(), closers: BTreeMap::new() };
        for (at, Sorted { profile, .. }) in profiles.iter().enumerate() {
            for need in profile.exposures.iter().filter(|need| !need.closers.is_empty()) {
                let element = u32::try_from(board.elements.len()).unwrap_or(u32::MAX);
                board.elements.push((at, need));
                for closer in &need.closers {
                    board.closers.entry(closer).or_default().push(element);
                }
            }
        }
        board
    }

    fn problem(&self) -> Problem {
        let mut shared = Shared::default();
        let choices = self.closers.iter().map(|(closer, covers)| self.choice(closer, covers, &mut shared)).collect();
        let weights = self.elements.iter().map(|(at, _)| self.profiles[*at].tally.value).collect();
        Problem { weights, choices, shared: shared.costs }
    }

    fn choice(&self, closer: &Closer, covers: &[u32], shared: &mut Shared<'a>) -> Choice {
        let mut places = BTreeSet::new();
        let mut systems = BTreeSet::new();
        let mut shares = BTreeSet::new();
        for (at, need) in covers.iter().map(|element| self.elements[*element as usize]) {
            let Sorted { profile, tally, .. } = self.profiles[at];
            places.insert(at);
            systems.insert(profile.system.as_deref());
            if closer.kind == ActionKind::KeyPatch {
                for base in &need.base {
                    shares.insert(shared.index((&base.id, None), STAGE_PACKAGE));
                    shares.insert(shared.index((&base.id, Some(at)), INSTALL_BASE * tally.hosts));
                }
            }
        }
        let hosts: u64 = places.iter().map(|at| self.profiles[*at].tally.hosts).sum();
        let cost = cost_of(closer.kind, hosts, systems.len() as u64);
        Choice { covers: covers.to_vec(), cost, shares: shares.into_iter().collect() }
    }

    /// The taken choices as actions, each with what it closes that those before it did not; and all that is closed.
    fn lasting(&self, taken: &[usize], sizes: &Sizes, link: &Link) -> (Vec<FleetAction>, u64) {
        let closers: Vec<_> = self.closers.iter().collect();
        let mut covered = vec![false; self.elements.len()];
        let mut based = BTreeSet::new();
        let mut actions = Vec::new();
        for (closer, covers) in taken.iter().map(|index| closers[*index]) {
            let new: Vec<_> = covers
                .iter()
                .filter(|element| !std::mem::replace(&mut covered[**element as usize], true))
                .map(|element| self.elements[*element as usize])
                .collect();
            actions.push(self.action(closer, &new, &mut based, sizes, link));
        }
        let closed = actions.iter().map(|action| action.exposures).sum();
        (actions, closed)
    }

    fn action(
        &self,
        closer: &Closer,
        new: &[(usize, &'a Need)],
        based: &mut BTreeSet<(usize, &'a str)>,
        sizes: &Sizes,
        link: &Link,
    ) -> FleetAction {
        let places: BTreeSet<usize> = new.iter().map(|(at, _)| *at).collect();
        let mut action = blank(closer.kind, closer.kb, closer.control.clone());
        action.lasting = true;
        action.closer = Some(closer.clone());
        action.hosts = places.iter().map(|at| self.profiles[*at].tally.hosts).sum();
        action.exposures = new.iter().map(|(at, _)| self.profiles[*at].tally.value).sum();
        action.weapons = new.iter().map(|(_, need)| need.weapon.clone()).collect();
        action.systems = places.iter().filter_map(|at| self.profiles[*at].profile.system.clone()).collect();
        action.timeline = new.iter().map(|(_, need)| need.timeline).min().unwrap_or(Timeline::None);
        action.cost = cost_of(closer.kind, action.hosts, action.systems.len().max(1) as u64);
        let mut load = Load::default();
        for at in &places {
            let Sorted { profile, tally, .. } = self.profiles[*at];
            load.add(sizes, closer.kind, closer.kb.as_slice(), "", profile.system.as_deref(), tally.hosts);
        }
        if closer.kind == ActionKind::KeyPatch {
            for (at, base) in new.iter().flat_map(|(at, need)| need.base.iter().map(move |base| (*at, base))) {
                if !based.insert((at, &base.id)) {
                    continue;
                }
                let Sorted { profile, tally, .. } = self.profiles[at];
                load.add(sizes, ActionKind::BasePatch, &base.any_of, &base.id, profile.system.as_deref(), tally.hosts);
                action.cost += INSTALL_BASE * tally.hosts;
                if !action.base.contains(base) {
                    action.base.push(base.clone());
                    action.cost += STAGE_PACKAGE;
                }
            }
        }
        action.delivery = load.delivery(action.hosts, link);
        action.kinds = places.iter().map(|at| self.profiles[*at].kind).collect();
        named(action)
    }
}

/// Costs that several choices share, by what they are for: a base patch in the repository, or on a profile's hosts.
#[derive(Default)]
struct Shared<'a> {
    by_key: BTreeMap<(&'a str, Option<usize>), u32>,
    costs: Vec<u64>,
}

impl<'a> Shared<'a> {
    fn index(&mut self, key: (&'a str, Option<usize>), cost: u64) -> u32 {
        let costs = &mut self.costs;
        *self.by_key.entry(key).or_insert_with(|| {
            costs.push(cost);
            u32::try_from(costs.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

/// Bytes as they add up; a package is staged once for each system.
#[derive(Default)]
struct Load {
    delivery: Delivery,
    staged: BTreeSet<(String, Option<String>)>,
}

impl Load {
    fn add(&mut self, sizes: &Sizes, kind: ActionKind, kbs: &[KbId], name: &str, system: Option<&str>, hosts: u64) {
        let (bytes, estimated) = sizes.of(kind, kbs, name, system);
        self.delivery.bytes += bytes.saturating_mul(hosts);
        self.delivery.estimated |= estimated;
        if self.staged.insert((format!("{kind:?}{kbs:?}{name}"), system.map(str::to_owned))) {
            self.delivery.staged_bytes += bytes;
        }
    }

    fn delivery(self, hosts: u64, link: &Link) -> Delivery {
        let minutes = link.minutes(hosts, self.delivery.bytes, self.delivery.staged_bytes);
        Delivery { minutes, ..self.delivery }
    }
}

/// The plans' measures, one for each thing that is done, with the hosts it is done on.
fn measures(profiles: &[Sorted]) -> Vec<FleetAction> {
    let mut actions = BTreeMap::<_, FleetAction>::new();
    for Sorted { kind, profile, tally } in profiles {
        for measure in &profile.measures {
            let key = (measure.kind, &measure.control, &measure.ports, &measure.services);
            let action = actions.entry(key).or_insert_with(|| {
                let mut action = blank(measure.kind, None, measure.control.clone());
                action.ports = measure.ports.clone();
                action.services = measure.services.clone();
                action
            });
            let served = || profile.exposures.iter().filter(|need| measure.weapons.contains(&need.weapon));
            // One plan may do the same thing for several reasons; its hosts are counted once.
            let first = action.kinds.insert(*kind);
            action.hosts += if first { tally.hosts } else { 0 };
            action.exposures += served().filter(|need| holds(measure, need)).count() as u64 * tally.value;
            action.weapons.extend(measure.weapons.iter().cloned());
            action.systems.extend(profile.system.clone());
            action.timeline =
                served().map(|need| need.timeline).chain([action.timeline]).min().unwrap_or(Timeline::None);
            if first && measure.kind == ActionKind::BlockPort {
                for (port, port_use) in measure.ports.iter().filter_map(|port| Some((port, profile.ports.get(port)?))) {
                    action.cut_off.entry(*port).or_default().count(*port_use, tally.hosts);
                }
            }
        }
    }
    let costed = |action: FleetAction| named(FleetAction { cost: action.hosts, ..action });
    actions.into_values().map(costed).collect()
}

/// Whether a measure by itself keeps the weapon out for the time being.
fn holds(measure: &Measure, need: &Need) -> bool {
    match measure.kind {
        ActionKind::BlockPort => need.ports.iter().all(|port| measure.ports.contains(port)),
        ActionKind::DisableService | ActionKind::DisableFeature | ActionKind::Isolate => true,
        _ => false,
    }
}

fn cost_of(kind: ActionKind, hosts: u64, systems: u64) -> u64 {
    match kind {
        ActionKind::KeyPatch => STAGE_PACKAGE * systems + INSTALL_UPDATE * hosts,
        ActionKind::UpgradeApplication => STAGE_PACKAGE + UPGRADE_APPLICATION * hosts,
        ActionKind::UpgradeSystem => STAGE_PACKAGE + UPGRADE_SYSTEM * hosts,
        ActionKind::ReplaceSystem => STAGE_PACKAGE + REPLACE_SYSTEM * hosts,
        _ => hosts,
    }
}

fn blank(kind: ActionKind, kb: Option<KbId>, control: Option<String>) -> FleetAction {
    FleetAction {
        rank: 0,
        lasting: false,
        title: Message::new("disposal.do.nothing-to-do"),
        kind,
        kb,
        control,
        ports: BTreeSet::new(),
        services: BTreeSet::new(),
        base: Vec::new(),
        weapons: BTreeSet::new(),
        systems: BTreeSet::new(),
        timeline: Timeline::None,
        hosts: 0,
        exposures: 0,
        risk_removed: 0.0,
        cost: 0,
        delivery: Delivery::default(),
        cut_off: BTreeMap::new(),
        why: Vec::new(),
        rings: Vec::new(),
        key: String::new(),
        closer: None,
        kinds: BTreeSet::new(),
    }
}

/// An action with its name, its words and its reasons, once all else of it is known.
fn named(action: FleetAction) -> FleetAction {
    FleetAction { key: key(&action), title: title(&action), why: reasons(&action), ..action }
}

/// What an action is, in one word: `key-patch~KB4012212`, `block-port~tcp/139~tcp/445`.
fn key(action: &FleetAction) -> String {
    let kind = serde_json::to_value(action.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let parts = [kind, action.kb.map(|kb| kb.to_string()), action.control.clone()];
    let ports = action.ports.iter().map(ToString::to_string);
    let services = action.services.iter().map(|service| format!("service:{service}"));
    parts.into_iter().flatten().chain(ports).chain(services).collect::<Vec<_>>().join("~")
}

fn title(action: &FleetAction) -> Message {
    describe(&Action {
        control: action.control.clone(),
        any_of: action.kb.into_iter().collect(),
        ports: action.ports.clone(),
        services: action.services.clone(),
        ..action::new(action.kind, Message::new("disposal.do.nothing-to-do"))
    })
}

fn reasons(action: &FleetAction) -> Vec<Message> {
    let code = if action.lasting { "fleet.why.closes" } else { "fleet.why.holds" };
    let mut why =
        vec![Message::new(code).number("hosts", clamp(action.hosts)).number("weapons", action.weapons.len() as i64)];
    if !action.base.is_empty() {
        let names = action.base.iter().map(|base| crate::flow::base_name(&base.id, &base.any_of));
        why.push(Message::new("fleet.why.base-first").list("base", names));
    }
    if action.delivery.bytes > 0 {
        let mib = action.delivery.bytes.div_ceil(1024 * 1024);
        let code = if action.delivery.estimated { "fleet.why.load-estimated" } else { "fleet.why.load" };
        let minutes = clamp(action.delivery.minutes);
        why.push(Message::new(code).number("mib", clamp(mib)).number("minutes", minutes));
    }
    for (port, cut) in action.cut_off.iter().filter(|(_, cut)| cut.possible() + cut.alternative > 0) {
        let asked = clamp(cut.possible() + cut.alternative);
        why.push(Message::new("fleet.why.may-miss").with("port", port).number("hosts", asked));
    }
    why
}
