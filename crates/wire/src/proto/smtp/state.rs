//! What the two sides of an SMTP conversation mean.

use super::events::Transaction;
use super::records::{self, Command, account, command};
use crate::lines::{after, line};
use crate::mime::Carried;
use crate::proto::Event;
use crate::session::{FileEnd, FileId, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// RFC 5321 allows 512 bytes of a command and 1000 of a line of text; extensions make both longer.
const LINE_BYTES_MAX: usize = 4096;
/// Recipients kept of a mail.
const RECIPIENTS_MAX: usize = 256;
/// Bytes kept of an address or a host's name; RFC 5321 allows 256.
const NAME_BYTES_MAX: usize = 1024;
/// Commands that wait for their answer.
const PENDING_MAX: usize = 256;
/// Lines that are no commands, before this is taken to be something else.
const UNKNOWN_MAX: u32 = 32;

/// What an answer is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Greeting,
    Data,
    EndOfMail,
    Auth,
    StartTls,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Command,
    /// A mail, until a line of one dot.
    Mail,
    /// A mail in counted chunks.
    Chunk {
        left: u64,
        last: bool,
    },
    Auth,
}

pub struct Conversation {
    digests: bool,
    mode: Mode,
    pending: VecDeque<Asked>,
    current: Option<Transaction>,
    /// The current mail is said; the next command begins another.
    complete: bool,
    transactions: u64,
    helo: Option<Vec<u8>>,
    account: Option<Vec<u8>>,
    banner: Option<Vec<u8>>,
    mechanism: Vec<u8>,
    /// The piece before did not end its line: of the originator, of the responder.
    within_line: crate::session::Both<bool>,
    mail_lines: u64,
    unknown: u32,
}

impl Conversation {
    pub fn over(_over: Over, digests: bool) -> Self {
        Conversation {
            digests,
            mode: Mode::Command,
            pending: VecDeque::from([Asked::Greeting]),
            current: None,
            complete: false,
            transactions: 0,
            helo: None,
            account: None,
            banner: None,
            mechanism: Vec::new(),
            within_line: crate::session::Both::default(),
            mail_lines: 0,
            unknown: 0,
        }
    }

    fn place(&self) -> Place {
        Place::said(Side::Originator, self.transactions)
    }

    /// The mail that is being talked about.
    fn current(&mut self, sink: &mut dyn Sink) -> &mut Transaction {
        if std::mem::take(&mut self.complete) {
            self.tell(sink);
        }
        self.current.get_or_insert_with(|| Transaction {
            helo: self.helo.clone(),
            account: self.account.clone(),
            banner: self.banner.clone(),
            ..Transaction::default()
        })
    }

    fn tell(&mut self, sink: &mut dyn Sink) {
        self.complete = false;
        if let Some(mut transaction) = self.current.take() {
            if transaction.account.is_none() {
                transaction.account.clone_from(&self.account);
            }
            sink.event(Event::Smtp(&transaction), self.place());
            self.transactions += 1;
        }
    }

    fn ask(&mut self, asked: Asked) {
        if self.pending.len() < PENDING_MAX {
            self.pending.push_back(asked);
        }
    }

    fn client(&mut self, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if let Mode::Chunk { left, last } = self.mode {
            return self.chunk(left, last, data, sink);
        }
        let Some(line) = line(data, LINE_BYTES_MAX) else { return Progress::took(0) };
        let begins = !std::mem::replace(&mut self.within_line.originator, !line.ended);
        match self.mode {
            Mode::Mail => self.mail_line(line.text, begins, line.ended, sink),
            Mode::Auth if begins => self.auth_line(line.text),
            _ if begins => {
                if !line.ended {
                    sink.mark(Mark::new("smtp.command-too-long", Side::Originator));
                }
                self.command(line.text, sink);
            }
            // The rest of a command that is too long.
            _ => {}
        }
        if self.unknown > UNKNOWN_MAX { Progress::Lost } else { Progress::took(line.used) }
    }

