//! IKE, versions 1 and 2 (RFC 2408, RFC 7296): who negotiates and with what.

pub mod eve;
mod events;
mod proposals;
mod records;
mod state;

pub use events::Message;
pub use records::message;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
