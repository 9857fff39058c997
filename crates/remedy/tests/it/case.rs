//! Hosts and exposures in a few words, and a plan as a person reads it.

use crate::lore::TestLore;
use jiff::civil::{Date, date};
use model::{
    BaseGap, BaseStep, Confidence, Exposure, ExposureState, Family, Host, HostExposure, HostFacts, HostId, HostPlan,
    ImplantSign, KbId, Message, OsBasis, PatchState, Port, PortState, PortStatus, Reach, Role, Situation, Step,
};
use std::collections::{BTreeMap, BTreeSet};
use words::Language;

pub const DAY: Date = date(2026, 11, 23);

#[derive(Debug)]
pub struct Case {
    pub host: Host,
    pub exposure: HostExposure,
}

/// A host of that system; the role says client or server.
pub fn host(system: &str, version: &str, role: Option<Role>, family: Option<Family>) -> Case {
    let mut facts = HostFacts { name: Some("HOST".into()), ..HostFacts::default() };
    facts.os.version = Some(version.to_owned());
    facts.os.role = role;
    facts.os.family = family;
    facts.os.basis = OsBasis::Stated;
    facts.updates.known = true;
    facts.updates.complete = true;
    let id = HostId::from("host");
    let host = Host {
        id: id.clone(),
        facts,
        provenance: BTreeMap::new(),
        sources: Vec::new(),
        conflicts: Vec::new(),
        oddities: Vec::new(),
    };
    let exposure = HostExposure {
        host: id,
        system: Some(system.to_owned()),
        support_ended: None,
        supported: Some(true),
        weapons: Vec::new(),
        cves: Vec::new(),
        open_cves: 0,
        open_kev: 0,
        gaps: Vec::new(),
    };
    Case { host, exposure }
}

pub fn client(system: &str, version: &str) -> Case {
    host(system, version, Some(Role::MemberWorkstation), Some(Family::Client))
}

pub fn server(system: &str, version: &str) -> Case {
    host(system, version, Some(Role::MemberServer), Some(Family::Server))
}

pub fn ports(list: &str) -> BTreeSet<Port> {
    list.split_whitespace().map(|port| port.parse().unwrap()).collect()
}

impl Case {
    pub fn support_ended(mut self, day: Date) -> Self {
        self.exposure.support_ended = Some(day);
        self.exposure.supported = Some(false);
        self
    }

    pub fn needs(mut self, list: &str) -> Self {
        self.host.facts.business.needs_ports = Some(ports(list));
        self
    }

    pub fn seen(mut self, status: PortStatus, list: &str) -> Self {
        for port in ports(list) {
            self.host.facts.ports.insert(port, PortState { status, service: None, product: None });
        }
        self
    }

    pub fn implanted(mut self) -> Self {
        let evidence = "nmap smb-double-pulsar-backdoor: VULNERABLE".to_owned();
        self.host.facts.implants.push(ImplantSign { weapon: "doublepulsar".into(), evidence });
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Host)) -> Self {
        change(&mut self.host);
        self
    }

    /// Adds a weapon: its state, its ports and the updates that fix it.
    pub fn weapon(mut self, id: &str, state: ExposureState, on: &str, fixes: &[u32]) -> Self {
        let (patch, why) = match state {
            ExposureState::Open if fixes.is_empty() => (PatchState::NoneExists, "no fix exists"),
            ExposureState::Open => (PatchState::Missing, "no fixing update is in the list"),
            ExposureState::Unknown => (PatchState::Unknown, "the list proves nothing"),
            ExposureState::Fixed => (PatchState::Installed, "a fixing update is installed"),
            ExposureState::NotAffected => (PatchState::NotApplicable, "this system is not affected"),
        };
        let ports: Vec<Port> = ports(on).into_iter().collect();
        let state_of = |port| self.host.facts.ports.get(port).map(|seen| seen.status);
        let reach = if ports.iter().any(|port| state_of(port) == Some(PortStatus::Open)) {
            Reach::Open
        } else if !ports.is_empty() && ports.iter().all(|port| state_of(port) == Some(PortStatus::Closed)) {
            Reach::Closed
        } else {
            Reach::Unknown
        };
        self.exposure.weapons.push(Exposure {
            weapon: id.into(),
            state,
            why: vec![Message::new(why)],
            patch,
            base: None,
            fixes: fixes.iter().copied().map(KbId).collect(),
            reach,
            ports,
            confidence: Confidence::Verified,
            preconditions: Vec::new(),
        });
        self
    }

    /// Gives the last weapon a base patch that is missing.
    pub fn base(mut self, id: &str, any_of: &[u32]) -> Self {
        let weapon = self.exposure.weapons.last_mut().unwrap();
        let gap = weapon.base.get_or_insert(BaseGap { steps: Vec::new() });
        let any_of = any_of.iter().copied().map(KbId).collect();
        gap.steps.push(BaseStep { id: id.to_owned(), any_of, reboot: true });
        self
    }

    pub fn plan(&self) -> HostPlan {
        remedy::plan(&self.host, &self.exposure, &TestLore, DAY)
    }
}

/// The plan in both languages: the steps, then each weapon's way through the flow.
pub fn read(plan: &HostPlan) -> String {
    Language::ALL.map(|language| read_in(plan, language)).join("\n========\n\n")
}

fn read_in(plan: &HostPlan, language: Language) -> String {
    let word = |code: String| words::word(&code, language);
    let mut out = format!("{}\n\n", word(format!("disposal.timeline.{}", tag(&plan.urgency.timeline))));
    for step in &plan.steps {
        out += &read_step(step, language);
    }
    for disposal in &plan.disposals {
        out += &format!(
            "\n[{}] {}",
            disposal.weapon,
            word(format!("disposal.timeline.{}", tag(&disposal.urgency.timeline)))
        );
        if let Some(situation) = disposal.situation {
            out += &format!(" | {}", word(format!("disposal.situation.{}", tag::<Situation>(&situation))));
        }
        out += "\n";
        for decision in &disposal.path {
            let node = word(format!("disposal.node.{}", decision.node));
            out += &format!("  {node} {}\n", words::text(&decision.answer, language));
            for line in &decision.evidence {
                out += &format!("      = {}\n", words::text(line, language));
            }
            for line in &decision.would_change {
                out += &format!("      ~ {}\n", words::text(line, language));
            }
        }
    }
    out
}

fn read_step(step: &Step, language: Language) -> String {
    let action = &step.action;
    let mut out =
        format!("{}. {}", step.number, words::word(&format!("disposal.kind.{}", tag(&action.kind)), language));
    let kbs: Vec<_> = action.any_of.iter().map(ToString::to_string).collect();
    let ports: Vec<_> = action.ports.iter().map(ToString::to_string).collect();
    let services: Vec<_> = action.services.iter().cloned().collect();
    let control: Vec<_> = action.control.iter().cloned().collect();
    for part in [control.join(""), kbs.join(" | "), ports.join(" "), services.join(" ")] {
        if !part.is_empty() {
            out += &format!(" [{part}]");
        }
    }
    if action.temporary {
        out += " (temporary)";
    }
    if action.reboot {
        out += " (restart)";
    }
    if let Some(day) = action.review_on {
        out += &format!(" (review {day})");
    }
    let weapons: Vec<_> = step.weapons.iter().map(ToString::to_string).collect();
    out += &format!(" <- {}\n", weapons.join(", "));
    for why in &action.why {
        out += &format!("     {}\n", words::text(why, language));
    }
    out
}

/// The name a value has in JSON.
pub fn tag<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}