    fn command(&mut self, text: &[u8], sink: &mut dyn Sink) {
        let command = command(text);
        let mut asked = Asked::Other;
        let name = match &command {
            Command::Unknown => {
                self.unknown += 1;
                self.ask(asked);
                return;
            }
            Command::Hello(_) => "HELO",
            Command::Mail(_) | Command::Recipient(_) => "MAIL",
            Command::Data => "DATA",
            Command::Chunk { .. } => "BDAT",
            Command::Auth { .. } => "AUTH",
            Command::StartTls => "STARTTLS",
            Command::Reset => "RSET",
            Command::Quit => "QUIT",
            Command::Other => "NOOP",
        };
        let digests = self.digests;
        let transaction = self.current(sink);
        if name != "QUIT" || transaction.command.is_empty() {
            transaction.command = name;
        }
        match command {
            Command::Hello(host) => {
                transaction.helo = Some(cut(host));
                self.helo = Some(cut(host));
            }
            Command::Mail(path) => {
                transaction.mail_from = Some(cut(path));
                transaction.rcpt_to.clear();
            }
            Command::Recipient(path) => {
                if transaction.rcpt_to.len() < RECIPIENTS_MAX {
                    transaction.rcpt_to.push(cut(path));
                }
            }
            Command::Data => {
                transaction.message = Some(Carried::new(digests));
                (self.mode, self.mail_lines, asked) = (Mode::Mail, 0, Asked::Data);
            }
            Command::Chunk { length, last } => {
                transaction.message.get_or_insert_with(|| Carried::new(digests));
                self.mode = Mode::Chunk { left: length, last };
                asked = if last { Asked::EndOfMail } else { Asked::Other };
            }
            Command::Auth { mechanism, first } => {
                self.mechanism = mechanism.to_vec();
                self.account = account(mechanism, first);
                (self.mode, asked) = (Mode::Auth, Asked::Auth);
            }
            Command::StartTls => asked = Asked::StartTls,
            Command::Reset => self.tell_after_reset(sink),
            Command::Quit | Command::Other | Command::Unknown => {}
        }
        self.ask(asked);
    }

    /// What was begun is given up.
    fn tell_after_reset(&mut self, sink: &mut dyn Sink) {
        self.end_message(false, sink);
        self.tell(sink);
    }

    /// An answer to a question of the server; it may hold the account.
    fn auth_line(&mut self, text: &[u8]) {
        if self.account.is_none() && text != b"*" {
            self.account = account(&self.mechanism, text);
        }
    }

    fn mail_line(&mut self, text: &[u8], begins: bool, ended: bool, sink: &mut dyn Sink) {
        self.mail_lines += 1;
        if begins && ended && text == b"." {
            self.end_message(true, sink);
            (self.mode, self.complete) = (Mode::Command, true);
            self.ask(Asked::EndOfMail);
            return;
        }
        // A dot at the beginning was doubled on the way (RFC 5321, section 4.5.2).
        let text = if begins { text.strip_prefix(b".").unwrap_or(text) } else { text };
        self.message_line(text, ended, sink);
    }

    fn message_line(&mut self, text: &[u8], ended: bool, sink: &mut dyn Sink) {
        let Some(message) = self.current.as_mut().and_then(|current| current.message.as_mut()) else { return };
        let over = message.line(text, ended, Side::Originator, sink);
        self.close_file(over, FileEnd::Complete, sink);
    }

    fn chunk(&mut self, left: u64, last: bool, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if left == 0 {
            self.mode = Mode::Command;
            self.within_line.originator = false;
            if last {
                self.end_message(true, sink);
                self.complete = true;
            }
            return self.client(data, sink);
        }
        let within = data.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(data);
        let whole = within.len() as u64 == left;
        let (text, used, ended) = match line(within, LINE_BYTES_MAX) {
            Some(line) => (line.text, line.used, line.ended),
            // The last line of a chunk goes on in the next one.
            None if whole => (within, within.len(), false),
            None => return Progress::took(0),
        };
        self.mode = Mode::Chunk { left: left - used as u64, last };
        self.message_line(text, ended, sink);
        if left == used as u64 && last {
            self.end_message(true, sink);
            (self.mode, self.complete) = (Mode::Command, true);
            self.within_line.originator = false;
        }
        Progress::took(used)
    }

    fn end_message(&mut self, complete: bool, sink: &mut dyn Sink) {
        let Some(message) = self.current.as_mut().and_then(|current| current.message.as_mut()) else { return };
        let over = message.finish(complete, sink);
        self.close_file(over, if complete { FileEnd::Complete } else { FileEnd::Truncated }, sink);
    }

    fn close_file(&mut self, file: Option<FileId>, end: FileEnd, sink: &mut dyn Sink) {
        if let (Some(file), Some(current)) = (file, &self.current) {
            sink.close_file(file, end, Event::Smtp(current), self.place());
        }
    }

