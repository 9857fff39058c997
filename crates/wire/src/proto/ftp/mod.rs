//! FTP (RFC 959, 2428, 4217): the conversation of commands. Files pass in conversations of their own.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Exchange, Mode};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
