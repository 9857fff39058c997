//! Conversations over TCP and UDP, and how they are recognised.

use super::der;
use super::events::Message;
use super::records::{self, kind};
use crate::bytes::u32_be_at;
use crate::proto::Event;
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};

/// In front of every message over TCP (RFC 4120, section 7.2.2).
const LENGTH_BYTES: usize = 4;
/// Tickets with many groups come to 64 KB; more is no message.
const MESSAGE_BYTES_MAX: usize = 1 << 17;
/// As much of a message as its type takes.
const HEAD_BYTES: usize = 24;

pub struct Conversation {
    over: Over,
    transactions: u64,
    /// What was asked last.
    asked: Option<u8>,
    /// The client brought privileges of its own, and waits for what comes of it.
    brought_own: bool,
    skip: Both<u64>,
}

impl Conversation {
    pub fn over(over: Over) -> Self {
        Conversation { over, transactions: 0, asked: None, brought_own: false, skip: Both::default() }
    }

    fn message(&mut self, side: Side, body: &[u8], sink: &mut dyn Sink) -> bool {
        let Some(mut message) = records::message(body) else { return false };
        match message.kind {
            kind::AS_REQ | kind::TGS_REQ | kind::AP_REQ => self.asked = Some(message.kind),
            kind::ERROR => message.failed = self.asked,
            _ => {}
        }
        mark(&message, side, sink);
        let brought_own = std::mem::replace(&mut self.brought_own, brings_own(&message));
        if brought_own && message.kind == kind::TGS_REP {
            let service = message.service_name().unwrap_or_default();
            sink.mark(Mark::new("krb5.own-authorization-granted", side).with(service));
        }
        let transaction = self.transactions;
        self.transactions += 1;
        sink.event(Event::Krb5(&message), Place::said(side, transaction));
        true
    }
}

/// A client that asks not to be told its privileges, and one that brings its own: both together are how a forged
/// certificate of privileges is brought in (MS14-068).
fn mark(message: &Message, side: Side, sink: &mut dyn Sink) {
    let who = || format!("{}@{}", message.client_name().unwrap_or_default(), message.realm.clone().unwrap_or_default());
    if message.wants_pac == Some(false) {
        let code = if message.kind == kind::AS_REQ { "krb5.as-req-without-pac" } else { "krb5.tgs-req-without-pac" };
        sink.mark(Mark::new(code, side).with(who()));
    }
    if message.kind == kind::TGS_REQ && message.authorization_data {
        let service = message.service_name().unwrap_or_default();
        sink.mark(Mark::new("krb5.tgs-req-with-authorization-data", side).with(service));
    }
}

/// A request that says both at once.
fn brings_own(message: &Message) -> bool {
    message.kind == kind::TGS_REQ && message.wants_pac == Some(false) && message.authorization_data
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            if !self.message(side, data, sink) {
                sink.mark(Mark::new("krb5.not-a-message", side));
            }
            return Progress::all(data);
        }
        let skip = self.skip.of_mut(side);
        if *skip > 0 {
            let used = usize::try_from(*skip).unwrap_or(usize::MAX).min(data.len());
            *skip -= used as u64;
            return Progress::took(used);
        }
        let Some(length) = u32_be_at(data, 0).map(|length| length as usize) else {
            return Progress::Took { used: 0, wants: LENGTH_BYTES };
        };
        if length > MESSAGE_BYTES_MAX {
            return Progress::Lost;
        }
        let Some(body) = data.get(LENGTH_BYTES..LENGTH_BYTES + length) else {
            return Progress::Took { used: 0, wants: LENGTH_BYTES + length };
        };
        if !self.message(side, body, sink) && length > 0 {
            sink.mark(Mark::new("krb5.not-a-message", side).with(length));
        }
        Progress::took(LENGTH_BYTES + length)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        let mut missing = *self.skip.of(side);
        if let Some(stated) = u32_be_at(rest, 0).map(|stated| stated as usize)
            && stated <= MESSAGE_BYTES_MAX
        {
            self.message(side, rest.get(LENGTH_BYTES..).unwrap_or_default(), sink);
            missing = (LENGTH_BYTES + stated).saturating_sub(rest.len()) as u64;
        }
        if length > missing {
            return Progress::Lost;
        }
        *self.skip.of_mut(side) = missing - length;
        Progress::took(0)
    }
}

/// A message names itself by its outer tag, its version and its type, which must agree.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    let body = match way.over {
        Over::Udp => data,
        Over::Tcp => {
            let Some(length) = u32_be_at(data, 0).map(|length| length as usize) else {
                return if data.iter().all(|byte| *byte == 0) { Probe::More } else { Probe::No };
            };
            if !(HEAD_BYTES..=MESSAGE_BYTES_MAX).contains(&length) {
                return Probe::No;
            }
            let body = data.get(LENGTH_BYTES..).unwrap_or_default();
            match der::header(body) {
                Some((tag, inside, head)) if tag & 0xe0 == 0x60 && inside + head == length => {}
                None if body.first().is_none_or(|tag| tag & 0xe0 == 0x60) && body.len() < 6 => return Probe::More,
                _ => return Probe::No,
            }
            body
        }
    };
    match records::message_kind(body) {
        Some(kind::AS_REQ | kind::TGS_REQ) => Probe::Client,
        Some(kind::AS_REP | kind::TGS_REP | kind::ERROR) => Probe::Server,
        // Other messages travel inside other protocols, and without their framing.
        Some(_) if way.touches(&[88, 464]) => Probe::Either,
        Some(_) => Probe::No,
        None if way.over == Over::Tcp && body.len() < HEAD_BYTES => Probe::More,
        None => Probe::No,
    }
}
