//! Which answers belong to which request, who asks, and how LDAP is recognised.

use super::events::{Exchange, Outcome, Request, Response, Told, Who};
use super::records::{self, Body, Message, Said};
use super::wrapped;
use crate::bytes::Bytes;
use crate::proto::Event;
use crate::proto::krb5::der::{self, ENUMERATED, INTEGER, OCTETS, SEQUENCE};
use crate::proto::smb::{memory::Memory, ntlmssp, spnego};
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};

/// Requests that wait for answers; the oldest is told as it is.
const OPEN_MAX: usize = 256;
/// Answers kept of one request, and their bytes; the others are counted.
const RESPONSES_MAX: usize = 256;
const RESPONSE_BYTES_MAX: usize = 1 << 18;
/// Of a longer message only so much is read, the rest is passed over.
const MESSAGE_BYTES_MAX: usize = 1 << 16;
/// Messages in one datagram or one wrapped record.
const MESSAGES_MAX: usize = 1024;
const ACCOUNT_BYTES_MAX: usize = 512;

const STARTTLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// One conversation over TCP or UDP.
pub struct Conversation {
    over: Over,
    open: Memory<u32, Exchange>,
    transactions: u64,
    who: Who,
    /// Bytes of each side's message that are still to be passed over.
    passing: Both<u64>,
    /// A hole was in the side's stream: where its next message begins is not known.
    lost: Both<bool>,
    sealed: bool,
    /// The last record of the side was wrapped, as all after a bind of that kind are.
    wrapped: Both<bool>,
    turns_to_tls: bool,
}

impl Conversation {
    pub fn over(over: Over) -> Self {
        Conversation {
            over,
            open: Memory::new(OPEN_MAX),
            transactions: 0,
            who: Who::default(),
            passing: Both::default(),
            lost: Both::default(),
            sealed: false,
            wrapped: Both::default(),
            turns_to_tls: false,
        }
    }

    /// Takes the messages that stand one after the other in something that is complete.
    fn messages(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) {
        let mut rest = data;
        for _ in 0..MESSAGES_MAX {
            let Some((SEQUENCE, length, head)) = der::header(rest) else { return };
            self.message(side, rest, sink);
            rest = rest.get(head.saturating_add(length)..).unwrap_or_default();
        }
    }

    fn message(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) {
        match records::message(data) {
            Some(Message { id, body: Body::Request(request) }) => self.request(side, id, request, sink),
            Some(Message { id, body: Body::Response(response) }) => self.response(id, response, data.len(), sink),
            None => sink.mark(Mark::new("ldap.message-unreadable", side)),
        }
    }

    fn request(&mut self, side: Side, id: u32, request: Request, sink: &mut dyn Sink) {
        self.learn(&request);
        if let Request::Bind { sasl: None, name, .. } = &request
            && !name.is_empty()
        {
            sink.mark(Mark::new("ldap.password-in-clear", side));
        }
        let last = request.is_unanswered();
        let exchange = Exchange { id, request: Some(request), transaction: self.number(), ..Exchange::default() };
        if last {
            self.tell(&exchange, sink);
        } else if let Some(gone) = self.open.insert(id, exchange) {
            self.tell(&gone, sink);
        }
    }

    fn response(&mut self, id: u32, response: Response, bytes: usize, sink: &mut dyn Sink) {
        let mut exchange = match self.open.remove(&id) {
            Some(exchange) => exchange,
            None => Exchange { id, transaction: self.number(), ..Exchange::default() },
        };
        if let Response::Bind { credentials, .. } = &response {
            self.learn_server(credentials.as_deref());
        }
        let (last, success) = (response.is_last(), response.outcome().is_some_and(|outcome| outcome.code == 0));
        exchange.bytes += bytes;
        if exchange.responses.len() < RESPONSES_MAX && (exchange.bytes <= RESPONSE_BYTES_MAX || last) {
            exchange.responses.push(response);
        } else if last {
            // How it went is worth more than one entry of many.
            exchange.responses.pop();
            exchange.responses.push(response);
            exchange.left_out += 1;
        } else {
            exchange.left_out += 1;
        }
        if last || exchange.request.is_none() {
            self.turns_to_tls |= success && self.over == Over::Tcp && asks_for_tls(&exchange);
            self.tell(&exchange, sink);
        } else if let Some(gone) = self.open.insert(id, exchange) {
            self.tell(&gone, sink);
        }
    }

