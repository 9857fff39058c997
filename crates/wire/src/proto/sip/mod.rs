//! SIP (RFC 3261) over UDP and TCP, with the sessions it describes (SDP, RFC 8866).

pub mod eve;
mod events;
mod records;
mod sdp;
mod state;

pub use events::{Message, Start};
pub use records::{content_length, head};
pub use sdp::{Media, Sdp, Timing, sdp};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
