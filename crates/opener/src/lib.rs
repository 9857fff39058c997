//! The process that opens files, each in a copy of itself that can reach nothing else.
//!
//! `serve` watches, `copy` reads, `confine` says what a copy gives up and `check` tries
//! whether it did, `rules` are those of YARA.

pub mod check;
pub mod confine;
pub mod copy;
pub mod guesser;
pub mod rules;
pub mod serve;
mod sys;
