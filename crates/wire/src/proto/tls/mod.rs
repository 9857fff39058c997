//! SSL 2.0 to TLS 1.3 (RFC 5246, RFC 8446) over TCP: what both sides say before they are private.

mod certificate;
pub mod eve;
mod events;
pub mod hello;
mod records;
mod state;

pub use certificate::Certificate;
pub use events::{Outcome, Session};
pub use hello::{ClientHello, ServerHello, is_grease, md5_hex, version_name};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
