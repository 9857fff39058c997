//! Files by their handles: their names, and what is read from and written to them.

use super::events::{Exchange, Told, Transferred};
use crate::proto::Event;
use crate::proto::smb::memory::Memory;
use crate::session::{FileEnd, FileId, NewFile, Place, Side, Sink};
use std::collections::BTreeMap;

/// Handles whose names are known at a time, and files being read or written.
const NAMES_MAX: usize = 4096;
const TRANSFERS_MAX: usize = 64;
/// Bytes of one file that came too early and are held until what is before them comes.
const HELD_BYTES_MAX: usize = 1 << 20;
/// What holding a piece costs beside its bytes, so that many small ones are not for free.
const HELD_PIECE_BYTES: usize = 64;

/// What a handle is known by here: its checksum would be too short, its bytes are too many.
pub type Key = [u8; 20];

pub fn key(handle: &[u8]) -> Key {
    use sha1::Digest;
    sha1::Sha1::digest(handle).into()
}

pub struct Files {
    names: Memory<Key, Vec<u8>>,
    transfers: Memory<(Key, bool), Transfer>,
}

struct Transfer {
    id: FileId,
    exchange: Exchange,
    transaction: u64,
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
    held_bytes: usize,
}

/// A piece of a file.
pub struct Piece<'a> {
    pub is_write: bool,
    /// Who sends it.
    pub side: Side,
    pub offset: u64,
    pub data: &'a [u8],
    pub size: Option<u64>,
}

impl Default for Files {
    fn default() -> Self {
        Files { names: Memory::new(NAMES_MAX), transfers: Memory::new(TRANSFERS_MAX) }
    }
}

impl Files {
    pub fn name(&self, handle: &[u8]) -> Option<&[u8]> {
        self.names.get(&key(handle)).map(Vec::as_slice)
    }

    pub fn keep_name(&mut self, handle: &[u8], name: &[u8]) {
        if !handle.is_empty() && !matches!(name, b"" | b"." | b"..") {
            self.names.insert(key(handle), name.to_vec());
        }
    }

    /// Takes a piece; `exchange` is what carried it.
    pub fn piece(&mut self, exchange: &Exchange, piece: &Piece<'_>, transaction: &mut u64, sink: &mut dyn Sink) {
        let place = (key(&exchange.handle), piece.is_write);
        let mut transfer = self.transfers.remove(&place);
        // From the beginning again: another reading or writing.
        if piece.offset == 0
            && let Some(earlier) = transfer.take_if(|transfer| transfer.next > 0)
        {
            earlier.finish(piece.is_write, sink);
        }
        let mut transfer = transfer.unwrap_or_else(|| {
            let id = sink.open_file(NewFile { side: piece.side, name: &exchange.name, size: piece.size });
            let number = *transaction;
            *transaction += 1;
            Transfer {
                id,
                exchange: exchange.clone(),
                transaction: number,
                next: 0,
                held: BTreeMap::new(),
                held_bytes: 0,
            }
        });
        transfer.note(exchange, piece.is_write);
        transfer.take(piece.offset, piece.data, sink);
        if let Some(gone) = self.transfers.insert(place, transfer) {
            gone.finish(false, sink);
        }
    }

    /// The reading or writing of a file is over.
    pub fn finish(&mut self, handle: &[u8], is_write: bool, complete: bool, sink: &mut dyn Sink) {
        if let Some(transfer) = self.transfers.remove(&(key(handle), is_write)) {
            transfer.finish(complete, sink);
        }
    }

    /// The server answered a piece that was written.
    pub fn answered(&mut self, exchange: &Exchange) {
        if let Some(transfer) = self.transfers.get_mut(&(key(&exchange.handle), true)) {
            (transfer.exchange.accepted, transfer.exchange.status) = (exchange.accepted, exchange.status);
        }
    }

    /// How much of a file came without a hole.
    pub fn reached(&self, handle: &[u8], is_write: bool) -> u64 {
        self.transfers.get(&(key(handle), is_write)).map_or(0, |transfer| transfer.next)
    }

