//! WebSocket (RFC 6455): what HTTP was upgraded to, frame by frame.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::Frame;
pub use state::Conversation;

#[cfg(test)]
mod tests;
