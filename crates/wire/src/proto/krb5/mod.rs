//! Kerberos 5 (RFC 4120) over TCP and UDP, and the tickets that other protocols carry.

pub mod der;
pub mod eve;
mod events;
mod names;
mod records;
mod state;
mod ticket;

pub use events::Message;
pub use state::{Conversation, probe};
pub use ticket::{Ticket, ticket_of_request};

#[cfg(test)]
mod tests;
