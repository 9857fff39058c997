//! `redoubt lake`: what is kept, and whether it is in good order.

use super::hunt::moment;
use super::open;
use crate::args::{LakeAction, LakeExport, LakePlace, Place};
use crate::interrupt;
use crate::output::{Exit, Failure, Output, json_line, printable};
use ::lake::{Bucket, Error, Export, Lake, Notice, Options, View};
use model::Message;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the names of files that are written to a bucket by an export end with; no server is called so.
const EXPORTER: &str = "export";

pub fn run(action: &LakeAction, output: &Output) -> anyhow::Result<Exit> {
    match action {
        LakeAction::Status(place) => status(place, output),
        LakeAction::Compact(place) => compact(place, output),
        LakeAction::Verify(place) => verify(place, output),
        LakeAction::Export(task) => export(task, output),
    }
}

/// Has the lake of a data directory, to change it. What was found broken in its log is told.
fn opened(data: Option<&PathBuf>, output: &Output) -> anyhow::Result<Lake> {
    let folder = folder(data)?;
    let options = Options { bucket: bucket(&folder)?, ..Options::default() };
    let lake = Lake::open(&folder, options).map_err(told)?;
    tell_broken("cli.lake-broken", lake.notices(), output);
    Ok(lake)
}

/// What the lake of a data directory holds now, whoever has it.
pub(super) fn viewed(data: Option<&PathBuf>, output: &Output) -> anyhow::Result<View> {
    let folder = folder(data)?;
    let view = match bucket(&folder)? {
        Some(bucket) => View::shared(&folder, &bucket),
        None => View::of(&folder),
    };
    let view = view.map_err(told)?;
    tell_broken("cli.lake-view-broken", view.notices(), output);
    Ok(view)
}

/// The bucket that the tables of the lake in a folder are in, if one is.
pub(super) fn bucket(folder: &Path) -> anyhow::Result<Option<Bucket>> {
    Bucket::of_lake(folder, std::env::vars()).map_err(|error| told(error.into()))
}

pub(super) fn folder(data: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    // What its library logs is told as the failure that it becomes.
    open::log_to_stderr("error,buoyant_kernel=off,buoyant_kernel_engine=off,deltalake_core=off");
    let place = Place { data: data.cloned(), database: None };
    let folder = open::data_directory(&place)?.join("lake");
    if !folder.is_dir() {
        return Err(Failure::new(Message::new("cli.lake-none").with("path", folder.display())).into());
    }
    Ok(folder)
}

fn tell_broken(code: &'static str, notices: &[Notice], output: &Output) {
    for notice in notices {
        let at = i64::try_from(notice.at).unwrap_or(i64::MAX);
        output.note(&Message::new(code).with("path", notice.path.display()).number("at", at));
    }
}

/// An error of the lake with its words.
pub(super) fn told(error: Error) -> anyhow::Error {
    let what = match &error {
        Error::InUse(path) => {
            let what = Message::new("cli.lake-in-use").with("path", path.display());
            return Failure::new(what).hint(Message::new("cli.lake-in-use-hint")).into();
        }
        Error::Disk { path, .. } => Message::new("cli.lake-disk").with("path", path.display()),
        Error::Table { table, .. } => Message::new("cli.lake-table").with("table", *table),
        Error::Bucket(unusable) => server::lake::unusable(unusable),
        Error::Closed => Message::new("cli.lake-closed"),
    };
    match error {
        Error::Disk { source, .. } => anyhow::Error::new(source).context(Failure::new(what)),
        Error::Table { cause, .. } => anyhow::Error::msg(cause).context(Failure::new(what)),
        _ => Failure::new(what).into(),
    }
}

fn status(place: &LakePlace, output: &Output) -> anyhow::Result<Exit> {
    let view = viewed(place.data.as_ref(), output)?;
    let status = view.status();
    let mut out = output.stdout();
    for table in &status.tables {
        if place.json {
            json_line(
                &mut out,
                &json!({
                    "table": table.table, "files": table.files, "rows": table.rows, "bytes": table.bytes,
                    "index_bytes": table.index_bytes, "first": table.first_us.map(time), "last": table.last_us.map(time),
                }),
            )?;
            continue;
        }
        let message = Message::new("cli.lake-table-status")
            .with("table", output.word(&format!("cli.lake-table-name.{}", table.table)))
            .number("rows", number(table.rows))
            .number("files", number(table.files))
            .with("size", size(table.bytes))
            .with("index", size(table.index_bytes));
        writeln!(out, "{}", printable(&output.text(&message)))?;
        if let (Some(first), Some(last)) = (table.first_us, table.last_us) {
            let message = Message::new("cli.lake-span").with("first", time(first)).with("last", time(last));
            writeln!(out, "  {}", output.text(&message))?;
        }
    }
    if place.json {
        let waiting = json!({ "waiting_rows": status.waiting_rows, "log_bytes": status.log_bytes });
        json_line(&mut out, &waiting)?;
    } else if status.waiting_rows > 0 {
        let message = Message::new("cli.lake-waiting").number("rows", number(status.waiting_rows));
        writeln!(out, "{}", output.text(&message))?;
    }
    out.flush()?;
    Ok(if view.notices().is_empty() { Exit::Done } else { Exit::Partly })
}

