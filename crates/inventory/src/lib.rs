//! Readers of host facts: bytes in, observations and oddities out. No IO, no clock, no panic.
//!
//! [`read`] takes any file an administrator may drop: `systeminfo` in any language, the inventory of a Linux machine,
//! lists of updates, scanner reports, tables, or a ZIP of them. [`hosts`] makes one host of all that is said of one machine; [`snapshots`] keeps
//! every `systeminfo` a host of its own.

mod archive;
mod codepages;
mod editions;
mod limits;
pub mod linux;
mod merge;
mod nessus;
mod nmap;
mod openvas;
mod os;
mod qfe;
mod scan;
mod systeminfo;
mod table;
mod text;
mod xml;

pub use limits::Limits;
pub use merge::{grouped, hosts, identity, merge, snapshots};
pub use table::{Field, Mapping, TablePreview, read_table};

use archive::Budget;
use model::{HostFacts, Message, Observation, Oddity, Source, SourceKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;

/// What one file, or one archive of files, gave.
#[derive(Debug, Default)]
pub struct Reading {
    pub observations: Vec<Observation>,
    /// What could not be used, and why; the rest is read all the same.
    pub refusals: Vec<Refusal>,
    /// Tables that were found but not read: a person checks the mapping, then [`read_table`] reads them.
    pub tables: Vec<TablePreview>,
    /// Tables that were read, and how their columns were understood.
    pub mapped: Vec<TablePreview>,
}

/// A file, or an entry of an archive, that could not be used or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub path: String,
    pub message: Message,
}

/// Reads one file of any known kind. `path` is what the person calls it; nothing is opened.
pub fn read(path: &str, bytes: &[u8], limits: &Limits) -> Reading {
    Walk::new(limits, Tables::Ask).whole(path, bytes)
}

/// Reads one file from a stream, and stops at the limit of one file.
pub fn read_from(path: &str, source: impl Read, limits: &Limits) -> Reading {
    from(path, source, limits, Tables::Ask)
}

/// Like [`read`], and reads each table whose proposed mapping tells machines apart: for callers without a person to
/// ask. Tables that stay in `tables` need one; those that were read stand in `mapped`.
pub fn read_with_tables(path: &str, bytes: &[u8], limits: &Limits) -> Reading {
    Walk::new(limits, Tables::ReadConfident).whole(path, bytes)
}

/// Like [`read_with_tables`], and hands over what the entries of an archive gave each time it is this much, so that a
/// large one never stands in memory whole. An entry is never split; the last part comes back.
pub fn read_in_parts(
    path: &str,
    bytes: &[u8],
    limits: &Limits,
    observations: usize,
    part: &mut dyn FnMut(Reading),
) -> Reading {
    let mut walk = Walk::new(limits, Tables::ReadConfident);
    walk.parts = Some(Parts { observations, part });
    walk.whole(path, bytes)
}

/// [`read_with_tables`] from a stream.
pub fn read_from_with_tables(path: &str, source: impl Read, limits: &Limits) -> Reading {
    from(path, source, limits, Tables::ReadConfident)
}

fn from(path: &str, source: impl Read, limits: &Limits, tables: Tables) -> Reading {
    let mut bytes = Vec::new();
    let message = match source.take(limits.file_bytes + 1).read_to_end(&mut bytes) {
        Err(error) => Message::new("inventory.unreadable").reason("error", error),
        Ok(_) if bytes.len() as u64 > limits.file_bytes => too_large(limits),
        Ok(_) => return Walk::new(limits, tables).whole(path, &bytes),
    };
    Reading { refusals: vec![Refusal { path: path.to_owned(), message }], ..Reading::default() }
}

/// What is done with a table whose columns are understood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tables {
    Ask,
    ReadConfident,
}

