//! The tables as a whole: what is written is read, by us and by others, also after a crash.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod crash;
mod delivered;
mod export;
mod keeping;
mod readers;
mod shared;
mod view;
