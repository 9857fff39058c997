//! HTTP/1 (RFC 9110 and 9112, and the habits of servers and browsers that go beyond them) over TCP.

pub mod eve;
mod events;
pub mod files;
mod multipart;
mod oddities;
mod probe;
pub mod records;
mod state;
pub mod who;

pub use events::{Exchange, Headers, Request, Response};
pub use probe::probe;
pub use state::Conversation;

#[cfg(test)]
mod tests;
