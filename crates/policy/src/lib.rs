//! What may run on endpoints: by which rule, and why.
//!
//! Pure functions of what is known of a file and of the rules in force: the same on an endpoint before something runs, on a
//! server that tells beforehand what would happen, and in a test.

mod digest;
mod execution;

pub use digest::{BadDigest, Digest};
pub use execution::{Kind, Mode, Origin, Outcome, Rules, Rung, Subject, Verdict, decide};
