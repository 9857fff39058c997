//! EVE JSON: one object a line, with the types and names that Suricata gives them, so that existing tools read it.

use super::{Output, Seen};
use crate::files::FileRecord;
use crate::findings::Alert;
use crate::flow::{EndReason, Flow, FlowState};
use crate::profiles::BehaviourFinding;
use crate::watch::Sighting;
use crate::{Moment, Options};
use model::{Confidence, FindingOutcome};
use std::collections::HashMap;
use std::io::{self, Write};
use wire::json::Object;
use wire::packet::{Arp, Link, protocol};
use wire::proto::{Event, Kind};
use wire::session::{Both, FileEnd, Mark, Place, Side};

/// Written at a time.
const BUFFER_BYTES: usize = 1 << 16;
/// Records of one conversation that wait for their bytes to be acknowledged, and bytes of all that do; what is beyond is
/// written at once.
const HELD_MAX: usize = 64;
const HELD_BYTES_MAX: usize = 1 << 24;

pub struct Eve<W: Write + Send> {
    out: W,
    buffer: Vec<u8>,
    failed: Option<io::Error>,
    /// By conversation. A record counts as seen with the packet that acknowledges what it rests on: from there on both
    /// ends have it.
    held: HashMap<u64, Vec<Held>>,
    held_bytes: usize,
}

/// A record that lacks the number of its packet and its last brace.
struct Held {
    side: Side,
    offset: u64,
    frame: u64,
    line: Vec<u8>,
}

impl<W: Write + Send> Eve<W> {
    pub fn new(out: W) -> Self {
        Eve { out, buffer: Vec::with_capacity(BUFFER_BYTES * 2), failed: None, held: HashMap::new(), held_bytes: 0 }
    }

    fn end_line(&mut self) {
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES {
            self.write();
        }
    }

    /// Writes what stands out in how a host behaves. It is of no single packet or conversation.
    pub fn behaviour(&mut self, finding: &BehaviourFinding) {
        let mut record = Object::new(&mut self.buffer);
        write_behaviour(&mut record, finding);
        drop(record);
        self.end_line();
    }

    /// Keeps back the record that begins at this place of the buffer.
    fn hold(&mut self, start: usize, seen: &Seen<'_>, side: Side, offset: u64) {
        let mut line = self.buffer.split_off(start);
        line.pop();
        let held = Held { side, offset, frame: seen.now.frame, line };
        let of_flow = self.held.entry(seen.flow.id).or_default();
        if of_flow.len() >= HELD_MAX || self.held_bytes + held.line.len() > HELD_BYTES_MAX {
            self.held_bytes += held.line.len();
            self.release(held, seen.now.frame);
            return;
        }
        self.held_bytes += held.line.len();
        of_flow.push(held);
    }

    /// Writes a record that was kept back, with the number of a packet.
    fn release(&mut self, held: Held, frame: u64) {
        self.held_bytes -= held.line.len();
        self.buffer.extend_from_slice(&held.line);
        // A vector takes every write.
        let _ = write!(self.buffer, ",\"pcap_cnt\":{frame}}}");
        self.end_line();
    }

    fn write(&mut self) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }
}

impl<W: Write + Send> Output for Eve<W> {
    fn event(&mut self, seen: &Seen<'_>, event: Event<'_>, place: Place) {
        let start = self.buffer.len();
        let mut record = Object::new(&mut self.buffer);
        let awaits = seen.flow.awaits(place.said_by);
        head_with(&mut record, seen, event.eve_type(), place.said_by, awaits.is_none());
        record.number("tx_id", place.transaction);
        event.eve(&mut record, seen.options.detail, place.transaction);
        drop(record);
        match awaits {
            Some((side, offset)) => self.hold(start, seen, side, offset),
            None => self.end_line(),
        }
    }

    fn acknowledged(&mut self, seen: &Seen<'_>) -> bool {
        let has = |held: &Held| *seen.flow.acknowledged.of(held.side) >= held.offset;
        // Where only one side was captured this is asked often and in vain.
        match self.held.get(&seen.flow.id) {
            None => return false,
            Some(held) if !held.iter().any(has) => return true,
            Some(_) => {}
        }
        let held = self.held.remove(&seen.flow.id).unwrap_or_default();
        let (certain, waits): (Vec<Held>, Vec<Held>) = held.into_iter().partition(has);
        certain.into_iter().for_each(|held| self.release(held, seen.now.frame));
        let any = !waits.is_empty();
        if any {
            self.held.insert(seen.flow.id, waits);
        }
        any
    }

