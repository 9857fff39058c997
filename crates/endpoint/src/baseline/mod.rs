//! Configuration checks on this machine: read, set where that is ordered, and undone when it no longer is.
//!
//! What is read and expected is content of the product ([`policy::baseline`]). Nothing here passes through a shell: files are
//! read and written by this program, and the few programs that are asked get words that were checked letter by letter.

mod check;
mod lines;
mod machine;
mod read;
mod set;

pub use check::{Checker, HeldCheck, State, Wanted};
pub use machine::Machine;
pub use read::Reader;
pub use set::Prior;

#[cfg(test)]
mod tests;
