//! SSH (RFC 4253): banners and offers of both sides, before they are private.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Peer, Session};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
