//! Reads what was named on the command line: files, folders and archives, into observations and refusals.

use crate::output::{Failure, Output};
use crate::progress;
use anyhow::Context;
use inventory::{Limits, Reading, Refusal};
use model::Message;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Files one command looks at; a folder with more is not a folder of host facts.
const FILES_MAX: usize = 1_000_000;
/// Folders below folders.
const DEPTH_MAX: usize = 32;

/// Reads every file in the order of its name. A file that cannot be read is a refusal; the rest goes on.
pub fn read(paths: &[PathBuf], output: &Output) -> anyhow::Result<Reading> {
    let files = list(paths)?;
    let bar = progress::bar(output, "cli.reading", files.len());
    let limits = Limits::default();
    let mut all = Reading::default();
    for file in &files {
        let one = read_file(file, &limits);
        all.observations.extend(one.observations);
        all.refusals.extend(one.refusals);
        all.tables.extend(one.tables);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// Reads, and says what was refused; an input without any host is a failure.
pub fn read_or_fail(paths: &[PathBuf], output: &Output) -> anyhow::Result<Reading> {
    let reading = read(paths, output)?;
    for refusal in &reading.refusals {
        let reason = output.text(&refusal.message);
        output.note(&Message::new("cli.refused").with("path", &refusal.path).with("reason", reason));
    }
    if reading.observations.is_empty() {
        return Err(Failure::new(Message::new("cli.nothing-read")).hint(Message::new("cli.nothing-read-hint")).into());
    }
    Ok(reading)
}

fn read_file(path: &Path, limits: &Limits) -> Reading {
    let shown = path.display().to_string();
    match File::open(path) {
        Ok(file) => inventory::read_from(&shown, file, limits),
        Err(error) => Reading {
            refusals: vec![Refusal { path: shown, message: Message::new("cli.cannot-open").with("error", error) }],
            ..Reading::default()
        },
    }
}

fn list(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = BTreeSet::new();
    for path in paths {
        let metadata = fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        if metadata.is_dir() {
            walk(path, 0, &mut files)?;
        } else {
            files.insert(path.clone());
        }
    }
    Ok(files.into_iter().collect())
}

/// Links inside a folder are not followed: a loop would not end, and a link may leave the folder.
fn walk(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list `{}`", folder.display()))?;
        let kind = entry.file_type().with_context(|| format!("cannot read `{}`", entry.path().display()))?;
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            anyhow::ensure!(files.len() < FILES_MAX, "more than {FILES_MAX} files in `{}`", folder.display());
            files.insert(entry.path());
        }
    }
    Ok(())
}
