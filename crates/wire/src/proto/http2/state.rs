//! Which frames make a stream, and what its two sides say in it.

use super::events::{Exchange, Part};
use super::hpack::Decoder;
use super::records::{self, Frame, HEADER_BYTES, PREFACE, flag, kind};
use crate::bytes::{u8_at, u32_be_at};
use crate::proto::Event;
use crate::proto::dns;
use crate::proto::http::files::{Content, Telling};
use crate::proto::http::records::{mentions, request_line, unescaped};
use crate::proto::http::who::{base64, who};
use crate::proto::http::{Headers, records::header};
use crate::session::{Both, FileEnd, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::BTreeMap;

/// Streams that are open at a time; beyond, the oldest is told as it is.
const STREAMS_MAX: usize = 1024;
/// Bytes of the headers of open streams.
const STREAMS_BYTES_MAX: usize = 1 << 21;
/// Frames other than data are read whole up to this.
const PAYLOAD_BYTES_MAX: usize = 1 << 17;
/// A header block in all its frames.
const BLOCK_BYTES_MAX: usize = 1 << 18;
/// A message of DNS.
const DNS_BYTES_MAX: usize = 1 << 16;
/// Frames of no known kind after which this is something else.
const UNKNOWN_MAX: u32 = 64;

/// One conversation.
#[derive(Default)]
pub struct Conversation {
    speakers: Both<Speaker>,
    streams: BTreeMap<u32, Stream>,
    /// Bytes of their headers.
    held: usize,
    begun: u64,
}

#[derive(Default)]
struct Speaker {
    decoder: Decoder,
    /// Its headers can no longer be read.
    broken: bool,
    /// Its frames can no longer be found.
    deaf: bool,
    /// The preface is behind it.
    started: bool,
    block: Option<Block>,
    data: Option<DataFrame>,
    /// Bytes of a frame that are passed over.
    skip: usize,
    /// Bytes that are missing before what comes next.
    hole: u64,
    unknown: u32,
}

/// A header block that goes on in further frames.
struct Block {
    stream: u32,
    /// The stream whose request a server foretells.
    promised: Option<u32>,
    end_stream: bool,
    weight: Option<u8>,
    bytes: Vec<u8>,
}

/// A frame of data that is being read.
#[derive(Debug, Clone, Copy)]
struct DataFrame {
    stream: u32,
    left: usize,
    padding: usize,
    end_stream: bool,
}

#[derive(Default)]
struct Stream {
    exchange: Exchange,
    over: Both<bool>,
    content: Both<Option<Content>>,
    /// Messages of DNS in the content.
    dns: Both<Option<Vec<u8>>>,
}

enum Step {
    Took(usize),
    More(usize),
    Lost,
}

impl Conversation {
    /// After an upgrade from HTTP/1: its request, in that form, is the one of the first stream (RFC 7540, section 3.2).
    pub fn upgraded(request: &[u8]) -> Conversation {
        let mut conversation = Conversation::default();
        let mut lines = request.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let Some(first) = lines.next().filter(|line| !line.is_empty()) else { return conversation };
        let asked = request_line(first);
        let mut headers = Headers::default();
        headers.add_separate(b":method", &asked.method);
        headers.add_separate(b":path", &asked.target);
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = header(line);
            let name = if name.eq_ignore_ascii_case(b"host") { b":authority" } else { name };
            headers.add_separate(&name.to_ascii_lowercase(), value);
        }
        let stream = conversation.open(1);
        stream.exchange.request.headers = Some(headers);
        stream.over.originator = true;
        conversation
    }

    fn step(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        let speaker = self.speakers.of_mut(side);
        if speaker.deaf {
            return Step::Took(data.len());
        }
        if speaker.skip > 0 {
            let count = speaker.skip.min(data.len());
            speaker.skip -= count;
            return Step::Took(count);
        }
        if let Some(frame) = speaker.data {
            return self.data_frame(side, frame, data, sink);
        }
        if !speaker.started {
            if side == Side::Originator && data.len() < PREFACE.len() && PREFACE.starts_with(data) {
                return Step::More(PREFACE.len());
            }
            speaker.started = true;
            if side == Side::Originator && data.starts_with(PREFACE) {
                return Step::Took(PREFACE.len());
            }
        }
        let Some(frame) = records::frame(data) else { return Step::More(HEADER_BYTES) };
        if frame.kind == kind::DATA {
            return self.begin_data(side, &frame, data, sink);
        }
        let speaker = self.speakers.of_mut(side);
        if frame.kind > 0x20 {
            speaker.unknown += 1;
            if speaker.unknown > UNKNOWN_MAX {
                return Step::Lost;
            }
        }
        if frame.length > PAYLOAD_BYTES_MAX {
            sink.mark(Mark::new("http2.frame-too-long", side).with(frame.length));
            speaker.broken |= matches!(frame.kind, kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION);
            speaker.skip = frame.length;
            return Step::Took(HEADER_BYTES);
        }
        let whole = HEADER_BYTES + frame.length;
        let Some(payload) = data.get(HEADER_BYTES..whole) else { return Step::More(whole) };
        self.frame(side, &frame, payload, sink);
        Step::Took(whole)
    }

    fn frame(&mut self, side: Side, frame: &Frame, payload: &[u8], sink: &mut dyn Sink) {
        match frame.kind {
            kind::HEADERS | kind::PUSH_PROMISE => self.header_frame(side, frame, payload, sink),
            kind::CONTINUATION => self.continuation(side, frame, payload, sink),
            kind::SETTINGS if !frame.has(flag::ACK) && !payload.is_empty() => {
                let settings = records::settings(payload);
                self.of_connection(side, Part { settings, ..Part::default() }, sink);
            }
            kind::GO_AWAY => {
                let error = u32_be_at(payload, 4);
                self.of_connection(side, Part { error, ..Part::default() }, sink);
            }
            kind::RESET => self.reset(side, frame.stream, u32_be_at(payload, 0), sink),
            kind::PRIORITY => {
                if let Some(stream) = self.streams.get_mut(&frame.stream) {
                    stream.part(side).priority = u8_at(payload, 4);
                }
            }
            _ => {}
        }
    }

    /// Something said of the whole connection is told by itself.
    fn of_connection(&mut self, side: Side, part: Part, sink: &mut dyn Sink) {
        let mut exchange = Exchange { number: self.begun, ..Exchange::default() };
        self.begun += 1;
        match side {
            Side::Originator => exchange.request = part,
            Side::Responder => exchange.response = part,
        }
        sink.event(Event::Http2(&exchange), Place::exchange(exchange.number));
    }

    fn header_frame(&mut self, side: Side, frame: &Frame, payload: &[u8], sink: &mut dyn Sink) {
        let Some((mut fragment, weight)) = records::header_block(frame, payload) else {
            sink.mark(Mark::new("http2.bad-padding", side));
            self.speakers.of_mut(side).broken = true;
            return;
        };
        let mut promised = None;
        if frame.kind == kind::PUSH_PROMISE {
            promised = u32_be_at(fragment, 0).map(|stream| stream & 0x7fff_ffff);
            fragment = fragment.get(4..).unwrap_or_default();
        }
        let block = Block {
            stream: frame.stream,
            promised,
            end_stream: frame.kind == kind::HEADERS && frame.has(flag::END_STREAM),
            weight,
            bytes: fragment.to_vec(),
        };
        if frame.has(flag::END_HEADERS) {
            self.block(side, block, sink);
        } else {
            self.speakers.of_mut(side).block = Some(block);
        }
    }

    fn continuation(&mut self, side: Side, frame: &Frame, payload: &[u8], sink: &mut dyn Sink) {
        let speaker = self.speakers.of_mut(side);
        let Some(mut block) = speaker.block.take().filter(|block| block.stream == frame.stream) else {
            sink.mark(Mark::new("http2.continuation-of-nothing", side));
            speaker.broken = true;
            return;
        };
        if block.bytes.len() + payload.len() > BLOCK_BYTES_MAX {
            sink.mark(Mark::new("http2.headers-too-long", side));
            speaker.broken = true;
            return;
        }
        block.bytes.extend_from_slice(payload);
        if frame.has(flag::END_HEADERS) {
            self.block(side, block, sink);
        } else {
            speaker.block = Some(block);
        }
    }

    /// A whole header block.
    fn block(&mut self, side: Side, block: Block, sink: &mut dyn Sink) {
        let speaker = self.speakers.of_mut(side);
        let mut headers = Headers::default();
        if !speaker.broken {
            let outcome = speaker.decoder.block(&block.bytes, &mut |name, value| headers.add_separate(name, value));
            if outcome.is_err() {
                sink.mark(Mark::new("http2.broken-header-compression", side));
                speaker.broken = true;
            }
        }
        if headers.cut {
            sink.mark(Mark::new("http2.too-many-headers", side));
        }
        self.make_room(sink);
        self.held += headers.bytes();
        match block.promised {
            Some(promised) => {
                let stream = self.open(promised);
                stream.exchange.request.headers = Some(headers);
                stream.over.originator = true;
            }
            None => self.headers(side, &block, headers, sink),
        }
    }

    fn headers(&mut self, side: Side, block: &Block, headers: Headers, sink: &mut dyn Sink) {
        let stream = self.open(block.stream);
        let part = stream.part(side);
        part.priority = block.weight.or(part.priority);
        if let Some(earlier) = &mut part.headers {
            headers.iter().for_each(|(name, value)| earlier.add_separate(name, value));
        } else if side == Side::Responder && is_interim(&headers) && !block.end_stream {
            // The real answer is to come.
            return;
        } else {
            part.headers = Some(headers);
            stream.begin_content(side);
            if side == Side::Originator {
                stream.note_who();
                self.query_in_path(block.stream, sink);
            }
        }
        if block.end_stream {
            self.end_side(side, block.stream, FileEnd::Complete, sink);
        }
    }

    /// The stream of this number, a new one if there is none.
    fn open(&mut self, stream: u32) -> &mut Stream {
        let begun = &mut self.begun;
        self.streams.entry(stream).or_insert_with(|| {
            let exchange = Exchange { number: *begun, stream, ..Exchange::default() };
            *begun += 1;
            Stream { exchange, ..Stream::default() }
        })
    }

    fn make_room(&mut self, sink: &mut dyn Sink) {
        // Headers that were dropped or replaced are still counted; it is counted anew when that matters.
        if self.held > STREAMS_BYTES_MAX {
            self.held = self.streams.values().map(Stream::header_bytes).sum();
        }
        while (self.streams.len() >= STREAMS_MAX || self.held > STREAMS_BYTES_MAX)
            && let Some((_, stream)) = self.streams.pop_first()
        {
            self.held = self.held.saturating_sub(stream.header_bytes());
            sink.mark(Mark::new("http2.too-many-streams", Side::Originator));
            stream.tell(sink);
        }
    }

    fn begin_data(&mut self, side: Side, frame: &Frame, data: &[u8], _sink: &mut dyn Sink) -> Step {
        let (padding, taken) = match (frame.has(flag::PADDED), u8_at(data, HEADER_BYTES)) {
            (false, _) => (0, HEADER_BYTES),
            (true, Some(padding)) => (usize::from(padding), HEADER_BYTES + 1),
            (true, None) => return Step::More(HEADER_BYTES + 1),
        };
        let length = frame.length - (taken - HEADER_BYTES).min(frame.length);
        let padding = padding.min(length);
        self.speakers.of_mut(side).data = Some(DataFrame {
            stream: frame.stream,
            left: length - padding,
            padding,
            end_stream: frame.has(flag::END_STREAM),
        });
        Step::Took(taken)
    }

    fn data_frame(&mut self, side: Side, frame: DataFrame, data: &[u8], sink: &mut dyn Sink) -> Step {
        let count = frame.left.min(data.len());
        let (content, _) = data.split_at_checked(count).unwrap_or((data, &[]));
        if let Some(stream) = self.streams.get_mut(&frame.stream).filter(|_| !content.is_empty()) {
            stream.data(side, content, sink);
        }
        self.after_data(side, DataFrame { left: frame.left - count, ..frame }, sink);
        Step::Took(count)
    }

    fn after_data(&mut self, side: Side, frame: DataFrame, sink: &mut dyn Sink) {
        let speaker = self.speakers.of_mut(side);
        if frame.left > 0 {
            speaker.data = Some(frame);
            return;
        }
        speaker.data = None;
        speaker.skip = frame.padding;
        if frame.end_stream {
            self.end_side(side, frame.stream, FileEnd::Complete, sink);
        }
    }

    fn reset(&mut self, side: Side, stream: u32, error: Option<u32>, sink: &mut dyn Sink) {
        let Some(reset) = self.streams.get_mut(&stream) else { return };
        reset.part(side).error = error;
        for side in [Side::Originator, Side::Responder] {
            self.end_side(side, stream, FileEnd::Truncated, sink);
        }
    }

    /// A side says no more in a stream.
    fn end_side(&mut self, side: Side, number: u32, end: FileEnd, sink: &mut dyn Sink) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        if !std::mem::replace(stream.over.of_mut(side), true) {
            stream.end_content(side, end, sink);
        }
        if stream.over.originator
            && stream.over.responder
            && let Some(stream) = self.streams.remove(&number)
        {
            self.held = self.held.saturating_sub(stream.header_bytes());
            stream.tell(sink);
        }
    }

    /// A question of DNS in the address (RFC 8484, section 4.1).
    fn query_in_path(&mut self, number: u32, sink: &mut dyn Sink) {
        let Some(stream) = self.streams.get(&number) else { return };
        let Some(path) = stream.exchange.request.header(":path") else { return };
        let Some((_, query)) = split_once(path, b'?') else { return };
        let Some(question) = query.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(b"dns=")) else {
            return;
        };
        let bytes = base64(&unescaped(question));
        tell_dns(&bytes, Side::Originator, stream.exchange.number, sink);
    }

    /// Goes on behind a hole in what a side says.
    fn pass_hole(&mut self, side: Side, sink: &mut dyn Sink) {
        let speaker = self.speakers.of_mut(side);
        let length = usize::try_from(std::mem::take(&mut speaker.hole)).unwrap_or(usize::MAX);
        if length == 0 || speaker.deaf {
            return;
        }
        match speaker.data {
            Some(frame) if length <= frame.left => {
                if let Some(stream) = self.streams.get_mut(&frame.stream) {
                    stream.gap(side, length as u64, sink);
                }
                self.after_data(side, DataFrame { left: frame.left - length, ..frame }, sink);
            }
            None if length <= speaker.skip => speaker.skip -= length,
            // Where the next frame begins nobody knows.
            _ => {
                sink.mark(Mark::new("http2.lost-in-a-hole", side));
                speaker.deaf = true;
            }
        }
    }
}

