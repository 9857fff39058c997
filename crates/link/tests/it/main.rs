//! A collector and a server on one connection: enrolment, delivery, guidance, and what survives a kill.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod delivery;
mod enrolment;
mod guidance;
mod killed;
mod spool;
