//! SMB 1 ([MS-CIFS], [MS-SMB]): requests, answers, and chains of them.

mod records;
mod transactions;

use super::events::{
    Command, Create, Dialect, Exchange, Handle, Native, Negotiate, SetInfo, Setup, Status, Tree, What,
};
use super::files::{Carrier, Opened, Piece, Said};
use super::memory::Memory;
use super::smb2::unix_seconds;
use super::state::{Core, Stream, is_pipe_share};
use super::{names, ntlmssp, spnego, text};
use crate::bytes::{Bytes, u8_at, u16_le_at, u32_le_at};
use crate::session::{Mark, Side, Sink};
use records::{Block, HEADER_BYTES, Header, block, header};
use transactions::{Kind, Transaction, Transactions};

/// Requests that wait for an answer.
const OPEN_MAX: usize = 1024;
/// Commands chained in one message.
const CHAIN_MAX: usize = 16;
/// Dialects of a negotiation that are kept.
const DIALECTS_MAX: usize = 64;
const NO_COMMAND: u8 = 0xff;
const OPTION_DELETE_ON_CLOSE: u32 = 0x1000;
const OPTION_DIRECTORY: u32 = 1;
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

impl<'a> Reading<'a> {
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

    fn requests(&mut self) -> Option<Stream> {
        let mut asks = Vec::new();
        let mut stream = None;
        for (command, block) in chain(self.message, self.header.command) {
            stream = self.request(command, &block, &mut asks);
        }
        let one_way = self.header.command == command::NT_CANCEL || Kind::continued_by(self.header.command).is_some();
        if one_way {
            tell_unanswered(self.core, asks, self.sink);
        } else if !asks.is_empty()
            && let Some(gone) = self.core.one.open.insert(self.header.key(), asks)
        {
            tell_unanswered(self.core, gone, self.sink);
        }
        stream
    }

    fn request(&mut self, command: u8, block: &Block<'a>, asks: &mut Vec<Ask>) -> Option<Stream> {
        if usize::from(block.byte_count) > self.length.saturating_sub(block.bytes_at)
            && !matches!(command, command::WRITE_ANDX)
        {
            let detail =
                format!("0x{command:02x} {} of {}", self.length.saturating_sub(block.bytes_at), block.byte_count);
            self.mark("smb1.bytes-beyond-message", detail);
        }
        let mut told = true;
        let mut about = About::Nothing;
        let mut stream = None;
        let what = match command {
            command::NEGOTIATE => self.negotiate(block),
            command::SESSION_SETUP => self.setup(block),
            command::TREE_CONNECT_ANDX => self.tree_connect_andx(block),
            command::TREE_CONNECT => self.tree_connect(block),
            command::NT_CREATE => self.nt_create(block),
            command::OPEN | command::CREATE | command::CREATE_NEW | command::OPEN_ANDX => self.open(command, block),
            command::CLOSE => {
                about = block.u16(0).map_or(About::Nothing, |file| About::File(self.handle(file)));
                None
            }
            command::READ_ANDX | command::READ | command::LOCK_AND_READ => {
                told = false;
                about = self.read(command, block).unwrap_or(About::Nothing);
                None
            }
            command::WRITE_ANDX | command::WRITE | command::WRITE_AND_UNLOCK | command::WRITE_AND_CLOSE => {
                told = false;
                stream = self.write(command, block, &mut about);
                None
            }
            command::RENAME | command::NT_RENAME => self.rename(block),
            // Commands that are about one path.
            0x00 | 0x01 | 0x06 | 0x08 | 0x09 | 0x10 => {
                Some(What::Path(block.texts(0, self.header.is_unicode()).next_marked()))
            }
            _ => {
                if let Some(kind) = Kind::begun_by(command) {
                    told = kind == Kind::NtTrans;
                    let Core { one, .. } = &mut *self.core;
                    let whole = one.transactions.begin(kind, &self.header, block, self.side, self.sink);
                    let what = whole.and_then(|transaction| self.transaction(&transaction));
                    told |= what.is_some();
                    what
                } else if let Some(kind) = Kind::continued_by(command) {
                    let Core { one, from_start, .. } = &mut *self.core;
                    let whole = one.transactions.go_on(kind, &self.header, block, self.side, *from_start, self.sink);
                    whole.and_then(|transaction| self.transaction(&transaction))
                } else {
                    if names::smb1_command(command).is_none() {
                        self.mark("smb1.unknown-command", format!("0x{command:02x}"));
                    }
                    None
                }
            }
        };
        let exchange = self.exchange(command, what.unwrap_or_default());
        let transaction = told.then(|| self.core.transaction());
        asks.push(Ask { exchange, transaction, about });
        stream
    }

