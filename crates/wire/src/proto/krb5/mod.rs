//! Kerberos 5 (RFC 4120) over TCP and UDP, and the tickets that other protocols carry.

pub mod der;
mod ticket;

pub use ticket::{Ticket, ticket_of_request};