    fn file(&mut self, seen: &Seen<'_>, file: &FileRecord, context: Event<'_>, place: Place) {
        let mut record = Object::new(&mut self.buffer);
        head(&mut record, seen, "fileinfo", Some(file.sender));
        app_proto(&mut record, seen.flow);
        context.eve(&mut record, seen.options.detail, place.transaction);
        fileinfo(&mut record, file, place);
        drop(record);
        self.end_line();
    }

    fn mark(&mut self, seen: &Seen<'_>, mark: &Mark) {
        if !seen.options.anomalies {
            return;
        }
        let mut record = Object::new(&mut self.buffer);
        head(&mut record, seen, "anomaly", Some(mark.side));
        let mut body = record.object("anomaly");
        if let Some(kind) = seen.flow.kind() {
            body.text("app_proto", kind.name());
        }
        body.text("type", "applayer").text("event", mark.code);
        body.optional("detail", mark.detail.as_deref().map(str::as_bytes));
        drop(body);
        drop(record);
        self.end_line();
    }

    fn alert(&mut self, seen: &Seen<'_>, alert: &Alert) {
        let mut record = Object::new(&mut self.buffer);
        head(&mut record, seen, "alert", None);
        write_alert(&mut record, alert);
        app_proto(&mut record, seen.flow);
        drop(record);
        self.end_line();
    }

    fn sighting(&mut self, seen: &Seen<'_>, sighting: &Sighting) {
        let mut record = Object::new(&mut self.buffer);
        head(&mut record, seen, "alert", None);
        write_sighting(&mut record, sighting);
        drop(record);
        self.end_line();
    }

    fn flow(&mut self, seen: &Seen<'_>, reason: EndReason) {
        for held in self.held.remove(&seen.flow.id).unwrap_or_default() {
            let frame = held.frame;
            self.release(held, frame);
        }
        if !is_shown(seen.flow) {
            return;
        }
        let mut record = Object::new(&mut self.buffer);
        head(&mut record, seen, "flow", None);
        flow(&mut record, seen, reason);
        drop(record);
        self.end_line();
    }

