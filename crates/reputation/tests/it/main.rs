//! Made-up networks, honest and attacked, and what the model says of their files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attacks;
mod fleet;
mod kit;
mod properties;
mod wording;
