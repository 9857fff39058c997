//! The one capped reader of the importers: counts what comes out of an unpacker, and stops at the limits.

use super::{ImportError, LimitKind, Limits};
use std::io::{Error, Read, Result};

/// Passes bytes on until a limit is met; then every read fails with [`ImportError::Limit`].
pub(crate) struct Guard<R> {
    inner: R,
    bytes: u64,
    bytes_max: u64,
    row_left: u64,
    row_bytes_max: u64,
}

impl<R: Read> Guard<R> {
    /// `spent` bytes of the file's allowance are gone already.
    pub fn new(inner: R, limits: &Limits, spent: u64) -> Guard<R> {
        // A reader takes more than the row at hand into its buffer; that is not the row's fault.
        let row_bytes_max = limits.row_bytes_max.saturating_add(READ_AHEAD);
        Guard { inner, bytes: spent, bytes_max: limits.bytes_max, row_left: row_bytes_max, row_bytes_max }
    }

    pub fn passed(&self) -> u64 {
        self.bytes
    }

    /// A row ended: the next may be as long again.
    pub fn row_done(&mut self) {
        self.row_left = self.row_bytes_max;
    }
}

const READ_AHEAD: u64 = 64 << 10;

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.row_left == 0 {
            let limit = self.row_bytes_max - READ_AHEAD;
            return Err(Error::other(ImportError::Limit { what: LimitKind::RowBytes, limit }));
        }
        let room = buffer.len().min(usize::try_from(self.row_left).unwrap_or(usize::MAX));
        let count = self.inner.read(&mut buffer[..room])?;
        self.bytes += count as u64;
        self.row_left -= count as u64;
        if self.bytes > self.bytes_max {
            return Err(Error::other(ImportError::Limit { what: LimitKind::Bytes, limit: self.bytes_max }));
        }
        Ok(count)
    }
}

/// Reads a document as a whole, up to its limit.
pub(crate) fn read_all(reader: impl Read, limits: &Limits) -> std::result::Result<Vec<u8>, ImportError> {
    let bytes_max = limits.document_bytes_max.min(limits.bytes_max);
    let whole = Limits { bytes_max, row_bytes_max: bytes_max, ..limits.clone() };
    let mut bytes = Vec::new();
    Guard::new(reader, &whole, 0).read_to_end(&mut bytes)?;
    Ok(bytes)
}
