//! `redoubt assess PATH…`: which weapons can hit which host and why, and what to do.

use super::{open, show};
use crate::args::Assess;
use crate::output::{Exit, Output, json_line};
use crate::{interrupt, progress};
use jiff::civil::Date;
use knowledge::Knowledge;
use model::{Disposal, ExposureState, Host, HostExposure, Message};
use rayon::prelude::*;
use serde::Serialize;
use situation::Assessment;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::IpAddr;

/// Hosts judged at a time: enough to keep every core busy, few enough to hold in memory and to be stopped after.
const BATCH: usize = 64;

pub fn run(task: Assess, output: &Output) -> anyhow::Result<Exit> {
    interrupt::watch(output, Message::new("cli.judging-stopped").number("done", 0).number("total", 0))?;
    let input = open::hosts(&task.input, output)?;
    let knowledge = open::knowledge(&task.input.knowledge)?;
    let day = open::day(task.input.day);
    let mut out = output.stdout();
    let mut count = Count::default();
    let bar = progress::bar(output, "cli.judging", input.hosts.len());
    for hosts in input.hosts.chunks(BATCH) {
        for (host, assessment) in hosts.iter().zip(judge(hosts, &knowledge, day)) {
            count.add(&assessment.exposure);
            if task.input.json {
                json_line(&mut out, &line(host, &assessment, task.cves, output))?;
            } else {
                print(&mut out, host, &assessment, task.cves, output)?;
            }
        }
        bar.inc(hosts.len() as u64);
        let of = Message::new("cli.judging-stopped").number("done", count.hosts);
        interrupt::reached(of.number("total", input.hosts.len() as i64));
        if interrupt::stopped() {
            out.flush()?;
            return Err(interrupt::Interrupted.into());
        }
    }
    bar.finish_and_clear();
    if !task.input.json {
        writeln!(out, "{}", output.bold(&output.text(&count.message())))?;
        if input.refused > 0 {
            writeln!(
                out,
                "{}",
                output.text(&Message::new("cli.summary-refused").number("count", input.refused as i64))
            )?;
        }
    }
    out.flush()?;
    Ok(input.exit())
}

fn judge(hosts: &[Host], knowledge: &Knowledge, day: Date) -> Vec<Assessment> {
    hosts.par_iter().map(|host| situation::assess(host, knowledge, day)).collect()
}

fn print(
    out: &mut impl Write,
    host: &Host,
    assessment: &Assessment,
    cves: bool,
    output: &Output,
) -> std::io::Result<()> {
    writeln!(out, "{}", show::host_line(host, output))?;
    show::weapons(out, &assessment.exposure, output)?;
    show::cves(out, &assessment.exposure, cves, output)?;
    show::steps(out, &assessment.plan, output)?;
    writeln!(out)
}

/// How many hosts stand how.
#[derive(Default)]
pub struct Count {
    pub hosts: u32,
    pub open: u32,
    pub unknown: u32,
}

impl Count {
    pub fn add(&mut self, exposure: &HostExposure) {
        self.hosts += 1;
        match exposure.weapons.iter().map(|weapon| weapon.state).min() {
            Some(ExposureState::Open) => self.open += 1,
            Some(ExposureState::Unknown) | None => self.unknown += 1,
            Some(_) => {}
        }
    }

    pub fn message(&self) -> Message {
        Message::new("cli.summary")
            .number("hosts", self.hosts)
            .number("open", self.open)
            .number("unknown", self.unknown)
            .number("clear", self.hosts - self.open - self.unknown)
    }
}

/// One host as one JSON object; the shape is documented in `docs/cli.md`.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    sources: Vec<&'a str>,
    host: Identity<'a>,
    /// KB numbers.
    updates: Vec<u32>,
    updates_complete: bool,
    system: Option<&'a str>,
    support_ended: Option<Date>,
    weapons: BTreeMap<&'a str, Weapon<'a>>,
    open_cves: u32,
    open_kev: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cves: Option<&'a [model::CveGroup]>,
    urgency: model::Timeline,
    disposal: Vec<Decided<'a>>,
    steps: Vec<StepLine<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    oddities: Vec<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    conflicts: &'a [model::Conflict],
}

