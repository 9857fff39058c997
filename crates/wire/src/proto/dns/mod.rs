//! DNS (RFC 1035 and what came after) over UDP and TCP.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::{Answer, Data, Message, Question, Soa};
pub use records::{message, question_type, response_code};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
