//! Open files and pipes, and what is read from and written to them.

use super::events::{Command, Dialect, Exchange, FileRef, Handle, Status, Told, What};
use super::memory::Memory;
use super::state::Share;
use crate::proto::{Event, dcerpc};
use crate::session::{FileEnd, FileId, NewFile, Place, Side, Sink};
use std::collections::BTreeMap;

/// Files and pipes open at a time in one conversation.
const OPEN_MAX: usize = 4096;
/// Bytes of one file that came too early and are held until what is before them comes.
const HELD_BYTES_MAX: usize = 1 << 20;

/// What the carrier of a remote call wants to know when the call is over.
#[derive(Debug, Clone, Copy)]
pub struct Carrier {
    pub command: Command,
    pub session: u64,
    pub tree: u32,
    pub transaction: u64,
}

/// A file or pipe that a server opened.
#[derive(Default)]
pub struct Opened {
    /// As it was asked for; empty for the share itself.
    pub name: String,
    pub share: String,
    pub tree: u32,
    pub size: Option<u64>,
    pub pipe: Pipe,
    reading: Option<Transfer>,
    writing: Option<Transfer>,
}

/// Whether remote calls go through it.
#[derive(Default)]
pub enum Pipe {
    /// It is a file.
    No,
    /// Nothing was written yet, or where it is was not seen.
    #[default]
    Unknown,
    /// In a share of pipes; nothing was written yet.
    Silent,
    Rpc(Box<dcerpc::Calls<Carrier>>),
    /// A pipe with something else in it.
    Other,
}

/// One direction of a file's content.
struct Transfer {
    id: FileId,
    transaction: u64,
    exchange: Exchange,
    /// The offset that comes next.
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
    held_bytes: usize,
    side: Side,
}

/// A piece of a file as a request or an answer carries it.
pub struct Piece<'a> {
    pub handle: Handle,
    pub offset: u64,
    pub data: &'a [u8],
    pub command: Command,
    pub session: u64,
    pub tree: u32,
    pub status: Status,
    pub is_write: bool,
    /// Who sends the bytes.
    pub side: Side,
}

pub struct Files {
    open: Memory<Handle, Opened>,
}

impl Files {
    pub fn new() -> Self {
        Files { open: Memory::new(OPEN_MAX) }
    }

    pub fn open(&mut self, handle: Handle, opened: Opened, dialect: &Dialect, sink: &mut dyn Sink) {
        if let Some(gone) = self.open.insert(handle, opened) {
            gone.finish(FileEnd::Truncated, dialect, sink);
        }
    }

    pub fn get(&self, handle: &Handle) -> Option<&Opened> {
        self.open.get(handle)
    }

    pub fn get_mut(&mut self, handle: &Handle) -> Option<&mut Opened> {
        self.open.get_mut(handle)
    }

    /// A file that is used without its opening having been seen.
    pub fn met(&mut self, handle: Handle, dialect: &Dialect, sink: &mut dyn Sink) -> Option<&mut Opened> {
        if self.open.get(&handle).is_none() {
            let opened = Opened { name: "<unknown>".to_owned(), ..Opened::default() };
            self.open(handle, opened, dialect, sink);
        }
        self.open.get_mut(&handle)
    }

    /// The server closed it.
    pub fn close(&mut self, handle: &Handle, dialect: &Dialect, sink: &mut dyn Sink) {
        if let Some(opened) = self.open.remove(handle) {
            opened.finish(FileEnd::Complete, dialect, sink);
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self, dialect: &Dialect, sink: &mut dyn Sink) {
        while let Some(opened) = self.open.remove_oldest() {
            opened.finish(FileEnd::Truncated, dialect, sink);
        }
    }

    /// A piece of a file's content; `transaction` gives a number for a file that begins.
    pub fn piece(&mut self, piece: &Piece<'_>, transaction: &mut u64, dialect: &Dialect, sink: &mut dyn Sink) {
        let Some(opened) = self.met(piece.handle, dialect, sink) else { return };
        let (name, share, size) = (opened.name.clone(), opened.share.clone(), opened.size);
        let slot = if piece.is_write { &mut opened.writing } else { &mut opened.reading };
        let transfer = slot.get_or_insert_with(|| {
            let id = sink.open_file(NewFile {
                side: piece.side,
                name: name.as_bytes(),
                size: if piece.is_write { None } else { size },
            });
            let what = What::File(Box::new(FileRef { name, share, handle: piece.handle }));
            let exchange = Exchange {
                command: piece.command,
                status: piece.status,
                session: piece.session,
                tree: piece.tree,
                what,
            };
            let number = *transaction;
            *transaction += 1;
            Transfer {
                id,
                transaction: number,
                exchange,
                next: 0,
                held: BTreeMap::new(),
                held_bytes: 0,
                side: piece.side,
            }
        });
        transfer.piece(piece.offset, piece.data, sink);
    }

    /// What became of a write.
    pub fn written(&mut self, handle: &Handle, status: Status) {
        if let Some(Transfer { exchange, .. }) = self.open.get_mut(handle).and_then(|opened| opened.writing.as_mut())
            && exchange.status == Status::None
        {
            exchange.status = status;
        }
    }

    /// More of a piece that was begun: `offset` is where it goes on.
    pub fn more(&mut self, handle: &Handle, is_write: bool, offset: u64, data: &[u8], sink: &mut dyn Sink) {
        let Some(opened) = self.open.get_mut(handle) else { return };
        let slot = if is_write { &mut opened.writing } else { &mut opened.reading };
        if let Some(transfer) = slot {
            transfer.piece(offset, data, sink);
        }
    }
}

impl Transfer {
    fn piece(&mut self, offset: u64, data: &[u8], sink: &mut dyn Sink) {
        if offset > self.next {
            if data.is_empty() {
                return;
            }
            self.hold(offset, data);
            while self.held_bytes > HELD_BYTES_MAX {
                self.jump(sink);
            }
            return;
        }
        self.append(offset, data, sink);
        self.release(sink);
    }

