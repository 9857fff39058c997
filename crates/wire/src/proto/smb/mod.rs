//! SMB, all versions ([MS-CIFS], [MS-SMB], [MS-SMB2]), over TCP and over the NetBIOS session service.

pub mod eve;
mod events;
mod files;
mod memory;
mod names;
mod nbss;
pub mod ntlmssp;
mod smb1;
mod smb2;
mod spnego;
mod state;
pub mod text;

pub use events::{Command, Dialect, Exchange, Handle, Status, Told, What};
pub use nbss::decode_name;
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
