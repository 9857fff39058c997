//! SMB 2 and 3 ([MS-SMB2]): requests, answers, and compounds of them.

use super::events::{Command, Create, Dialect, Exchange, Handle, Negotiate, SetInfo, Setup, Status, Tree, What};
use super::files::{Carrier, Opened, Piece, Pipe};
use super::memory::Memory;
use super::state::{Core, Stream, is_pipe_share};
use super::{names, ntlmssp, smb1, spnego, text};
use crate::bytes::{Bytes, u8_at, u16_le_at, u32_le_at};
use crate::session::{Mark, Side, Sink};

const HEADER_BYTES: usize = 64;
/// Requests that wait for an answer.
const OPEN_MAX: usize = 1024;
/// Messages in one compound.
const COMPOUND_MAX: usize = 64;
/// Dialects of a negotiation that are kept.
const DIALECTS_MAX: usize = 64;

const FLAG_ANSWER: u32 = 1;
const FLAG_ASYNC: u32 = 2;
const FLAG_RELATED: u32 = 4;
const STATUS_PENDING: u32 = 0x103;
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
const OPTION_DELETE_ON_CLOSE: u32 = 0x1000;
const SHARE_PIPE: u8 = 2;
/// A related request means the file of the one before it.
const RELATED_FILE: [u8; 16] = [0xff; 16];

mod command {
    pub const NEGOTIATE: u16 = 0;
    pub const SETUP: u16 = 1;
    pub const TREE_CONNECT: u16 = 3;
    pub const TREE_DISCONNECT: u16 = 4;
    pub const CREATE: u16 = 5;
    pub const CLOSE: u16 = 6;
    pub const READ: u16 = 8;
    pub const WRITE: u16 = 9;
    pub const IOCTL: u16 = 11;
    pub const CANCEL: u16 = 12;
    pub const GET_INFO: u16 = 16;
    pub const SET_INFO: u16 = 17;
    pub const OPLOCK_BREAK: u16 = 18;
}

/// What a conversation in SMB2 waits for.
pub struct State {
    open: Memory<u64, Ask>,
    /// Told once a conversation.
    encrypted_told: bool,
}

impl Default for State {
    fn default() -> Self {
        State { open: Memory::new(OPEN_MAX), encrypted_told: false }
    }
}

/// A request that waits for its answer.
struct Ask {
    exchange: Exchange,
    /// Absent when the exchange is not told by itself.
    transaction: Option<u64>,
    about: About,
}

/// What of a request its answer needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Nothing,
    /// A control function or another command on a file.
    File(Handle),
    Read {
        handle: Handle,
        offset: u64,
    },
}

struct Header {
    command: u16,
    status: u32,
    flags: u32,
    next: usize,
    message: u64,
    tree: u32,
    session: u64,
}

fn header(input: &[u8]) -> Option<Header> {
    let mut bytes = Bytes::new(input.get(..HEADER_BYTES)?);
    bytes.skip(8)?;
    let (status, command) = (bytes.u32_le()?, bytes.u16_le()?);
    bytes.skip(2)?;
    let (flags, next, message) = (bytes.u32_le()?, bytes.u32_le()? as usize, bytes.u64_le()?);
    bytes.skip(4)?;
    let (tree, session) = (bytes.u32_le()?, bytes.u64_le()?);
    Some(Header { command, status, flags, next, message, tree, session })
}

/// Where the file content of a message begins, when it carries any and nothing else follows.
pub fn content_at(head: &[u8]) -> Option<usize> {
    let Header { command, flags, next: 0, .. } = header(head)? else { return None };
    let body = head.get(HEADER_BYTES..)?;
    match (command, flags & FLAG_ANSWER) {
        (command::READ, FLAG_ANSWER) => Some(usize::from(u8_at(body, 2)?).max(HEADER_BYTES + 16)),
        (command::WRITE, 0) => Some(usize::from(u16_le_at(body, 2)?).max(HEADER_BYTES + 48)),
        _ => None,
    }
}

