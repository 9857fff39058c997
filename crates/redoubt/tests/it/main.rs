//! The program as its users start it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli;
mod collectors;
#[cfg(target_os = "linux")]
mod file_scan;
mod interrupt;
mod kill;
mod kill_capture;
mod sensor;
mod workers;
