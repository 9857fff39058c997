//! What holds on endpoints: what may run and why, for which group, and how it gets there unchanged.
//!
//! Pure functions of what is known and of what is in force: the same on an endpoint before something runs, on a server that
//! tells beforehand what would happen, and in a test. Moments are passed in, as seconds since 1970.

pub mod approval;
pub mod baseline;
mod execution;
pub mod groups;
mod ids;
pub mod lockout;
pub mod orders;
mod said;
pub mod telling;

pub use execution::{Kind, Mode, Origin, Outcome, Rules, Rung, Subject, Verdict, decide};
pub use ids::{EndpointId, GroupId, ID_BYTES_MAX, Person};
pub use model::{BadDigest, Digest};
