//! The rooms of the protocols. Each has the same doors: `records` (bytes to records), `state` (what the two sides mean),
//! `events` (what leaves the room), `eve` (how an event is spelled in EVE JSON), and `files` where it carries files.
//!
//! A new room is a folder here, a line in the table of [`rooms`](Kind), and one in that of [events](Event).

pub mod dcerpc;
pub mod dhcp;
pub mod dns;
pub mod ftp;
pub mod ftp_data;
pub mod http;
pub mod http2;
pub mod ike;
pub mod imap;
pub mod krb5;
pub mod ldap;
pub mod mqtt;
pub mod named;
pub mod nbns;
pub mod nfs;
pub mod pgsql;
pub mod pop3;
pub mod quic;
pub mod rdp;
pub mod rfb;
pub mod sip;
pub mod smb;
pub mod smtp;
pub mod snmp;
pub mod socks;
pub mod ssh;
pub mod tftp;
pub mod tls;
pub mod websocket;

mod events;
mod rooms;

pub use events::{Elements, Event};
pub use rooms::{Identified, Kind, identify};

/// Optional detail of events and their spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detail {
    pub ja3: bool,
    /// Certificates and handshakes in full.
    pub tls: bool,
    /// All headers of HTTP requests and answers.
    pub http_headers: bool,
    /// Every DHCP message with every field.
    pub dhcp: bool,
    /// Further mail headers, and digests of subject and body.
    pub mail: bool,
    /// PostgreSQL is read.
    pub postgres: bool,
}
