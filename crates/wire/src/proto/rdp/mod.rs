//! RDP (MS-RDPBCGR): negotiation, what the client says of itself, the channels it asks for, and the conditions under
//! which old servers read smart card traffic of a client that nobody has checked.

pub mod eve;
mod events;
mod oddities;
mod records;
mod state;

pub use events::{Body, Chosen, ClientData, Message, ServerData};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