    /// Nothing more comes. Each write of versions 2 and 3 is whole in itself, and nothing says which is the last.
    pub fn end(&mut self, sink: &mut dyn Sink) {
        while let Some(transfer) = self.transfers.remove_oldest() {
            let is_write = transfer.exchange.transferred.is_some_and(|transferred| transferred.is_write);
            let complete = is_write && transfer.exchange.version < 4;
            transfer.finish(complete, sink);
        }
    }
}

impl Transfer {
    fn note(&mut self, exchange: &Exchange, is_write: bool) {
        let chunks = self.exchange.transferred.map_or(0, |transferred| transferred.chunks) + 1;
        self.exchange.transferred = Some(Transferred { is_write, last: false, last_xid: exchange.xid, chunks });
        (self.exchange.accepted, self.exchange.status) = (exchange.accepted, exchange.status);
        if self.exchange.name.is_empty() {
            self.exchange.name = exchange.name.clone();
        }
    }

    fn take(&mut self, offset: u64, data: &[u8], sink: &mut dyn Sink) {
        if data.is_empty() {
            return;
        }
        if offset > self.next {
            self.held_bytes += data.len() + HELD_PIECE_BYTES;
            if let Some(same) = self.held.insert(offset, data.to_vec()) {
                self.held_bytes -= same.len() + HELD_PIECE_BYTES;
            }
            while self.held_bytes > HELD_BYTES_MAX {
                self.leave_hole(sink);
            }
            return;
        }
        self.append(offset, data, sink);
        self.append_held(sink);
    }

    /// Appends what is new of some data.
    fn append(&mut self, offset: u64, data: &[u8], sink: &mut dyn Sink) {
        let known = usize::try_from(self.next - offset).unwrap_or(usize::MAX);
        let new = data.get(known..).unwrap_or_default();
        if !new.is_empty() {
            sink.file_data(self.id, new);
            self.next = self.next.saturating_add(new.len() as u64);
        }
    }

    fn append_held(&mut self, sink: &mut dyn Sink) {
        while let Some(first) = self.held.first_entry()
            && *first.key() <= self.next
        {
            let (offset, data) = first.remove_entry();
            self.held_bytes -= data.len() + HELD_PIECE_BYTES;
            self.append(offset, &data, sink);
        }
    }

    /// What is before the first held piece will not come.
    fn leave_hole(&mut self, sink: &mut dyn Sink) {
        if let Some(offset) = self.held.keys().next().copied() {
            sink.file_gap(self.id, offset.saturating_sub(self.next));
            self.next = self.next.max(offset);
            self.append_held(sink);
        } else {
            self.held_bytes = 0;
        }
    }

    fn finish(mut self, complete: bool, sink: &mut dyn Sink) {
        let complete = complete && self.held.is_empty();
        while !self.held.is_empty() {
            self.leave_hole(sink);
        }
        if let Some(transferred) = &mut self.exchange.transferred {
            transferred.last = complete;
        }
        let (event, place) = (Event::Nfs(Told(&self.exchange)), Place::exchange(self.transaction));
        sink.close_file(self.id, if complete { FileEnd::Complete } else { FileEnd::Truncated }, event, place);
        sink.event(event, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn small_pieces_beyond_a_hole_are_bounded() {
        let mut sink = Recorder::default();
        let id = sink.open_file(NewFile { side: Side::Originator, name: b"a", size: None });
        let (exchange, held) = (Exchange::default(), BTreeMap::new());
        let mut transfer = Transfer { id, exchange, transaction: 0, next: 0, held, held_bytes: 0 };
        for piece in 1..100_000u64 {
            transfer.take(piece * 10, &[1], &mut sink);
            transfer.take(piece * 10 + 5, &[], &mut sink);
            assert!(transfer.held.len() <= HELD_BYTES_MAX / HELD_PIECE_BYTES);
        }
        while !transfer.held.is_empty() {
            transfer.leave_hole(&mut sink);
        }
        assert_eq!(transfer.held_bytes, 0);
    }
}
