//! Which keys belong to which packets, and how QUIC is recognised.

use super::crypto::{self, Keys};
use super::records::{self, Kind, Packet};
use super::{GoogleHello, Hello, Opening};
use crate::bytes::{Bytes, u8_at, u32_be_at};
use crate::proto::Event;
use crate::proto::tls::hello::md5_hex;
use crate::proto::tls::{ClientHello, ServerHello};
use crate::session::*;

/// Bytes of a hello that comes in pieces, and pieces of it.
const HELLO_BYTES_MAX: usize = 1 << 16;
const PIECES_MAX: usize = 512;
/// Packets of one conversation that are opened: the hellos are among the first.
const OPENED_MAX: u32 = 64;
/// Versions of a negotiation that are kept.
const VERSIONS_MAX: usize = 64;
const PORTS: &[u16] = &[80, 443, 4433, 8443];

/// One conversation.
#[derive(Default)]
pub struct Conversation {
    keys: Option<Keys>,
    sides: Both<Pieces>,
    opened: u32,
    openings: u64,
    last_google: String,
}

/// What came of a side's handshake.
#[derive(Default)]
struct Pieces {
    pieces: Vec<(u64, Vec<u8>)>,
    bytes: usize,
    done: bool,
}

impl Pieces {
    fn add(&mut self, at: u64, data: &[u8]) {
        let again = self.pieces.iter().any(|(known, piece)| *known == at && piece.len() >= data.len());
        if self.done || again || self.pieces.len() >= PIECES_MAX || self.bytes + data.len() > HELLO_BYTES_MAX {
            return;
        }
        self.bytes += data.len();
        self.pieces.push((at, data.to_vec()));
    }

    /// The hello, once all of it is there: its kind and body.
    fn hello(&mut self) -> Option<(u8, Vec<u8>)> {
        self.pieces.sort_by_key(|(at, _)| *at);
        let mut joined: Vec<u8> = Vec::new();
        for (at, piece) in &self.pieces {
            let have = joined.len() as u64;
            let Some(known) = have.checked_sub(*at) else { break };
            joined.extend_from_slice(piece.get(known as usize..).unwrap_or_default());
        }
        let mut bytes = Bytes::new(&joined);
        let (kind, length) = (bytes.u8()?, bytes.u24_be()? as usize);
        let body = bytes.take(length)?.to_vec();
        self.done = true;
        self.pieces = Vec::new();
        Some((kind, body))
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if let Some(version) = records::google_version(data) {
            self.google(side, version, data, sink);
            return Progress::all(data);
        }
        let mut rest = data;
        while let Some(packet) = records::packet(&mut rest) {
            match packet.kind {
                Kind::Initial => self.initial(side, &packet, sink),
                Kind::Negotiation => self.negotiation(side, &packet, sink),
                // After a retry the client's next Initial brings new keys; a retry that came twice changes nothing.
                Kind::Retry | Kind::ZeroRtt | Kind::Handshake => {}
            }
        }
        Progress::all(data)
    }
}

impl Conversation {
    fn initial(&mut self, side: Side, packet: &Packet<'_>, sink: &mut dyn Sink) {
        if self.sides.originator.done && self.sides.responder.done {
            return;
        }
        self.opened += 1;
        if self.opened > OPENED_MAX {
            return;
        }
        let Some(frames) = self.open(side, packet) else {
            if crypto::is_readable(packet.version) && side == Side::Originator {
                sink.mark(Mark::new("quic.cannot-decrypt", side));
            }
            return;
        };
        let pieces = self.sides.of_mut(side);
        if records::crypto_frames(&frames, |at, data| pieces.add(at, data)).is_none() {
            sink.mark(Mark::new("quic.malformed-frame", side));
        }
        if let Some((kind, body)) = pieces.hello() {
            let hello = match kind {
                1 => Hello::Client(ClientHello::read(&body)),
                2 => Hello::Server(ServerHello::read(&body)),
                _ => return,
            };
            self.tell(side, version_name(packet.version), hello, sink);
        }
    }

