//! What the two sides of an FTP conversation mean, and which other conversations they arrange.

use super::events::{Exchange, Mode};
use super::records::{address, extended, reply, transfers};
use crate::lines::{line, word};
use crate::proto::{Event, Kind};
use crate::session::{Both, Expected, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;
use std::net::IpAddr;

/// A longer line is cut here.
const LINE_BYTES_MAX: usize = 4096;
/// Commands that wait for their answer; the oldest is told without one.
const OPEN_MAX: usize = 64;
/// Lines kept of an answer.
const REPLIES_MAX: usize = 128;
/// Lines that are no answers, before this is taken to be something else.
const UNKNOWN_MAX: u32 = 32;

pub struct Conversation {
    open: VecDeque<Exchange>,
    transactions: u64,
    within_line: Both<bool>,
    /// The code whose answer has more lines.
    more: Option<[u8; 3]>,
    /// Where the next transfer will be answered: by whom, at which address and port.
    arranged: Option<(Side, Option<IpAddr>, u16)>,
    user: Option<Vec<u8>>,
    banner: Option<Vec<u8>>,
    unknown: u32,
}

impl Conversation {
    pub fn over(_over: Over) -> Self {
        Conversation {
            open: VecDeque::new(),
            transactions: 0,
            within_line: Both::default(),
            more: None,
            arranged: None,
            user: None,
            banner: None,
            unknown: 0,
        }
    }

    /// The oldest exchange has its answer.
    fn complete(&mut self, sink: &mut dyn Sink) {
        if let Some(mut exchange) = self.open.pop_front() {
            exchange.user.clone_from(&self.user);
            exchange.banner.clone_from(&self.banner);
            sink.event(Event::Ftp(&exchange), Place::said(Side::Originator, self.transactions));
            self.transactions += 1;
        }
    }

    fn command(&mut self, text: &[u8], cut: bool, sink: &mut dyn Sink) {
        let (name, argument) = word(text);
        // Telnet's interrupt and synch go before an abort (RFC 959, section 4.1.3).
        let name = name.iter().position(|byte| *byte < 0xf0).and_then(|at| name.get(at..)).unwrap_or_default();
        if name.is_empty() {
            return;
        }
        let command = name.to_ascii_uppercase();
        let mut exchange = Exchange { command_cut: cut, argument: argument.to_vec(), ..Exchange::default() };
        match command.as_slice() {
            b"USER" => self.user = Some(argument.trim_ascii_end().to_vec()),
            b"PORT" => self.active(address(argument).map(|(own, port)| (Some(own), port)), &mut exchange),
            b"EPRT" => self.active(extended(argument), &mut exchange),
            b"PASV" | b"EPSV" => exchange.mode = Some(Mode::Passive),
            transfer if transfers(transfer) => self.transfer(transfer, argument, sink),
            _ => {}
        }
        exchange.command = Some(command);
        if self.open.len() >= OPEN_MAX {
            self.complete(sink);
        }
        self.open.push_back(exchange);
    }

    /// The client will be connected to.
    fn active(&mut self, at: Option<(Option<IpAddr>, u16)>, exchange: &mut Exchange) {
        exchange.mode = Some(Mode::Active);
        if let Some((address, port)) = at {
            exchange.port = Some(port);
            self.arranged = Some((Side::Originator, address, port));
        }
    }

    fn transfer(&mut self, command: &[u8], name: &[u8], sink: &mut dyn Sink) {
        let Some((responder, address, port)) = self.arranged.take() else { return };
        let about = [command, b"\0", name].concat();
        sink.expect(Expected { over: Over::Tcp, address, responder, port, kind: Kind::FtpData, about });
    }

    /// True when the two sides encrypt what follows.
    fn reply(&mut self, text: &[u8], cut: bool, sink: &mut dyn Sink) -> bool {
        let found = reply(text);
        if self.open.is_empty() {
            self.open.push_back(Exchange::default());
        }
        let Some(exchange) = self.open.front_mut() else { return false };
        exchange.reply_cut |= cut;
        let more = match (found, self.more) {
            // Lines within an answer end with its code and a blank (RFC 959, section 4.2).
            (Some((code, more, _)), Some(begun)) => more || code != begun,
            (Some((_, more, _)), None) => more,
            (None, more) => more.is_some(),
        };
        if exchange.replies.len() < REPLIES_MAX {
            let text = found.map_or(text, |(_, _, text)| text).to_vec();
            exchange.replies.push((found.map(|(code, _, _)| code), text));
        }
        let Some((code, _, text)) = found else {
            self.unknown += u32::from(self.more.is_none());
            if self.more.is_none() && exchange.command.is_none() {
                self.open.clear();
            }
            return false;
        };
        if more {
            self.more.get_or_insert(code);
            return false;
        }
        self.more = None;
        match (exchange.command.as_deref(), &code) {
            (Some(b"PASV"), b"227") => {
                if let Some((_, port)) = address(text) {
                    exchange.port = Some(port);
                    // Behind a translator the address is not the one that is used.
                    self.arranged = Some((Side::Responder, None, port));
                }
            }
            (Some(b"EPSV"), b"229") => {
                if let Some((_, port)) = extended(text) {
                    exchange.port = Some(port);
                    self.arranged = Some((Side::Responder, None, port));
                }
            }
            (None, b"220") => self.banner = Some(text.get(..256).unwrap_or(text).to_vec()),
            _ => {}
        }
        let encrypts = exchange.command.as_deref() == Some(b"AUTH") && &code == b"234";
        // More is to come after a preliminary answer.
        if code[0] != b'1' {
            self.complete(sink);
        }
        encrypts
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(line) = line(data, LINE_BYTES_MAX) else { return Progress::took(0) };
        // The rest of a line that was cut.
        if std::mem::replace(self.within_line.of_mut(side), !line.ended) {
            return Progress::took(line.used);
        }
        if !line.ended {
            sink.mark(Mark::new("ftp.line-too-long", side));
        }
        if side == Side::Originator {
            self.command(line.text, !line.ended, sink);
        } else if self.reply(line.text, !line.ended, sink) {
            return Progress::Switch { used: line.used, to: None };
        }
        if self.unknown > UNKNOWN_MAX { Progress::Lost } else { Progress::took(line.used) }
    }

    /// Lines are found again behind a hole.
    fn gap(&mut self, side: Side, _rest: &[u8], _length: u64, sink: &mut dyn Sink) -> Progress {
        *self.within_line.of_mut(side) = true;
        if side == Side::Responder {
            self.more = None;
            while !self.open.is_empty() {
                self.complete(sink);
            }
        }
        Progress::took(0)
    }

    /// A command whose line was not ended is the last one.
    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if side == Side::Originator && !rest.is_empty() && !self.within_line.originator {
            self.command(rest, true, sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        while !self.open.is_empty() {
            self.complete(sink);
        }
    }

    fn waiting_max(&self) -> usize {
        1 << 16
    }
}

/// A server that names the protocol in its greeting, or greets on its port; a client that says who it is.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const PORTS: &[u16] = &[21];
    const COMMANDS: &[&[u8]] = &[b"PASS", b"PORT", b"PASV", b"EPSV", b"FEAT", b"SYST", b"OPTS", b"AUTH"];
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let known = way.touches(PORTS);
    if data.starts_with(b"220 ") || data.starts_with(b"220-") {
        let Some(line) = line(data, LINE_BYTES_MAX) else { return Probe::More };
        let upper = line.text.to_ascii_uppercase();
        let names = |name: &[u8]| memchr::memmem::find(&upper, name).is_some();
        return if names(b"FTP") || (known && !names(b"SMTP")) { Probe::Server } else { Probe::More };
    }
    let Some(head) = data.get(..5) else {
        let begins = |name: &[u8]| name.get(..data.len()).is_some_and(|own| own.eq_ignore_ascii_case(data));
        return if begins(b"USER ") || begins(b"220 ") { Probe::More } else { Probe::No };
    };
    if head.eq_ignore_ascii_case(b"USER ") {
        // Chat rooms are entered with four words.
        return match line(data, LINE_BYTES_MAX) {
            Some(line) if memchr::memmem::find(line.text, b" :").is_none() && !way.touches(&[110, 6667]) => {
                Probe::Client
            }
            Some(_) => Probe::No,
            None => Probe::More,
        };
    }
    let command = head.get(..4).unwrap_or_default().to_ascii_uppercase();
    if known && COMMANDS.contains(&command.as_slice()) && head.get(4).is_some_and(u8::is_ascii_whitespace) {
        return Probe::Client;
    }
    Probe::No
}