fn compact(place: &LakePlace, output: &Output) -> anyhow::Result<Exit> {
    let lake = opened(place.data.as_ref(), output)?;
    lake.flush().map_err(told)?;
    interrupt::reached(Message::new("cli.lake-compact-stopped"));
    let done = lake.compact(&|_| !interrupt::stopped()).map_err(told)?;
    interrupt::check()?;
    // Nobody else can be reading a lake that is ours alone; of one that is shared a server takes away what is left.
    if lake.writer().is_empty() {
        lake.sweep(std::time::Duration::ZERO).map_err(told)?;
    }
    let mut out = output.stdout();
    if place.json {
        json_line(
            &mut out,
            &json!({
                "files_before": done.files_before, "files_after": done.files_after, "rows": done.rows,
                "bytes_before": done.bytes_before, "bytes_after": done.bytes_after, "indexes": done.indexes,
            }),
        )?;
    } else {
        let message = Message::new("cli.lake-compacted")
            .number("before", done.files_before as i64)
            .number("after", done.files_after as i64)
            .with("from", size(done.bytes_before))
            .with("to", size(done.bytes_after));
        writeln!(out, "{}", output.text(&message))?;
        if done.indexes > 0 {
            let message = Message::new("cli.lake-indexed").number("count", done.indexes as i64);
            writeln!(out, "{}", output.text(&message))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn export(task: &LakeExport, output: &Output) -> anyhow::Result<Exit> {
    let since_us = task.since.as_deref().map(moment).transpose()?;
    let until_us = task.until.as_deref().map(moment).transpose()?;
    let view = viewed(task.place.data.as_ref(), output)?;
    let bucket = match task.to.starts_with("s3://") {
        true => Some(Bucket::of(&task.to, EXPORTER, std::env::vars()).map_err(|error| told(error.into()))?),
        false => None,
    };
    interrupt::reached(Message::new("cli.lake-export-stopped"));
    let bar = crate::progress::bar(output, "cli.lake-exporting", view.files().count());
    let export = Export { folder: Path::new(&task.to), bucket: bucket.as_ref(), since_us, until_us };
    let exported = view.export(export, &mut |done| {
        bar.set_length(done.of_files as u64);
        bar.set_position(done.files as u64);
        !interrupt::stopped()
    });
    bar.finish_and_clear();
    let done = exported.map_err(told)?;
    interrupt::check()?;
    let mut out = output.stdout();
    if task.place.json {
        let line = json!({ "to": task.to, "files": done.files, "rows": done.rows, "bytes": done.bytes });
        json_line(&mut out, &line)?;
    } else {
        let message = Message::new("cli.lake-exported")
            .number("rows", number(done.rows))
            .with("size", size(done.bytes))
            .with("to", &task.to);
        writeln!(out, "{}", printable(&output.text(&message)))?;
    }
    out.flush()?;
    Ok(if view.notices().is_empty() { Exit::Done } else { Exit::Partly })
}

fn verify(place: &LakePlace, output: &Output) -> anyhow::Result<Exit> {
    let view = viewed(place.data.as_ref(), output)?;
    let files = view.files().count();
    let bar = crate::progress::bar(output, "cli.lake-verifying", files);
    let verified = view.verify(&mut |so_far| bar.set_position(so_far.files as u64));
    bar.finish_and_clear();
    let mut out = output.stdout();
    for finding in &verified.findings {
        if place.json {
            json_line(&mut out, &json!({ "path": finding.path, "what": finding.what }))?;
        } else {
            let message =
                Message::new("cli.lake-damaged").with("path", finding.path.display()).with("what", &finding.what);
            writeln!(out, "{}", printable(&output.text(&message)))?;
        }
    }
    if place.json {
        let whole = json!({ "files": verified.files, "rows": verified.rows, "damaged": verified.findings.len() });
        json_line(&mut out, &whole)?;
    } else {
        let message = Message::new("cli.lake-verified")
            .number("files", verified.files as i64)
            .number("rows", number(verified.rows))
            .number("damaged", verified.findings.len() as i64);
        writeln!(out, "{}", output.text(&message))?;
    }
    out.flush()?;
    Ok(Exit::of(verified.findings.len() + view.notices().len()))
}

pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A time of the lake, to the second.
pub(super) fn time(us: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(us).unwrap_or_default();
    time.round(jiff::Unit::Second).unwrap_or(time).to_string()
}

pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let told = [0, 1023, 1024, 1536, 5 << 30, u64::MAX].map(size);
        assert_eq!(told, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 GiB", "16777216.0 TiB"]);
    }
}