    fn server(&mut self, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(line) = line(data, LINE_BYTES_MAX) else { return Progress::took(0) };
        if std::mem::replace(&mut self.within_line.responder, !line.ended) {
            return Progress::took(line.used);
        }
        let Some((code, more, text)) = records::reply(line.text) else {
            self.unknown += 1;
            return if self.unknown > UNKNOWN_MAX { Progress::Lost } else { Progress::took(line.used) };
        };
        if more {
            return Progress::took(line.used);
        }
        let mut asked = self.pending.pop_front().unwrap_or(Asked::Other);
        if asked == Asked::Greeting && code != 220 && code != 554 {
            // The greeting was not seen.
            asked = self.pending.pop_front().unwrap_or(Asked::Other);
        }
        if let Some(current) = &mut self.current {
            current.code = Some(code);
        }
        match asked {
            Asked::Greeting => self.banner = Some(text.get(..256).unwrap_or(text).to_vec()),
            Asked::Data if code >= 400 && self.mode == Mode::Mail && self.mail_lines == 0 => {
                self.mode = Mode::Command;
                if let Some(current) = &mut self.current {
                    current.message = None;
                }
            }
            Asked::EndOfMail if self.complete => self.tell(sink),
            Asked::Auth if code == 334 => self.pending.push_front(Asked::Auth),
            Asked::Auth if self.mode == Mode::Auth => self.mode = Mode::Command,
            Asked::StartTls if code == 220 => {
                self.tell(sink);
                return Progress::Switch { used: line.used, to: None };
            }
            _ => {}
        }
        Progress::took(line.used)
    }
}

fn cut(name: &[u8]) -> Vec<u8> {
    name.get(..NAME_BYTES_MAX).unwrap_or(name).to_vec()
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        match side {
            Side::Originator => self.client(data, sink),
            Side::Responder => self.server(data, sink),
        }
    }

    /// Lines are found again behind a hole.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        *self.within_line.of_mut(side) = true;
        if side == Side::Responder {
            self.pending.clear();
            return Progress::took(0);
        }
        let lost = rest.len() as u64 + length;
        match self.mode {
            Mode::Mail => {}
            Mode::Chunk { left, last } if left > lost => self.mode = Mode::Chunk { left: left - lost, last },
            Mode::Chunk { last, .. } => {
                (self.mode, self.complete) = (Mode::Command, last);
                self.end_message(last, sink);
                return Progress::took(0);
            }
            Mode::Command | Mode::Auth => return Progress::took(0),
        }
        if let Some(message) = self.current.as_mut().and_then(|current| current.message.as_mut()) {
            message.gap(lost, sink);
        }
        Progress::took(0)
    }

    /// What stands without the end of its line is the last line.
    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if side == Side::Responder || rest.is_empty() {
            return;
        }
        match self.mode {
            Mode::Mail => self.mail_line(rest, !self.within_line.originator, false, sink),
            Mode::Chunk { .. } => self.message_line(rest, false, sink),
            Mode::Command => self.command(rest, sink),
            Mode::Auth => {}
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        if !self.complete {
            self.end_message(false, sink);
        }
        self.tell(sink);
    }

    fn waiting_max(&self) -> usize {
        1 << 16
    }
}

/// A client says hello; a server names the protocol in its greeting, or greets on a port of mail.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const PORTS: &[u16] = &[25, 465, 587, 2525];
    if way.over != Over::Tcp {
        return Probe::No;
    }
    for hello in ["EHLO ", "HELO ", "LHLO "] {
        if after(data, hello).is_some() {
            return Probe::Client;
        }
        if data.len() < hello.len()
            && hello.as_bytes().get(..data.len()).is_some_and(|own| own.eq_ignore_ascii_case(data))
        {
            return Probe::More;
        }
    }
    if after(data, "MAIL FROM:").is_some() && way.touches(PORTS) {
        return Probe::Client;
    }
    let greets = data.len() >= 4 && (data.starts_with(b"220 ") || data.starts_with(b"220-"));
    if !greets {
        return if b"220".starts_with(data) || data == b"220" { Probe::More } else { Probe::No };
    }
    let Some(line) = line(data, LINE_BYTES_MAX) else { return Probe::More };
    let upper = line.text.to_ascii_uppercase();
    let names = |name: &[u8]| memchr::memmem::find(&upper, name).is_some();
    if names(b"SMTP") || (way.touches(PORTS) && !names(b"FTP")) {
        Probe::Server
    } else if names(b"FTP") {
        Probe::No
    } else {
        // Servers of files greet in the same way: the client's first words tell.
        Probe::More
    }
}
