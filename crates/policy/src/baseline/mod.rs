//! Configuration checks as data: what is read of a machine, what is expected, and how it is set and undone.
//!
//! The files are `data/baselines/*.toml`; their README describes the fields. Reading a machine is its agent's work.

mod check;
mod commands;
mod drift;
mod evaluate;

pub use check::{
    Absent, Area, BadBaseline, Baseline, CHECKS_MAX, Check, Expect, Mistake, Platform, Question, Reading, Severity, Way,
};
pub use commands::{Phase, commands};
pub use drift::{Drift, drift};
pub use evaluate::{Outcome, Read, State, VALUE_BYTES_MAX};

#[cfg(test)]
mod tests;
