//! RFB, the protocol of VNC (RFC 6143): versions, how the client proves itself, and what screen it gets.

pub mod eve;
mod events;
mod state;

pub use events::Session;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
