//! DHCP for IPv4 (RFC 2131, RFC 2132).

pub mod eve;
mod events;
mod records;
mod state;

pub use events::Message;
pub use records::message;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
