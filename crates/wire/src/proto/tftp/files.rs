//! The file of a transfer, put together of its blocks.

use super::Request;
use crate::proto::Event;
use crate::session::*;

const BLOCK_BYTES: u64 = 512;

/// A transfer at work.
pub struct Transfer {
    pub request: Request,
    file: Option<FileId>,
    block_bytes: u64,
    next: u16,
    over: bool,
}

impl Transfer {
    pub fn of(request: Request) -> Transfer {
        Transfer { request, file: None, block_bytes: BLOCK_BYTES, next: 1, over: false }
    }

    /// The other end agreed to other sizes (RFC 2348).
    pub fn agree(&mut self, block_bytes: Option<u64>) {
        if let Some(block_bytes) = block_bytes.filter(|bytes| (8..=65464).contains(bytes)) {
            self.block_bytes = block_bytes;
        }
    }

    pub fn data(&mut self, side: Side, block: u16, data: &[u8], sink: &mut dyn Sink) {
        // A block that comes again adds nothing.
        let missing = block.wrapping_sub(self.next);
        if self.over || missing > u16::MAX / 2 {
            return;
        }
        let size = self.request.number(b"tsize").filter(|size| *size > 0);
        let file = *self.file.get_or_insert_with(|| sink.open_file(NewFile { side, name: &self.request.file, size }));
        if missing > 0 {
            sink.file_gap(file, u64::from(missing) * self.block_bytes);
        }
        sink.file_data(file, data);
        self.next = block.wrapping_add(1);
        if (data.len() as u64) < self.block_bytes {
            self.close(FileEnd::Complete, sink);
        }
    }

    pub fn close(&mut self, end: FileEnd, sink: &mut dyn Sink) {
        self.over = true;
        if let Some(file) = self.file.take() {
            sink.close_file(file, end, Event::Tftp(&self.request), Place::exchange(0));
        }
    }
}
