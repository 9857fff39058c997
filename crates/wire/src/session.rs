//! What the rooms of the protocols have in common: they are given the bytes of two sides, and tell a [`Sink`] what those
//! mean.

use crate::proto::{Event, Kind};

/// Who speaks. The originator opened the conversation: the client of nearly all protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Originator,
    Responder,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Originator => Side::Responder,
            Side::Responder => Side::Originator,
        }
    }
}

/// One thing for each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Both<T> {
    pub originator: T,
    pub responder: T,
}

impl<T> Both<T> {
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Originator => &self.originator,
            Side::Responder => &self.responder,
        }
    }

    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Originator => &mut self.originator,
            Side::Responder => &mut self.responder,
        }
    }

    /// The originator becomes the responder: what looked like an answer was the question.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.originator, &mut self.responder);
    }
}

/// A room's understanding of one conversation.
///
/// Over TCP the bytes come in order, without the ones that came before; over UDP each call is one datagram and what is
/// not taken is dropped. The same bytes in other portions must give the same events.
pub trait Protocol: Send {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress;

    /// `length` bytes of a side were never captured. What was handed out before and not taken comes with this call; it
    /// does not come again.
    fn gap(&mut self, _side: Side, _rest: &[u8], _length: u64, _sink: &mut dyn Sink) -> Progress {
        Progress::Lost
    }

    /// A side says no more. `rest` is what was not taken of it.
    fn close(&mut self, _side: Side, _rest: &[u8], _sink: &mut dyn Sink) {}

    /// The conversation is over: what waits for an answer is told without one. [`Protocol::close`] came first for
    /// both sides.
    fn end(&mut self, _sink: &mut dyn Sink) {}

    /// What the room of the protocol that a conversation switches to should know; for [`Kind::start_expected`].
    fn legacy(&mut self) -> Vec<u8> {
        Vec::new()
    }
    /// `side` acknowledged what it was told and says nothing itself: what waited for the other to have it can be told.
    fn acknowledged(&mut self, _side: Side, _sink: &mut dyn Sink) {}

    /// The conversation spoke this before both sides switched to what this room reads.
    fn follows(&mut self, _before: Kind) {}

    /// Untaken bytes of a side that may pile up; more, and the conversation is lost to this room.
    fn waiting_max(&self) -> usize {
        1 << 18
    }
}

/// How far a room got with the bytes it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The first `used` bytes are dealt with. The rest comes again when it is at least `wants` bytes long, or with
    /// whatever follows when `wants` is nought.
    Took { used: usize, wants: usize },
    /// This is not the protocol, or can no longer be followed. The room is asked to end its work and is given no more.
    Lost,
    /// From the byte after `used` on, both sides speak another protocol: the one named, or whatever it turns out to be.
    Switch { used: usize, to: Option<Kind> },
}

impl Progress {
    pub fn all(data: &[u8]) -> Progress {
        Progress::Took { used: data.len(), wants: 0 }
    }

    pub fn took(used: usize) -> Progress {
        Progress::Took { used, wants: 0 }
    }
}

/// What a room makes of the first bytes of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    No,
    /// Too few bytes to tell.
    More,
    /// Ours, and said by who asks.
    Client,
    /// Ours, and said by who answers.
    Server,
    /// Ours; both sides speak like this.
    Either,
}

/// Where the probed bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub over: Over,
    pub from_port: u16,
    pub to_port: u16,
}

impl Way {
    /// True when one of the ends has the port.
    pub fn touches(&self, ports: &[u16]) -> bool {
        ports.contains(&self.from_port) || ports.contains(&self.to_port)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Over {
    Tcp,
    Udp,
}

/// Where an event stands in its conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Number of the transaction in the conversation, from nought.
    pub transaction: u64,
    /// Set when the event is the saying of one side and not an exchange of both: addresses are then shown in its
    /// direction.
    pub said_by: Option<Side>,
}

impl Place {
    pub fn exchange(transaction: u64) -> Place {
        Place { transaction, said_by: None }
    }

    pub fn said(by: Side, transaction: u64) -> Place {
        Place { transaction, said_by: Some(by) }
    }
}

/// Something about the protocol's state that is worth knowing by itself: an oddity, or a condition that a weapon's
/// detector asks for. Codes are `<room>.<what>`, such as `smb1.trans2-unknown-subcommand`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub code: &'static str,
    pub side: Side,
    /// A number or a name that says more.
    pub detail: Option<String>,
}

impl Mark {
    pub fn new(code: &'static str, side: Side) -> Mark {
        Mark { code, side, detail: None }
    }

    pub fn with(self, detail: impl ToString) -> Mark {
        Mark { detail: Some(detail.to_string()), ..self }
    }
}

/// A file that a room found in the bytes; the sink's own number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile<'a> {
    /// Who sends it.
    pub side: Side,
    pub name: &'a [u8],
    /// Its size as announced, where it was.
    pub size: Option<u64>,
}

/// Where a file that was sent by itself belongs in a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOf<'a> {
    /// What the larger one is known by: its host and its path.
    pub whole: &'a [u8],
    pub start: u64,
    /// Its last byte, as announced.
    pub end: u64,
    pub size: u64,
}

/// How a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileEnd {
    Complete,
    /// The conversation ended, or could no longer be followed, before the file did.
    Truncated,
}

/// A second conversation that this one arranged: the data connection of FTP, the transfer of TFTP.
#[derive(Debug, Clone)]
pub struct Expected {
    pub over: Over,
    /// Where it will be answered. Absent: at the address of that side of this conversation.
    pub address: Option<std::net::IpAddr>,
    pub responder: Side,
    /// Nought: the port of that side of this conversation.
    pub port: u16,
    pub kind: Kind,
    /// Handed to the room of the expected conversation.
    pub about: Vec<u8>,
}

/// Where the rooms put what they find.
pub trait Sink {
    /// Nanoseconds since 1970 of the packet that is being read.
    fn now_ns(&self) -> i64;
    fn event(&mut self, event: Event<'_>, place: Place);
    fn mark(&mut self, mark: Mark);
    fn open_file(&mut self, file: NewFile<'_>) -> FileId;
    /// A file that was opened just now is a part of a larger one. Its bytes still come as its own.
    fn file_is_part(&mut self, _id: FileId, _part: PartOf<'_>) {}
    fn file_data(&mut self, id: FileId, data: &[u8]);
    fn file_gap(&mut self, id: FileId, length: u64);
    /// `context` is what the file came in, as it is known now.
    fn close_file(&mut self, id: FileId, end: FileEnd, context: Event<'_>, place: Place);
    fn expect(&mut self, expected: Expected);
}
