//! IMAP (RFC 3501 and 9051): a mailbox is looked at. Mails pass as literals both ways.

pub mod eve;
mod events;
mod records;
mod state;

pub use events::Exchange;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
