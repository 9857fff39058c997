//! The flow as people read it, and what holds for every host.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod case;
mod fleet;
mod known;
mod lore;
mod properties;
mod rings;
mod stories;
