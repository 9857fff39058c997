//! Reputation of files: too much for orders, so it goes by itself, as compact as it can be looked up in.
//!
//! The content is three numbers, big-endian: the version and when it was made (eight bytes each), and how many entries there
//! are (four bytes). Then the entries: the 32 bytes of a SHA-256 and one byte of reputation, in the order of digests.

use super::envelope::{self, Domain};
use super::keys::{Signer, TrustedKeys};
use super::order::{later, not_ahead};
use super::refused::Refused;
use crate::{Digest, Rules, Rung, Subject, Verdict, decide};
use model::Message;
use std::collections::BTreeMap;

pub const TABLE_ENTRIES_MAX: usize = 2_000_000;
const ENTRY_BYTES: usize = 33;

/// What is known of files, for every endpoint of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReputationTable {
    /// Counted by itself; orders have a version of their own.
    pub version: u64,
    /// Seconds since 1970, UTC.
    pub made: u64,
    /// As they are sent, in the order of digests.
    entries: Vec<[u8; ENTRY_BYTES]>,
}

impl ReputationTable {
    /// Reputation from 0 to 100.
    ///
    /// # Errors
    /// When there are more than [`TABLE_ENTRIES_MAX`].
    pub fn new(version: u64, made: u64, reputation: &BTreeMap<Digest, u8>) -> Result<ReputationTable, Refused> {
        room(reputation.len())?;
        let entry = |(sha256, reputation): (&Digest, &u8)| {
            let mut entry = [*reputation; ENTRY_BYTES];
            entry.iter_mut().zip(sha256.0).for_each(|(to, from)| *to = from);
            entry
        };
        Ok(ReputationTable { version, made, entries: reputation.iter().map(entry).collect() })
    }

    /// The same files with the same reputation, whatever the version.
    pub fn says_the_same(&self, other: &ReputationTable) -> bool {
        self.entries == other.entries
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn get(&self, sha256: &Digest) -> Option<u8> {
        let at = self.entries.binary_search_by(|entry| digest(entry).cmp(sha256.0.as_slice())).ok()?;
        self.entries.get(at).and_then(|entry| entry.last()).copied()
    }

    /// What [`decide`] says, with this table beside the rules: reputation is asked when nothing above it said anything.
    pub fn decide(&self, rules: &Rules, subject: &Subject) -> Verdict {
        let verdict = decide(rules, subject);
        if let (Rung::Unknown, Some(from), Some(sha256)) = (verdict.rung, rules.reputation_from, &subject.sha256)
            && let Some(reputation) = self.get(sha256)
            && reputation >= from
        {
            let why = Message::new("execution.reputation").number("reputation", reputation).number("from", from);
            return Verdict { may: true, rung: Rung::Reputation, why: why.with("path", &subject.path) };
        }
        verdict
    }

    /// Signed, as it is sent.
    ///
    /// # Errors
    /// When it is larger than an endpoint takes.
    pub fn seal(&self, signer: &Signer) -> Result<Vec<u8>, Refused> {
        room(self.entries.len())?;
        let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX).to_be_bytes();
        let head = [self.version.to_be_bytes().as_slice(), &self.made.to_be_bytes(), &count].concat();
        envelope::seal(Domain::Reputation, &[head, self.entries.concat()].concat(), signer)
    }
}

/// The table to look up in from now on, out of what came from outside.
///
/// # Errors
/// With the reason; the one in force stays then.
pub fn open_table(
    bytes: &[u8],
    keys: &TrustedKeys,
    in_force: Option<u64>,
    now: u64,
) -> Result<ReputationTable, Refused> {
    let opened = envelope::open(Domain::Reputation, bytes, keys)?;
    let table = read(opened.payload)?;
    later(table.version, in_force)?;
    not_ahead(table.made, now)?;
    Ok(table)
}

/// Everything behind the signature.
pub(super) fn read(payload: &[u8]) -> Result<ReputationTable, Refused> {
    let number = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    let (version, rest) = payload.split_first_chunk::<8>().ok_or(Refused::Damaged)?;
    let (made, rest) = rest.split_first_chunk::<8>().ok_or(Refused::Damaged)?;
    let (count, rest) = rest.split_first_chunk::<4>().ok_or(Refused::Damaged)?;
    let count = usize::try_from(u32::from_be_bytes(*count)).map_err(|_| Refused::Damaged)?;
    room(count)?;
    let (entries, odd) = rest.as_chunks::<ENTRY_BYTES>();
    if entries.len() != count || !odd.is_empty() {
        return Err(Refused::Damaged);
    }
    // What is looked up by halves has to be in order.
    let is_behind = |two: &[[u8; ENTRY_BYTES]]| matches!(two, [a, b] if digest(a) >= digest(b));
    if let Some(entry) = entries.windows(2).position(is_behind) {
        return Err(Refused::Unsorted { entry: entry + 1 });
    }
    Ok(ReputationTable { version: number(version), made: number(made), entries: entries.to_vec() })
}

fn digest(entry: &[u8; ENTRY_BYTES]) -> &[u8] {
    entry.split_last().map_or(&[], |(_, digest)| digest)
}

fn room(count: usize) -> Result<(), Refused> {
    match count > TABLE_ENTRIES_MAX {
        true => {
            Err(Refused::TooLarge { bytes: count.saturating_mul(ENTRY_BYTES), most: TABLE_ENTRIES_MAX * ENTRY_BYTES })
        }
        false => Ok(()),
    }
}
