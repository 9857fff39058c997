//! NFS versions 2, 3 and 4 (RFC 1094, 1813, 7530, 8881) in remote calls (RFC 5531) over TCP and UDP.

mod compound;
pub mod eve;
mod events;
mod files;
mod names;
mod records;
mod rpc;
mod state;

pub use events::{Auth, Exchange, Told, Transferred};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
