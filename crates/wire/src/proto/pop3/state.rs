//! What the two sides of a POP3 conversation mean.

use super::events::Exchange;
use crate::lines::{after, line, word};
use crate::mime::{Carried, base64};
use crate::proto::Event;
use crate::session::{Both, FileEnd, FileId, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

const LINE_BYTES_MAX: usize = 4096;
/// Commands that wait for their answer; the oldest is told without one.
const OPEN_MAX: usize = 64;
/// Lines kept of an answer.
const LINES_MAX: usize = 64;
/// Lines that are no answers, before this is taken to be something else.
const UNKNOWN_MAX: u32 = 32;

pub struct Conversation {
    digests: bool,
    open: VecDeque<Exchange>,
    transactions: u64,
    within_line: Both<bool>,
    /// The oldest exchange's answer has more lines.
    more: bool,
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
            within_line: Both::default(),
            more: false,
            user: None,
            banner: None,
            unknown: 0,
        }
    }

    fn complete(&mut self, sink: &mut dyn Sink) {
        self.more = false;
        if let Some(mut exchange) = self.open.pop_front() {
            exchange.user.clone_from(&self.user);
            exchange.banner.clone_from(&self.banner);
            sink.event(Event::Pop3(&exchange), Place::said(Side::Originator, self.transactions));
            self.transactions += 1;
        }
    }

    fn command(&mut self, text: &[u8], sink: &mut dyn Sink) {
        let (name, argument) = word(text);
        let mut exchange = Exchange { command: Some(name.to_ascii_uppercase()), ..Exchange::default() };
        // The answers to an `AUTH` are lines without a command.
        if let Some(Exchange { command: Some(last), success: None, .. }) = self.open.back()
            && last == b"AUTH"
        {
            if self.user.is_none() {
                self.user = account(text);
            }
            return;
        }
        match exchange.command.as_deref().unwrap_or_default() {
            b"" => return,
            b"USER" => {
                self.user = Some(argument.to_vec());
                exchange.argument = argument.to_vec();
            }
            b"PASS" => {}
            b"APOP" => {
                let name = word(argument).0.to_vec();
                self.user = Some(name.clone());
                exchange.argument = name;
            }
            b"AUTH" => {
                let (mechanism, first) = word(argument);
                self.user = account(first);
                exchange.argument = mechanism.to_vec();
            }
            _ => exchange.argument = argument.to_vec(),
        }
        if self.open.len() >= OPEN_MAX {
            self.complete(sink);
        }
        self.open.push_back(exchange);
    }

    /// True when the two sides encrypt what follows.
    fn reply(&mut self, text: &[u8], begins: bool, ended: bool, sink: &mut dyn Sink) -> bool {
        if self.more {
            self.more_lines(text, begins, ended, sink);
            return false;
        }
        if !begins || text == b"+" || text.starts_with(b"+ ") {
            return false;
        }
        let success = after(text, "+OK").is_some();
        if !success && after(text, "-ERR").is_none() {
            self.unknown += 1;
            return false;
        }
        let status = word(text).1.to_vec();
        if self.open.is_empty() {
            self.banner.get_or_insert_with(|| status.get(..256).unwrap_or(&status).to_vec());
            self.open.push_back(Exchange::default());
        }
        let Some(exchange) = self.open.front_mut() else { return false };
        (exchange.success, exchange.status) = (Some(success), status);
        let command = exchange.command.as_deref().unwrap_or_default();
        self.more = success
            && match command {
                b"RETR" | b"TOP" | b"CAPA" => true,
                b"LIST" | b"UIDL" => exchange.argument.is_empty(),
                _ => false,
            };
        if self.more && command == b"RETR" {
            exchange.message = Some(Carried::new(self.digests));
        }
        let encrypts = success && command == b"STLS";
        if !self.more {
            self.complete(sink);
        }
        encrypts
    }

    fn more_lines(&mut self, text: &[u8], begins: bool, ended: bool, sink: &mut dyn Sink) {
        if begins && ended && text == b"." {
            self.end_message(true, sink);
            self.complete(sink);
            return;
        }
        let text = if begins { text.strip_prefix(b".").unwrap_or(text) } else { text };
        let Some(exchange) = self.open.front_mut() else { return };
        match &mut exchange.message {
            Some(message) => {
                let over = message.line(text, ended, Side::Responder, sink);
                self.close_file(over, FileEnd::Complete, sink);
            }
            None if begins && exchange.lines.len() < LINES_MAX && exchange.command.as_deref() != Some(b"TOP") => {
                exchange.lines.push(text.to_vec());
            }
            None => {}
        }
    }

    fn end_message(&mut self, complete: bool, sink: &mut dyn Sink) {
        let Some(message) = self.open.front_mut().and_then(|open| open.message.as_mut()) else { return };
        let over = message.finish(complete, sink);
        self.close_file(over, if complete { FileEnd::Complete } else { FileEnd::Truncated }, sink);
    }

    fn close_file(&mut self, file: Option<FileId>, end: FileEnd, sink: &mut dyn Sink) {
        if let (Some(file), Some(exchange)) = (file, self.open.front()) {
            sink.close_file(file, end, Event::Pop3(exchange), Place::said(Side::Responder, self.transactions));
        }
    }
}

