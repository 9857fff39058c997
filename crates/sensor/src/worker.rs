//! One worker: takes frames in the order of their time and follows the conversations in them.

use crate::clock::Clock;
use crate::files::{Files, Store, Wanted};
use crate::findings::Findings;
use crate::flow::application::{acknowledged, close, end, hear};
use crate::flow::{Application, EndReason, Flow, Key, Spoken, Table, ends};
use crate::output::{News, Output, Seen};
use crate::source::{Block, Owner};
use crate::telling::Telling;
use crate::watch::{LiveIndicators, Sighting, Watch};
use crate::{Moment, Options};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use wire::capture::Frame;
use wire::filter::Filter;
use wire::packet::defrag::Defragmenter;
use wire::packet::{self, Layer, Odd, Packet, Piece, Tcp, Transport, tcp_flags};
use wire::session::{Expected, Over, Side};
use wire::tcp::{self, Chunk, State, Taken};

/// Conversations that were arranged and have not begun.
const EXPECTED_MAX: usize = 4096;
/// An arranged conversation that has not begun by then never will.
const EXPECTED_NS: i64 = 300_000_000_000;
/// After so many frames as many places of the table are looked at for silence. One place at a time would wait for memory
/// each time.
const SWEPT_AFTER: u64 = 128;

/// What went through a worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub frames: u64,
    pub bytes: u64,
    pub packets: u64,
    pub flows: u64,
    /// Conversations given up to make room.
    pub evicted: u64,
    pub odd: BTreeMap<Odd, u64>,
}

impl Counts {
    /// Adds what went through another worker.
    pub fn add(&mut self, other: &Counts) {
        let Counts { frames, bytes, packets, flows, evicted, odd } = other;
        self.frames += frames;
        self.bytes += bytes;
        self.packets += packets;
        self.flows += flows;
        self.evicted += evicted;
        for (what, count) in odd {
            *self.odd.entry(*what).or_default() += count;
        }
    }
}

pub struct Worker {
    options: Options,
    flows: Table,
    fragments: Defragmenter,
    files: Files,
    findings: Findings,
    watch: Watch,
    outputs: Vec<Box<dyn Output>>,
    expected: HashMap<(IpAddr, u16), (Expected, i64)>,
    arranged: Vec<Expected>,
    now: Moment,
    clock: Clock,
    /// This worker's number, and how many share the conversations.
    share: (u64, u64),
    /// Whether what is odd about the current frame is for this worker to count.
    is_own: bool,
    filter: Option<Filter>,
    pub counts: Counts,
}

impl Worker {
    pub fn new(options: Options, outputs: Vec<Box<dyn Output>>) -> Worker {
        let wanted = Wanted { sha256: options.sha256, all_hashes: options.all_hashes };
        Worker {
            options,
            flows: Table::default(),
            fragments: Defragmenter::default(),
            files: Files::new(wanted),
            findings: Findings::new(rules::Detectors::builtin()),
            watch: Watch::default(),
            outputs,
            expected: HashMap::new(),
            arranged: Vec::new(),
            now: Moment::default(),
            clock: Clock::default(),
            share: (0, 1),
            is_own: true,
            filter: None,
            counts: Counts::default(),
        }
    }

    /// Follows only the conversations that fall to this one of several workers, which all are given every block.
    pub fn share(self, number: usize, workers: usize) -> Worker {
        Worker { share: (number as u64, workers as u64), ..self }
    }

    /// Looks only at packets that a filter wants. A fragment is asked about once its datagram is whole.
    pub fn only(self, filter: Option<Filter>) -> Worker {
        Worker { filter, ..self }
    }