    fn arp(&mut self, now: Moment, options: &Options, arp: &Arp) {
        let mut record = Object::new(&mut self.buffer);
        timestamp(&mut record, "timestamp", now.time_ns);
        record.number("pcap_cnt", now.frame).text("event_type", "arp");
        vlan(&mut record, &arp.link);
        record.text("pkt_src", "wire/pcap");
        if options.ethernet {
            ethernet(&mut record, &arp.link);
        }
        let mut body = record.object("arp");
        body.text("hw_type", if arp.hardware == 1 { "ethernet" } else { "unknown" });
        body.text("proto_type", if arp.protocol == 0x0800 { "ipv4" } else { "unknown" });
        body.show("opcode", arp_operation(arp.operation));
        mac(&mut body, "src_mac", arp.source_mac).address("src_ip", arp.source.into());
        mac(&mut body, "dest_mac", arp.target_mac).address("dest_ip", arp.target.into());
        drop(body);
        drop(record);
        self.end_line();
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write();
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

/// The members that every record of a conversation begins with.
fn head(record: &mut Object<'_>, seen: &Seen<'_>, kind: &str, said_by: Option<Side>) {
    head_with(record, seen, kind, said_by, kind != "flow");
}

/// The same, with or without the number of the packet.
fn head_with(record: &mut Object<'_>, seen: &Seen<'_>, kind: &str, said_by: Option<Side>, numbered: bool) {
    let flow = seen.flow;
    timestamp(record, "timestamp", seen.now.time_ns);
    record.number("flow_id", flow.id);
    if numbered {
        record.number("pcap_cnt", seen.now.frame);
    }
    record.text("event_type", kind);
    vlan(record, &flow.link);
    let from = said_by.unwrap_or(Side::Originator);
    let (source, destination) = (flow.end(from), flow.end(from.other()));
    let ports = matches!(flow.protocol, protocol::TCP | protocol::UDP | protocol::SCTP);
    record.address("src_ip", source.address);
    if ports {
        record.number("src_port", source.port);
    }
    record.address("dest_ip", destination.address);
    if ports {
        record.number("dest_port", destination.port);
    }
    match protocol_name(flow.protocol) {
        Some(name) => record.text("proto", name),
        None => record.show("proto", flow.protocol),
    };
    record.number("ip_v", if source.address.is_ipv4() { 4 } else { 6 });
    if let Some((kind, code)) = flow.icmp {
        record.number("icmp_type", kind).number("icmp_code", code);
    }
    if let Some((kind, code)) = flow.icmp_back {
        record.number("response_icmp_type", kind).number("response_icmp_code", code);
    }
    if let Some(spi) = flow.spi {
        record.number("spi", spi);
    }
    if kind != "flow" {
        record.text("pkt_src", "wire/pcap");
    }
    if let Some(seed) = seen.options.community_seed {
        record.text("community_id", &flow.community_id(seed));
    }
    if seen.options.ethernet {
        ethernet_of_flow(record, &flow.macs, from, kind == "flow");
    }
}

fn fileinfo(record: &mut Object<'_>, file: &FileRecord, place: Place) {
    let mut info = record.object("fileinfo");
    info.bytes("filename", &file.name);
    info.flag("gaps", file.missing > 0);
    info.text("state", if file.end == FileEnd::Complete && file.missing == 0 { "CLOSED" } else { "TRUNCATED" });
    if let Some(digest) = &file.hashes.md5 {
        info.hex("md5", digest);
    }
    if let Some(digest) = &file.hashes.sha1 {
        info.hex("sha1", digest);
    }
    if let Some(digest) = &file.hashes.sha256 {
        info.hex("sha256", digest);
    }
    info.flag("stored", file.stored);
    if file.stored {
        info.number("file_id", file.number);
    }
    info.number("size", file.size);
    if let Some((start, end)) = file.range {
        info.number("start", start).number("end", end);
    }
    info.number("tx_id", place.transaction);
}

/// A weapon as an alert: the ids are in `metadata`, as rules have theirs.
fn write_alert(record: &mut Object<'_>, alert: &Alert) {
    let Alert { number, finding } = alert;
    let outcome = match finding.outcome {
        FindingOutcome::Attempt => "attempt",
        FindingOutcome::Success => "success",
    };
    let confidence = match finding.confidence {
        Confidence::Verified => "verified",
        Confidence::Known => "known",
        Confidence::Disputed => "disputed",
        Confidence::Unverified => "unverified",
    };
    let mut body = record.object("alert");
    body.text("action", "allowed").number("gid", 1).number("signature_id", *number).number("rev", 1);
    body.show("signature", format_args!("REDOUBT {} {outcome} ({})", finding.weapon, finding.sign));
    body.text(
        "category",
        if finding.outcome == FindingOutcome::Success { "Successful Weapon Use" } else { "Weapon Use Attempt" },
    );
    body.number("severity", 1);
    let mut metadata = body.object("metadata");
    for (name, value) in
        [("weapon", finding.weapon.as_str()), ("outcome", outcome), ("confidence", confidence), ("sign", &finding.sign)]
    {
        metadata.array(name).text(value);
    }
}

/// A met indicator as an alert, with its value in `metadata`.
fn write_sighting(record: &mut Object<'_>, sighting: &Sighting) {
    /// First of the numbers that alerts of indicators have, one for each kind.
    const NUMBER: i64 = 9_180_000;
    let (kind, value) = (sighting.indicator.kind, &sighting.indicator.value);
    let mut body = record.object("alert");
    body.text("action", "allowed").number("gid", 1).number("signature_id", NUMBER + kind as i64).number("rev", 1);
    body.show("signature", format_args!("REDOUBT indicator {} {value}", kind.name()));
    body.text("category", "Known Attacker Resource").number("severity", 1);
    let mut metadata = body.object("metadata");
    for (name, value) in [("indicator", &**value), ("indicator_type", kind.name()), ("place", sighting.place)] {
        metadata.array(name).text(value);
    }
}

/// Behaviour as an alert of the third severity, which rules call informational: no weapon is claimed.
fn write_behaviour(record: &mut Object<'_>, finding: &BehaviourFinding) {
    let nanoseconds = |time: jiff::Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or_default();
    timestamp(record, "timestamp", nanoseconds(finding.last));
    record.text("event_type", "alert").address("src_ip", finding.originator);
    if let Some(responder) = finding.responder {
        record.address("dest_ip", responder);
    }
    if let Some((transport, port)) = finding.port {
        if port != 0 {
            record.number("dest_port", port);
        }
        match protocol_name(transport) {
            Some(name) => record.text("proto", name),
            None => record.show("proto", transport),
        };
    }
    let kind = finding.kind;
    let mut body = record.object("alert");
    body.text("action", "allowed").number("gid", 1).number("signature_id", kind.number()).number("rev", 1);
    body.show("signature", format_args!("REDOUBT behaviour {}", kind.name()));
    body.text("category", "Unusual Behaviour").number("severity", 3);
    let mut metadata = body.object("metadata");
    metadata.array("behaviour").text(kind.name());
    timestamp(&mut metadata, "first", nanoseconds(finding.first));
    timestamp(&mut metadata, "last", nanoseconds(finding.last));
    metadata.array("count").show(finding.count);
    // Rules have lists of texts in their metadata; so have the facts.
    for (name, value) in &finding.facts {
        metadata.array(name).show(format_args!("{}", (value * 1000.0).round() / 1000.0));
    }
}

/// The protocol of a conversation, and what else its bytes looked like: what one side's own bytes are where that is
/// something else, what was spoken before, and what was announced and did not come.
fn app_proto(record: &mut Object<'_>, flow: &Flow) {
    let spoken = &flow.spoken;
    // A conversation without application data has no protocol; one whose data told nothing has a failed one.
    let failed = spoken.failed.then_some("failed");
    let kind = flow.kind().map(Kind::name).or(failed);
    if let Some(name) = kind {
        record.text("app_proto", name);
    }
    for (name, own) in [("app_proto_ts", spoken.identified.originator), ("app_proto_tc", spoken.identified.responder)] {
        if let Some(own) = own.filter(|own| Some(*own) != spoken.kind) {
            record.text(name, own.name());
        }
    }
    for (name, other) in [("app_proto_orig", flow.kind_before()), ("app_proto_expected", spoken.announced)] {
        if let Some(other) = other.map(Kind::name).filter(|other| Some(*other) != kind) {
            record.text(name, other);
        }
    }
}

/// Tunnels are not shown as conversations in EVE: what they carry is. Nor are the group reports of routers.
fn is_shown(flow: &Flow) -> bool {
    const IGMP: u8 = 2;
    ![IGMP, protocol::IPV4, protocol::IPV6, protocol::GRE].contains(&flow.protocol)
}

fn flow(record: &mut Object<'_>, seen: &Seen<'_>, reason: EndReason) {
    let flow = seen.flow;
    app_proto(record, flow);
    let mut body = record.object("flow");
    body.number("pkts_toserver", flow.packets.originator).number("pkts_toclient", flow.packets.responder);
    body.number("bytes_toserver", flow.bytes.originator).number("bytes_toclient", flow.bytes.responder);
    timestamp(&mut body, "start", flow.first.time_ns);
    timestamp(&mut body, "end", flow.last.time_ns);
    body.number("age", flow.last.time_ns / 1_000_000_000 - flow.first.time_ns / 1_000_000_000);
    let state = match flow.state() {
        FlowState::New => "new",
        FlowState::Established => "established",
        FlowState::Closed => "closed",
    };
    let reason = match reason {
        EndReason::Timeout => "timeout",
        EndReason::Forced => "forced",
        EndReason::Shutdown => "shutdown",
    };
    body.text("state", state).text("reason", reason).flag("alerted", flow.alerts > 0);
    if flow.transactions > 0 {
        body.number("tx_cnt", flow.transactions);
    }
    drop(body);
    tcp(record, seen);
}

fn tcp(record: &mut Object<'_>, seen: &Seen<'_>) {
    let Some(tcp) = &seen.flow.tcp else { return };
    let Both { originator, responder } = tcp.flags;
    let mut body = record.object("tcp");
    body.show("tcp_flags", format_args!("{:02x}", originator | responder));
    body.show("tcp_flags_ts", format_args!("{originator:02x}"));
    body.show("tcp_flags_tc", format_args!("{responder:02x}"));
    for (bit, name) in ["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"].into_iter().enumerate() {
        if (originator | responder) >> bit & 1 == 1 {
            body.flag(name, true);
        }
    }
    body.text("state", tcp.state.name());
    for (name, half) in [("ts_gap", &tcp.halves.originator), ("tc_gap", &tcp.halves.responder)] {
        if half.counts.gaps > 0 {
            body.flag(name, true);
        }
    }
    // Stretches of the stream known at a time: one, and those beyond holes.
    body.number("ts_max_regions", tcp.halves.originator.counts.stretches_max + 1);
    body.number("tc_max_regions", tcp.halves.responder.counts.stretches_max + 1);
}

fn vlan(record: &mut Object<'_>, link: &Link) {
    if !link.vlan_ids().is_empty() {
        let mut list = record.array("vlan");
        link.vlan_ids().iter().for_each(|id| list.number(*id));
    }
}

fn ethernet(record: &mut Object<'_>, link: &Link) {
    let mut ether = record.object("ether");
    if let (Some(source), Some(destination)) = (link.source, link.destination) {
        mac(&mut ether, "src_mac", source);
        mac(&mut ether, "dest_mac", destination);
    }
}

fn ethernet_of_flow(record: &mut Object<'_>, macs: &Both<Vec<[u8; 6]>>, from: Side, all: bool) {
    let (source, destination) = (macs.of(from), macs.of(from.other()));
    if source.is_empty() && destination.is_empty() {
        return;
    }
    let mut ether = record.object("ether");
    if all {
        for (name, macs) in [("src_macs", source), ("dest_macs", destination)] {
            let mut list = ether.array(name);
            macs.iter().for_each(|mac| list.text(&mac_text(*mac)));
        }
        return;
    }
    if let Some(source) = source.first() {
        mac(&mut ether, "src_mac", *source);
    }
    if let Some(destination) = destination.first() {
        mac(&mut ether, "dest_mac", *destination);
    }
}

fn mac<'r, 'o>(record: &'r mut Object<'o>, key: &str, mac: [u8; 6]) -> &'r mut Object<'o> {
    record.text(key, &mac_text(mac))
}

fn mac_text([a, b, c, d, e, f]: [u8; 6]) -> String {
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

fn arp_operation(operation: u16) -> &'static str {
    match operation {
        1 => "request",
        2 => "reply",
        3 => "request_reverse",
        4 => "reply_reverse",
        8 => "inarp_request",
        9 => "inarp_reply",
        _ => "unknown",
    }
}

/// Protocols by the names of the registry, as EVE writes them.
fn protocol_name(number: u8) -> Option<&'static str> {
    Some(match number {
        protocol::ICMP => "ICMP",
        2 => "IGMP",
        protocol::IPV4 => "IP-ENCAP",
        protocol::TCP => "TCP",
        protocol::UDP => "UDP",
        protocol::IPV6 => "IPv6",
        protocol::GRE => "GRE",
        protocol::ESP => "ESP",
        protocol::AUTHENTICATION => "AH",
        protocol::ICMPV6 => "IPv6-ICMP",
        protocol::SCTP => "SCTP",
        _ => return None,
    })
}

/// `2017-05-12T08:24:03.123456+0000`
fn timestamp(record: &mut Object<'_>, key: &str, time_ns: i64) {
    record.show(key, Time(time_ns));
}

struct Time(i64);

impl std::fmt::Display for Time {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, rest) = (self.0.div_euclid(86_400_000_000_000), self.0.rem_euclid(86_400_000_000_000));
        let (year, month, day) = civil(days);
        let (seconds, micros) = (rest / 1_000_000_000, rest / 1000 % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+0000")
    }
}

/// Year, month and day of a number of days since 1970 in the Gregorian calendar, counted in eras of 400 years that begin
/// in March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_eve_writes_them() {
        assert_eq!(Time(1_494_577_443_123_456_789).to_string(), "2017-05-12T08:24:03.123456+0000");
        assert_eq!(Time(951_782_400_000_000_000).to_string(), "2000-02-29T00:00:00.000000+0000");
        assert_eq!(Time(-1).to_string(), "1969-12-31T23:59:59.999999+0000");
    }
}
