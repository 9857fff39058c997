//! `redoubt fleet PATH…`: the smallest set of actions for all hosts, and what would change if.

use super::{open, show};
use crate::args::Fleet as Task;
use crate::output::{Exit, Failure, Output, json_line, printable};
use crate::progress;
use knowledge::Knowledge;
use model::{KbId, Message, Port};
use remedy::fleet::{Fleet, FleetAction, FleetActions, HostCounts, Link, Sizes, Supposition, WhatIf};
use serde_json::json;
use std::io::{self, Write};

/// Actions printed before "and n more"; JSON has them all.
const SHOWN: usize = 40;

pub fn run(task: Task, output: &Output) -> anyhow::Result<Exit> {
    let input = open::hosts(&task.input, output)?;
    let knowledge = open::knowledge(&task.input.knowledge)?;
    let day = open::day(task.input.day);
    let bar = progress::bar(output, "cli.judging", input.hosts.len());
    let fleet: Fleet = situation::members(&input.hosts, &knowledge, day, || bar.inc(1)).into_iter().collect();
    bar.finish_and_clear();
    let actions = fleet.actions(&Sizes::default(), &Link::default());
    let supposed = suppositions(&task, &knowledge)?;
    let answers: Vec<WhatIf> = supposed.iter().map(|supposition| fleet.what_if(supposition)).collect();
    let mut out = output.stdout();
    if task.input.json {
        json_line(&mut out, &json!({ "hosts": fleet.hosts(), "fleet": actions, "what_if": answers }))?;
    } else {
        print(&mut out, &actions, output)?;
        for answer in &answers {
            print_what_if(&mut out, answer, output)?;
        }
    }
    out.flush()?;
    Ok(input.exit())
}

/// The updates are one supposition; each port closed is one of its own, since each may name another group.
fn suppositions(task: &Task, knowledge: &Knowledge) -> anyhow::Result<Vec<Supposition>> {
    let mut all = Vec::new();
    if !task.stage.is_empty() {
        all.push(Supposition { updates: with_replaced(&task.stage, knowledge), ..Supposition::default() });
    }
    for text in &task.close {
        let (port, group) = match text.split_once('@') {
            Some((port, group)) => (port, Some(group.to_owned())),
            None => (text.as_str(), None),
        };
        let port: Port = port.parse().map_err(|error| {
            anyhow::Error::new(error).context(Failure::new(Message::new("cli.not-a-port").with("text", text)))
        })?;
        all.push(Supposition { close_ports: [port].into(), group, ..Supposition::default() });
    }
    Ok(all)
}

/// An update brings all that it replaces.
fn with_replaced(staged: &[KbId], knowledge: &Knowledge) -> std::collections::BTreeSet<KbId> {
    let staged: std::collections::BTreeSet<KbId> = staged.iter().copied().collect();
    situation::with_replaced(&staged, knowledge)
}

fn print(out: &mut impl Write, fleet: &FleetActions, output: &Output) -> io::Result<()> {
    writeln!(out, "{}", output.bold(&output.word("cli.actions")))?;
    for action in fleet.actions.iter().take(SHOWN) {
        writeln!(out, "  {:>3}. {}", action.rank, title(action, output))?;
    }
    let rest = fleet.actions.len().saturating_sub(SHOWN);
    if rest > 0 {
        writeln!(out, "       {}", output.text(&Message::new("cli.cves-more").number("count", rest as i64)))?;
    }
    Ok(())
}

/// What, on how many hosts, how soon, and the share of all exposures it closes or holds.
pub fn title(action: &FleetAction, output: &Output) -> String {
    let mut parts = vec![printable(&output.text(&action.title)), output.hosts(action.hosts)];
    parts.push(output.word(&format!("disposal.timeline.{}", show::json_word(action.timeline))));
    if action.risk_removed > 0.0005 {
        parts.push(format!("−{:.1} %", action.risk_removed * 100.0));
    }
    parts.join(" · ")
}

fn print_what_if(out: &mut impl Write, answer: &WhatIf, output: &Output) -> io::Result<()> {
    let line = |counts: &HostCounts| {
        let message = Message::new("cli.summary")
            .number("hosts", counts.total as i64)
            .number("open", counts.hit as i64)
            .number("unknown", counts.unknown as i64)
            .number("clear", counts.clear as i64);
        output.text(&message)
    };
    writeln!(out, "{}", output.bold(&output.word("cli.what-if")))?;
    writeln!(out, "  {} {}", output.word("cli.before"), line(&answer.before))?;
    writeln!(out, "  {} {}", output.word("cli.after"), line(&answer.after))?;
    for warning in &answer.warnings {
        writeln!(out, "  ! {}", printable(&output.text(warning)))?;
    }
    Ok(())
}
