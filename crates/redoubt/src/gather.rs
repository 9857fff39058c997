//! Reads what was named on the command line: files, folders and archives, into observations and refusals.

use crate::commands::show;
use crate::output::{Failure, Output};
use crate::{interrupt, progress};
use inventory::{Limits, Reading, Refusal, TablePreview};
use model::{Message, Observation};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Files one command looks at; a folder with more is not a folder of host facts.
const FILES_MAX: usize = 1_000_000;
/// Folders below folders.
const DEPTH_MAX: usize = 32;
/// Observations handed on at a time: enough that facts of one machine mostly meet, few enough to hold.
const OBSERVATIONS_IN_BATCH: usize = 1000;
/// Columns named in a note; a table of hundreds would fill the screen.
const COLUMNS_SHOWN: usize = 40;

/// Reads every file in the order of its name. What cannot be read is a refusal; the rest goes on.
pub fn read(paths: &[PathBuf], output: &Output) -> Reading {
    let Listing { files, refusals } = list(paths);
    let bar = progress::bar(output, "cli.reading", files.len());
    let limits = Limits::default();
    let mut all = Reading { refusals, ..Reading::default() };
    for file in files.iter().take_while(|_| !interrupt::stopped()) {
        add(&mut all, read_file(file, &limits));
        bar.inc(1);
    }
    bar.finish_and_clear();
    all
}

fn add(all: &mut Reading, more: Reading) {
    all.observations.extend(more.observations);
    all.refusals.extend(more.refusals);
    all.tables.extend(more.tables);
    all.mapped.extend(more.mapped);
}

/// Reads the files in the order of their names and hands their observations on in batches, so that a folder of a
/// million files never stands in memory. Says what was refused as it comes; gives how many were.
pub fn in_batches(
    paths: &[PathBuf],
    output: &Output,
    mut take: impl FnMut(Vec<Observation>) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    let Listing { files, refusals } = list(paths);
    let bar = progress::bar(output, "cli.reading", files.len());
    let limits = Limits::default();
    let mut batch = Reading { refusals, ..Reading::default() };
    let (mut refused, mut read) = (0, 0);
    let mut hand_on = |batch: Reading| {
        notes(&batch, output);
        refused += batch.refusals.len();
        read += batch.observations.len();
        if batch.observations.is_empty() { Ok(()) } else { take(batch.observations) }
    };
    for file in &files {
        interrupt::check()?;
        add(&mut batch, read_file(file, &limits));
        bar.inc(1);
        if batch.observations.len() >= OBSERVATIONS_IN_BATCH {
            bar.suspend(|| hand_on(std::mem::take(&mut batch)))?;
        }
    }
    bar.finish_and_clear();
    hand_on(batch)?;
    interrupt::check()?;
    if read == 0 { Err(nothing_read()) } else { Ok(refused) }
}

fn nothing_read() -> anyhow::Error {
    Failure::new(Message::new("cli.nothing-read")).hint(Message::new("cli.nothing-read-hint")).into()
}

/// Reads, and says what was refused and how tables were understood; an input without any host is a failure.
pub fn read_or_fail(paths: &[PathBuf], output: &Output) -> anyhow::Result<Reading> {
    let reading = read(paths, output);
    interrupt::check()?;
    notes(&reading, output);
    if reading.observations.is_empty() {
        return Err(nothing_read());
    }
    Ok(reading)
}

/// What was refused, and how tables were understood.
fn notes(reading: &Reading, output: &Output) {
    for refusal in &reading.refusals {
        let reason = output.text(&refusal.message);
        output.note(&Message::new("cli.refused").with("path", &refusal.path).with("reason", reason));
    }
    for table in &reading.mapped {
        output.note(&understood(table, output));
    }
    for table in &reading.tables {
        let columns = table.columns.iter().take(COLUMNS_SHOWN);
        output.note(&Message::new("cli.table-needs-mapping").with("path", &table.path).list("columns", columns));
    }
}

/// How the columns of a table were understood: `主机名 = computer name`, and which were left out.
fn understood(table: &TablePreview, output: &Output) -> Message {
    let mut read = Vec::new();
    let mut left = Vec::new();
    for (column, field) in table.columns.iter().zip(&table.mapping.columns) {
        match field {
            Some(field) => {
                let meaning = output.word(&format!("cli.column.{}", show::json_word(field)));
                read.push(format!("{column} = {meaning}"));
            }
            None if !column.is_empty() => left.push(column.as_str()),
            None => {}
        }
    }
    let code = if left.is_empty() { "cli.table-read" } else { "cli.table-partly-read" };
    let message = Message::new(code).with("path", &table.path).list("columns", read.iter().take(COLUMNS_SHOWN));
    if left.is_empty() { message } else { message.list("left", left.iter().take(COLUMNS_SHOWN)) }
}

