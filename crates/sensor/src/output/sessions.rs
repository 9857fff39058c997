//! Session records: one row for each exchange of an application, and one for the conversation.

use super::{Output, Seen};
use crate::files::FileRecord;
use crate::flow::{EndReason, Flow, FlowState};
use crate::observed::{Held, Observer, keep};
use model::{Payload, SessionRecord};
use records::{Observed, SessionRow};
use rules::IndicatorKind;
use std::collections::HashMap;
use wire::json::Object;
use wire::packet::protocol;
use wire::proto::{Elements, Event};
use wire::session::{FileEnd, Place, Side};

/// Files of one conversation that wait for the exchange they came in to be told.
const WAITING_MAX: usize = 256;
/// Text of foreign origin is kept to this many characters in a record.
const TEXT_CHARS_MAX: usize = 1024;

/// Hands every session record to a consumer.
pub struct Sessions {
    consume: Box<dyn FnMut(SessionRow) + Send>,
    detailed: bool,
    /// Files whose exchange is not told yet, by conversation.
    files: HashMap<u64, Vec<Waiting>>,
}

struct Waiting {
    /// Number of the exchange.
    transaction: u64,
    payload: Payload,
    observed: Observed,
}

impl Sessions {
    pub fn new(mut consume: impl FnMut(SessionRecord) + Send + 'static) -> Self {
        Sessions { consume: Box::new(move |row| consume(row.session)), detailed: false, files: HashMap::new() }
    }

    /// Gives with each exchange the protocol's own record, as EVE has it, and what an indicator can name in it.
    pub fn detailed(consume: impl FnMut(SessionRow) + Send + 'static) -> Self {
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
        let file = self.take_file(seen.flow.id, place.transaction);
        let mut observed = self.observed(|observer| observer.event(event));
        if let Some(Waiting { payload, observed: of_file, .. }) = file {
            record.payload = Some(payload);
            of_file.file_names.iter().for_each(|name| keep(&mut observed, Held::Form(IndicatorKind::FileName, name)));
        }
        let detail = self.detailed.then(|| detail(seen, event, place));
        (self.consume)(SessionRow { session: record, detail, observed });
    }

    fn file(&mut self, seen: &Seen<'_>, file: &FileRecord, _context: Event<'_>, place: Place) {
        let observed = self.observed(|observer| observer.file(file));
        let waiting = self.files.entry(seen.flow.id).or_default();
        let gives_way = (waiting.len() >= WAITING_MAX).then(|| waiting.remove(0));
        waiting.push(Waiting { transaction: place.transaction, payload: payload(file), observed });
        if let Some(file) = gives_way {
            self.tell_file(seen.flow, file);
        }
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
        for file in self.files.remove(&seen.flow.id).unwrap_or_default() {
            self.tell_file(seen.flow, file);
        }
        (self.consume)(SessionRow { session: record, detail: None, observed: Observed::default() });
    }
}

impl Sessions {
    /// What is kept of it for looking back; nothing when nobody asked for that.
    fn observed(&self, look: impl FnOnce(&mut Observer<'_>)) -> Observed {
        let mut observed = Observed::default();
        if self.detailed {
            look(&mut Observer { wanted: &|_| true, each: &mut |held, _| keep(&mut observed, held) });
        }
        observed
    }

    fn take_file(&mut self, flow: u64, transaction: u64) -> Option<Waiting> {
        let waiting = self.files.get_mut(&flow)?;
        let at = waiting.iter().position(|file| file.transaction == transaction)?;
        Some(waiting.remove(at))
    }

    fn tell_file(&mut self, flow: &Flow, file: Waiting) {
        let Waiting { transaction, payload, observed } = file;
        let session = SessionRecord { transaction: Some(transaction), payload: Some(payload), ..of_flow(flow) };
        (self.consume)(SessionRow { session, detail: None, observed });
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