    fn number(&mut self) -> u64 {
        self.transactions += 1;
        self.transactions - 1
    }

    fn tell(&self, exchange: &Exchange, sink: &mut dyn Sink) {
        if exchange.left_out > 0 {
            sink.mark(Mark::new("ldap.answers-left-out", Side::Responder).with(exchange.left_out));
        }
        let told = Told { exchange, who: &self.who };
        sink.event(Event::Ldap(told), Place::exchange(exchange.transaction));
    }

    /// Who asks.
    fn learn(&mut self, request: &Request) {
        match request {
            Request::Bind { version, name, sasl } => {
                self.who.version = Some(*version);
                if !name.is_empty() {
                    self.who.account = Some(shortened(&String::from_utf8_lossy(name)));
                }
                let token = sasl.as_ref().and_then(|sasl| sasl.credentials.as_deref()).map(spnego::token);
                if let Some(ntlmssp::Message::Authenticate(ntlm)) = token.and_then(|token| token.ntlm) {
                    let account =
                        if ntlm.domain.is_empty() { ntlm.user } else { format!("{}\\{}", ntlm.domain, ntlm.user) };
                    self.who.account = Some(shortened(&account)).filter(|account| !account.is_empty());
                    self.who.host = Some(shortened(&ntlm.host)).filter(|host| !host.is_empty());
                    self.who.client = ntlm.version.map(|version| version.to_string());
                }
            }
            Request::Search(search) => {
                self.who.host = self.who.host.take().or_else(|| search.host.as_deref().map(shortened));
                self.who.account = self.who.account.take().or_else(|| search.user.as_deref().map(shortened));
            }
            _ => {}
        }
    }

    fn learn_server(&mut self, credentials: Option<&[u8]>) {
        if let Some(ntlmssp::Message::Challenge(challenge)) =
            credentials.map(spnego::token).and_then(|token| token.ntlm)
        {
            self.who.server = challenge.version.map(|version| version.to_string());
        }
    }

    /// Passes over what is left of a long message; how much that is.
    fn pass_over(&mut self, side: Side, data: &[u8]) -> usize {
        let left = self.passing.of_mut(side);
        let used = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
        *left -= used as u64;
        used
    }

    /// Takes one record of a stream.
    fn record(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let wrapped = match data.first() {
            Some(&SEQUENCE) => false,
            Some(0) => true,
            _ => return Progress::Lost,
        };
        let length = if wrapped {
            match wrapped::record_length(data) {
                Some(length) => length,
                None if data.len() < 4 => return Progress::Took { used: 0, wants: 4 },
                None => return Progress::Lost,
            }
        } else {
            match der::header(data) {
                Some((_, length, head)) => head.saturating_add(length),
                // The length takes at most five bytes after the tag.
                None if data.len() < 6 => return Progress::Took { used: 0, wants: data.len() + 1 },
                None => return Progress::Lost,
            }
        };
        *self.wrapped.of_mut(side) = wrapped;
        let read = length.min(MESSAGE_BYTES_MAX);
        let Some(record) = data.get(..read) else { return Progress::Took { used: 0, wants: read } };
        *self.passing.of_mut(side) = (length - read) as u64;
        if !wrapped {
            self.message(side, record, sink);
        } else if let Some(content) = wrapped::content(record) {
            self.messages(side, content, sink);
        } else if !std::mem::replace(&mut self.sealed, true) {
            sink.mark(Mark::new("ldap.sealed", side));
        }
        if std::mem::take(&mut self.turns_to_tls) {
            return Progress::Switch { used: read, to: None };
        }
        Progress::took(read)
    }

    /// Looks for the beginning of a message after a hole.
    fn find(&mut self, side: Side, data: &[u8]) -> Progress {
        if *self.wrapped.of(side) {
            return match wrapped::find(data) {
                Some(at) => {
                    *self.lost.of_mut(side) = false;
                    Progress::took(at)
                }
                None => Progress::took(data.len().saturating_sub(wrapped::FIND_KEPT)),
            };
        }
        for at in memchr::memchr_iter(SEQUENCE, data) {
            match looks_like(data.get(at..).unwrap_or_default()) {
                Looks::Message(_) => {
                    *self.lost.of_mut(side) = false;
                    if at == 0 {
                        break;
                    }
                    return Progress::took(at);
                }
                Looks::Cut => return Progress::took(at),
                Looks::Other => {}
            }
        }
        if *self.lost.of(side) { Progress::all(data) } else { Progress::took(0) }
    }
}

