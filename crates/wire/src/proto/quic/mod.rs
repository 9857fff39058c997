//! QUIC (RFC 9000, RFC 9001, RFC 9369 and the later drafts): the hellos in Initial packets, whose keys everybody on the
//! path can derive; and the hello of Google's QUIC, which is not hidden at all.

mod crypto;
pub mod eve;
mod events;
mod records;
mod state;

pub use events::{GoogleHello, Hello, Opening, extension_name};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
