//! Findings on whole hosts against what is known of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod graph;
mod properties;
mod systems;
mod truth;