impl Stream {
    fn header_bytes(&self) -> usize {
        let Exchange { request, response, .. } = &self.exchange;
        [request, response].iter().filter_map(|part| part.headers.as_ref()).map(Headers::bytes).sum()
    }

    fn part(&mut self, side: Side) -> &mut Part {
        match side {
            Side::Originator => &mut self.exchange.request,
            Side::Responder => &mut self.exchange.response,
        }
    }

    fn begin_content(&mut self, side: Side) {
        let Exchange { request, response, .. } = &self.exchange;
        let target = request.header(":path");
        let (headers, content) = match side {
            Side::Originator => {
                let Some(headers) = &request.headers else { return };
                let announced = announced(headers);
                (headers, Content::of_request(headers, target.unwrap_or_default(), announced))
            }
            Side::Responder => {
                let Some(headers) = &response.headers else { return };
                (headers, Content::of_response(headers, self.exchange.host(), target, announced(headers)))
            }
        };
        if headers.get("content-type").is_some_and(|kind| mentions(kind, b"application/dns-message")) {
            *self.dns.of_mut(side) = Some(Vec::new());
        }
        *self.content.of_mut(side) = Some(content);
    }

    fn note_who(&mut self) {
        let request = &self.exchange.request;
        let said = ["authorization", "proxy-authorization"].iter().find_map(|name| request.header(name));
        if let Some(who) = said.and_then(who) {
            (self.exchange.account, self.exchange.workstation) = (who.account, who.workstation);
        }
    }

    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) {
        self.part(side).length += data.len() as u64;
        if let Some(message) = self.dns.of_mut(side) {
            let room = DNS_BYTES_MAX - message.len().min(DNS_BYTES_MAX);
            message.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
        }
        let place = Place::exchange(self.exchange.number);
        if let Some(content) = self.content.of_mut(side) {
            content.data(data, &mut Telling { side, context: Event::Http2(&self.exchange), place, sink });
        }
    }

    fn gap(&mut self, side: Side, length: u64, sink: &mut dyn Sink) {
        self.part(side).length += length;
        *self.dns.of_mut(side) = None;
        let place = Place::exchange(self.exchange.number);
        if let Some(content) = self.content.of_mut(side) {
            content.gap(length, &mut Telling { side, context: Event::Http2(&self.exchange), place, sink });
        }
    }

    fn end_content(&mut self, side: Side, end: FileEnd, sink: &mut dyn Sink) {
        let place = Place::exchange(self.exchange.number);
        if let Some(content) = self.content.of_mut(side).take() {
            content.end(end, &mut Telling { side, context: Event::Http2(&self.exchange), place, sink });
        }
        if let (Some(message), FileEnd::Complete) = (self.dns.of_mut(side).take(), end) {
            tell_dns(&message, side, self.exchange.number, sink);
        }
    }

    /// It is over, or nothing more of it will be seen.
    fn tell(mut self, sink: &mut dyn Sink) {
        for side in [Side::Originator, Side::Responder] {
            self.end_content(side, FileEnd::Truncated, sink);
        }
        sink.event(Event::Http2(&self.exchange), Place::exchange(self.exchange.number));
    }
}