/// An encrypted message: nobody can look inside, but it is one.
pub fn encrypted(core: &mut Core, side: Side, message: &[u8], sink: &mut dyn Sink) -> Option<Stream> {
    if !core.two.encrypted_told {
        core.two.encrypted_told = true;
        let session = Bytes::new(message.get(44..)?).u64_le()?;
        sink.mark(Mark::new("smb2.encrypted", side).with(format!("0x{session:x}")));
    }
    None
}

/// A compressed message ([MS-SMB2] 2.2.42): its sizes are looked at, its content is not.
pub fn compressed(side: Side, message: &[u8], length: usize, sink: &mut dyn Sink) -> Option<Stream> {
    let original = u32_le_at(message, 4)?;
    let flags = u16_le_at(message, 10)?;
    let offset = u32_le_at(message, 12)?;
    // Not chained, the offset says how much in front of the compressed part is plain; the sum of both is a size.
    if flags == 0 && (original.checked_add(offset).is_none() || offset as usize > length) {
        let detail = format!("original 0x{original:x} offset 0x{offset:x}");
        sink.mark(Mark::new("smb2.compression-sizes", side).with(detail));
    }
    None
}

/// Reads a message; gives the piece of a file that goes on behind it.
pub fn message(core: &mut Core, side: Side, message: &[u8], length: usize, sink: &mut dyn Sink) -> Option<Stream> {
    let mut at = 0;
    let mut before = Before::default();
    for _ in 0..COMPOUND_MAX {
        let rest = message.get(at..)?;
        let Some(header) = header(rest) else {
            sink.mark(Mark::new("smb2.short-header", side).with(rest.len()));
            return None;
        };
        if u16_le_at(rest, 4) != Some(64) {
            sink.mark(Mark::new("smb2.bad-header", side).with(format!("{length} bytes")));
            return None;
        }
        let next = header.next;
        let one = if next == 0 { rest } else { rest.get(..next).unwrap_or(rest) };
        let mut reading = Reading { core: &mut *core, side, header, message: one, sink: &mut *sink };
        let stream = if reading.header.flags & FLAG_ANSWER == 0 {
            reading.request(&mut before)
        } else {
            reading.answer(&mut before)
        };
        if next == 0 {
            return stream;
        }
        if next < HEADER_BYTES {
            sink.mark(Mark::new("smb2.bad-compound", side).with(next));
            return None;
        }
        at = at.checked_add(next)?;
    }
    sink.mark(Mark::new("smb2.long-compound", side));
    None
}

pub fn end(core: &mut Core, sink: &mut dyn Sink) {
    while let Some(ask) = core.two.open.remove_oldest() {
        if let Some(transaction) = ask.transaction {
            core.tell(&ask.exchange, transaction, sink);
        }
    }
}

/// What the messages of a compound take from the one before.
#[derive(Default)]
struct Before {
    session: u64,
    tree: u32,
    handle: Option<Handle>,
}

struct Reading<'a> {
    core: &'a mut Core,
    side: Side,
    header: Header,
    message: &'a [u8],
    sink: &'a mut dyn Sink,
}

