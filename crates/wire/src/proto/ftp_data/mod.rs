//! What FTP moves, in conversations that its commands arranged.

pub mod eve;
mod events;
mod state;

pub use events::Transfer;
pub use state::Conversation;

#[cfg(test)]
mod tests;
