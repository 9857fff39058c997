//! What clients ask for, command by command.

use super::records::{self, Block};
use super::transactions::{self, Kind, Transaction};
use super::{About, Ask, CAPABILITY_EXTENDED_SECURITY, Reading, chain, command, tell_unanswered};
use crate::bytes::{u8_at, u16_le_at, u32_le_at};
use crate::proto::smb::events::{Create, Handle, Native, Negotiate, SetInfo, Setup, Status, Tree, What};
use crate::proto::smb::state::{Core, Stream, is_pipe_share};
use crate::proto::smb::{names, ntlmssp, spnego, text};

/// Dialects of a negotiation that are kept.
const DIALECTS_MAX: usize = 64;
const OPTION_DELETE_ON_CLOSE: u32 = 0x1000;
const OPTION_DIRECTORY: u32 = 1;

impl<'a> Reading<'a> {
    pub(super) fn requests(&mut self) -> Option<Stream> {
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
}
