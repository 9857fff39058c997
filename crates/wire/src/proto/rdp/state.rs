//! The opening of both sides, in the clear or inside of TLS, and how RDP is recognised.

use super::oddities::Devices;
use super::records::{self, CONNECTION_CONFIRM, CONNECTION_REQUEST, DATA, TPKT_BYTES};
use super::{Body, Chosen, ClientData, Message};
use crate::bytes::{u8_at, u16_be_at};
use crate::proto::{Event, Kind, tls};
use crate::session::*;

/// A packet of the opening is shorter; what is longer later is passed over.
const PACKET_BYTES_MAX: usize = 1 << 16;

#[derive(Default)]
pub struct Conversation {
    transactions: u64,
    client: Option<Box<ClientData>>,
    /// The server chose RDP's own encryption, or knows no other.
    legacy: bool,
    devices: Option<Devices>,
    /// Both sides speak TLS from here on.
    inner: Option<Box<tls::Conversation>>,
    told_certificates: bool,
    /// Where packets begin is not known any more.
    blind: Both<bool>,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if let Some(inner) = &mut self.inner {
            let progress = inner.data(side, data, sink);
            self.certificates(sink);
            return progress;
        }
        if *self.blind.of(side) {
            return Progress::all(data);
        }
        let wants = Progress::Took { used: 0, wants: TPKT_BYTES };
        let Some(length) = records::packet_length(data) else { return wants };
        if length < 2 {
            return self.lost(side, data, sink);
        }
        let Some(packet) = data.get(..length) else { return Progress::Took { used: 0, wants: length } };
        if u8_at(packet, 0) == Some(3) {
            match records::x224(packet) {
                Some((kind, body)) => self.message(side, kind, body, sink),
                None => return self.lost(side, data, sink),
            }
        } else if self.devices.is_none() {
            // The short form has no place in the opening.
            return self.lost(side, data, sink);
        }
        Progress::took(length)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        if let Some(inner) = &mut self.inner {
            return inner.gap(side, rest, length, sink);
        }
        *self.blind.of_mut(side) = true;
        Progress::took(rest.len())
    }

    fn acknowledged(&mut self, side: Side, sink: &mut dyn Sink) {
        if let Some(inner) = &mut self.inner {
            inner.acknowledged(side, sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        if let Some(inner) = &mut self.inner {
            inner.end(sink);
        }
    }

    fn waiting_max(&self) -> usize {
        PACKET_BYTES_MAX
    }
}

impl Conversation {
    fn lost(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        sink.mark(Mark::new("rdp.malformed", side));
        *self.blind.of_mut(side) = true;
        if self.transactions == 0 { Progress::Lost } else { Progress::all(data) }
    }

    fn tell(&mut self, side: Side, body: Body, sink: &mut dyn Sink) {
        sink.event(Event::Rdp(&Message { body }), Place::said(side, self.transactions));
        self.transactions += 1;
    }

    fn message(&mut self, side: Side, kind: u8, body: &[u8], sink: &mut dyn Sink) {
        match (kind, side) {
            (CONNECTION_REQUEST, Side::Originator) => {
                let records::Negotiation { cookie, request } = records::negotiation(body);
                self.tell(side, Body::Request { cookie, request }, sink);
            }
            (CONNECTION_CONFIRM, Side::Responder) => self.chosen(records::chosen(body), sink),
            (DATA, Side::Originator) if records::is_connect_initial(body) => {
                let client = Box::new(records::client_data(body));
                if client.broken {
                    sink.mark(Mark::new("rdp.malformed-client-data", side));
                }
                self.client = Some(client.clone());
                self.tell(side, Body::Client(client), sink);
            }
            (DATA, Side::Responder) if records::is_connect_response(body) => {
                let server = records::server_data(body);
                if server.broken {
                    sink.mark(Mark::new("rdp.malformed-server-data", side));
                }
                self.devices = Some(Devices::agreed(self.client.as_deref(), &server, self.legacy, sink));
                self.tell(side, Body::Server(server), sink);
            }
            (DATA, _) => {
                if let (Some(devices), Some((channel, data))) = (&mut self.devices, records::channel_data(body)) {
                    devices.data(side, channel, data, sink);
                }
            }
            _ => {}
        }
    }

    fn chosen(&mut self, chosen: Chosen, sink: &mut dyn Sink) {
        self.tell(Side::Responder, Body::Response(chosen), sink);
        match chosen {
            Chosen::Nothing | Chosen::Protocol { protocol: 0, .. } => self.legacy = true,
            Chosen::Protocol { .. } => {
                let mut inner = tls::Conversation::default();
                inner.follows(Kind::Rdp);
                self.inner = Some(Box::new(inner));
            }
            Chosen::Refused(_) => {}
        }
    }

    fn certificates(&mut self, sink: &mut dyn Sink) {
        let Some(inner) = &self.inner else { return };
        if self.told_certificates || inner.server_chain().is_empty() {
            return;
        }
        self.told_certificates = true;
        let facts = inner.server_chain().iter().filter_map(|certificate| certificate.facts.as_ref());
        let serials = facts.map(|facts| facts.serial.replace(':', "").to_ascii_lowercase()).collect();
        self.tell(Side::Responder, Body::Certificates(serials), sink);
    }
}

/// A TPKT with a connection request that fits it: with a cookie, a negotiation, or nothing else.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Udp || u8_at(data, 0).is_some_and(|version| version != 3) {
        return Probe::No;
    }
    let (Some(reserved), Some(length)) = (u8_at(data, 1), u16_be_at(data, 2)) else { return Probe::More };
    let (Some(inner), Some(kind)) = (u8_at(data, 4), u8_at(data, 5)) else {
        return if reserved == 0 && length >= 11 { Probe::More } else { Probe::No };
    };
    if reserved != 0 || usize::from(inner) + 5 != usize::from(length) {
        return Probe::No;
    }
    let body = data.get(11..).unwrap_or_default();
    let opening = body.is_empty()
        || body.starts_with(b"Cookie: mstshash=")
        || body.starts_with(b"Cookie: msts=")
        || body.starts_with(b"tsv:")
        || matches!((body.first(), body.len()), (Some(1), 8..))
        || way.touches(&[3389]);
    match kind & 0xf0 {
        CONNECTION_REQUEST if data.len() < usize::from(length).min(12) => Probe::More,
        // Other protocols open by X.224 too; those on the port of ISO transport are theirs.
        CONNECTION_REQUEST if opening && !way.touches(&[102]) => Probe::Client,
        CONNECTION_CONFIRM if !way.touches(&[102]) && (matches!(body.first(), Some(2 | 3)) || way.touches(&[3389])) => {
            Probe::Server
        }
        _ => Probe::No,
    }
}
