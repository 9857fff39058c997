//! POP3 (RFC 1939, 2449, 2595): a mailbox is emptied.

pub mod eve;
mod events;
mod state;

pub use events::Exchange;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
