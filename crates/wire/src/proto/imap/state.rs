//! What the two sides of an IMAP conversation mean.

use super::events::Exchange;
use super::records::{announces_mail, argument, letters, literal, takes_names};
use crate::lines::{line, word};
use crate::mime::{Carried, base64};
use crate::proto::Event;
use crate::session::{Both, FileEnd, FileId, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

const LINE_BYTES_MAX: usize = 8192;
/// Bytes kept of one command with its literals.
const COMMAND_BYTES_MAX: usize = 1 << 14;
/// Bytes of an argument that are told.
const ARGUMENT_BYTES_MAX: usize = 1024;
/// Commands that wait for their answer; the oldest is told without one.
const OPEN_MAX: usize = 64;
/// Letters of the names of mailboxes and accounts; what has more is worth a mark.
const NAME_PLAUSIBLE: usize = 255;
/// Bytes that those take at most: a letter beyond ASCII is spelled as nearly three, in words of which each costs two more.
const NAME_BYTES_PLAUSIBLE: u64 = 4 * NAME_PLAUSIBLE as u64;
/// `CRAM-MD5` answers with an account and 32 digits.
const CRAM_MD5_PLAUSIBLE: usize = 320;
/// Lines that make no sense, before this is taken to be something else.
const UNKNOWN_MAX: u32 = 64;

pub struct Conversation {
    digests: bool,
    open: VecDeque<Exchange>,
    transactions: u64,
    /// The command that is being said, with the literals in it.
    command: Vec<u8>,
    /// Where the literal that is being said begins in it.
    literal_at: usize,
    /// A literal in it was too long.
    told_long: bool,
    /// The mail that the client puts into a mailbox, or that the server shows.
    mails: Both<Option<Exchange>>,
    /// What is left of a literal.
    literals: Both<u64>,
    within_line: Both<bool>,
    user: Option<Vec<u8>>,
    banner: Option<Vec<u8>>,
    unknown: u32,
}

impl Conversation {
    pub fn over(_over: Over, digests: bool) -> Self {
        Conversation {
            digests,
            open: VecDeque::new(),
            transactions: 0,
            command: Vec::new(),
            literal_at: 0,
            told_long: false,
            mails: Both::default(),
            literals: Both::default(),
            within_line: Both::default(),
            user: None,
            banner: None,
            unknown: 0,
        }
    }

    fn tell(&mut self, mut exchange: Exchange, sink: &mut dyn Sink) {
        exchange.user.clone_from(&self.user);
        exchange.banner.clone_from(&self.banner);
        sink.event(Event::Imap(&exchange), Place::said(Side::Originator, self.transactions));
        self.transactions += 1;
    }

    fn client_line(&mut self, text: &[u8], sink: &mut dyn Sink) {
        let room = COMMAND_BYTES_MAX.saturating_sub(self.command.len());
        self.command.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
        let Some(length) = literal(text) else {
            let command = std::mem::take(&mut self.command);
            self.client_command(&command, sink);
            return;
        };
        let name = name_of(&self.command);
        // The announcement is no part of the argument.
        if let Some(at) = self.command.iter().rposition(|byte| *byte == b'{') {
            self.command.truncate(at);
        }
        if name == b"APPEND" {
            let message = Some(Carried::new(self.digests));
            self.mails.originator = Some(Exchange { command: name, message, ..Exchange::default() });
        } else if length > NAME_BYTES_PLAUSIBLE {
            // It is told when it is announced: the server may refuse to take it.
            self.mark_literal(length, sink);
        }
        self.literal_at = self.command.len();
        self.literals.originator = length;
        if length == 0 {
            self.end_literal(Side::Originator, sink);
        }
    }

    fn mark_literal(&mut self, length: u64, sink: &mut dyn Sink) {
        let detail = format!("{} {length}", String::from_utf8_lossy(&name_of(&self.command)));
        sink.mark(Mark::new("imap.literal-too-long", Side::Originator).with(detail));
        self.told_long = true;
    }

    /// A literal of a command is there as a whole.
    fn client_literal(&mut self, sink: &mut dyn Sink) {
        let literal = self.command.get(self.literal_at..).unwrap_or_default();
        if letters(literal) > NAME_PLAUSIBLE && !self.told_long && takes_names(&name_of(&self.command)) {
            self.mark_literal(literal.len() as u64, sink);
        }
    }

    /// A command is there as a whole.
    fn client_command(&mut self, text: &[u8], sink: &mut dyn Sink) {
        let told_long = std::mem::take(&mut self.told_long);
        if let Some(Exchange { command, argument: mechanism, .. }) = self.open.back()
            && command == b"AUTHENTICATE"
        {
            let mechanism = mechanism.clone();
            self.authentication(&mechanism, text, sink);
            return;
        }
        let (tag, rest) = word(text);
        let (first, after) = word(rest);
        // `DONE` ends an `IDLE`, and has no tag.
        if first.is_empty() {
            return;
        }
        let (mut command, mut rest) = (first.to_ascii_uppercase(), after);
        if command == b"UID" {
            let (second, after) = word(rest);
            command = [b"UID ", second.to_ascii_uppercase().as_slice()].concat();
            rest = after;
        }
        let (first, more) = argument(rest);
        if takes_names(&command) {
            let second = argument(more).0;
            let longest = if letters(&second) > letters(&first) { &second } else { &first };
            if letters(longest) > NAME_PLAUSIBLE && !told_long {
                let detail = format!("{} {}", String::from_utf8_lossy(&command), longest.len());
                sink.mark(Mark::new("imap.argument-too-long", Side::Originator).with(detail));
            }
        }
        match command.as_slice() {
            b"LOGIN" => self.user = Some(cut(&first)),
            b"AUTHENTICATE" => {
                self.user = None;
                let initial = argument(more).0;
                if !initial.is_empty() {
                    self.authentication(&first, &initial, sink);
                }
            }
            _ => {}
        }
        let shown = if takes_names(&command) { cut(&first) } else { cut(rest) };
        let message = self.mails.originator.take().and_then(|mail| mail.message);
        if self.open.len() >= OPEN_MAX
            && let Some(oldest) = self.open.pop_front()
        {
            self.tell(oldest, sink);
        }
        self.open.push_back(Exchange { tag: cut(tag), command, argument: shown, message, ..Exchange::default() });
    }

    /// An answer to the server's challenge.
    fn authentication(&mut self, mechanism: &[u8], answer: &[u8], sink: &mut dyn Sink) {
        let decoded = base64(answer.trim_ascii());
        let account = if mechanism.eq_ignore_ascii_case(b"CRAM-MD5") {
            if decoded.len() > CRAM_MD5_PLAUSIBLE {
                sink.mark(Mark::new("imap.cram-md5-too-long", Side::Originator).with(decoded.len()));
            }
            decoded.split(|byte| *byte == b' ').next()
        } else if mechanism.eq_ignore_ascii_case(b"PLAIN") {
            decoded.split(|byte| *byte == 0).nth(1)
        } else if mechanism.eq_ignore_ascii_case(b"LOGIN") && self.user.is_none() {
            Some(decoded.as_slice())
        } else {
            None
        };
        if let Some(account) = account.filter(|account| !account.is_empty()) {
            self.user = Some(cut(account));
        }
    }

    /// True when the two sides encrypt what follows.
    fn server_line(&mut self, text: &[u8], begins: bool, sink: &mut dyn Sink) -> bool {
        if let Some(length) = literal(text) {
            if announces_mail(text) {
                let message = Some(Carried::new(self.digests));
                let command = b"FETCH".to_vec();
                self.mails.responder = Some(Exchange { command, message, ..Exchange::default() });
            }
            self.literals.responder = length;
            if length == 0 {
                self.end_literal(Side::Responder, sink);
            }
            return false;
        }
        if !begins {
            return false;
        }
        let (tag, rest) = word(text);
        let (status, text) = word(rest);
        if tag == b"*" {
            if self.banner.is_none() {
                self.banner = Some(text.get(..256).unwrap_or(text).to_vec());
            }
            return false;
        }
        if tag == b"+" {
            return false;
        }
        let Some(at) = self.open.iter().position(|open| open.tag == tag) else {
            self.unknown += 1;
            return false;
        };
        let Some(mut exchange) = self.open.remove(at) else { return false };
        let encrypts = exchange.command == b"STARTTLS" && status.eq_ignore_ascii_case(b"OK");
        (exchange.status, exchange.text) = (Some(status.to_ascii_uppercase()), cut(text));
        self.tell(exchange, sink);
        encrypts
    }

    fn literal(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let left = *self.literals.of(side);
        let within = data.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(data);
        let whole = within.len() as u64 == left;
        let mut used = within.len();
        if let Some(message) = self.mails.of_mut(side).as_mut().and_then(|mail| mail.message.as_mut()) {
            let (text, ended) = match line(within, LINE_BYTES_MAX) {
                Some(line) => {
                    used = line.used;
                    (line.text, line.ended)
                }
                None if whole => (within, false),
                None => return Progress::took(0),
            };
            let over = message.line(text, ended, side, sink);
            self.close_file(side, over, FileEnd::Complete, sink);
        } else if side == Side::Originator {
            let room = COMMAND_BYTES_MAX.saturating_sub(self.command.len());
            self.command.extend_from_slice(within.get(..room.min(within.len())).unwrap_or_default());
        }
        *self.literals.of_mut(side) = left - used as u64;
        if left == used as u64 {
            self.end_literal(side, sink);
        }
        Progress::took(used)
    }

    /// The line goes on behind its literal.
    fn end_literal(&mut self, side: Side, sink: &mut dyn Sink) {
        if side == Side::Originator && self.mails.originator.is_none() {
            self.client_literal(sink);
        }
        *self.within_line.of_mut(side) = side == Side::Responder;
        self.end_mail(side, true, sink);
    }

    fn end_mail(&mut self, side: Side, complete: bool, sink: &mut dyn Sink) {
        let Some(message) = self.mails.of_mut(side).as_mut().and_then(|mail| mail.message.as_mut()) else { return };
        let over = message.finish(complete, sink);
        self.close_file(side, over, if complete { FileEnd::Complete } else { FileEnd::Truncated }, sink);
        // What the client puts is told with its command.
        if side == Side::Responder
            && let Some(mail) = self.mails.responder.take()
        {
            self.tell(mail, sink);
        }
    }

    fn close_file(&self, side: Side, file: Option<FileId>, end: FileEnd, sink: &mut dyn Sink) {
        if let (Some(file), Some(mail)) = (file, self.mails.of(side)) {
            sink.close_file(file, end, Event::Imap(mail), Place::said(side, self.transactions));
        }
    }
}

/// The command of a line that begins with a tag.
fn name_of(line: &[u8]) -> Vec<u8> {
    word(word(line).1).0.to_ascii_uppercase()
}

fn cut(text: &[u8]) -> Vec<u8> {
    text.get(..ARGUMENT_BYTES_MAX).unwrap_or(text).to_vec()
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if *self.literals.of(side) > 0 {
            return self.literal(side, data, sink);
        }
        let Some(line) = line(data, LINE_BYTES_MAX) else { return Progress::took(0) };
        let begins = !std::mem::replace(self.within_line.of_mut(side), !line.ended);
        if side == Side::Responder {
            if line.ended && self.server_line(line.text, begins, sink) {
                return Progress::Switch { used: line.used, to: None };
            }
        } else if begins {
            if !line.ended {
                sink.mark(Mark::new("imap.line-too-long", side).with(String::from_utf8_lossy(&name_of(line.text))));
            }
            self.client_line(line.text, sink);
        }
        if self.unknown > UNKNOWN_MAX { Progress::Lost } else { Progress::took(line.used) }
    }

    /// Lines are found again behind a hole; a mail goes on if the hole is within it.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        let lost = rest.len() as u64 + length;
        match self.literals.of(side).checked_sub(lost) {
            Some(left) if left > 0 => {
                *self.literals.of_mut(side) = left;
                if let Some(message) = self.mails.of_mut(side).as_mut().and_then(|mail| mail.message.as_mut()) {
                    message.gap(lost, sink);
                }
            }
            _ => {
                *self.literals.of_mut(side) = 0;
                self.end_mail(side, false, sink);
                *self.within_line.of_mut(side) = true;
            }
        }
        Progress::took(0)
    }

    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if side == Side::Originator && self.literals.originator > 0 && self.mails.originator.is_none() {
            // The server may be gone before all of it was said.
            self.client_literal(sink);
        }
        if rest.is_empty() {
            return;
        }
        if *self.literals.of(side) > 0 {
            if let Some(message) = self.mails.of_mut(side).as_mut().and_then(|mail| mail.message.as_mut()) {
                let over = message.line(rest, false, side, sink);
                self.close_file(side, over, FileEnd::Complete, sink);
            }
        } else if side == Side::Originator && !self.within_line.originator {
            self.client_line(rest, sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for side in [Side::Originator, Side::Responder] {
            self.end_mail(side, false, sink);
        }
        if let Some(mail) = self.mails.originator.take() {
            self.tell(mail, sink);
        }
        for exchange in std::mem::take(&mut self.open) {
            self.tell(exchange, sink);
        }
    }

    fn waiting_max(&self) -> usize {
        1 << 16
    }
}

