//! DNS (RFC 1035 and what came after) over UDP and TCP, and its relatives of the local network: mDNS and LLMNR.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Answer, Data, Flavour, Message, Question, Soa};
pub use records::{message, question_type, response_code};
pub use state::{Conversation, probe, probe_llmnr, probe_mdns};

#[cfg(test)]
mod tests;
