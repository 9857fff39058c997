//! The inventory of a Linux machine: what its own files say, and the document that carries it.
//!
//! Each reader takes the bytes of one file (`os-release`, the database of packages, `/proc/net/tcp`, …) and gives what
//! stands there with what was odd about it. Whoever has the machine before him reads the files and puts a [`Document`]
//! together; [`read`] takes that document back on the other side and makes facts of it. [`changes`] says what became
//! different between two of them.

pub mod accounts;
pub mod apk;
mod capped;
pub mod certificate;
mod changes;
pub mod containers;
mod document;
pub mod dpkg;
mod facts;
pub mod machine;
pub mod mounts;
pub mod network;
pub mod os_release;
mod read;
pub mod rpm;
pub mod sockets;
mod told;
pub mod units;

pub use capped::ENTRIES_MAX;
pub use changes::{Change, changes};
pub use document::*;
pub use facts::facts;
pub use read::{DOCUMENT_BYTES_MAX, read};
pub(crate) use read::{host, is_document};

use model::{Message, Oddity};

/// Bytes kept of one value; a longer one is cut.
pub const VALUE_BYTES_MAX: usize = 2048;
/// Oddities kept of one file.
const ODDITIES_MAX: usize = 20;

/// What one file says, and what was odd about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading<T> {
    pub value: T,
    pub oddities: Vec<Oddity>,
}

impl<T> Reading<T> {
    fn odd(&mut self, code: &str, line: u64) {
        if self.oddities.len() < ODDITIES_MAX {
            let line = Some(line);
            self.oddities.push(Oddity { message: Message::new(code), line });
        }
    }

    /// What is said when a list is longer than any machine has.
    fn full(&mut self, limit: usize) {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.oddities.push(Oddity { message: Message::new("linux.list-full").number("limit", limit), line: None });
    }
}

impl<T> Reading<Vec<T>> {
    /// Adds an entry; false, and it is said, when there is no more room.
    fn push(&mut self, entry: T, limit: usize) -> bool {
        if self.value.len() >= limit {
            self.full(limit);
            return false;
        }
        self.value.push(entry);
        true
    }
}

/// The lines of a file with their numbers from 1, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    (1..).zip(bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
}

/// One value as text: cut to its limit, in one line, and without what would steer a terminal.
fn value(bytes: &[u8]) -> String {
    let cut = bytes.get(..VALUE_BYTES_MAX).unwrap_or(bytes);
    let text = String::from_utf8_lossy(cut);
    tidy(&text)
}

fn tidy(text: &str) -> String {
    let plain: String = text.chars().map(|c| if unseen(c) { ' ' } else { c }).collect();
    let mut plain = plain.trim().to_owned();
    plain.truncate(plain.floor_char_boundary(VALUE_BYTES_MAX));
    plain
}

/// Control codes, and marks that turn the order of reading.
fn unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A value that says something; none when it is empty.
fn some(bytes: &[u8]) -> Option<String> {
    Some(value(bytes)).filter(|text| !text.is_empty())
}

/// A number in decimal, with blanks around it.
fn number<N: std::str::FromStr>(bytes: &[u8]) -> Option<N> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}
