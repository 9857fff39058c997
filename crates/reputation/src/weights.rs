//! Every constant of the model, each with its reason. `tests/fleet.rs` measures what they do together, and what halving or
//! doubling each changes.

use serde::{Deserialize, Serialize};

/// A file runs by its reputation from here on, if a group lets any: `policy::Rules::reputation_from`. In log-odds 0.85.
pub const TRUSTED_FROM: u8 = 70;

/// How much each term counts, in log-odds a unit of its value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Where everything begins: a reputation of 4. Nothing is known, and who wants to be trusted has to bring 3.85.
    pub base: f64,
    /// For each natural logarithm of one and the introductions. Forty of them bring 2.04.
    pub introductions: f64,
    /// For each natural logarithm of one and the days. Ninety of them bring 1.58; with the introductions 3.62, which is
    /// less than 3.85: that many have it and have had it for long is no reason by itself.
    pub age: f64,
    /// For a publisher the house lists. By itself less than what is needed: certificates are stolen.
    pub publisher: f64,
    /// For what is brought by those who may. By itself enough, since that is what sanctioned means; when it is only copied
    /// from host to host, half of it against.
    pub source: f64,
    /// For what a publisher's other files and the same writer say. With a listed publisher enough on the first day.
    pub graph: f64,
    /// For each doubling of new hosts in an hour. A thousand cost five, more than any two other terms bring.
    pub velocity: f64,
    /// For each bit by which what it is seen with is rarer than usual. What is seen with nothing that its hosts know costs 3.
    pub incoherence: f64,
    /// For each detection. One outweighs a sanctioned source with a listed publisher on the first day; two outweigh
    /// everything there is.
    pub detections: f64,
}

impl Default for Weights {
    fn default() -> Weights {
        Weights {
            base: -3.0,
            introductions: 0.55,
            age: 0.35,
            publisher: 2.5,
            source: 4.0,
            graph: 1.5,
            velocity: 0.5,
            incoherence: 0.6,
            detections: 5.0,
        }
    }
}

/// More introductions are not more convincing, and a fleet of 100,000 must not be trusted for its size.
pub const INTRODUCTIONS_MAX: u32 = 40;

/// More age is not more convincing: a campaign waits that long when it must.
pub const AGE_DAYS_MAX: f64 = 90.0;

/// Of one group no more count. Who owns a group whole, with all its hosts and accounts, gains no more than 0.22 by it.
pub const GROUP_INTRODUCTIONS_MAX: usize = 2;

/// Introductions are told apart by the day: what comes within one came in one go.
pub const SLOT_SECONDS: u32 = 86_400;

/// A week counts half when two hosts of one group had it in use, and whole when two groups had. One host alone ages nothing.
pub const WEEK_OF_ONE_GROUP: f64 = 0.5;

/// How far a sanctioned source that only hosts tell of is believed, by how many groups tell of it. One group can be owned
/// whole, and gets nothing beyond the threshold: not even with an age of 90 days and all its introductions.
pub const GROUPS_BELIEVED: [f64; 5] = [0.0, 0.4, 0.7, 0.9, 1.0];

/// What being copied from host to host counts against a file, as a share of what a sanctioned source counts for it.
pub const COPIED: f64 = 0.5;

/// A publisher whose signature holds and whom the house does not list: next to nothing. Anybody can have a certificate, and one
/// must not turn what many have for long into something trusted.
pub const UNLISTED_PUBLISHER: f64 = 0.05;

/// A listed publisher's record is full with that many files which were there for [`RECORD_DAYS`] with nothing found.
pub const RECORD_FULL: f64 = 10.0;

/// Attacks that use a publisher's name are found out within weeks, if ever.
pub const RECORD_DAYS: f64 = 30.0;

/// The share of a record that is left when a file was not written by what wrote the publisher's other files.
pub const OTHER_WRITER: f64 = 0.5;

/// A listed publisher's own way of bringing files is what wrote so many of his good ones. What comes by it may come fast.
pub const CHANNEL_FILES: u32 = 3;

/// How much a host with detected files says of other files on it: not each file of a victim is the attacker's.
pub const BAD_HOST: f64 = 0.5;

/// So many new hosts in an hour are a morning and no worm.
pub const VELOCITY_FREE: f64 = 5.0;

/// Where hosts are estimated from a sample, two of it in one hour may be chance.
pub const VELOCITY_CHANCE: usize = 2;

/// What one feature can surprise, in bits: seen with one of 256 files. What is not known surprises as much: silence is no way
/// to look ordinary.
pub const SURPRISE_MAX_BITS: f64 = 8.0;

/// Ordinary software is on average that surprising: places, hours and parents are many.
pub const SURPRISE_USUAL_BITS: f64 = 3.0;

/// How long a host may have been out of reach. What it tells of before is taken as of then: no clock makes a file old.
pub const LATE_SECONDS: i64 = 7 * 86_400;
