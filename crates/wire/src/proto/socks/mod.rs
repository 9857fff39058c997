//! SOCKS 4, 4a and 5 (RFC 1928): who wants to go where; what is spoken through the proxy afterwards is found by itself.

pub mod eve;
mod events;
mod state;

pub use events::Request;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