/// The machine and its system in one object, as `docs/cli.md` names the fields; `os_name` is the name as printed.
#[derive(Serialize)]
struct Identity<'a> {
    name: Option<&'a str>,
    domain: Option<&'a str>,
    addresses: &'a BTreeSet<IpAddr>,
    os_name: Option<&'a str>,
    product: Option<&'a str>,
    edition: Option<&'a str>,
    family: Option<model::Family>,
    version: Option<&'a str>,
    build: Option<u32>,
    ubr: Option<u32>,
    service_pack: Option<u8>,
    arch: Option<model::Arch>,
    role: Option<model::Role>,
    language: Option<&'a str>,
    locale: Option<&'a str>,
    encoding: Option<&'a str>,
    evaluation: bool,
    basis: model::OsBasis,
}

impl<'a> Identity<'a> {
    fn of(facts: &'a model::HostFacts) -> Self {
        let os = &facts.os;
        Identity {
            name: facts.name.as_deref(),
            domain: facts.domain.as_deref(),
            addresses: &facts.addresses,
            os_name: os.name.as_deref(),
            product: os.product.as_deref(),
            edition: os.edition.as_deref(),
            family: os.family,
            version: os.version.as_deref(),
            build: os.build,
            ubr: os.ubr,
            service_pack: os.service_pack,
            arch: os.arch,
            role: os.role,
            language: os.language.as_deref(),
            locale: os.locale.as_deref(),
            encoding: os.encoding.as_deref(),
            evaluation: os.evaluation,
            basis: os.basis,
        }
    }
}

#[derive(Serialize)]
struct Weapon<'a> {
    state: ExposureState,
    /// Evidence in the language of this run; `evidence` is the same as codes.
    why: Vec<String>,
    evidence: &'a [Message],
    patch: model::PatchState,
    reach: model::Reach,
    confidence: model::Confidence,
    fixes: Vec<u32>,
}

#[derive(Serialize)]
struct Decided<'a> {
    weapon: &'a str,
    urgency: model::Timeline,
    situation: Option<model::Situation>,
    actions: Vec<String>,
    path: &'a [model::Decision],
}

#[derive(Serialize)]
struct StepLine<'a> {
    number: u32,
    text: String,
    #[serde(flatten)]
    step: &'a model::Action,
    weapons: &'a [model::WeaponId],
}

fn line<'a>(host: &'a Host, assessment: &'a Assessment, cves: bool, output: &Output) -> Line<'a> {
    let facts = &host.facts;
    let exposure = &assessment.exposure;
    Line {
        id: host.id.as_str(),
        sources: host.sources.iter().map(|source| source.path.as_str()).collect(),
        host: Identity::of(facts),
        updates: facts.updates.installed.iter().map(|kb| kb.0).collect(),
        updates_complete: facts.updates.known && facts.updates.complete,
        system: exposure.system.as_deref(),
        support_ended: exposure.support_ended,
        weapons: exposure.weapons.iter().map(|weapon| (weapon.weapon.as_str(), verdict(weapon, output))).collect(),
        open_cves: exposure.open_cves,
        open_kev: exposure.open_kev,
        cves: cves.then_some(exposure.cves.as_slice()),
        urgency: assessment.plan.urgency.timeline,
        disposal: assessment.plan.disposals.iter().filter_map(|disposal| decided(disposal, output)).collect(),
        steps: assessment.plan.steps.iter().map(|step| step_line(step, output)).collect(),
        oddities: host.oddities.iter().map(|oddity| output.text(&oddity.message)).collect(),
        conflicts: &host.conflicts,
    }
}

fn verdict<'a>(weapon: &'a model::Exposure, output: &Output) -> Weapon<'a> {
    Weapon {
        state: weapon.state,
        why: output.texts(&weapon.why),
        evidence: &weapon.why,
        patch: weapon.patch,
        reach: weapon.reach,
        confidence: weapon.confidence,
        fixes: weapon.fixes.iter().map(|kb| kb.0).collect(),
    }
}

/// A weapon for which nothing is to do has no entry: its reason stands with its verdict.
fn decided<'a>(disposal: &'a Disposal, output: &Output) -> Option<Decided<'a>> {
    let idle = disposal.actions.iter().all(|action| action.kind == model::ActionKind::NothingToDo);
    (!idle).then(|| Decided {
        weapon: disposal.weapon.as_str(),
        urgency: disposal.urgency.timeline,
        situation: disposal.situation,
        actions: disposal.actions.iter().map(|action| show::action_text(action, output)).collect(),
        path: &disposal.path,
    })
}

fn step_line<'a>(step: &'a model::Step, output: &Output) -> StepLine<'a> {
    StepLine {
        number: step.number,
        text: show::action_text(&step.action, output),
        step: &step.action,
        weapons: &step.weapons,
    }
}