fn asks_for_tls(exchange: &Exchange) -> bool {
    let asked = matches!(&exchange.request, Some(Request::Extended { name, .. }) if name == STARTTLS);
    let unasked = exchange.request.is_none()
        && exchange.responses.iter().any(
            |response| matches!(response, Response::Extended { name: Some(name), outcome: Outcome { code: 0, .. }, .. } if name == STARTTLS),
        );
    asked || unasked
}

fn shortened(text: &str) -> String {
    text.chars().take(ACCOUNT_BYTES_MAX).collect()
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            self.messages(side, data, sink);
            return Progress::all(data);
        }
        if *self.passing.of(side) > 0 {
            return Progress::took(self.pass_over(side, data));
        }
        if *self.lost.of(side) {
            let progress = self.find(side, data);
            if *self.lost.of(side) || progress != Progress::took(0) {
                return progress;
            }
        }
        self.record(side, data, sink)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, _sink: &mut dyn Sink) -> Progress {
        let passing = self.passing.of_mut(side);
        if *passing >= length && rest.is_empty() {
            *passing -= length;
        } else {
            *passing = 0;
            *self.lost.of_mut(side) = true;
        }
        Progress::all(rest)
    }

    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if !rest.is_empty() && !*self.lost.of(side) {
            sink.mark(Mark::new("ldap.message-cut", side));
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        while let Some(exchange) = self.open.remove_oldest() {
            self.tell(&exchange, sink);
        }
    }
}

/// What some bytes look like.
enum Looks {
    Message(Said),
    /// The beginning of a message, perhaps.
    Cut,
    Other,
}

/// A sequence with a number, an operation, and in the operation what it begins with.
fn looks_like(data: &[u8]) -> Looks {
    let looked = |data: &[u8]| -> Option<Option<Looks>> {
        let mut bytes = Bytes::new(data);
        let (tag, length, head) = der::header(data)?;
        if tag != SEQUENCE || length < 5 {
            return Some(None);
        }
        bytes.skip(head)?;
        if bytes.u8()? != INTEGER {
            return Some(None);
        }
        let size = usize::from(bytes.u8()?);
        if !(1..=4).contains(&size) {
            return Some(None);
        }
        if bytes.take(size)?.first()? & 0x80 != 0 {
            return Some(None);
        }
        let operation = *bytes.rest().first()?;
        let Some(said) = records::said(operation) else { return Some(None) };
        let (_, inner, inner_head) = der::header(bytes.rest())?;
        if inner.saturating_add(inner_head) > length {
            return Some(None);
        }
        bytes.skip(inner_head)?;
        let right = match operation {
            0x42 => inner == 0,
            0x50 => (1..=4).contains(&inner),
            0x4a => true,
            0x60 => *bytes.rest().first()? == INTEGER,
            0x63 | 0x64 | 0x66 | 0x68 | 0x6c | 0x6e | 0x73 => *bytes.rest().first()? == OCTETS,
            0x77 => *bytes.rest().first()? == 0x80,
            0x79 => inner == 0 || matches!(*bytes.rest().first()?, 0x80 | 0x81),
            _ => *bytes.rest().first()? == ENUMERATED,
        };
        Some(right.then_some(Looks::Message(said)))
    };
    match looked(data) {
        Some(Some(looks)) => looks,
        Some(None) => Looks::Other,
        // The longest beginning that is looked at is a score of bytes.
        None if data.len() < 24 => Looks::Cut,
        None => Looks::Other,
    }
}

pub fn probe(way: Way, data: &[u8]) -> Probe {
    if data.first().is_some_and(|byte| *byte != SEQUENCE) {
        return Probe::No;
    }
    match looks_like(data) {
        Looks::Message(Said::ByClient) => Probe::Client,
        Looks::Message(Said::ByServer) => Probe::Server,
        Looks::Cut if way.over == Over::Tcp => Probe::More,
        Looks::Cut | Looks::Other => Probe::No,
    }
}
