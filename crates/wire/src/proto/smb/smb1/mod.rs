//! SMB 1 ([MS-CIFS], [MS-SMB]): requests, answers, and chains of them.

mod answers;
mod content;
mod records;
mod requests;
mod transactions;

use super::events::{Command, Exchange, Handle, Status, What};
use super::memory::Memory;
use super::state::{Core, Stream};
use crate::session::{Mark, Side, Sink};
use records::{Block, HEADER_BYTES, Header, block, header};
use transactions::Transactions;

/// Requests that wait for an answer.
const OPEN_MAX: usize = 1024;
/// Commands chained in one message.
const CHAIN_MAX: usize = 16;
const NO_COMMAND: u8 = 0xff;
const CAPABILITY_EXTENDED_SECURITY: u32 = 0x8000_0000;

mod command {
    pub const OPEN: u8 = 0x02;
    pub const CREATE: u8 = 0x03;
    pub const CLOSE: u8 = 0x04;
    pub const RENAME: u8 = 0x07;
    pub const READ: u8 = 0x0a;
    pub const WRITE: u8 = 0x0b;
    pub const CREATE_NEW: u8 = 0x0f;
    pub const LOCK_AND_READ: u8 = 0x13;
    pub const WRITE_AND_UNLOCK: u8 = 0x14;
    pub const WRITE_AND_CLOSE: u8 = 0x2c;
    pub const OPEN_ANDX: u8 = 0x2d;
    pub const READ_ANDX: u8 = 0x2e;
    pub const WRITE_ANDX: u8 = 0x2f;
    pub const TREE_CONNECT: u8 = 0x70;
    pub const TREE_DISCONNECT: u8 = 0x71;
    pub const NEGOTIATE: u8 = 0x72;
    pub const SESSION_SETUP: u8 = 0x73;
    pub const TREE_CONNECT_ANDX: u8 = 0x75;
    pub const NT_CREATE: u8 = 0xa2;
    pub const NT_CANCEL: u8 = 0xa4;
    pub const NT_RENAME: u8 = 0xa5;
}

/// What a conversation in SMB1 waits for.
pub struct State {
    open: Memory<u64, Vec<Ask>>,
    transactions: Transactions,
    /// The key of the negotiation among them.
    negotiation: Option<u64>,
}

impl Default for State {
    fn default() -> Self {
        State { open: Memory::new(OPEN_MAX), transactions: Transactions::default(), negotiation: None }
    }
}

/// A request that waits for its answer.
struct Ask {
    exchange: Exchange,
    /// Absent when the exchange is not told by itself.
    transaction: Option<u64>,
    about: About,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Nothing,
    File(Handle),
    Read { handle: Handle, offset: u64 },
}

/// Where the file content of a message begins, when it carries any and is not chained.
pub fn content_at(head: &[u8]) -> Option<usize> {
    let header = header(head)?;
    let block = block(head, HEADER_BYTES)?;
    if records::is_chained(header.command) && block.u8(0) != Some(NO_COMMAND) {
        return None;
    }
    let at = match (header.command, header.is_answer) {
        (command::READ_ANDX, true) => block.u16(12)?,
        (command::WRITE_ANDX, false) => block.u16(22)?,
        _ => return None,
    };
    Some(usize::from(at).max(block.bytes_at))
}

/// Reads a message; gives the piece of a file that goes on behind it.
pub fn message(core: &mut Core, side: Side, message: &[u8], length: usize, sink: &mut dyn Sink) -> Option<Stream> {
    let Some(header) = header(message) else {
        sink.mark(Mark::new("smb1.short-header", side).with(message.len()));
        return None;
    };
    let mut reading = Reading { core, side, header, message, length, sink };
    if header.is_answer { reading.answers() } else { reading.requests() }
}

pub fn end(core: &mut Core, sink: &mut dyn Sink) {
    while let Some(asks) = core.one.open.remove_oldest() {
        tell_unanswered(core, asks, sink);
    }
}

/// The negotiation that waits for an answer.
pub fn take_negotiation(core: &mut Core) -> Option<(Exchange, u64)> {
    let key = core.one.negotiation.take()?;
    let ask = core.one.open.remove(&key)?.pop()?;
    Some((ask.exchange, ask.transaction?))
}

fn tell_unanswered(core: &Core, asks: Vec<Ask>, sink: &mut dyn Sink) {
    for ask in asks {
        if let Some(transaction) = ask.transaction {
            core.tell(&ask.exchange, transaction, sink);
        }
    }
}

struct Reading<'a> {
    core: &'a mut Core,
    side: Side,
    header: Header,
    message: &'a [u8],
    /// Of the message as a whole, which may be longer than what is here.
    length: usize,
    sink: &'a mut dyn Sink,
}

/// The commands of a message with their words and bytes.
fn chain<'a>(message: &'a [u8], first: u8) -> impl Iterator<Item = (u8, Block<'a>)> {
    let mut next = Some((first, HEADER_BYTES));
    let walk = move || {
        let (command, at) = next.take()?;
        let block = block(message, at)?;
        if records::is_chained(command)
            && let (Some(then), Some(offset)) = (block.u8(0), block.u16(2))
            && then != NO_COMMAND
            && usize::from(offset) > at
        {
            next = Some((then, offset.into()));
        }
        Some((command, block))
    };
    std::iter::from_fn(walk).take(CHAIN_MAX)
}

impl Reading<'_> {
    fn mark(&mut self, code: &'static str, detail: impl ToString) {
        self.sink.mark(Mark::new(code, self.side).with(detail));
    }

    fn session(&self) -> u64 {
        self.header.session.into()
    }

    fn tree(&self) -> u32 {
        self.header.tree.into()
    }

    fn handle(&self, file: u16) -> Handle {
        Handle::One { file, session: self.header.session }
    }

    fn exchange(&self, command: u8, what: What) -> Exchange {
        Exchange {
            command: Command::One(command),
            status: Status::None,
            session: self.session(),
            tree: self.tree(),
            what,
        }
    }
}
