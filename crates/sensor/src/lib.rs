//! The network sensor: takes frames from files or a network card, follows conversations, hands their bytes to the rooms
//! of `wire`, and writes down what those tell.

mod clock;
pub mod cut;
mod files;
mod findings;
pub mod flow;
#[cfg(target_os = "linux")]
pub mod live;
pub mod observed;
mod options;
pub mod output;
pub mod profiles;
pub mod reading;
pub mod source;
mod telling;
mod watch;
mod worker;

pub use files::{FileRecord, Hashes, Kept, Policy, Store};
pub use findings::{Alert, Findings, together};
pub use flow::{EndReason, Flow, FlowState};
pub use options::{Options, UnknownOption};
pub use watch::{LiveIndicators, Sighting};
pub use worker::{Counts, Worker};

/// When something was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since 1970, UTC.
    pub time_ns: i64,
    /// Number of the frame in what is being read, from one.
    pub frame: u64,
}

impl Moment {
    /// The time for records; what no calendar holds is its nearest end.
    pub fn timestamp(&self) -> jiff::Timestamp {
        timestamp(self.time_ns)
    }
}

/// Nanoseconds since 1970 as the time of a record.
pub fn timestamp(time_ns: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(time_ns.into()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
