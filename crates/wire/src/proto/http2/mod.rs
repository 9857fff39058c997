//! HTTP/2 (RFC 9113) with its header compression (RFC 7541), and DNS that travels in it (RFC 8484).

pub mod eve;
mod events;
mod hpack;
mod records;
mod state;
mod tables;

pub use events::{Exchange, Part};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
