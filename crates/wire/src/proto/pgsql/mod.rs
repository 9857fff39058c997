//! PostgreSQL's frontend/backend protocol, version 3.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Exchange, Problem, Request, Response};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
