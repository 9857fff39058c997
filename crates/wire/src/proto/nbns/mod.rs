//! NetBIOS over UDP (RFC 1002): the name service on port 137 and the datagram service on port 138, with the
//! announcements that Windows hosts make of themselves in its mailslots ([MS-BRWS]).

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Announcement, Datagram, Message, Name, Packet, Record};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