fn tell_dns(message: &[u8], side: Side, number: u64, sink: &mut dyn Sink) {
    if let Some(message) = dns::message(message) {
        message.oddities.iter().for_each(|code| sink.mark(Mark::new(code, side)));
        sink.event(Event::Doh2(&message), Place::said(side, number));
    }
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = memchr::memchr(at, text)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

fn is_interim(headers: &Headers) -> bool {
    headers.get(":status").is_some_and(|status| status.len() == 3 && status.starts_with(b"1"))
}

fn announced(headers: &Headers) -> Option<u64> {
    std::str::from_utf8(headers.get("content-length")?).ok()?.parse().ok()
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        self.pass_hole(side, sink);
        let mut used = 0;
        while let Some(rest) = data.get(used..).filter(|rest| !rest.is_empty()) {
            match self.step(side, rest, sink) {
                Step::Took(count) => used += count,
                Step::More(wants) => return Progress::Took { used, wants },
                Step::Lost => return Progress::Lost,
            }
        }
        // An empty frame of data may end a stream without a further byte.
        if let Some(frame) = self.speakers.of(side).data.filter(|frame| frame.left == 0) {
            self.after_data(side, frame, sink);
        }
        Progress::took(used)
    }

    /// A hole counts when something follows it; one at the end is only an end that was not seen.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        self.pass_hole(side, sink);
        self.speakers.of_mut(side).hole += length;
        // The beginning of a frame whose end is missing.
        if !rest.is_empty() {
            self.speakers.of_mut(side).deaf = true;
            sink.mark(Mark::new("http2.lost-in-a-hole", side));
        }
        Progress::took(0)
    }

    fn close(&mut self, side: Side, _rest: &[u8], sink: &mut dyn Sink) {
        self.speakers.of_mut(side).deaf = true;
        let open: Vec<u32> = self.streams.keys().copied().collect();
        for stream in open {
            self.end_side(side, stream, FileEnd::Truncated, sink);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        let mut open: Vec<Stream> = std::mem::take(&mut self.streams).into_values().collect();
        open.sort_by_key(|stream| stream.exchange.number);
        open.into_iter().for_each(|stream| stream.tell(sink));
    }
}

/// The client's preface; or the settings that a server must begin with.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    /// More settings than this in a server's first frame are none.
    const SETTINGS_BYTES_MAX: usize = 6 * 32;
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let common = data.iter().zip(PREFACE).take_while(|(said, due)| said == due).count();
    if common == data.len().min(PREFACE.len()) && common > 0 {
        return if common == PREFACE.len() { Probe::Client } else { Probe::More };
    }
    let Some(frame) = records::frame(data) else { return Probe::No };
    let settings = frame.kind == kind::SETTINGS && frame.stream == 0 && frame.flags == 0;
    if !settings || !frame.length.is_multiple_of(6) || frame.length > SETTINGS_BYTES_MAX {
        return Probe::No;
    }
    let Some(payload) = data.get(HEADER_BYTES..HEADER_BYTES + frame.length) else { return Probe::No };
    let known = records::settings(payload).iter().all(|(setting, _)| records::setting_name(*setting).is_some());
    if known && !payload.is_empty() { Probe::Server } else { Probe::No }
}
