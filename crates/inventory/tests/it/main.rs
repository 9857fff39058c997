//! Whole reports and lists, real ones and hostile ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hostile;
mod hosts;
mod linux;
mod merge;
mod scans;
mod systeminfo;
