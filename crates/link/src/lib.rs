//! How collectors deliver records to a server without loss.
//!
//! A collector adds batches to a [`Spool`] on its disk and forgets about them. A [`Courier`] takes them from there,
//! delivers them over TLS with a certificate that the server's own [`Authority`] gave ([`enrol`]), and lets them go when
//! the server says that they last. The other end is a [`Server`], which asks its [`Register`] who may deliver and gives
//! what arrives to whatever [takes](Take) it.
//!
//! A collector that is also an endpoint is [led](Led): it says how it is, and whoever [leads](Lead) tells it what it is to
//! have, on the same connection.

mod authority;
mod batch;
mod certificate;
mod courier;
mod disk;
mod error;
mod identity;
mod lead;
mod register;
pub mod server;
pub mod spool;
mod take;
mod tls;

pub use authority::{Authority, COLLECTOR_DAYS};
pub use batch::{BATCH_BYTES_MAX, Batch, KIND_BYTES_MAX, SEQUENCE_MAX, is_kind};
pub use certificate::Fingerprint;
pub use courier::{Courier, Figures, Invitation, Led, Options as CourierOptions, enrol};
pub use disk::{Act, Disk};
pub use error::{Error, NotEnrolled, Refused};
pub use identity::Identity;
pub use lead::{GUIDE_BYTES_MAX, Guide, Lead, REPORT_BYTES_MAX};
pub use register::{Certificate, Collector, Register, TOKEN_LASTS_MAX, TOKEN_USES_MAX, Token};
pub use server::Server;
pub use spool::Spool;
pub use take::{Lost, Outcome, Refusal, Take, malformed};
pub use tls::Clock;

/// Readers of bytes from outside, one function each.
#[doc(hidden)]
pub mod readers {
    pub use crate::certificate::read_bytes as certificate;
    pub use crate::lead::read_bytes as guides;
    pub use crate::spool::read_bytes as spool;
    pub use crate::take::read_bytes as message;
}

/// A connection as a courier has one, to say on it what a courier would not. For tests.
#[doc(hidden)]
pub use courier::connect;

/// The messages and calls as `proto/link.proto` has them.
#[doc(hidden)]
#[allow(clippy::all, reason = "it is made")]
pub mod proto {
    tonic::include_proto!("redoubt.link.v1");
}
