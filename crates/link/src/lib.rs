//! How collectors deliver records to a server without loss.
//!
//! A collector adds batches to a [`Spool`] on its disk and forgets about them. A courier takes them from there, delivers
//! them over TLS with a certificate that the server's own authority gave, and lets them go when the server says that they
//! last.

mod batch;
mod disk;
mod error;
pub mod spool;

pub use batch::{BATCH_BYTES_MAX, Batch, KIND_BYTES_MAX, SEQUENCE_MAX, is_kind};
pub use disk::{Act, Disk};
pub use error::{Error, NotEnrolled, Refused};
pub use spool::Spool;
