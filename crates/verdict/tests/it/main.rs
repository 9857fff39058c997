//! The ledger and the rules that are shipped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod content;
mod hidden;
mod kit;
mod properties;
mod standins;
