//! Detection content as data: for each weapon, which states of a protocol show it on the wire, and how sure that is; and
//! indicators of attackers' resources.
//!
//! The rooms of `wire` tell facts about a protocol's state as marks. A detector says which marks, how often and where,
//! are a weapon at work; this crate loads the detectors and answers what a set of marks means. It keeps no clock and no
//! connections.

mod detector;
pub mod forms;
pub mod indicators;
mod tally;
pub mod text;

pub use detector::{BadDetector, Condition, Detector, Detectors, Scope, Sign, Status};
pub use indicators::{Indicator, IndicatorKind, Indicators, Unfit};
pub use tally::{Tally, Told};
