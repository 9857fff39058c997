//! The ledger of file analysis: what was found in a file becomes points, each with its reason in words.
//!
//! Rules are data ([`Ledger`]); judging is a function of a file that was taken apart, of what else was found in its bytes,
//! and of the rules, and gives the same answer in a year. Nothing is learned, and nothing is left unexplained: who reads a
//! verdict can follow every point of it to a fact. Lists of what is denied, allowed or trusted stand above the points and
//! are kept apart from them ([`Overruling`]).

mod condition;
mod content;
mod found;
mod judge;
mod ledger;
mod met;
mod mistake;
mod overruling;
mod place;
mod score;
mod shown;
mod verdict;

pub use condition::{Asks, Condition};
pub use found::{Found, RuleMatch};
pub use judge::judge;
pub use ledger::{Ledger, Rule};
pub use mistake::{BadLedger, Mistake};
pub use overruling::{Overruled, Overruling, Signer, is_signed_by, signers};
pub use score::{MALICIOUS_AT, SUSPICIOUS_AT};
pub use verdict::{Reason, Source, State, Verdict};