fn read_file(path: &Path, limits: &Limits) -> Reading {
    let shown = path.display().to_string();
    let opened = open(path).and_then(|file| match file.metadata() {
        // Its size is known: nothing of it need be read to refuse it.
        Ok(metadata) if metadata.len() > limits.file_bytes => Err(inventory::too_large(limits)),
        _ => Ok(file),
    });
    match opened {
        Ok(file) => inventory::read_from_with_tables(&shown, file, limits),
        Err(message) => Reading { refusals: vec![Refusal { path: shown, message }], ..Reading::default() },
    }
}

/// Opens a regular file. A pipe or a device may never end, and opening one may never return.
pub fn open(path: &Path) -> Result<File, Message> {
    let cannot = |error: std::io::Error| Message::new("cli.cannot-open").reason("error", error);
    let metadata = fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() {
        return Err(Message::new("cli.not-a-file"));
    }
    File::open(path).map_err(cannot)
}

/// What is to be read, in order, and what is not.
#[derive(Default)]
struct Listing {
    files: BTreeSet<PathBuf>,
    refusals: Vec<Refusal>,
}

fn list(paths: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => listing.walk(path, 0),
            // Whatever else it is, opening it says so.
            _ => drop(listing.files.insert(path.clone())),
        }
    }
    listing
}

impl Listing {
    /// Links inside a folder are not followed: a loop would not end, and a link may leave the folder.
    fn walk(&mut self, folder: &Path, depth: usize) {
        if depth > DEPTH_MAX {
            return self.refuse(folder, Message::new("cli.too-deep").number("limit", DEPTH_MAX as i64));
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.refuse(folder, Message::new("cli.cannot-open").reason("error", error)),
        };
        for entry in entries {
            if self.files.len() >= FILES_MAX {
                return self.refuse(folder, Message::new("cli.too-many-files").number("limit", FILES_MAX as i64));
            }
            match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Err(error) => self.refuse(folder, Message::new("cli.cannot-open").reason("error", error)),
                Ok((path, kind)) if kind.is_dir() => self.walk(&path, depth + 1),
                Ok((path, kind)) if kind.is_file() => drop(self.files.insert(path)),
                Ok((path, kind)) if kind.is_symlink() => self.refuse(&path, Message::new("cli.link-not-followed")),
                Ok((path, _)) => self.refuse(&path, Message::new("cli.not-a-file")),
            }
        }
    }

    fn refuse(&mut self, path: &Path, message: Message) {
        self.refusals.push(Refusal { path: path.display().to_string(), message });
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    fn codes(listing: &Listing, root: &Path) -> Vec<String> {
        let name = |path: &str| path.replace(&format!("{}/", root.display()), "");
        let mut codes: Vec<_> = listing
            .refusals
            .iter()
            .map(|refusal| format!("{}: {}", name(&refusal.path), refusal.message.code))
            .collect();
        codes.sort();
        codes
    }

    #[test]
    fn links_sockets_and_missing_paths_are_refused_by_name_and_the_rest_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("sub")).unwrap();
        fs::write(root.join("sub/a.txt"), "x").unwrap();
        symlink(root, root.join("sub/loop")).unwrap();
        symlink(root.join("sub/a.txt"), root.join("link.txt")).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        let listing = list(&[root.to_owned(), root.join("missing")]);
        assert_eq!(
            codes(&listing, root),
            ["link.txt: cli.link-not-followed", "socket: cli.not-a-file", "sub/loop: cli.link-not-followed"]
        );
        let files: Vec<_> = listing.files.iter().map(|path| path.strip_prefix(root).unwrap()).collect();
        assert_eq!(files, [Path::new("missing"), Path::new("sub/a.txt")]);
        assert_eq!(open(&root.join("missing")).unwrap_err().code, "cli.cannot-open");
        assert_eq!(open(&root.join("socket")).unwrap_err().code, "cli.not-a-file");
    }

    #[test]
    fn folders_too_deep_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let deep = (0..=DEPTH_MAX).fold(folder.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("a.txt"), "x").unwrap();
        let listing = list(&[folder.path().to_owned()]);
        assert_eq!((listing.files.len(), listing.refusals.len()), (0, 1));
        assert_eq!(listing.refusals[0].message.code, "cli.too-deep");
    }
}
