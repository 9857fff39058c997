//! Changes that one person alone must not make, and how two make them.

mod needed;
mod request;

pub use needed::{BREAK_GLASS_ALONE_SECONDS, Limits, Proposal, enforceable, needs_two};
pub use request::{ChangeRequest, Deed, NotAllowed, OPEN_SECONDS, ROLL_BACK_SECONDS, State, Step};

#[cfg(test)]
mod tests;
