//! The handshake as both sides go through it, and how TLS is recognised.

use super::events::alert_name;
use super::hello::{ClientHello, ServerHello};
use super::records::{self, HEADER_BYTES, Head, Old, message};
use super::{Certificate, Outcome, Session};
use crate::bytes::{Bytes, u8_at, u16_be_at};
use crate::proto::{Event, Kind};
use crate::session::*;

/// Bytes of one handshake message, certificates included; a longer one is not read.
const HANDSHAKE_BYTES_MAX: usize = 1 << 18;
/// Certificates of a chain that are kept.
const CHAIN_MAX: usize = 16;
/// Bytes that every SSL 2.0 client hello has.
const OLD_HEAD_BYTES: usize = 11;

/// One conversation.
#[derive(Default)]
pub struct Conversation {
    session: Session,
    told: bool,
    /// What the server said is to be told when the client has it.
    ready: bool,
    sides: Both<Speaker>,
    /// The server asked for the client's certificate.
    wants_client: bool,
}

/// What one side is at.
#[derive(Default)]
struct Speaker {
    /// Bytes of handshake messages that are not whole yet.
    handshake: Vec<u8>,
    /// Bytes still to come of a record whose content says nothing to us.
    opaque: u64,
    /// What it says from here on is private.
    private: bool,
    /// Where its records begin is not known any more, or there is nothing more to read.
    blind: bool,
    begun: bool,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if side == Side::Originator {
            self.acknowledged(side, sink);
        }
        let speaker = self.sides.of_mut(side);
        if speaker.blind {
            return Progress::all(data);
        }
        if speaker.opaque > 0 {
            let used = speaker.opaque.min(data.len() as u64);
            speaker.opaque -= used;
            return Progress::took(used as usize);
        }
        if !speaker.begun && u8_at(data, 0).is_some_and(|first| first & 0x80 != 0) {
            return self.old_record(side, data, sink);
        }
        self.record(side, data, sink)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, _sink: &mut dyn Sink) -> Progress {
        let speaker = self.sides.of_mut(side);
        // The rest of a private record may be missing; anything else leaves us in the middle of the unknown.
        match speaker.opaque.checked_sub(length) {
            Some(left) if speaker.opaque > 0 && rest.is_empty() => speaker.opaque = left,
            _ => {
                speaker.blind = true;
                speaker.handshake = Vec::new();
            }
        }
        Progress::took(rest.len())
    }

    fn acknowledged(&mut self, side: Side, sink: &mut dyn Sink) {
        if self.ready && side == Side::Originator {
            self.tell(sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.tell(sink);
    }

    fn waiting_max(&self) -> usize {
        records::RECORD_BYTES_MAX + HEADER_BYTES
    }

    fn follows(&mut self, before: Kind) {
        self.session.before = Some(before);
    }
}

impl Conversation {
    /// The certificates that the server showed so far.
    pub fn server_chain(&self) -> &[Certificate] {
        &self.session.server_chain
    }

    fn record(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(head) = Head::read(data) else { return Progress::Took { used: 0, wants: HEADER_BYTES } };
        if !head.is_sane() {
            sink.mark(Mark::new("tls.bad-record", side).with(format!("{:02x}{:04x}", head.kind, head.version)));
            if self.told || self.session.client_hello.is_some() {
                self.sides.of_mut(side).blind = true;
                return Progress::all(data);
            }
            return Progress::Lost;
        }
        let speaker = self.sides.of_mut(side);
        let whole = HEADER_BYTES + head.length;
        // What says nothing to us is passed over as it comes.
        if head.kind == records::APPLICATION_DATA || (speaker.private && head.kind != records::CHANGE_CIPHER_SPEC) {
            speaker.begun = true;
            speaker.opaque = head.length as u64;
            if head.kind == records::APPLICATION_DATA && self.session.server_hello.is_some() {
                self.session.outcome = Outcome::Agreed;
                self.tell(sink);
            }
            return Progress::took(HEADER_BYTES);
        }
        let Some(body) = data.get(HEADER_BYTES..whole) else { return Progress::Took { used: 0, wants: whole } };
        speaker.begun = true;
        if self.session.record_version == 0 {
            self.session.record_version = head.version;
        }
        match head.kind {
            records::HANDSHAKE => self.handshake(side, body, sink),
            records::ALERT => self.alert(side, body, sink),
            records::HEARTBEAT => heartbeat(side, body, sink),
            _ => self.change_cipher(side, sink),
        }
        Progress::took(whole)
    }

    fn handshake(&mut self, side: Side, body: &[u8], sink: &mut dyn Sink) {
        let mut waiting = std::mem::take(&mut self.sides.of_mut(side).handshake);
        waiting.extend_from_slice(body);
        let mut used = 0;
        while let Some((kind, message, length)) = records::handshake(waiting.get(used..).unwrap_or_default()) {
            self.message(side, kind, message, sink);
            used += length;
            if self.sides.of(side).private {
                return;
            }
        }
        let rest = waiting.get(used..).unwrap_or_default();
        if records::handshake_length(rest).is_some_and(|length| length > HANDSHAKE_BYTES_MAX) {
            sink.mark(Mark::new("tls.handshake-too-long", side));
            self.sides.of_mut(side).private = true;
            return;
        }
        waiting.drain(..used);
        self.sides.of_mut(side).handshake = waiting;
    }

    fn message(&mut self, side: Side, kind: u8, body: &[u8], sink: &mut dyn Sink) {
        match (kind, side) {
            (message::CLIENT_HELLO, Side::Originator) => self.client_hello(ClientHello::read(body), sink),
            (message::SERVER_HELLO, Side::Responder) => self.server_hello(ServerHello::read(body), sink),
            (message::CERTIFICATE, side) => self.certificates(side, body, sink),
            (message::CERTIFICATE_REQUEST, Side::Responder) => self.wants_client = true,
            (message::SERVER_HELLO_DONE, Side::Responder) => self.ready |= !self.wants_client,
            (message::CLIENT_HELLO | message::SERVER_HELLO, side) => {
                sink.mark(Mark::new("tls.hello-of-wrong-side", side));
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, hello: ClientHello, sink: &mut dyn Sink) {
        if hello.broken {
            sink.mark(Mark::new("tls.malformed-hello", Side::Originator));
        }
        // The first is what the client is; a second only answers a request for other keys, or begins anew.
        if self.session.client_hello.is_none() {
            self.session.client_hello = Some(hello);
        }
    }

    fn server_hello(&mut self, hello: ServerHello, sink: &mut dyn Sink) {
        if hello.broken {
            sink.mark(Mark::new("tls.malformed-hello", Side::Responder));
        }
        if self.told {
            return;
        }
        let (private, retry) = (hello.is_private(), hello.retry);
        self.session.server_hello = Some(hello);
        if private && !retry {
            self.sides.responder.private = true;
            self.sides.originator.private = true;
            self.session.outcome = Outcome::Agreed;
            self.ready = true;
        }
    }

    fn certificates(&mut self, side: Side, body: &[u8], sink: &mut dyn Sink) {
        let mut chain = Vec::new();
        let mut read = || {
            let mut bytes = Bytes::new(body);
            let length = bytes.u24_be()? as usize;
            let mut list = Bytes::new(bytes.take(length)?);
            while !list.is_empty() && chain.len() < CHAIN_MAX {
                let length = list.u24_be()? as usize;
                chain.push(Certificate::read(list.take(length)?));
            }
            Some(())
        };
        let whole = read().is_some();
        if !whole || chain.iter().any(|certificate| certificate.facts.is_none()) {
            sink.mark(Mark::new("tls.malformed-certificate", side));
        }
        if self.told {
            return;
        }
        match side {
            Side::Responder => self.session.server_chain = chain,
            Side::Originator => {
                self.session.client_chain = chain;
                self.tell(sink);
            }
        }
    }

    fn change_cipher(&mut self, side: Side, sink: &mut dyn Sink) {
        let Some(hello) = &self.session.server_hello else {
            // Without a hello there is nothing to agree on yet: TLS 1.3 sends this for show.
            return;
        };
        if hello.is_private() {
            return;
        }
        self.sides.of_mut(side).private = true;
        self.session.outcome = Outcome::Agreed;
        if self.session.server_chain.is_empty() && !self.told && side == Side::Responder {
            self.session.resumed = true;
        }
        if side == Side::Responder || !self.session.server_chain.is_empty() {
            self.tell(sink);
        }
    }

    fn alert(&mut self, side: Side, body: &[u8], sink: &mut dyn Sink) {
        let [level, what] = *body else { return };
        if level == 2 {
            sink.mark(Mark::new("tls.alert", side).with(alert_name(what)));
            if self.session.outcome == Outcome::Unfinished {
                self.session.outcome = Outcome::Refused(what);
            }
        }
    }

    /// A record of SSL 2.0: a hello, and everything after it is private or of no use.
    fn old_record(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(length) = records::old_length(data) else { return Progress::Took { used: 0, wants: 2 } };
        let Some(record) = data.get(..length) else { return Progress::Took { used: 0, wants: length } };
        let speaker = self.sides.of_mut(side);
        speaker.begun = true;
        match records::old_hello(record) {
            Some(Old::Client { version, ciphers }) => {
                self.client_hello(ClientHello::old(version, ciphers), sink);
                self.session.record_version = version;
                // A client of SSL 2.0 itself goes on in its records.
                speaker_blind_if(&mut self.sides.originator, version == 0x0002);
            }
            Some(Old::Server { version, resumed, certificate, .. }) => {
                self.session.record_version = version;
                self.session.resumed = resumed;
                if !certificate.is_empty() {
                    self.session.server_chain = vec![Certificate::read(certificate)];
                }
                self.session.outcome = Outcome::Agreed;
                speaker.blind = true;
                self.tell(sink);
            }
            None => {
                sink.mark(Mark::new("tls.malformed-hello", side));
                return Progress::Lost;
            }
        }
        Progress::took(length)
    }

    fn tell(&mut self, sink: &mut dyn Sink) {
        let known = self.session.client_hello.is_some()
            || self.session.server_hello.is_some()
            || !self.session.server_chain.is_empty();
        if !self.told && known {
            if self.session.server_hello.is_some() && self.session.outcome == Outcome::Unfinished {
                self.session.outcome = Outcome::Agreed;
            }
            sink.event(Event::Tls(&self.session), Place::exchange(0));
            self.told = true;
        }
    }
}

fn speaker_blind_if(speaker: &mut Speaker, blind: bool) {
    speaker.blind |= blind;
}

/// A heartbeat that asks for more than it carries reads the other side's memory (RFC 6520, section 4).
fn heartbeat(side: Side, body: &[u8], sink: &mut dyn Sink) {
    let (Some(kind), Some(claimed)) = (u8_at(body, 0), u16_be_at(body, 1)) else { return };
    if matches!(kind, 1 | 2) && usize::from(claimed) + 3 > body.len() {
        sink.mark(Mark::new("tls.heartbeat-overlong", side).with(format!("{claimed} of {}", body.len())));
    }
}

/// A record's head with a message that fits it; or the hello of SSL 2.0.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Udp {
        return Probe::No;
    }
    match u8_at(data, 0) {
        None => Probe::More,
        Some(first) if first & 0x80 != 0 => probe_old(data),
        Some(_) => probe_record(data),
    }
}

fn probe_old(data: &[u8]) -> Probe {
    match u8_at(data, 2) {
        Some(1) if data.len() < OLD_HEAD_BYTES => Probe::More,
        Some(1) if records::looks_like_old_client(data) => Probe::Client,
        Some(4) if u16_be_at(data, 5) == Some(2) && u8_at(data, 3).is_some_and(|hit| hit <= 1) => Probe::Server,
        None => Probe::More,
        _ => Probe::No,
    }
}

fn probe_record(data: &[u8]) -> Probe {
    let plausible = |at: usize, good: fn(u8) -> bool| u8_at(data, at).is_none_or(good);
    if !plausible(0, |kind| matches!(kind, 20..=24))
        || !plausible(1, |major| major == 3)
        || !plausible(2, |minor| minor <= 4)
    {
        return Probe::No;
    }
    let Some(head) = Head::read(data) else { return Probe::More };
    if !head.is_sane() || head.length == 0 {
        return Probe::No;
    }
    match (head.kind, u8_at(data, HEADER_BYTES)) {
        (_, None) => Probe::More,
        (records::HANDSHAKE, Some(message::CLIENT_HELLO)) => Probe::Client,
        (records::HANDSHAKE, Some(message::SERVER_HELLO | message::HELLO_REQUEST)) => Probe::Server,
        (records::HANDSHAKE, Some(message::CERTIFICATE..=message::FINISHED | 4)) => Probe::Either,
        (records::CHANGE_CIPHER_SPEC, Some(1)) if head.length == 1 => Probe::Either,
        (records::ALERT, Some(1 | 2)) if head.length == 2 => Probe::Either,
        (records::APPLICATION_DATA, _) => Probe::Either,
        _ => Probe::No,
    }
}