impl<'a> Reading<'a> {
    fn body(&self) -> &'a [u8] {
        self.message.get(HEADER_BYTES..).unwrap_or_default()
    }

    /// What an offset from the header and a length point at; what lies outside is cut.
    fn part(&self, offset: usize, length: usize) -> &'a [u8] {
        let rest = self.message.get(offset..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    fn request(&mut self, before: &mut Before) -> Option<Stream> {
        if self.header.flags & FLAG_RELATED != 0 {
            (self.header.session, self.header.tree) = (before.session, before.tree);
        }
        (before.session, before.tree) = (self.header.session, self.header.tree);
        let mut about = About::Nothing;
        let mut told = true;
        let mut stream = None;
        let what = match self.header.command {
            command::NEGOTIATE => self.negotiate(),
            command::SETUP => self.setup(),
            command::TREE_CONNECT => self.tree_connect(),
            command::CREATE => {
                before.handle = None;
                self.create()
            }
            command::CLOSE => {
                about = self.handle_at(8, before).map_or(About::Nothing, About::File);
                Some(What::Nothing)
            }
            command::READ => {
                told = false;
                about = self.read(before).unwrap_or(About::Nothing);
                None
            }
            command::WRITE => {
                told = false;
                stream = self.write(before, &mut about);
                None
            }
            command::IOCTL => self.control(before, &mut about, &mut told),
            command::GET_INFO => {
                told = false;
                None
            }
            command::SET_INFO => {
                let what = self.set_info(before);
                told = what.is_some();
                what
            }
            command::OPLOCK_BREAK | command::CANCEL => Some(What::Nothing),
            _ => {
                if names::smb2_command(self.header.command).is_none() {
                    self.sink.mark(Mark::new("smb2.unknown-command", self.side).with(self.header.command));
                }
                Some(What::Nothing)
            }
        };
        let Header { command, session, tree, message, .. } = self.header;
        let exchange = Exchange {
            command: Command::Two(command),
            status: Status::None,
            session,
            tree,
            what: what.unwrap_or_default(),
        };
        let transaction = told.then(|| self.core.transaction());
        if command == command::CANCEL {
            // Its message number is that of the request it cancels, and it has no answer.
            if let Some(transaction) = transaction {
                self.core.tell(&exchange, transaction, self.sink);
            }
            return stream;
        }
        if let Some(Ask { exchange, transaction: Some(transaction), .. }) =
            self.core.two.open.insert(message, Ask { exchange, transaction, about })
        {
            self.core.tell(&exchange, transaction, self.sink);
        }
        stream
    }

    fn negotiate(&mut self) -> Option<What> {
        let mut bytes = Bytes::new(self.body());
        bytes.skip(2)?;
        let count = usize::from(bytes.u16_le()?);
        bytes.skip(8)?;
        let client_guid = bytes.array::<16>()?;
        bytes.skip(8)?;
        let numbers = (0..count.min(DIALECTS_MAX)).map_while(|_| bytes.u16_le()).collect();
        Some(What::Negotiate(Box::new(Negotiate { numbers, client_guid, ..Negotiate::default() })))
    }

    fn setup(&mut self) -> Option<What> {
        let body = self.body();
        let token = self.part(u16_le_at(body, 12)?.into(), u16_le_at(body, 14)?.into());
        let token = spnego::token(token);
        let mut setup = Setup { ticket: token.ticket, ..Setup::default() };
        if let Some(ntlmssp::Message::Authenticate(ntlm)) = token.ntlm {
            setup.ntlm = Some(*ntlm);
        }
        Some(What::Setup(Box::new(setup)))
    }

    fn tree_connect(&mut self) -> Option<What> {
        let body = self.body();
        let path = self.part(u16_le_at(body, 4)?.into(), u16_le_at(body, 6)?.into());
        let share = text::utf16(path);
        let is_pipe = is_pipe_share(&share);
        Some(What::Tree(Box::new(Tree { share, is_pipe, ..Tree::default() })))
    }

    fn create(&mut self) -> Option<What> {
        let body = self.body();
        let (disposition, options) = (u32_le_at(body, 36)?, u32_le_at(body, 40)?);
        let name = text::utf16(self.part(u16_le_at(body, 44)?.into(), u16_le_at(body, 46)?.into()));
        let delete_on_close = options & OPTION_DELETE_ON_CLOSE != 0;
        Some(What::Create(Box::new(Create { name, disposition, delete_on_close, ..Create::default() })))
    }

    /// The file that a request is about.
    fn handle_at(&self, at: usize, before: &Before) -> Option<Handle> {
        let id = Bytes::new(self.body().get(at..)?).array::<16>()?;
        if id == RELATED_FILE && self.header.flags & FLAG_RELATED != 0 {
            // The answer to the creation before it has not come; what it will be called is not known.
            return before.handle.or(Some(Handle::Two(RELATED_FILE)));
        }
        Some(Handle::Two(id))
    }

    fn read(&mut self, before: &Before) -> Option<About> {
        let body = self.body();
        let offset = Bytes::new(body.get(8..)?).u64_le()?;
        Some(About::Read { handle: self.handle_at(16, before)?, offset })
    }

    fn write(&mut self, before: &Before, about: &mut About) -> Option<Stream> {
        let body = self.body();
        let (at, length) = (usize::from(u16_le_at(body, 2)?), u32_le_at(body, 4)?);
        let offset = Bytes::new(body.get(8..)?).u64_le()?;
        let handle = self.handle_at(16, before)?;
        *about = About::File(handle);
        let data = self.part(at, length as usize);
        self.carried(handle, true, offset, data, length.into())
    }

    /// File content or remote calls in a read or a write.
    fn carried(&mut self, handle: Handle, is_write: bool, offset: u64, data: &[u8], length: u64) -> Option<Stream> {
        let Header { command, session, tree, status, .. } = self.header;
        let command = Command::Two(command);
        let status = if is_write { Status::None } else { Status::Nt(status) };
        self.core.know_share(handle, session, tree, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        let opened = files.get_mut(&handle)?;
        let mut carrier = || Carrier { command, session, tree, transaction: take_number(transactions) };
        if opened.pipe_data(self.side, data, status, &mut carrier, dialect, self.sink) || opened.is_pipe() {
            return None;
        }
        if length == 0 {
            return None;
        }
        let piece = Piece { handle, offset, data, command, session, tree, status, is_write, side: self.side };
        self.core.mark_program("smb2.program-to-admin-share", &piece, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        files.piece(&piece, transactions, dialect, self.sink);
        let here = data.len() as u64;
        Some(Stream { handle, is_write, offset: offset.checked_add(here)?, left: length.saturating_sub(here) })
    }

    fn control(&mut self, before: &Before, about: &mut About, told: &mut bool) -> Option<What> {
        let body = self.body();
        let function = u32_le_at(body, 4)?;
        let handle = self.handle_at(8, before)?;
        *about = About::File(handle);
        if function == PIPE_TRANSCEIVE {
            let input = self.part(u32_le_at(body, 24)? as usize, u32_le_at(body, 28)? as usize);
            *told = !self.through_pipe(handle, input, Status::None);
        }
        Some(What::Function(function))
    }

    /// Gives the two ways of a control function to a pipe; false when there are no remote calls in it.
    fn through_pipe(&mut self, handle: Handle, data: &[u8], status: Status) -> bool {
        let Header { command, session, tree, .. } = self.header;
        self.core.know_share(handle, session, tree, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        let Some(opened) = files.get_mut(&handle) else { return false };
        let command = Command::Two(command);
        let mut carrier = || Carrier { command, session, tree, transaction: take_number(transactions) };
        opened.pipe_data(self.side, data, status, &mut carrier, dialect, self.sink)
    }

    /// Renaming and deleting are told; what else is set is not.
    fn set_info(&mut self, before: &Before) -> Option<What> {
        let body = self.body();
        let (kind, class) = (u8_at(body, 2)?, u8_at(body, 3)?);
        let info = self.part(u16_le_at(body, 8)?.into(), u32_le_at(body, 4)? as usize);
        let handle = self.handle_at(16, before)?;
        let name = self.core.files.get(&handle).map(|opened| opened.name.clone()).unwrap_or_default();
        match (kind, class) {
            (1, 10) => {
                let length = u32_le_at(info, 16)? as usize;
                let to = info.get(20..)?;
                let to = text::utf16(to.get(..length).unwrap_or(to));
                Some(What::Rename { from: name, to })
            }
            (1, 13 | 64) => {
                let delete_on_close = u8_at(info, 0)? & 1 != 0;
                let level = if class == 13 { "SMB2_FILE_DISPOSITION_INFO" } else { "SMB2_FILE_DISPOSITION_INFO_EX" };
                let class = "SMB2_FILE_INFO";
                let handle = Some(handle);
                Some(What::SetInfo(Box::new(SetInfo { class, level: level.to_owned(), name, handle, delete_on_close })))
            }
            _ => None,
        }
    }

    fn answer(&mut self, before: &mut Before) -> Option<Stream> {
        let status = Status::Nt(self.header.status);
        let waiting = self.header.status == STATUS_PENDING && self.header.flags & FLAG_ASYNC != 0;
        if waiting {
            return None;
        }
        let Some(mut ask) = self.core.two.open.remove(&self.header.message) else {
            return self.unasked(before);
        };
        if ask.exchange.command != Command::Two(self.header.command) {
            self.sink.mark(Mark::new("smb2.answer-to-other-command", self.side).with(self.header.command));
        }
        ask.exchange.status = status;
        if self.header.session != 0 {
            ask.exchange.session = self.header.session;
        }
        if self.header.flags & FLAG_ASYNC != 0 {
            self.header.tree = ask.exchange.tree;
        }
        let mut stream = None;
        match self.header.command {
            command::NEGOTIATE => drop(self.negotiated(&mut ask.exchange.what)),
            command::SETUP => drop(self.set_up(&mut ask.exchange.what)),
            command::TREE_CONNECT => self.connected(&mut ask.exchange),
            command::TREE_DISCONNECT if status.is_success() => {
                self.core.shares.remove(&(ask.exchange.session, ask.exchange.tree));
            }
            command::CREATE => before.handle = self.created(&mut ask),
            command::CLOSE => {
                if let Some(handle) = self.answered_handle(&ask, before) {
                    let Core { files, dialect, .. } = &mut *self.core;
                    files.close(&handle, dialect, self.sink);
                }
            }
            command::READ => stream = self.has_read(&ask, before),
            command::WRITE => {
                if let Some(handle) = self.answered_handle(&ask, before) {
                    self.core.files.written(&handle, status);
                }
            }
            command::IOCTL => drop(self.controlled(&ask)),
            _ => {}
        }
        if let Some(transaction) = ask.transaction {
            self.core.tell(&ask.exchange, transaction, self.sink);
        }
        stream
    }

    /// An answer whose request was not seen: of files and dialects it still tells something.
    fn unasked(&mut self, before: &mut Before) -> Option<Stream> {
        match self.header.command {
            // Clients that know both versions ask in SMB1 and are answered in SMB2.
            command::NEGOTIATE => {
                let status = Status::Nt(self.header.status);
                let asked = smb1::take_negotiation(self.core);
                let (mut exchange, transaction) = match asked {
                    Some((exchange, transaction)) => (exchange, Some(transaction)),
                    None => {
                        (Exchange { command: Command::Two(0), status, session: 0, tree: 0, what: What::Nothing }, None)
                    }
                };
                exchange.status = status;
                self.negotiated(&mut exchange.what);
                if let Some(transaction) = transaction {
                    self.core.tell(&exchange, transaction, self.sink);
                }
            }
            command::CREATE => before.handle = None,
            _ => {}
        }
        None
    }

    /// The file of a request, where a compound's creation before it has been answered.
    fn answered_handle(&self, ask: &Ask, before: &Before) -> Option<Handle> {
        match ask.about {
            About::File(handle) | About::Read { handle, .. } => {
                if handle == Handle::Two(RELATED_FILE) {
                    before.handle
                } else {
                    Some(handle)
                }
            }
            _ => None,
        }
    }

    fn negotiated(&mut self, what: &mut What) -> Option<()> {
        let body = self.body();
        let dialect = u16_le_at(body, 4)?;
        let mut bytes = Bytes::new(body.get(8..)?);
        let server_guid = bytes.array::<16>()?;
        bytes.skip(8)?;
        let (max_read, max_write) = (bytes.u32_le()?, bytes.u32_le()?);
        if u16_le_at(body, 0)? != 65 {
            return None;
        }
        self.core.dialect = Dialect::Numbered(dialect);
        if let What::Negotiate(negotiate) = what {
            (negotiate.server_guid, negotiate.max_read, negotiate.max_write) = (server_guid, max_read, max_write);
        }
        Some(())
    }

    fn set_up(&mut self, what: &mut What) -> Option<()> {
        let body = self.body();
        let token = self.part(u16_le_at(body, 4)?.into(), u16_le_at(body, 6)?.into());
        if let (What::Setup(setup), Some(ntlmssp::Message::Challenge(challenge))) = (what, spnego::token(token).ntlm) {
            setup.challenge = Some(*challenge);
        }
        Some(())
    }

    fn connected(&mut self, exchange: &mut Exchange) {
        exchange.tree = self.header.tree;
        let What::Tree(tree) = &mut exchange.what else { return };
        if !exchange.status.is_success() {
            return;
        }
        tree.kind = u8_at(self.body(), 2);
        tree.is_pipe = tree.kind == Some(SHARE_PIPE);
        if self.core.connect(exchange.session, exchange.tree, &tree.share, tree.is_pipe) {
            self.sink.mark(Mark::new("smb2.admin-share", self.side.other()).with(&tree.share));
        }
    }

    fn created(&mut self, ask: &mut Ask) -> Option<Handle> {
        let What::Create(create) = &mut ask.exchange.what else { return None };
        if !ask.exchange.status.is_success() {
            return None;
        }
        let body = self.body();
        let time = |at: usize| Bytes::new(body.get(at..)?).u64_le().map(unix_seconds);
        (create.created, create.accessed) = (time(8)?, time(16)?);
        (create.modified, create.changed) = (time(24)?, time(32)?);
        create.size = Bytes::new(body.get(48..)?).u64_le()?;
        let handle = Handle::Two(Bytes::new(body.get(64..)?).array::<16>()?);
        create.handle = Some(handle);
        let share = self.core.shares.get(&(ask.exchange.session, ask.exchange.tree));
        let opened = Opened::seen(&create.name, create.size, ask.exchange.tree, share);
        let Core { files, dialect, .. } = &mut *self.core;
        files.open(handle, opened, dialect, self.sink);
        Some(handle)
    }

    fn has_read(&mut self, ask: &Ask, before: &Before) -> Option<Stream> {
        let About::Read { offset, .. } = ask.about else { return None };
        let handle = self.answered_handle(ask, before)?;
        const BUFFER_OVERFLOW: u32 = 0x8000_0005;
        if self.header.status != 0 && self.header.status != BUFFER_OVERFLOW {
            return None;
        }
        let body = self.body();
        let (at, length) = (usize::from(u8_at(body, 2)?), u32_le_at(body, 4)?);
        let data = self.part(at, length as usize);
        self.header.session = ask.exchange.session;
        self.carried(handle, false, offset, data, length.into())
    }

    fn controlled(&mut self, ask: &Ask) -> Option<()> {
        let (About::File(handle), None) = (ask.about, ask.transaction) else { return None };
        let body = self.body();
        let output = self.part(u32_le_at(body, 32)? as usize, u32_le_at(body, 36)? as usize);
        self.through_pipe(handle, output, ask.exchange.status);
        Some(())
    }
}

fn take_number(transactions: &mut u64) -> u64 {
    let number = *transactions;
    *transactions += 1;
    number
}

/// Seconds since 1970 of a count of 100 nanoseconds since 1601; nought when there is none.
pub fn unix_seconds(time: u64) -> i64 {
    const EPOCH_SECONDS: i64 = 11_644_473_600;
    const TICKS: u64 = 10_000_000;
    if time == 0 { 0 } else { i64::try_from(time / TICKS).unwrap_or(i64::MAX) - EPOCH_SECONDS }
}

impl Core {
    /// Meets a file whose opening was not seen, with what is known of its share.
    pub fn know_share(&mut self, handle: Handle, session: u64, tree: u32, sink: &mut dyn Sink) {
        if self.files.get(&handle).is_some() {
            return;
        }
        let share = self.shares.get(&(session, tree)).cloned();
        let Some(opened) = self.files.met(handle, &self.dialect, sink) else { return };
        opened.tree = tree;
        if let Some(share) = share {
            opened.pipe = if share.is_pipe { Pipe::Silent } else { Pipe::No };
            opened.share = share.name;
        }
    }

    /// A program that begins to be written into a share for administrators.
    pub fn mark_program(&self, code: &'static str, piece: &Piece<'_>, sink: &mut dyn Sink) {
        let share = self.shares.get(&(piece.session, piece.tree));
        if piece.is_write
            && piece.offset == 0
            && piece.data.starts_with(b"MZ")
            && share.is_some_and(|share| share.is_admin)
            && let Some(opened) = self.files.get(&piece.handle)
        {
            sink.mark(Mark::new(code, piece.side).with(format!("{}\\{}", opened.share, opened.name)));
        }
    }
}