    /// Looks for indicators.
    pub fn watch_for(mut self, live: Option<Arc<LiveIndicators>>) -> Worker {
        if let Some(live) = live {
            self.watch = Watch::new(live);
        }
        self
    }

    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.watch.sightings()
    }

    /// Keeps the files of the conversations.
    pub fn keep_files(mut self, store: Option<Store>) -> Worker {
        if let Some(store) = store {
            self.files.keep_in(store);
        }
        self
    }

    /// Takes a frame; `number` counts the frames of what is being read, from one.
    pub fn frame(&mut self, frame: &Frame<'_>, number: u64) {
        self.pass(frame.time_ns);
        self.frame_of(frame, number, Owner::Anyone);
        if number.is_multiple_of(SWEPT_AFTER) {
            self.sweep(SWEPT_AFTER as usize);
        }
    }

    /// Takes the frames of a block that fall to it; the first has the number `first`.
    pub fn block(&mut self, block: &Block, first: u64) {
        let (own, workers) = self.share;
        for (number, (frame, owner)) in (first..).zip(block.frames()) {
            // Time goes on with the frames of others too.
            self.pass(frame.time_ns);
            if workers == 1 || !matches!(owner, Owner::Pair(pair) if pair % workers != own) {
                self.frame_of(&frame, number, owner);
            }
        }
        if let Some(frame) = block.last() {
            self.now = Moment { time_ns: frame.time_ns, frame: first + block.len() as u64 - 1 };
            self.sweep(block.len() / workers as usize + 1);
        }
    }

    /// Time goes on to a frame's. Where it leaps back another recording begins, and nothing goes on from one to the other.
    fn pass(&mut self, time_ns: i64) {
        if self.clock.leaps(time_ns) {
            self.fragments.give_up();
            self.expected.clear();
            for flow in self.flows.drain() {
                self.finish_flow(flow, EndReason::Timeout);
            }
        }
    }

    fn frame_of(&mut self, frame: &Frame<'_>, number: u64, owner: Owner) {
        self.now = Moment { time_ns: frame.time_ns, frame: number };
        // What all workers look at is counted by the first.
        self.is_own = owner != Owner::Anyone || self.share.0 == 0;
        if self.is_own {
            self.counts.frames += 1;
            self.counts.bytes += u64::from(frame.wire_length);
        }
        let rules = self.options.packets;
        packet::decode(frame.link, frame.data, frame.wire_length, rules, &mut |layer| self.layer(&layer));
    }

    /// Ends conversations among the next few of the table that were silent too long.
    fn sweep(&mut self, part: usize) {
        for flow in self.flows.sweep(self.clock.now_ns(), part) {
            self.finish_flow(flow, EndReason::Timeout);
        }
    }

    /// Time went on without frames: conversations that were silent too long are over.
    pub fn tick(&mut self, now_ns: i64) {
        self.now.time_ns = self.now.time_ns.max(now_ns);
        self.pass(self.now.time_ns);
        self.sweep(self.flows.len() / 8 + 1024);
    }

    /// Tells the outputs what was found since the last time.
    pub fn beat(&mut self) {
        let news = News { findings: self.findings.news(), sightings: self.watch.news() };
        self.outputs.iter_mut().for_each(|output| output.beat(&news));
    }

    /// Findings and sightings that did not fit.
    pub fn shed(&self) -> u64 {
        self.findings.shed.saturating_add(self.watch.shed)
    }

    /// Nothing more comes: all conversations end.
    pub fn finish(&mut self) -> std::io::Result<()> {
        let now_ns = self.clock.now_ns();
        for flow in self.flows.drain() {
            let reason = if flow.is_silent(now_ns) { EndReason::Timeout } else { EndReason::Shutdown };
            self.finish_flow(flow, reason);
        }
        self.beat();
        let outcomes: Vec<_> = self.outputs.iter_mut().map(|output| output.finish()).collect();
        outcomes.into_iter().collect()
    }

    fn layer(&mut self, layer: &Layer<'_>) {
        match layer {
            Layer::Packet(packet) => self.packet(packet),
            Layer::Piece(piece) => self.piece(piece),
            Layer::Arp(arp) => {
                let (now, options) = (self.now, &self.options);
                // Of no conversation, and seen by every worker: the first tells it.
                if options.arp && self.is_own {
                    self.outputs.iter_mut().for_each(|output| output.arp(now, options, arp));
                }
            }
            Layer::Odd(odd) if self.is_own => *self.counts.odd.entry(*odd).or_default() += 1,
            Layer::Odd(_) => {}
        }
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        if let Some(whole) = self.fragments.add(piece, self.clock.now_ns()) {
            let piece = Piece { net: whole.net, wire_length: whole.wire_length, data: &[], ..*piece };
            packet::decode_assembled(&piece, &whole.data, self.options.packets, &mut |layer| self.layer(&layer));
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let (number, workers) = self.share;
        if workers > 1 && packet::pair(packet.net.source, packet.net.destination) % workers != number {
            return;
        }
        if self.filter.as_ref().is_some_and(|filter| !filter.wants(packet)) {
            return;
        }
        self.counts.packets += 1;
        let key = Key::of(packet);
        let place = self.place_of(key, packet);
        if !packet.payload.is_empty() && !self.expected.is_empty() {
            self.meet_expectation(place, packet);
        }
        let Some(flow) = self.flows.at(place) else { return };
        let (source, destination) = ends(packet);
        let side = flow.side_of(source, destination);
        flow.count(side, packet, self.now);
        flow.heard_ns = self.clock.now_ns();
        if self.options.ethernet || self.options.sessions {
            flow.keep_macs(side, &packet.link);
        }
        let mut application = std::mem::take(&mut flow.application);
        let mut session = flow.tcp.take();
        let mut telling = Telling {
            flow,
            now: self.now,
            options: &self.options,
            files: &mut self.files,
            findings: &mut self.findings,
            watch: &mut self.watch,
            outputs: &mut self.outputs,
            expected: &mut self.arranged,
        };
        if telling.flow.packets.originator + telling.flow.packets.responder == 1 {
            telling.began();
        }
        let mut reused = false;
        match (packet.transport, &mut session) {
            (Transport::Tcp(tcp), Some(session)) => {
                let begins = tcp.flags & tcp_flags::SYN != 0;
                telling.flow.direction_guessed = session.midstream || (session.state == State::None && !begins);
                note_acknowledged(&mut telling, session, side, &tcp);
                let taken = session.segment(side, &tcp, packet.payload, &self.options.tcp, &mut |side, chunk| {
                    let side = telling.flow.now_called(side);
                    telling.flow.hear(side, &chunk);
                    hear(&mut application, side, chunk, Over::Tcp, &mut telling);
                });
                reused = taken == Taken::Reused;
                if packet.payload.is_empty() && tcp.flags & tcp_flags::ACK != 0 && !reused {
                    acknowledged(&mut application, telling.flow.now_called(side), &mut telling);
                }
                for side in [Side::Originator, Side::Responder] {
                    if session.halves.of(side).is_over() || tcp.flags & tcp_flags::RST != 0 {
                        close(&mut application, telling.flow.now_called(side), &mut telling);
                    }
                }
            }
            (Transport::Udp { .. }, _) if !packet.payload.is_empty() => {
                hear(&mut application, side, Chunk::Data(packet.payload), Over::Udp, &mut telling);
            }
            _ => {}
        }
        if let Some(flow) = self.flows.at(place) {
            flow.application = application;
            flow.put_back(session);
        }
        self.note_arranged(place);
        if reused && let Some(flow) = self.flows.remove(place) {
            self.finish_flow(flow, EndReason::Forced);
            self.packet(packet);
        }
    }

    /// Finds the conversation of a packet or begins one.
    fn place_of(&mut self, key: Key, packet: &Packet<'_>) -> u32 {
        if let Some(place) = self.flows.find(&key) {
            let now_ns = self.clock.now_ns();
            if !self.flows.at(place).is_some_and(|flow| flow.is_silent(now_ns)) {
                return place;
            }
            if let Some(flow) = self.flows.remove(place) {
                self.finish_flow(flow, EndReason::Timeout);
            }
        }
        if self.flows.is_full()
            && let Some(flow) = self.flows.make_room()
        {
            self.counts.evicted += 1;
            self.finish_flow(flow, EndReason::Forced);
        }
        self.counts.flows += 1;
        let id = self.flows.next_id();
        self.flows.insert(Flow::new(id, key, packet, self.now))
    }

    /// If another conversation arranged this one, its protocol is known. It is asked at the first byte and not before:
    /// a client of FTP connects first and then says what for.
    fn meet_expectation(&mut self, place: u32, packet: &Packet<'_>) {
        let over = match packet.transport {
            Transport::Tcp(_) => Over::Tcp,
            Transport::Udp { .. } => Over::Udp,
            _ => return,
        };
        let now_ns = self.clock.now_ns();
        let Some(flow) = self.flows.at(place).filter(|flow| flow.application.is_silent()) else { return };
        for end in [flow.responder, flow.originator] {
            let key = (end.address, end.port);
            let awaited = |(expected, since): &(Expected, i64)| expected.over == over && now_ns - since < EXPECTED_NS;
            if self.expected.get(&key).is_some_and(awaited)
                && let Some((expected, _)) = self.expected.remove(&key)
            {
                flow.application = Application::expected(expected.kind, over, self.options.detail, &expected.about);
                flow.spoken = Spoken::known(expected.kind);
                return;
            }
        }
    }

    fn note_arranged(&mut self, place: u32) {
        if self.arranged.is_empty() {
            return;
        }
        let Some(flow) = self.flows.at(place) else { return };
        let now_ns = self.clock.now_ns();
        for expected in self.arranged.drain(..) {
            let address = expected.address.unwrap_or(flow.end(expected.responder).address);
            let port = if expected.port == 0 { flow.end(expected.responder).port } else { expected.port };
            self.expected.insert((address, port), (expected, now_ns));
        }
        if self.expected.len() > EXPECTED_MAX {
            self.expected.retain(|_, (_, since)| now_ns - *since < EXPECTED_NS);
        }
        if self.expected.len() > EXPECTED_MAX {
            self.expected.clear();
        }
    }

    fn finish_flow(&mut self, mut flow: Box<Flow>, reason: EndReason) {
        // What was silent for too long ended with its last packet, not when somebody looked.
        let now = if reason == EndReason::Timeout { flow.last } else { self.now };
        let mut application = std::mem::take(&mut flow.application);
        let mut session = flow.tcp.take();
        let mut telling = Telling {
            flow: &mut flow,
            now,
            options: &self.options,
            files: &mut self.files,
            findings: &mut self.findings,
            watch: &mut self.watch,
            outputs: &mut self.outputs,
            expected: &mut self.arranged,
        };
        if let Some(session) = &mut session {
            session.flush(&mut |side, chunk| {
                let side = telling.flow.now_called(side);
                telling.flow.hear(side, &chunk);
                hear(&mut application, side, chunk, Over::Tcp, &mut telling);
            });
        }
        end(&mut application, &mut telling);
        self.arranged.clear();
        flow.application = application;
        flow.put_back(session);
        let seen = Seen { flow: &flow, now, options: &self.options };
        self.outputs.iter_mut().for_each(|output| output.flow(&seen, reason));
        self.findings.forget(&flow);
    }

    pub fn findings(&self) -> &Findings {
        &self.findings
    }
}

/// Notes what a segment acknowledges; a reset ends all waiting.
fn note_acknowledged(telling: &mut Telling<'_>, session: &tcp::Session, side: Side, segment: &Tcp) {
    let acknowledged = &mut telling.flow.acknowledged;
    let before = *acknowledged;
    if segment.flags & tcp_flags::RST != 0 {
        (acknowledged.originator, acknowledged.responder) = (u64::MAX, u64::MAX);
    } else if segment.flags & tcp_flags::ACK != 0 {
        let now = session.halves.of(side.other()).acknowledged_by(segment.acknowledgement);
        let known = acknowledged.of_mut(side.other());
        *known = now.max(*known);
    }
    if telling.flow.records_wait && telling.flow.acknowledged != before {
        telling.acknowledged();
    }
}
