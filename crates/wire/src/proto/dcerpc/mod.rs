//! Remote procedure calls (C706, [MS-RPCE]): over TCP, over UDP, and over the pipes of SMB.

mod calls;
pub mod eve;
mod events;
pub mod interfaces;
mod marks;
mod ndr;
mod records;
mod state;

pub use calls::{Calls, Heard};
pub use events::{Bound, Call, Datagram, Syntax};
pub use records::{HEADER_BYTES, header};
pub use state::{Connection, Datagrams, probe};

#[cfg(test)]
mod tests;
