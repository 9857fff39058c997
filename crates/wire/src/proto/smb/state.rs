//! One conversation: its framing, its losses, and what both versions of the protocol share.

use super::events::{Dialect, Exchange, Handle, Told};
use super::files::Files;
use super::memory::Memory;
use super::{nbss, smb1, smb2};
use crate::bytes::u32_le_at;
use crate::proto::Event;
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};

/// Messages up to this size are always waited for as a whole.
const SMALL_BYTES: usize = 1 << 12;
/// As much of a longer one is enough to see whether it carries a file.
const HEAD_BYTES: usize = 256;
/// Of longer messages that carry no file, only so much is read.
const MESSAGE_BYTES_MAX: usize = 1 << 17;
/// Shares remembered of a conversation.
const SHARES_MAX: usize = 1024;
/// A search passes over all but this many bytes, which could be the beginning of what is looked for.
const SEARCH_KEPT: usize = 7;

/// The ports of SMB over TCP and of the NetBIOS session service.
const PORTS: &[u16] = &[445, 139];

pub struct Conversation {
    stages: Both<Stage>,
    core: Core,
}

/// What is being done with the bytes of a side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The next bytes are a header.
    #[default]
    Frame,
    /// Where messages begin is not known; the next that names itself is looked for.
    Search,
    /// The rest of a message is of no interest.
    Skip(u64),
    /// A piece of a file, with what is left of it and of its message after it.
    Piece { stream: Stream, after: u64 },
}

/// A piece of a file that goes on in the bytes to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    pub handle: Handle,
    pub is_write: bool,
    pub offset: u64,
    pub left: u64,
}

/// A share that was connected to.
#[derive(Debug, Clone, Default)]
pub struct Share {
    pub name: String,
    pub is_pipe: bool,
    pub is_admin: bool,
}

/// What both versions share.
pub struct Core {
    pub dialect: Dialect,
    pub transactions: u64,
    pub files: Files,
    /// By session and tree.
    pub shares: Memory<(u64, u32), Share>,
    pub one: smb1::State,
    pub two: smb2::State,
    /// Its beginning was heard.
    pub from_start: bool,
}

impl Default for Conversation {
    fn default() -> Self {
        Conversation {
            stages: Both::default(),
            core: Core {
                dialect: Dialect::Unknown,
                transactions: 0,
                files: Files::new(),
                shares: Memory::new(SHARES_MAX),
                one: smb1::State::default(),
                two: smb2::State::default(),
                from_start: false,
            },
        }
    }
}

impl Core {
    pub fn transaction(&mut self) -> u64 {
        let number = self.transactions;
        self.transactions += 1;
        number
    }

    pub fn tell(&self, exchange: &Exchange, transaction: u64, sink: &mut dyn Sink) {
        sink.event(Event::Smb(Told { exchange, dialect: &self.dialect }), Place::exchange(transaction));
    }

    /// Notes a share, and that it is one for administrators.
    pub fn connect(&mut self, session: u64, tree: u32, name: &str, is_pipe: bool) -> bool {
        let last = name.rsplit('\\').next().unwrap_or_default();
        let is_admin = !is_pipe && is_admin_share(last);
        let share = Share { name: name.to_owned(), is_pipe, is_admin };
        self.shares.insert((session, tree), share);
        is_admin
    }
}

/// `ADMIN$` and the drives, which only administrators may use.
fn is_admin_share(name: &str) -> bool {
    name.eq_ignore_ascii_case("ADMIN$") || matches!(name.as_bytes(), [drive, b'$'] if drive.is_ascii_alphabetic())
}

