//! MQTT 3.1, 3.1.1 and 5 (OASIS).

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Body, Exchange, Flags, Message, Property, Text, Value, Will};
pub use records::{Header, Read, header, packet};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
