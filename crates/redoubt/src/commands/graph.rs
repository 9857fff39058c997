//! `redoubt graph`: the relation graph weapon – vulnerability – system, with hosts counted where files are given.

use super::open;
use crate::args::{Graph as Task, GraphFormat};
use crate::gather;
use crate::output::{Exit, Output};
use detect::graph::{Alike, Detail, export, overlaid};
use knowledge::Knowledge;
use std::io::Write;

pub fn run(task: Task, output: &Output) -> anyhow::Result<Exit> {
    let knowledge = Knowledge::builtin();
    let (hosts, exit) = if task.paths.is_empty() { (Vec::new(), Exit::Done) } else { hosts(&task, knowledge, output)? };
    let detail = if task.brief { Detail::Brief } else { Detail::Full };
    let graph = overlaid(knowledge, detail, &hosts);
    let text = match task.format {
        GraphFormat::Json => export::json(&graph),
        GraphFormat::Csv => export::csv(&graph),
        GraphFormat::Graphml => export::graphml(&graph),
        GraphFormat::Dot => export::dot(&graph),
    };
    let mut out = output.stdout();
    writeln!(out, "{}", text.trim_end())?;
    out.flush()?;
    Ok(exit)
}

fn hosts(task: &Task, knowledge: &Knowledge, output: &Output) -> anyhow::Result<(Vec<Alike>, Exit)> {
    let reading = gather::read_or_fail(&task.paths, output)?;
    let exit = Exit::of(reading.refusals.len());
    let hosts = inventory::snapshots(reading.observations);
    let fleet = situation::members(&hosts, knowledge, open::day(task.day), || {}).into_iter().collect();
    Ok((situation::on_graph(&fleet), exit))
}