    /// Opens a packet by the known keys; those of a client may begin anew with its connection id.
    fn open(&mut self, side: Side, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let by_client = side == Side::Originator;
        if let Some(frames) = self.keys.as_ref().and_then(|keys| keys.open(by_client, packet.bytes, packet.number_at)) {
            return Some(frames);
        }
        if !by_client {
            return None;
        }
        let keys = Keys::of(packet.version, packet.to)?;
        let frames = keys.open(true, packet.bytes, packet.number_at)?;
        self.keys = Some(keys);
        self.sides = Both::default();
        Some(frames)
    }

    fn negotiation(&mut self, side: Side, packet: &Packet<'_>, sink: &mut dyn Sink) {
        let (versions, _) = packet.bytes.get(packet.number_at..).unwrap_or_default().as_chunks::<4>();
        let versions = versions.iter().take(VERSIONS_MAX).map(|version| u32::from_be_bytes(*version)).collect();
        self.tell(side, "0".into(), Hello::Negotiation(versions), sink);
    }

    fn google(&mut self, side: Side, version: u32, data: &[u8], sink: &mut dyn Sink) {
        let Some(tags) = records::google_hello(data) else { return };
        let value = |name: &[u8; 4]| tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.to_vec());
        let names: Vec<String> =
            tags.iter().map(|(tag, _)| String::from_utf8_lossy(tag).trim_end_matches('\0').to_owned()).collect();
        let cyu = format!("{version},{}", names.join("-"));
        // A hello that is sent again says nothing new.
        if std::mem::replace(&mut self.last_google, md5_hex(&cyu)) == md5_hex(&cyu) {
            return;
        }
        let hello = GoogleHello { server_name: value(b"SNI\0"), agent: value(b"UAID"), cyu };
        self.tell(side, format!("Q{version:03}").into(), Hello::Google(hello), sink);
    }

    fn tell(&mut self, side: Side, version: std::borrow::Cow<'static, str>, hello: Hello, sink: &mut dyn Sink) {
        let opening = Opening { version, hello };
        sink.event(Event::Quic(&opening), Place::said(side, self.openings));
        self.openings += 1;
    }
}

fn version_name(version: u32) -> std::borrow::Cow<'static, str> {
    match version {
        crypto::VERSION_1 => "1".into(),
        crypto::VERSION_2 => "v2".into(),
        0xff00_0000..=0xff00_00ff => format!("draft-{}", version & 0xff).into(),
        other => format!("{other:08x}").into(),
    }
}

/// A long header with a known version; a greasing client's is told by its port.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Tcp || data.len() < 21 {
        return Probe::No;
    }
    if let Some(version) = records::google_version(data) {
        return if (24..=60).contains(&version) { Probe::Client } else { Probe::No };
    }
    let (Some(first), Some(version)) = (u8_at(data, 0), u32_be_at(data, 1)) else { return Probe::No };
    if first & 0x80 == 0 {
        return Probe::No;
    }
    let mut rest = data;
    let Some(packet) = records::packet(&mut rest) else { return Probe::No };
    match packet.kind {
        Kind::Negotiation => {
            let (versions, odd) = data.get(packet.number_at..).unwrap_or_default().as_chunks::<4>();
            let known = |version: &[u8; 4]| is_known(u32::from_be_bytes(*version)) || version.first() == Some(&b'Q');
            if odd.is_empty() && versions.iter().any(known) { Probe::Server } else { Probe::No }
        }
        _ if first & 0x40 == 0 => Probe::No,
        Kind::Initial if is_known(version) && packet.to.len() >= 8 && data.len() >= 1200 => Probe::Client,
        _ if is_known(version) => Probe::Either,
        // Versions of this form only exercise negotiation (RFC 9000, section 15).
        Kind::Initial if version & 0x0f0f_0f0f == 0x0a0a_0a0a && way.touches(PORTS) => Probe::Client,
        _ => Probe::No,
    }
}

fn is_known(version: u32) -> bool {
    crypto::is_readable(version) || matches!(version, 0xff00_0001..=0xff00_0022)
}