/// A server greets with an untagged answer; a client's first commands are few.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const GREETINGS: &[&[u8]] = &[b"* OK", b"* PREAUTH", b"* BYE"];
    const COMMANDS: &[&[u8]] = &[b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"STARTTLS", b"SELECT", b"EXAMINE", b"ID"];
    const TAG_BYTES_MAX: usize = 24;
    if way.over != Over::Tcp {
        return Probe::No;
    }
    if GREETINGS.iter().any(|own| data.starts_with(own)) {
        return Probe::Server;
    }
    if GREETINGS.iter().any(|own| own.starts_with(data)) {
        return Probe::More;
    }
    let Some(line) = line(data, LINE_BYTES_MAX) else {
        let tag = data.iter().take(TAG_BYTES_MAX).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let begins = name_of(data);
        let fits = COMMANDS.iter().any(|own| own.starts_with(&begins) || *own == begins.as_slice());
        return if way.touches(&[143]) && tag > 0 && fits { Probe::More } else { Probe::No };
    };
    let tag = word(line.text).0;
    let tagged = (1..=TAG_BYTES_MAX).contains(&tag.len())
        && tag.iter().all(u8::is_ascii_alphanumeric)
        && tag.iter().any(u8::is_ascii_digit);
    let command = name_of(line.text);
    // `ID` alone says too little away from the port.
    let known = COMMANDS.contains(&command.as_slice()) && (command.len() > 4 || way.touches(&[143]));
    if tagged && known { Probe::Client } else { Probe::No }
}
