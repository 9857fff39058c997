//! The sensor on whole captures: what it tells, and what it withstands.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conversations;
mod corpus;
mod fingerprints;
mod flows;
mod indicators;
mod live;
mod looking_back;
mod mutations;
mod packets;
mod rdp;
mod records;
mod strain;
mod tftp;
mod workers;
