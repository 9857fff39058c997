//! Session records: one row for each exchange of an application, and one for the conversation.

use super::{Output, Seen};
use crate::files::FileRecord;
use crate::flow::{EndReason, Flow, FlowState};
use model::{Payload, SessionRecord};
use std::collections::HashMap;
use wire::json::Object;
use wire::packet::protocol;
use wire::proto::{Elements, Event};
use wire::session::{FileEnd, Place, Side};

/// Files of one conversation that wait for the exchange they came in to be told.
const WAITING_MAX: usize = 256;
/// Text of foreign origin is kept to this many characters in a record.
const TEXT_CHARS_MAX: usize = 1024;

/// Takes session records, and of an exchange the protocol's own record as JSON if that was asked for.
type Consume = Box<dyn FnMut(SessionRecord, Option<String>) + Send>;

/// Hands every session record to a consumer.
pub struct Sessions {
    consume: Consume,
    detailed: bool,
    /// Files whose exchange is not told yet, by conversation, with the number of the exchange.
    files: HashMap<u64, Vec<(u64, Payload)>>,
}

impl Sessions {
    pub fn new(mut consume: impl FnMut(SessionRecord) + Send + 'static) -> Self {
        Sessions { consume: Box::new(move |record, _| consume(record)), detailed: false, files: HashMap::new() }
    }

    /// Gives with each exchange the protocol's own record, as EVE has it.
    pub fn detailed(consume: impl FnMut(SessionRecord, Option<String>) + Send + 'static) -> Self {
        Sessions { consume: Box::new(consume), detailed: true, files: HashMap::new() }
    }
}

impl Output for Sessions {
    fn event(&mut self, seen: &Seen<'_>, event: Event<'_>, place: Place) {
        let mut record = of_flow(seen.flow);
        record.transaction = Some(place.transaction);
        // What is told when a conversation is given up was said in its last frame at the latest.
        record.start = crate::timestamp(seen.now.time_ns.min(seen.flow.last.time_ns));
        record.duration_us = 0;
        record.protocol = Some(event.kind().name().to_owned());
        fill(&mut record, event.elements());
        record.payload = self.take_file(seen.flow.id, place.transaction);
        let detail = self.detailed.then(|| detail(seen, event, place));
        (self.consume)(record, detail);
    }

    fn file(&mut self, seen: &Seen<'_>, file: &FileRecord, _context: Event<'_>, place: Place) {
        let waiting = self.files.entry(seen.flow.id).or_default();
        if waiting.len() >= WAITING_MAX {
            let (transaction, payload) = waiting.remove(0);
            self.tell_file(seen.flow, transaction, payload);
        }
        self.files.entry(seen.flow.id).or_default().push((place.transaction, payload(file)));
    }

    fn flow(&mut self, seen: &Seen<'_>, _reason: EndReason) {
        let mut record = of_flow(seen.flow);
        let first = &seen.flow.first_bytes;
        if seen.flow.kind().is_none() && !(first.originator.is_empty() && first.responder.is_empty()) {
            let hex = |side| wire::json::hex(first.of(side));
            let (originator, responder) = (hex(Side::Originator), hex(Side::Responder));
            record.payload = Some(Payload::FirstBytes { originator, responder });
        }
        // Files whose exchange was never told are told by themselves.
        for (transaction, payload) in self.files.remove(&seen.flow.id).unwrap_or_default() {
            self.tell_file(seen.flow, transaction, payload);
        }
        (self.consume)(record, None);
    }
}

impl Sessions {
    fn take_file(&mut self, flow: u64, transaction: u64) -> Option<Payload> {
        let waiting = self.files.get_mut(&flow)?;
        let at = waiting.iter().position(|(of, _)| *of == transaction)?;
        Some(waiting.remove(at).1)
    }

    fn tell_file(&mut self, flow: &Flow, transaction: u64, payload: Payload) {
        let record = of_flow(flow);
        (self.consume)(SessionRecord { transaction: Some(transaction), payload: Some(payload), ..record }, None);
    }
}

fn detail(seen: &Seen<'_>, event: Event<'_>, place: Place) -> String {
    let mut json = Vec::new();
    let mut record = Object::new(&mut json);
    event.eve(&mut record, seen.options.detail, place.transaction);
    drop(record);
    // The writer escapes what is no UTF-8.
    String::from_utf8(json).unwrap_or_default()
}

/// What a conversation's record says of elements 1 to 8.
fn of_flow(flow: &Flow) -> SessionRecord {
    let state = match (&flow.tcp, flow.state()) {
        (Some(tcp), _) => tcp.state.name(),
        (None, FlowState::New) => "new",
        (None, FlowState::Established) => "established",
        (None, FlowState::Closed) => "closed",
    };
    let mac = |side: Side| flow.macs.of(side).first().map(|mac| mac.map(|byte| format!("{byte:02x}")).join(":"));
    SessionRecord {
        community_id: flow.community_id(0),
        transaction: None,
        originator: flow.originator.address,
        originator_port: flow.originator.port,
        responder: flow.responder.address,
        responder_port: flow.responder.port,
        transport: transport(flow.protocol),
        start: crate::timestamp(flow.first.time_ns),
        duration_us: (flow.last.time_ns - flow.first.time_ns) / 1000,
        state: state.to_owned(),
        midstream: flow.tcp.as_ref().is_some_and(|tcp| tcp.midstream),
        originator_packets: flow.packets.originator,
        originator_bytes: flow.bytes.originator,
        responder_packets: flow.packets.responder,
        responder_bytes: flow.bytes.responder,
        protocol: flow.kind().map(|kind| kind.name().to_owned()),
        version: None,
        account: None,
        host_name: None,
        originator_mac: mac(Side::Originator),
        responder_mac: mac(Side::Responder),
        object: None,
        operation: None,
        result: None,
        client: None,
        server: None,
        payload: None,
    }
}

fn fill(record: &mut SessionRecord, elements: Elements<'_>) {
    let kept = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| text.chars().take(TEXT_CHARS_MAX).collect());
    record.version = kept(elements.version);
    record.account = kept(elements.account);
    record.host_name = kept(elements.host_name);
    record.object = kept(elements.object);
    record.operation = kept(elements.operation);
    record.result = kept(elements.result);
    record.client = kept(elements.client);
    record.server = kept(elements.server);
}

fn payload(file: &FileRecord) -> Payload {
    Payload::File {
        name: String::from_utf8_lossy(&file.name).chars().take(TEXT_CHARS_MAX).collect(),
        size: file.size,
        missing: file.missing,
        complete: file.end == FileEnd::Complete && file.missing == 0,
        sha256: file.hashes.sha256.map(|digest| wire::json::hex(&digest)),
        media_type: file.media_type.map(str::to_owned),
    }
}

/// A transport protocol by its number: `tcp`, `udp`, else the number.
pub fn transport(number: u8) -> String {
    match number {
        protocol::TCP => "tcp".to_owned(),
        protocol::UDP => "udp".to_owned(),
        protocol::ICMP => "icmp".to_owned(),
        protocol::ICMPV6 => "icmpv6".to_owned(),
        protocol::SCTP => "sctp".to_owned(),
        other => other.to_string(),
    }
}
