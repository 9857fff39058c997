//! Questions answered by several programs, and what happens when some of them go.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod bucket;
mod common;
mod hunt;
mod losses;
mod peers;