    fn negotiate(&mut self, block: &Block<'a>) -> Option<What> {
        let names: Vec<String> = block
            .bytes
            .split(|byte| *byte == 0)
            .filter_map(|name| name.strip_prefix(&[2]))
            .take(DIALECTS_MAX)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        // Only what goes on in SMB 2 is handed to the code that takes the field for an index (MS09-050). Clients of SMB 1
        // alone have the upper half of a long process id there.
        if self.header.process_high != 0 && names.iter().any(|name| name.starts_with("SMB 2")) {
            self.mark("smb1.negotiate-process-id-high", format!("0x{:04x}", self.header.process_high));
        }
        self.core.one.negotiation = Some(self.header.key());
        Some(What::Negotiate(Box::new(Negotiate { names, ..Negotiate::default() })))
    }

    fn setup(&mut self, block: &Block<'a>) -> Option<What> {
        let unicode = self.header.is_unicode();
        let mut setup = Setup::default();
        self.mark_setup(block);
        let mut native = match block.word_count {
            12 => {
                let length = usize::from(block.u16(14)?);
                let token = block.bytes.get(..length).unwrap_or(block.bytes);
                let token = spnego::token(token);
                setup.ticket = token.ticket;
                if let Some(ntlmssp::Message::Authenticate(ntlm)) = token.ntlm {
                    setup.ntlm = Some(*ntlm);
                }
                block.texts(length, unicode)
            }
            13 => {
                let passwords = usize::from(block.u16(14)?) + usize::from(block.u16(16)?);
                let mut texts = block.texts(passwords, unicode);
                setup.account = Some((texts.next(), texts.next()));
                texts
            }
            10 => {
                let mut texts = block.texts(block.u16(14)?.into(), unicode);
                setup.account = Some((texts.next(), texts.next()));
                texts
            }
            _ => return Some(What::Setup(Box::new(setup))),
        };
        setup.client = Some(Native { os: native.next(), lm: native.next() });
        Some(What::Setup(Box::new(setup)))
    }

    /// The two forms of a setup have different words; a message that mixes them makes old servers take the length of
    /// the one for that of the other.
    fn mark_setup(&mut self, block: &Block<'a>) {
        let extended = self.header.flags2 & records::FLAG2_EXTENDED_SECURITY != 0;
        let capable = match block.word_count {
            12 => block.u32(20).map(|capabilities| capabilities & CAPABILITY_EXTENDED_SECURITY != 0),
            13 => block.u32(22).map(|capabilities| capabilities & CAPABILITY_EXTENDED_SECURITY != 0),
            _ => None,
        };
        let mismatched = match block.word_count {
            12 => !extended || capable == Some(false),
            13 => capable == Some(true) && extended,
            _ => false,
        };
        if mismatched {
            let detail =
                format!("{} words flags2 0x{:04x} {} bytes", block.word_count, self.header.flags2, block.byte_count);
            self.mark("smb1.setup-of-mixed-forms", detail);
        }
    }

    fn tree_connect_andx(&mut self, block: &Block<'a>) -> Option<What> {
        let mut texts = block.texts(block.u16(6)?.into(), self.header.is_unicode());
        let share = texts.next();
        let service = texts.next_oem();
        let is_pipe = is_pipe_share(&share);
        Some(What::Tree(Box::new(Tree { share, is_pipe, kind: None, services: Some((service, String::new())) })))
    }

    fn tree_connect(&mut self, block: &Block<'a>) -> Option<What> {
        let mut texts = block.texts(0, false);
        let (share, _password, service) = (texts.next_marked(), texts.next_marked(), texts.next_marked());
        let is_pipe = is_pipe_share(&share);
        Some(What::Tree(Box::new(Tree { share, is_pipe, kind: None, services: Some((service, String::new())) })))
    }

    fn nt_create(&mut self, block: &Block<'a>) -> Option<What> {
        let name = block.texts(0, self.header.is_unicode()).next();
        let disposition = block.u32(35)?;
        let options = block.u32(39)?;
        let (delete_on_close, is_directory) = (options & OPTION_DELETE_ON_CLOSE != 0, options & OPTION_DIRECTORY != 0);
        Some(What::Create(Box::new(Create { name, disposition, delete_on_close, is_directory, ..Create::default() })))
    }

