//! SNMP 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412).

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Message, Trap};
pub use records::message;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