/// The account in an answer of `PLAIN` or the first of `LOGIN`.
fn account(answer: &[u8]) -> Option<Vec<u8>> {
    let decoded = base64(answer.trim_ascii());
    let account = decoded.split(|byte| *byte == 0).nth(1).unwrap_or(&decoded);
    (!account.is_empty() && account.len() <= 320).then(|| account.to_vec())
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(line) = line(data, LINE_BYTES_MAX) else { return Progress::took(0) };
        let begins = !std::mem::replace(self.within_line.of_mut(side), !line.ended);
        if side == Side::Responder {
            if self.reply(line.text, begins, line.ended, sink) {
                return Progress::Switch { used: line.used, to: None };
            }
        } else if begins {
            if !line.ended {
                sink.mark(Mark::new("pop3.command-too-long", side));
            }
            self.command(line.text, sink);
        }
        if self.unknown > UNKNOWN_MAX { Progress::Lost } else { Progress::took(line.used) }
    }

    /// Lines are found again behind a hole; a mail goes on.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        *self.within_line.of_mut(side) = true;
        if side == Side::Responder {
            match self.open.front_mut().and_then(|open| open.message.as_mut()) {
                Some(message) if self.more => message.gap(rest.len() as u64 + length, sink),
                _ => self.complete(sink),
            }
        }
        Progress::took(0)
    }

    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if side == Side::Originator && !rest.is_empty() && !self.within_line.originator {
            self.command(rest, sink);
        } else if side == Side::Responder && !rest.is_empty() && self.more {
            self.more_lines(rest, !self.within_line.responder, false, sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.end_message(false, sink);
        while !self.open.is_empty() {
            self.complete(sink);
        }
    }

    fn waiting_max(&self) -> usize {
        1 << 16
    }
}

/// The greeting is plain enough; a client is not told from one of other protocols without its port.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const PORTS: &[u16] = &[110];
    const COMMANDS: &[&[u8]] = &[b"CAPA", b"USER", b"AUTH", b"APOP", b"STLS"];
    if way.over != Over::Tcp {
        return Probe::No;
    }
    if data.len() < 4 {
        return if b"+OK ".starts_with(data) { Probe::More } else { Probe::No };
    }
    if data.starts_with(b"+OK") {
        return match line(data, LINE_BYTES_MAX) {
            Some(line) if line.ended && matches!(line.text.get(3), None | Some(b' ')) => Probe::Server,
            Some(_) => Probe::No,
            None => Probe::More,
        };
    }
    let command = data.get(..4).unwrap_or_default().to_ascii_uppercase();
    let known = way.touches(PORTS) && COMMANDS.contains(&command.as_slice());
    if known && data.get(4).is_none_or(u8::is_ascii_whitespace) { Probe::Client } else { Probe::No }
}
