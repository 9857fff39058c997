//! The ledger of file analysis: what was found in a file becomes points, each with its reason in words.
//!
//! Rules are data ([`Ledger`]); judging is a function of a file that was taken apart, of what else was found in its bytes,
//! and of the rules, and gives the same answer in a year. Nothing is learned, and nothing is left unexplained: who reads a
//! verdict can follow every point of it to a fact. Lists of what is denied, allowed or trusted stand above the points and
//! are kept apart from them ([`Overruling`]).

mod found;
mod judge;
mod ledger;
mod overruling;
mod verdict;

pub use found::{Found, RuleMatch};
pub use judge::judge;
pub use ledger::Ledger;
pub use overruling::{Overruled, Overruling};
pub use verdict::{Reason, Source, State, Verdict};