/// The name of a share that pipes are opened in.
pub fn is_pipe_share(name: &str) -> bool {
    name.rsplit('\\').next().is_some_and(|last| last.eq_ignore_ascii_case("IPC$"))
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        match *self.stages.of(side) {
            Stage::Frame => self.frame(side, data, sink),
            Stage::Search => self.search(side, data, sink),
            Stage::Skip(left) => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
                self.enter(side, Stage::Skip(left - used as u64));
                Progress::took(used)
            }
            Stage::Piece { stream, after } => {
                let used = usize::try_from(stream.left).unwrap_or(usize::MAX).min(data.len());
                let part = data.get(..used).unwrap_or_default();
                self.core.files.more(&stream.handle, stream.is_write, stream.offset, part, sink);
                let stream = Stream {
                    offset: stream.offset.saturating_add(used as u64),
                    left: stream.left - used as u64,
                    ..stream
                };
                self.enter(side, Stage::Piece { stream, after });
                Progress::took(used)
            }
        }
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        let mut length = length;
        if *self.stages.of(side) == Stage::Frame && !self.broken_message(side, rest, sink) {
            self.enter(side, Stage::Search);
        }
        if let Stage::Piece { stream, after } = *self.stages.of(side) {
            // What comes after the hole shows by its offset that something is missing.
            let lost = stream.left.min(length);
            length -= lost;
            let stream = Stream { offset: stream.offset.saturating_add(lost), left: stream.left - lost, ..stream };
            self.enter(side, Stage::Piece { stream, after });
        }
        if let Stage::Skip(left) = *self.stages.of(side) {
            let lost = left.min(length);
            length -= lost;
            self.enter(side, Stage::Skip(left - lost));
        }
        if length > 0 {
            self.enter(side, Stage::Search);
        }
        Progress::took(0)
    }

    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if *self.stages.of(side) == Stage::Frame && !rest.is_empty() {
            self.broken_message(side, rest, sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        smb1::end(&mut self.core, sink);
        smb2::end(&mut self.core, sink);
        let Core { files, dialect, .. } = &mut self.core;
        files.end(dialect, sink);
    }
}

impl Conversation {
    /// Goes on to a stage; one with nothing left is over at once.
    fn enter(&mut self, side: Side, stage: Stage) {
        let next = match stage {
            Stage::Piece { stream, after } if stream.left == 0 => Stage::Skip(after),
            other => other,
        };
        *self.stages.of_mut(side) = if next == Stage::Skip(0) { Stage::Frame } else { next };
    }

    fn search(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        match nbss::find_message(data) {
            Some(0) => {
                self.enter(side, Stage::Frame);
                self.frame(side, data, sink)
            }
            Some(at) => {
                self.enter(side, Stage::Frame);
                Progress::took(at)
            }
            None => Progress::Took { used: data.len().saturating_sub(SEARCH_KEPT), wants: SEARCH_KEPT + 1 },
        }
    }

    fn frame(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(frame) = nbss::frame(data) else { return Progress::Took { used: 0, wants: nbss::HEADER_BYTES } };
        match frame.kind {
            nbss::Kind::Message => {}
            nbss::Kind::Other(kind) => {
                return self.lost("smb.unknown-frame", kind.into(), side, data, sink);
            }
            _ if frame.length > SMALL_BYTES => {
                return self.lost("smb.unknown-frame", frame.length, side, data, sink);
            }
            kind => return self.session_service(side, kind, frame.length, data, sink),
        }
        let Some(body) = data.get(nbss::HEADER_BYTES..) else { return Progress::took(0) };
        if frame.length == 0 {
            return Progress::took(nbss::HEADER_BYTES);
        }
        if body.len() < 4.min(frame.length) {
            return Progress::Took { used: 0, wants: nbss::HEADER_BYTES + 4.min(frame.length) };
        }
        if !matches!(body, [0xfc..=0xff, b'S', b'M', b'B', ..]) {
            return self.lost("smb.not-a-message", frame.length, side, data, sink);
        }
        let wanted = wanted(side_bytes(body, frame.length), frame.length);
        let Some(message) = body.get(..wanted) else {
            return Progress::Took { used: 0, wants: nbss::HEADER_BYTES + wanted };
        };
        let used = nbss::HEADER_BYTES + message.len();
        self.message(side, message, frame.length, sink);
        Progress::took(used)
    }