/// The reading of one file with all that is packed in it.
struct Walk<'a> {
    limits: &'a Limits,
    tables: Tables,
    budget: Budget,
    reading: Reading,
    parts: Option<Parts<'a>>,
    /// Refusals beyond those that are told one by one.
    untold: usize,
}

/// Where parts of an archive go before its end, and how large they are.
struct Parts<'a> {
    observations: usize,
    part: &'a mut dyn FnMut(Reading),
}

impl<'a> Walk<'a> {
    fn new(limits: &'a Limits, tables: Tables) -> Self {
        Walk { limits, tables, budget: Budget::new(limits), reading: Reading::default(), parts: None, untold: 0 }
    }

    fn whole(mut self, path: &str, bytes: &[u8]) -> Reading {
        self.file(path, bytes, self.limits.nesting + 1);
        if self.untold > 0 {
            let message = Message::new("inventory.refusals-more");
            let message = message.number("count", self.untold as i64).number("limit", self.limits.refusals as i64);
            self.reading.refusals.push(Refusal { path: path.to_owned(), message });
        }
        self.reading
    }

    /// Tells what was refused, up to the limit: an archive of a million empty files would fill the screen.
    fn refuse(&mut self, path: String, message: Message) {
        if self.reading.refusals.len() < self.limits.refusals {
            self.reading.refusals.push(Refusal { path, message });
        } else {
            self.untold += 1;
        }
    }

    fn file(&mut self, path: &str, bytes: &[u8], archives_left: usize) {
        let read = if archive::is_zip(bytes) && !archive::is_workbook(bytes) {
            self.zip(path, bytes, archives_left)
        } else {
            one(path, bytes, self.limits, &mut self.reading).map(|tables| self.take_tables(bytes, tables))
        };
        if let Err(message) = read {
            self.refuse(path.to_owned(), message);
        }
    }

    fn zip(&mut self, path: &str, bytes: &[u8], archives_left: usize) -> Result<(), Message> {
        let Some(left) = archives_left.checked_sub(1) else {
            return Err(Message::new("inventory.archive-nested").number("limit", self.limits.nesting as i64));
        };
        archive::read(path, bytes, self, &mut |path, bytes, walk| {
            walk.file(path, bytes, left);
            walk.hand_over();
        })
    }

    fn hand_over(&mut self) {
        if let Some(parts) = self.parts.as_mut().filter(|parts| self.reading.observations.len() >= parts.observations) {
            (parts.part)(std::mem::take(&mut self.reading));
        }
    }

    /// Reads the tables that need no person, here, where their bytes are at hand.
    fn take_tables(&mut self, bytes: &[u8], tables: Vec<TablePreview>) {
        for preview in tables {
            if self.tables == Tables::Ask || !preview.confident {
                self.reading.tables.push(preview);
                continue;
            }
            if let Err(message) = table::rows(&preview.path, bytes, &preview.mapping, self.limits, &mut self.reading) {
                self.refuse(preview.path.clone(), message);
            }
            self.reading.mapped.push(preview);
        }
    }
}