    /// Appends what of a piece is new.
    fn append(&mut self, offset: u64, data: &[u8], sink: &mut dyn Sink) {
        let known = usize::try_from(self.next - offset).unwrap_or(usize::MAX);
        let fresh = data.get(known..).unwrap_or_default();
        if !fresh.is_empty() {
            sink.file_data(self.id, fresh);
            self.next += fresh.len() as u64;
        }
    }

    fn hold(&mut self, offset: u64, data: &[u8]) {
        // Pieces that follow each other are held as one, so that streaming byte by byte costs nothing more.
        if let Some((start, last)) = self.held.range_mut(..=offset).next_back()
            && *start + last.len() as u64 == offset
        {
            last.extend_from_slice(data);
            self.held_bytes += data.len();
            return;
        }
        self.held_bytes += data.len();
        if let Some(before) = self.held.insert(offset, data.to_vec()) {
            self.held_bytes -= before.len();
        }
    }

    /// Appends what was held for as long as it follows.
    fn release(&mut self, sink: &mut dyn Sink) {
        while let Some(entry) = self.held.first_entry() {
            if *entry.key() > self.next {
                return;
            }
            let (offset, data) = entry.remove_entry();
            self.held_bytes -= data.len();
            self.append(offset, &data, sink);
        }
    }

    /// Gives up what is missing before the first held piece.
    fn jump(&mut self, sink: &mut dyn Sink) {
        let Some(first) = self.held.first_key_value().map(|(offset, _)| *offset) else {
            self.held_bytes = 0;
            return;
        };
        if first > self.next {
            sink.file_gap(self.id, first - self.next);
            self.next = first;
        }
        self.release(sink);
    }

    fn finish(mut self, end: FileEnd, dialect: &Dialect, sink: &mut dyn Sink) {
        while !self.held.is_empty() {
            self.jump(sink);
        }
        let told = Told { exchange: &self.exchange, dialect };
        sink.close_file(self.id, end, Event::Smb(told), Place::said(self.side, self.transaction));
        sink.event(Event::Smb(told), Place::exchange(self.transaction));
    }
}

impl Opened {
    /// A file or pipe of which the opening was seen.
    pub fn seen(name: &str, size: u64, tree: u32, share: Option<&Share>) -> Opened {
        Opened {
            name: name.to_owned(),
            share: share.map(|share| share.name.clone()).unwrap_or_default(),
            tree,
            size: Some(size),
            pipe: match share {
                Some(share) if share.is_pipe => Pipe::Silent,
                Some(_) => Pipe::No,
                None => Pipe::Unknown,
            },
            ..Opened::default()
        }
    }

    /// Remote calls that will get no answer are told, files are ended.
    fn finish(mut self, end: FileEnd, dialect: &Dialect, sink: &mut dyn Sink) {
        if let Pipe::Rpc(calls) = &mut self.pipe {
            for (call, carrier) in calls.end() {
                tell_call(call, carrier, Status::None, dialect, sink);
            }
        }
        for transfer in [self.reading.take(), self.writing.take()].into_iter().flatten() {
            transfer.finish(end, dialect, sink);
        }
    }

    /// Gives what goes through a pipe to the calls in it; false when it is a file, or a pipe with something else.
    pub fn pipe_data(
        &mut self,
        side: Side,
        data: &[u8],
        status: Status,
        carrier: &mut dyn FnMut() -> Carrier,
        dialect: &Dialect,
        sink: &mut dyn Sink,
    ) -> bool {
        if matches!(self.pipe, Pipe::Unknown | Pipe::Silent) && !data.is_empty() {
            let is_rpc = dcerpc::header(data).is_some();
            self.pipe = match (is_rpc, &self.pipe) {
                (true, _) => Pipe::Rpc(Box::default()),
                (false, Pipe::Unknown) => Pipe::No,
                (false, _) => Pipe::Other,
            };
        }
        let Pipe::Rpc(calls) = &mut self.pipe else { return false };
        let mut heard = dcerpc::Heard::default();
        calls.written(side, data, &mut heard, carrier);
        heard.marks.into_iter().for_each(|mark| sink.mark(mark));
        for (call, carrier) in heard.done {
            tell_call(call, carrier, status, dialect, sink);
        }
        true
    }

    pub fn is_pipe(&self) -> bool {
        matches!(self.pipe, Pipe::Silent | Pipe::Rpc(_) | Pipe::Other)
    }
}

fn tell_call(call: dcerpc::Call, carrier: Carrier, status: Status, dialect: &Dialect, sink: &mut dyn Sink) {
    let Carrier { command, session, tree, transaction } = carrier;
    let exchange = Exchange { command, status, session, tree, what: What::Rpc(Box::new(call)) };
    sink.event(Event::Smb(Told { exchange: &exchange, dialect }), Place::exchange(transaction));
}
