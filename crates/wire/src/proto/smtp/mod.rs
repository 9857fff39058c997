//! SMTP (RFC 5321) with pipelining, chunking (RFC 3030), authentication (RFC 4954) and the change to TLS (RFC 3207).

pub mod eve;
mod events;
mod records;
mod state;

pub use events::Transaction;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