    /// The ways to open a file before NT's.
    fn open(&mut self, command: u8, block: &Block<'a>) -> Option<What> {
        let mut texts = block.texts(0, self.header.is_unicode());
        let name = if command == command::OPEN_ANDX { texts.next() } else { texts.next_marked() };
        let disposition = match command {
            command::OPEN => 1,
            command::CREATE => 5,
            command::CREATE_NEW => 2,
            // What to do when the file is there, and whether to make it when it is not.
            _ => match block.u16(16)? {
                function if function & 0x10 == 0 && function & 3 == 1 => 1,
                function if function & 0x10 == 0 => 4,
                function if function & 3 == 1 => 3,
                function if function & 3 == 2 => 5,
                _ => 2,
            },
        };
        Some(What::Create(Box::new(Create { name, disposition, ..Create::default() })))
    }

    fn read(&mut self, command: u8, block: &Block<'a>) -> Option<About> {
        if command != command::READ_ANDX {
            return Some(About::Read { handle: self.handle(block.u16(0)?), offset: block.u32(4)?.into() });
        }
        let high = if block.word_count >= 12 { block.u32(20).unwrap_or_default() } else { 0 };
        let offset = u64::from(high) << 32 | u64::from(block.u32(6)?);
        Some(About::Read { handle: self.handle(block.u16(4)?), offset })
    }

    fn write(&mut self, command: u8, block: &Block<'a>, about: &mut About) -> Option<Stream> {
        if command != command::WRITE_ANDX {
            let (file, count, offset) = (block.u16(0)?, usize::from(block.u16(2)?), block.u32(4)?);
            *about = About::File(self.handle(file));
            let data = block.bytes.get(if command == command::WRITE_AND_CLOSE { 1 } else { 3 }..).unwrap_or_default();
            let data = data.get(..count).unwrap_or(data);
            let stream = self.carried(command, file, true, offset.into(), data, count as u64);
            if command == command::WRITE_AND_CLOSE {
                let Core { files, dialect, .. } = &mut *self.core;
                files.close(&Handle::One { file, session: self.header.session }, dialect, self.sink);
            }
            return stream;
        }
        let (file, mode) = (block.u16(4)?, block.u16(14)?);
        let high = if block.word_count >= 14 { block.u32(24).unwrap_or_default() } else { 0 };
        let offset = u64::from(high) << 32 | u64::from(block.u32(6)?);
        let length = u64::from(block.u16(18)?) << 16 | u64::from(block.u16(20)?);
        let data = block.part(block.u16(22)?.into(), usize::try_from(length).unwrap_or(usize::MAX));
        *about = About::File(self.handle(file));
        self.core.one.transactions.written_into(&self.header, file, mode, self.side, self.sink);
        self.carried(command, file, true, offset, data, length)
    }

