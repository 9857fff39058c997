//! What the kernel tells about real programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod memory;
mod telemetry;
