//! Readers of host facts: bytes in, observations and oddities out. No IO, no clock, no panic.
//!
//! [`read`] takes any file an administrator may drop: `systeminfo` in any language, lists of updates, scanner
//! reports, tables, or a ZIP of them. [`hosts`] makes one host of all that is said of one machine; [`snapshots`] keeps
//! every `systeminfo` a host of its own.

mod codepages;
mod editions;
mod limits;
mod merge;
mod os;
mod qfe;
mod systeminfo;
mod text;

pub use limits::Limits;
pub use merge::{grouped, hosts, identity, merge, snapshots};

use model::{HostFacts, Message, Observation, Oddity, Source, SourceKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What one file gave.
#[derive(Debug, Default)]
pub struct Reading {
    pub observations: Vec<Observation>,
    /// What could not be used, and why; the rest is read all the same.
    pub refusals: Vec<Refusal>,
}

/// A file, or an entry of an archive, that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub path: String,
    pub message: Message,
}

/// Reads one file of any known kind. `path` is what the person calls it; nothing is opened.
pub fn read(path: &str, bytes: &[u8], limits: &Limits) -> Reading {
    let mut reading = Reading::default();
    if let Err(message) = one(path, bytes, limits, &mut reading) {
        reading.refusals.push(Refusal { path: path.to_owned(), message });
    }
    reading
}

fn one(path: &str, bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<(), Message> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(Message::new("inventory.too-large").number("limit", limits.file_bytes as i64));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Message::new("inventory.empty"));
    }
    let text = text::decode(bytes);
    let file = File { path, sha256: sha256(bytes) };
    let hosts = systeminfo::read(&text, limits);
    if !hosts.is_empty() {
        let observations =
            hosts.into_iter().map(|(facts, oddities)| file.observation(SourceKind::Systeminfo, facts, oddities));
        reading.observations.extend(observations);
        return Ok(());
    }
    match qfe::read(path, &text, limits) {
        qfe::List::Hosts(entries) => {
            let observations =
                entries.into_iter().map(|entry| file.observation(entry.kind, entry.facts, entry.oddities));
            reading.observations.extend(observations);
            Ok(())
        }
        qfe::List::Refused(message) => Err(message),
        qfe::List::Other if text::is_binary(&text) => Err(Message::new("inventory.binary")),
        qfe::List::Other => Err(Message::new("inventory.unknown-kind")),
    }
}

/// The file an observation comes from.
struct File<'a> {
    path: &'a str,
    sha256: String,
}

impl File<'_> {
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
