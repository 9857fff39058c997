//! `redoubt graph`: the relation graph weapon – vulnerability – system, with hosts counted where files are given.

use super::open;
use crate::args::{Graph as Task, GraphFormat};
use crate::gather;
use crate::output::{Exit, Output};
use detect::graph::{Detail, Standing, export, overlaid};
use knowledge::Knowledge;
use std::io::Write;

pub fn run(task: Task, output: &Output) -> anyhow::Result<Exit> {
    let knowledge = Knowledge::builtin();
    let (standings, exit) =
        if task.paths.is_empty() { (Vec::new(), Exit::Done) } else { standings(&task, knowledge, output)? };
    let detail = if task.brief { Detail::Brief } else { Detail::Full };
    let graph = overlaid(knowledge, detail, &standings);
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

fn standings(task: &Task, knowledge: &Knowledge, output: &Output) -> anyhow::Result<(Vec<Standing>, Exit)> {
    let reading = gather::read_or_fail(&task.paths, output)?;
    let exit = Exit::of(reading.refusals.len());
    let day = open::day(task.day);
    let hosts = inventory::snapshots(reading.observations);
    let standings = hosts.iter().flat_map(|host| {
        let exposure = detect::exposure_brief(host, knowledge, day);
        let system = exposure.system;
        exposure.weapons.into_iter().map(move |weapon| Standing {
            weapon: weapon.weapon,
            system: system.clone(),
            state: weapon.state,
        })
    });
    Ok((standings.collect(), exit))
}
