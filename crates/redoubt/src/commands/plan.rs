//! `redoubt plan PATH…`: the disposal plan of each host, with the way each weapon went through the flow.

use super::{open, show};
use crate::args::Plan;
use crate::output::{Exit, Output, json_line, printable};
use crate::pick;
use model::{ActionKind, Disposal, Host, HostPlan, Message};
use std::io::{self, Write};

pub fn run(task: Plan, output: &Output) -> anyhow::Result<Exit> {
    let input = open::hosts(&task.input, output)?;
    let knowledge = open::knowledge(&task.input.knowledge)?;
    let day = open::day(task.input.day);
    let wanted: Vec<&Host> = match &task.host {
        Some(name) => vec![pick::host(&input.hosts, name)?],
        None => input.hosts.iter().collect(),
    };
    let mut out = output.stdout();
    for host in wanted {
        let assessment = situation::assess(host, &knowledge, day);
        if task.input.json {
            json_line(&mut out, &assessment.plan)?;
        } else {
            print(&mut out, host, &assessment.plan, output)?;
        }
    }
    out.flush()?;
    Ok(input.exit())
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
    writeln!(out)
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