    /// The bytes are no header: what comes next is looked for behind the first of them. In a conversation whose
    /// beginning was not heard that is no wonder.
    fn lost(&mut self, code: &'static str, detail: usize, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.core.from_start {
            sink.mark(Mark::new(code, side).with(detail));
        }
        self.enter(side, Stage::Search);
        Progress::took(1.min(data.len()))
    }

    fn session_service(
        &mut self,
        side: Side,
        kind: nbss::Kind,
        length: usize,
        data: &[u8],
        sink: &mut dyn Sink,
    ) -> Progress {
        let whole = nbss::HEADER_BYTES + length;
        let Some(body) = data.get(nbss::HEADER_BYTES..whole) else { return Progress::Took { used: 0, wants: whole } };
        match kind {
            nbss::Kind::Request => {
                if let Some([called, calling]) = nbss::session_names(body) {
                    let [called, calling] = [&called, &calling].map(|name| String::from_utf8_lossy(name));
                    sink.mark(Mark::new("smb.session-request", side).with(format!("{calling} to {called}")));
                }
            }
            nbss::Kind::NegativeResponse => {
                let reason = body.first().copied().unwrap_or_default();
                sink.mark(Mark::new("smb.session-refused", side).with(format!("0x{reason:02x}")));
            }
            _ => {}
        }
        Progress::took(whole)
    }

    /// Reads a message of which the first bytes are here, and goes on to what follows them.
    fn message(&mut self, side: Side, message: &[u8], length: usize, sink: &mut dyn Sink) {
        let stream = match message.first() {
            Some(0xff) => smb1::message(&mut self.core, side, message, length, sink),
            Some(0xfe) => smb2::message(&mut self.core, side, message, length, sink),
            Some(0xfd) => smb2::encrypted(&mut self.core, side, message, sink),
            Some(0xfc) => smb2::compressed(side, message, length, sink),
            _ => None,
        };
        self.core.from_start |= self.core.dialect != Dialect::Unknown;
        let rest = (length - message.len().min(length)) as u64;
        let stage = match stream {
            Some(stream) => {
                let left = stream.left.min(rest);
                Stage::Piece { stream: Stream { left, ..stream }, after: rest - left }
            }
            None => Stage::Skip(rest),
        };
        self.enter(side, stage);
    }

    /// Half a message tells half of what it would; false when not even its header is there.
    fn broken_message(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) -> bool {
        if !nbss::is_message(rest) {
            return false;
        }
        let (Some(frame), Some(body)) = (nbss::frame(rest), rest.get(nbss::HEADER_BYTES..)) else { return false };
        sink.mark(Mark::new("smb.broken-message", side).with(format!("{} of {}", body.len(), frame.length)));
        self.message(side, body.get(..frame.length).unwrap_or(body), frame.length, sink);
        true
    }
}

/// Bytes of a message that are here.
fn side_bytes(body: &[u8], length: usize) -> &[u8] {
    body.get(..length).unwrap_or(body)
}

/// How much of a message must be here before it is read.
fn wanted(message: &[u8], length: usize) -> usize {
    if length <= SMALL_BYTES {
        return length;
    }
    if message.len() < HEAD_BYTES {
        return HEAD_BYTES;
    }
    let head = message.get(..HEAD_BYTES).unwrap_or_default();
    let content = match message.first() {
        Some(0xff) => smb1::content_at(head),
        Some(0xfe) => smb2::content_at(head),
        Some(0xfd | 0xfc) => Some(64),
        _ => None,
    };
    match content {
        Some(at) if at <= HEAD_BYTES => at,
        _ => length.min(MESSAGE_BYTES_MAX),
    }
}

/// SMB names itself behind its frame header; in the middle of a conversation it may come later.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let expected = way.touches(PORTS);
    let Some(head) = data.get(..nbss::HEADER_BYTES + 4) else {
        let maybe = match data {
            [] => true,
            [0x81..=0x85, ..] => expected,
            [0, rest @ ..] => rest.get(3).is_none_or(|magic| matches!(magic, 0xfc..=0xff)),
            _ => expected,
        };
        return if maybe { Probe::More } else { Probe::No };
    };
    if matches!(head, [0x81, 0, 0, 0x44, 0x20, ..]) {
        return Probe::Client;
    }
    if matches!(head, [0x82..=0x84, 0, 0, ..]) && way.from_port == 139 {
        return Probe::Server;
    }
    let message = if nbss::is_message(head) {
        data
    } else if expected && let Some(at) = nbss::find_message(data) {
        data.get(at..).unwrap_or_default()
    } else {
        return if expected { Probe::More } else { Probe::No };
    };
    let flags = match message.get(nbss::HEADER_BYTES) {
        Some(0xff) => message.get(nbss::HEADER_BYTES + 9).map(|flags| flags & 0x80 != 0),
        Some(0xfe) => u32_le_at(message, nbss::HEADER_BYTES + 16).map(|flags| flags & 1 != 0),
        // What is encrypted says nothing of who says it.
        _ if PORTS.contains(&way.from_port) == PORTS.contains(&way.to_port) => return Probe::Either,
        _ => Some(PORTS.contains(&way.from_port)),
    };
    match flags {
        Some(true) => Probe::Server,
        Some(false) => Probe::Client,
        None => Probe::Either,
    }
}
