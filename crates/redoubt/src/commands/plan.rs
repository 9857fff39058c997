//! `redoubt plan PATH…`: the disposal plan of each host, with the way each weapon went through the flow.

use super::{open, show};
use crate::args::Plan;
use crate::interrupt::{self, Interrupted};
use crate::output::{Exit, Output, json_line, printable};
use crate::pick;
use jiff::civil::Date;
use knowledge::Knowledge;
use model::{ActionKind, Disposal, Host, HostId, HostPlan, Message};
use remedy::fleet::rings::PERCENT;
use remedy::fleet::{Fleet, Link, Sizes};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Hosts that are judged between two looks at whether somebody said stop.
const HOSTS_AT_ONCE: usize = 256;

pub fn run(task: Plan, output: &Output) -> anyhow::Result<Exit> {
    let stopped = |done: usize, total: usize| {
        Message::new("cli.judging-stopped").number("done", done as i64).number("total", total as i64)
    };
    interrupt::watch(output, stopped(0, 0))?;
    let input = open::hosts(&task.input, output)?;
    let knowledge = open::knowledge(&task.input.knowledge)?;
    let day = open::day(task.input.day);
    let wanted: Vec<&Host> = match &task.host {
        Some(name) => vec![pick::host(&input.hosts, name)?],
        None => input.hosts.iter().collect(),
    };
    let total = wanted.len();
    interrupt::reached(stopped(0, total));
    let rings = rings(&input.hosts, &knowledge, day)?;
    let mut out = output.stdout();
    for (done, host) in wanted.into_iter().enumerate() {
        interrupt::reached(stopped(done, total));
        if interrupt::stopped() {
            out.flush()?;
            return Err(Interrupted.into());
        }
        let assessment = situation::assess(host, &knowledge, day);
        let rings = rings.get(&host.id).map(Vec::as_slice).unwrap_or_default();
        if task.input.json {
            json_line(&mut out, &Line { plan: &assessment.plan, rings })?;
        } else {
            print(&mut out, host, &assessment.plan, output)?;
            print_rings(&mut out, rings, output)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(input.exit())
}

/// A plan as JSON, with the rings its host is in.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    plan: &'a HostPlan,
    rings: &'a [RingOf],
}

/// The ring of a host in one action that the named hosts have in common.
#[derive(Serialize)]
struct RingOf {
    action: String,
    title: Message,
    ring: u8,
    /// The share of all hosts that has the action when this ring is done.
    percent: u8,
}

/// In which ring each host is, in every action of all the named hosts together, most urgent action first.
fn rings(hosts: &[Host], knowledge: &Knowledge, day: Date) -> Result<BTreeMap<HostId, Vec<RingOf>>, Interrupted> {
    let mut members = Vec::with_capacity(hosts.len());
    for some in hosts.chunks(HOSTS_AT_ONCE) {
        interrupt::check()?;
        members.extend(situation::members(some, knowledge, day, || {}));
    }
    let fleet: Fleet = members.iter().cloned().collect();
    let mut rings: BTreeMap<HostId, Vec<RingOf>> = BTreeMap::new();
    for action in fleet.actions(&Sizes::default(), &Link::default()).actions {
        interrupt::check()?;
        for (host, ring) in fleet.rings_of(&action, &members) {
            let percent = PERCENT[usize::from(ring.clamp(1, 3)) - 1];
            let of = RingOf { action: action.key.clone(), title: action.title.clone(), ring, percent };
            rings.entry(host).or_default().push(of);
        }
    }
    Ok(rings)
}

fn print_rings(out: &mut impl Write, rings: &[RingOf], output: &Output) -> io::Result<()> {
    for RingOf { title, ring, percent, .. } in rings {
        let message = Message::new("cli.ring-of")
            .number("ring", i64::from(*ring))
            .number("percent", i64::from(*percent))
            .reason("action", title.clone());
        writeln!(out, "  {}", output.dim(&printable(&output.text(&message))))?;
    }
    Ok(())
}

fn print(out: &mut impl Write, host: &Host, plan: &HostPlan, output: &Output) -> io::Result<()> {
    let title = Message::new("cli.plan-of").with("plan", &plan.id).with("host", host.label());
    writeln!(out, "{}", output.bold(&printable(&output.text(&title))))?;
    writeln!(out, "{}", show::host_line(host, output))?;
    writeln!(out, "{}", show::urgency(&plan.urgency, output))?;
    show::steps(out, plan, output)?;
    for disposal in plan.disposals.iter().filter(|disposal| !is_idle(disposal)) {
        path(out, disposal, output)?;
    }
    Ok(())
}

fn is_idle(disposal: &Disposal) -> bool {
    disposal.actions.iter().all(|action| action.kind == ActionKind::NothingToDo)
}

fn path(out: &mut impl Write, disposal: &Disposal, output: &Output) -> io::Result<()> {
    let name = show::weapon_name(&disposal.weapon, output);
    writeln!(out, "  {}: {}", output.bold(&name), show::urgency(&disposal.urgency, output))?;
    for decision in &disposal.path {
        let node = output.word(&format!("disposal.node.{}", decision.node));
        writeln!(out, "    {node}: {}", printable(&output.text(&decision.answer)))?;
        for evidence in &decision.evidence {
            writeln!(out, "      {}", output.dim(&printable(&output.text(evidence))))?;
        }
        for change in &decision.would_change {
            let label = output.word("cli.would-change");
            writeln!(out, "      {}", output.dim(&printable(&format!("{label}: {}", output.text(change)))))?;
        }
    }
    Ok(())
}
