//! What was done to files, judged by what they were before and what they are after: pure functions of bytes.
//!
//! A program that encrypts turns what has a form into what has none, file after file. One such change may be anything, so
//! what a lineage of processes does is added up ([`Account`]); nothing is judged by names of programs or of extensions.

mod account;
mod pair;
mod sketch;

pub use account::{Account, Act, Reason, Tripped};
pub use pair::{Damage, compare};
pub use sketch::Sketch;
