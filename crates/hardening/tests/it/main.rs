//! The scripts as they are written and run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod controls;
mod golden;
mod powershell;
mod runbook;
mod wine;