    /// File content or remote calls in a read or a write.
    fn carried(
        &mut self,
        command: u8,
        file: u16,
        is_write: bool,
        offset: u64,
        data: &[u8],
        length: u64,
    ) -> Option<Stream> {
        let handle = self.handle(file);
        let status = if is_write { Status::None } else { self.header.status };
        if self.through_pipe(command, file, data, status) || self.core.files.get(&handle)?.is_pipe() {
            return None;
        }
        if length == 0 {
            return None;
        }
        let (session, tree) = (self.session(), self.tree());
        let command = Command::One(command);
        let piece = Piece { handle, offset, data, command, session, tree, status, is_write, side: self.side };
        self.core.mark_program("smb1.program-to-admin-share", &piece, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        files.piece(&piece, transactions, dialect, self.sink);
        let here = data.len() as u64;
        Some(Stream { handle, is_write, offset: offset.checked_add(here)?, left: length.saturating_sub(here) })
    }

    /// Gives what is said to a pipe or by it to the calls in it; false when there are none.
    fn through_pipe(&mut self, command: u8, file: u16, data: &[u8], status: Status) -> bool {
        let (session, tree) = (self.session(), self.tree());
        let handle = self.handle(file);
        self.core.know_share(handle, session, tree, self.sink);
        let Core { files, dialect, transactions, .. } = &mut *self.core;
        let command = Command::One(command);
        let mut carrier = || {
            let transaction = *transactions;
            *transactions += 1;
            Carrier { command, session, tree, transaction }
        };
        files.pipe_data(&handle, &Said { side: self.side, data, status }, &mut carrier, dialect, self.sink)
    }

    fn rename(&mut self, block: &Block<'a>) -> Option<What> {
        let mut texts = block.texts(0, self.header.is_unicode());
        Some(What::Rename { from: texts.next_marked(), to: texts.next_marked() })
    }

    /// A transaction whose request is whole.
    fn transaction(&mut self, transaction: &Transaction) -> Option<What> {
        let numbers = &transaction.numbers;
        match transaction.kind {
            Kind::Trans => {
                if numbers.subcommand == transactions::TRANSACT_PIPE && numbers.setup_words >= 2 {
                    self.through_pipe(0x25, numbers.second, &transaction.data, Status::None);
                }
                None
            }
            Kind::Trans2 => self.set_info(transaction),
            Kind::NtTrans => None,
        }
    }

    /// Renaming and deleting are told; what else is set is not.
    fn set_info(&mut self, transaction: &Transaction) -> Option<What> {
        let (parameters, data) = (&transaction.parameters, &transaction.data);
        let (class, level, name, handle) = match transaction.numbers.subcommand {
            6 => {
                let name = parameters.get(6..).unwrap_or_default();
                let unicode = self.header.is_unicode();
                let name = if unicode { text::utf16_terminated(name).0 } else { text::oem_terminated(name).0 };
                ("SET_PATH_INFO", u16_le_at(parameters, 0)?, name, None)
            }
            8 => {
                let handle = self.handle(u16_le_at(parameters, 0)?);
                let name = self.core.files.get(&handle).map(|opened| opened.name.clone()).unwrap_or_default();
                ("SET_FILE_INFO", u16_le_at(parameters, 2)?, name, Some(handle))
            }
            _ => return None,
        };
        match level {
            0x102 | 1013 => {
                let delete_on_close = u8_at(data, 0)? & 1 != 0;
                let level = "SMB_FILE_DISPOSITION_INFO".to_owned();
                Some(What::SetInfo(Box::new(SetInfo { class, level, name, handle, delete_on_close })))
            }
            1010 => {
                let length = u32_le_at(data, 8)? as usize;
                let to = data.get(12..)?;
                Some(What::Rename { from: name, to: text::utf16(to.get(..length).unwrap_or(to)) })
            }
            _ => None,
        }
    }

    fn answers(&mut self) -> Option<Stream> {
        let mut asks = self.core.one.open.remove(&self.header.key()).unwrap_or_default();
        let mut stream = None;
        for (command, block) in chain(self.message, self.header.command) {
            if let Some(kind) = Kind::begun_by(command) {
                self.transaction_answered(kind, command, &block);
            }
            let at = asks.iter().position(|ask| ask.exchange.command == Command::One(command));
            let Some(mut ask) = at.map(|at| asks.remove(at)) else { continue };
            ask.exchange.status = self.header.status;
            let told = self.answer(command, &block, &mut ask);
            stream = stream.or(told);
            if let Some(transaction) = ask.transaction {
                self.core.tell(&ask.exchange, transaction, self.sink);
            }
        }
        // What was chained behind a command that failed was never done; it will get no answer.
        tell_unanswered(self.core, asks, self.sink);
        stream
    }

    fn answer(&mut self, command: u8, block: &Block<'a>, ask: &mut Ask) -> Option<Stream> {
        match command {
            command::NEGOTIATE => self.negotiated(block, &mut ask.exchange.what),
            command::SESSION_SETUP => {
                ask.exchange.session = self.session();
                self.set_up(block, &mut ask.exchange.what)
            }
            command::TREE_CONNECT_ANDX | command::TREE_CONNECT => self.connected(command, block, &mut ask.exchange),
            command::TREE_DISCONNECT if self.header.status.is_success() => {
                self.core.shares.remove(&(self.session(), self.tree()));
                None
            }
            command::NT_CREATE | command::OPEN | command::CREATE | command::CREATE_NEW | command::OPEN_ANDX => {
                self.opened(command, block, &mut ask.exchange)
            }
            command::CLOSE => {
                if let About::File(handle) = ask.about {
                    let Core { files, dialect, .. } = &mut *self.core;
                    files.close(&handle, dialect, self.sink);
                }
                None
            }
            command::READ_ANDX | command::READ | command::LOCK_AND_READ => return self.has_read(command, block, ask),
            command::WRITE_ANDX | command::WRITE | command::WRITE_AND_UNLOCK | command::WRITE_AND_CLOSE => {
                if let About::File(handle) = ask.about {
                    self.core.files.written(&handle, self.header.status);
                }
                None
            }
            _ => None,
        };
        None
    }

    fn negotiated(&mut self, block: &Block<'a>, what: &mut What) -> Option<()> {
        let What::Negotiate(negotiate) = what else { return None };
        let index = usize::from(block.u16(0)?);
        if let Some(name) = negotiate.names.get(index) {
            self.core.dialect = Dialect::Named(name.clone());
        }
        if block.word_count == 17 && block.u32(19)? & CAPABILITY_EXTENDED_SECURITY != 0 {
            negotiate.server_guid = Bytes::new(block.bytes).array::<16>()?;
        }
        Some(())
    }

    fn set_up(&mut self, block: &Block<'a>, what: &mut What) -> Option<()> {
        let What::Setup(setup) = what else { return None };
        let length = if block.word_count == 4 { usize::from(block.u16(6)?) } else { 0 };
        let token = block.bytes.get(..length).unwrap_or_default();
        if let Some(ntlmssp::Message::Challenge(challenge)) = spnego::token(token).ntlm {
            setup.challenge = Some(*challenge);
        }
        if block.word_count >= 3 {
            let mut texts = block.texts(length, self.header.is_unicode());
            setup.server = Some(Native { os: texts.next(), lm: texts.next() });
        }
        Some(())
    }

    fn connected(&mut self, command: u8, block: &Block<'a>, exchange: &mut Exchange) -> Option<()> {
        exchange.tree = self.tree();
        let What::Tree(tree) = &mut exchange.what else { return None };
        if !self.header.status.is_success() {
            return None;
        }
        if command == command::TREE_CONNECT {
            exchange.tree = block.u16(2)?.into();
        } else {
            let service = block.texts(0, false).next_oem();
            tree.is_pipe = service == "IPC";
            if let Some((_, given)) = &mut tree.services {
                *given = service;
            }
        }
        let session = self.header.session.into();
        if self.core.connect(session, exchange.tree, &tree.share, tree.is_pipe) {
            self.sink.mark(Mark::new("smb1.admin-share", self.side.other()).with(&tree.share));
        }
        Some(())
    }

    fn opened(&mut self, command: u8, block: &Block<'a>, exchange: &mut Exchange) -> Option<()> {
        let What::Create(create) = &mut exchange.what else { return None };
        if !self.header.status.is_success() {
            return None;
        }
        let file = match command {
            command::NT_CREATE => {
                let time = |at| block.u64(at).map(unix_seconds);
                (create.created, create.accessed) = (time(11)?, time(19)?);
                (create.modified, create.changed) = (time(27)?, time(35)?);
                create.size = block.u64(55)?;
                block.u16(5)?
            }
            command::OPEN_ANDX => {
                create.size = block.u32(12)?.into();
                block.u16(4)?
            }
            command::OPEN => {
                create.size = block.u32(8)?.into();
                block.u16(0)?
            }
            _ => block.u16(0)?,
        };
        let handle = Handle::One { file, session: self.header.session };
        create.handle = Some(handle);
        let tree = u32::from(self.header.tree);
        let share = self.core.shares.get(&(self.header.session.into(), tree));
        let opened = Opened::seen(&create.name, create.size, tree, share);
        let Core { files, dialect, .. } = &mut *self.core;
        files.open(handle, opened, dialect, self.sink);
        Some(())
    }

    fn has_read(&mut self, command: u8, block: &Block<'a>, ask: &Ask) -> Option<Stream> {
        let About::Read { handle: Handle::One { file, .. }, offset } = ask.about else { return None };
        const MORE_DATA: Status = Status::Nt(0x8000_0005);
        if !self.header.status.is_success() && self.header.status != MORE_DATA {
            return None;
        }
        let (data, length) = if command == command::READ_ANDX {
            let length = u64::from(block.u16(14)?) << 16 | u64::from(block.u16(10)?);
            (block.part(block.u16(12)?.into(), usize::try_from(length).unwrap_or(usize::MAX)), length)
        } else {
            let count = block.u16(0)?;
            let data = block.bytes.get(3..).unwrap_or_default();
            (data.get(..count.into()).unwrap_or(data), count.into())
        };
        self.carried(command, file, false, offset, data, length)
    }

    fn transaction_answered(&mut self, kind: Kind, command: u8, block: &Block<'a>) {
        let Core { one, .. } = &mut *self.core;
        let answered = one.transactions.answered(kind, &self.header, block, self.side, self.sink);
        if let Some((about, data)) = answered
            && kind == Kind::Trans
            && about.subcommand == transactions::TRANSACT_PIPE
        {
            self.through_pipe(command, about.second, data, self.header.status);
        }
    }
}
