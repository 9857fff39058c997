//! What servers answer, and what the requests turn out to mean by it.

use super::records::Block;
use super::transactions::{self, Kind};
use super::{About, Ask, CAPABILITY_EXTENDED_SECURITY, Reading, chain, command, tell_unanswered};
use crate::bytes::Bytes;
use crate::proto::smb::events::{Command, Dialect, Exchange, Handle, Native, Status, What};
use crate::proto::smb::files::Opened;
use crate::proto::smb::smb2::unix_seconds;
use crate::proto::smb::state::{Core, Stream};
use crate::proto::smb::{ntlmssp, spnego};
use crate::session::Mark;

impl<'a> Reading<'a> {
    pub(super) fn answers(&mut self) -> Option<Stream> {
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
