//! TFTP (RFC 1350, RFC 2347): requests, and the files of the transfers that they arrange.

pub mod eve;
mod events;
mod files;
mod records;
mod state;

pub use events::Request;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
