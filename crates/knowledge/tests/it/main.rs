//! The catalogue and the files it is read from.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod catalogue_properties;
mod catalogue_truth;
mod content;
mod importers;
mod systems;