/// Reads one file that is no archive; the tables in it come back unread.
fn one(path: &str, bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Vec<TablePreview>, Message> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(too_large(limits));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Message::new("inventory.empty"));
    }
    if archive::is_zip(bytes) {
        return table::preview_workbook(path, bytes, limits);
    }
    short_lines(bytes, limits)?;
    let mut text = text::decode(bytes);
    text.end_lines();
    let file = File::new(path, bytes);
    if let Some(root) = xml::root(&text.text) {
        return scan_report(&root, &text.text, &file, limits, reading).map(|()| Vec::new());
    }
    if linux::is_document(&text.text) {
        let host = linux::host(&text.text)?;
        let mut observation = file.observation(SourceKind::Systeminfo, host.facts, host.oddities);
        observation.source.observed = host.observed;
        reading.observations.push(observation);
        return Ok(Vec::new());
    }
    few_lines(&text.text, limits)?;
    let hosts = systeminfo::read(&text, limits);
    if !hosts.is_empty() {
        let observations =
            hosts.into_iter().map(|(facts, oddities)| file.observation(SourceKind::Systeminfo, facts, oddities));
        reading.observations.extend(observations);
        return Ok(Vec::new());
    }
    match qfe::read(path, &text, limits) {
        qfe::List::Hosts(entries) => {
            let observations =
                entries.into_iter().map(|entry| file.observation(entry.kind, entry.facts, entry.oddities));
            reading.observations.extend(observations);
            return Ok(Vec::new());
        }
        qfe::List::Refused(message) => return Err(message),
        qfe::List::Other if text.text.trim().is_empty() => return Err(Message::new("inventory.empty")),
        qfe::List::Other if text::is_binary(&text) => return Err(Message::new("inventory.binary")),
        qfe::List::Other => {}
    }
    let table = table::preview_text(path, &text, limits)?;
    Ok(vec![table.ok_or_else(|| Message::new("inventory.unknown-kind"))?])
}

fn scan_report(root: &str, text: &str, file: &File<'_>, limits: &Limits, reading: &mut Reading) -> Result<(), Message> {
    let (kind, mut report) = match root {
        "nmaprun" => (SourceKind::Nmap, nmap::read(text, limits)),
        "NessusClientData_v2" => (SourceKind::Nessus, nessus::read(text, limits)),
        "report" | "get_reports_response" => (SourceKind::Openvas, openvas::read(text, limits)),
        other => return Err(Message::new("inventory.unknown-xml").with("root", xml::clip(other, 80))),
    };
    // A report that broke off gave what it gave; that it broke off is said of the file and of its last host.
    for oddity in report.oddities {
        if let Some(last) = report.hosts.last_mut() {
            last.oddities.push(oddity.clone());
        }
        reading.refusals.push(Refusal { path: file.path.to_owned(), message: oddity.message });
    }
    for host in report.hosts {
        let mut observation = file.observation(kind, host.facts, host.oddities);
        observation.source.observed = host.observed;
        reading.observations.push(observation);
    }
    Ok(())
}

/// What is said of a file that is larger than one file may be.
pub fn too_large(limits: &Limits) -> Message {
    Message::new("inventory.too-large").number("limit", limits.file_bytes as i64)
}

/// Refuses lines that no text export has. XML and JSON may be one long line.
fn short_lines(bytes: &[u8], limits: &Limits) -> Result<(), Message> {
    let start = bytes.iter().position(|byte| byte.is_ascii_graphic()).unwrap_or(0);
    if bytes.len() <= limits.line_bytes || matches!(bytes.get(start), Some(b'<' | b'[' | b'{')) {
        return Ok(());
    }
    let mut from = 0;
    for (number, end) in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]).enumerate() {
        if end - from > limits.line_bytes {
            return Err(Message::new("inventory.long-line")
                .number("line", number as i64 + 1)
                .number("limit", limits.line_bytes as i64));
        }
        from = end + 1;
    }
    Ok(())
}

/// Refuses texts of more lines than any export has.
fn few_lines(text: &str, limits: &Limits) -> Result<(), Message> {
    match memchr::memchr_iter(b'\n', text.as_bytes()).nth(limits.lines) {
        Some(_) => Err(Message::new("inventory.many-lines").number("limit", limits.lines as i64)),
        None => Ok(()),
    }
}

/// The file an observation comes from.
struct File<'a> {
    path: &'a str,
    sha256: String,
}

impl<'a> File<'a> {
    fn new(path: &'a str, bytes: &[u8]) -> Self {
        File { path, sha256: sha256(bytes) }
    }

    fn observation(&self, kind: SourceKind, facts: HostFacts, oddities: Vec<Oddity>) -> Observation {
        let source = Source { kind, path: self.path.to_owned(), sha256: self.sha256.clone(), observed: None };
        Observation { source, facts, oddities }
    }
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
