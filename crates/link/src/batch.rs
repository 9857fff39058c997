//! A batch on its way: opaque bytes of a kind, numbered by the spool it comes from.

use prost::bytes::Bytes;

/// Bytes of one batch at most, as it is sent and spooled: an unchecked length asks for no more memory than this.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// Bytes of the name of a kind.
pub const KIND_BYTES_MAX: usize = 64;
/// No number is larger: what is added to one never overflows, and other languages can hold it.
pub const SEQUENCE_MAX: i64 = 1 << 53;

/// Rows of one kind from one spool, which numbers its batches without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub sequence: i64,
    /// What the bytes are, with the version of their shape where it has one: `session`, `session/2`.
    pub kind: String,
    /// As the collector counted them; for figures only.
    pub rows: u32,
    pub bytes: Bytes,
}

/// Whether a name can be one of a kind: lower case letters, digits and `/._-`.
pub fn is_kind(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/._-".contains(&byte);
    !name.is_empty() && name.len() <= KIND_BYTES_MAX && name.bytes().all(allowed)
}
