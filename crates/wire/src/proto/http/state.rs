//! Where each side is in its messages, and which response answers which request.

use super::events::{Exchange, Headers, Request, Response};
use super::files::{Content, Telling};
use super::oddities;
use super::records::{self, ChunkSize, Line, LineEnd, chunk_size, codings, content_length, mentions};
use super::who::{Who, who};
use crate::proto::{Event, Kind};
use crate::session::{Both, FileEnd, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// Requests that wait for their responses; beyond, the conversation is no longer followed.
const OPEN_MAX: usize = 512;

/// One conversation.
#[derive(Default)]
pub struct Conversation {
    speakers: Both<Speaker>,
    /// Exchanges that are not over, in order, without holes in their numbers.
    open: VecDeque<Open>,
    begun: u64,
    /// The request that is answered in another protocol.
    legacy: Vec<u8>,
    /// NTLM and its like say once for a connection who asks.
    who: Option<Who>,
}

#[derive(Default)]
struct Open {
    exchange: Exchange,
    request_over: bool,
    response_over: bool,
}

/// How far a side is.
#[derive(Default)]
struct Speaker {
    stage: Stage,
    /// The exchange whose message is being said.
    number: u64,
    /// Bytes at the front of what waits that hold no end of a line.
    scanned: usize,
    /// Lost by a hole or by nonsense: only what looks like a message is taken.
    lost: bool,
    /// Bytes that are missing before what comes next.
    hole: u64,
    /// Missing bytes that may have held the beginning of a message.
    missing: u64,
    /// The last line ended with a line feed alone; a return right after it belongs to it.
    bare_feed: bool,
    /// A line that may be nonsense before a response or the response itself.
    junk: Option<Vec<u8>>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Start,
    Headers,
    /// After a line of nothing but spaces: what follows decides whether the headers go on.
    Blank,
    Body(Body),
    /// The rest of a line that was cut.
    LineRest(Box<Stage>),
    /// A request that asks to go on in another protocol waits for the answer.
    Waiting,
    /// Nothing more of this side is understood.
    Deaf,
}

struct Body {
    framing: Framing,
    content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Left(u64),
    UntilClose,
    /// Until another response begins: what comes after a body although nothing should, or a body whose head was lost.
    UntilResponse,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
}

/// One step through the bytes of a side.
enum Step {
    Took(usize),
    /// Nothing can be done without more bytes.
    More,
    Lost,
    Switch(usize, Option<Kind>),
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        self.pass_hole(side, sink);
        let mut used = 0;
        while let Some(rest) = data.get(used..).filter(|rest| !rest.is_empty()) {
            match self.step(side, rest, sink) {
                Step::Took(count) => used += count,
                Step::More => break,
                Step::Lost => return Progress::Lost,
                Step::Switch(count, to) => return Progress::Switch { used: used + count, to },
            }
        }
        Progress::took(used)
    }

    /// A hole counts when something follows it; one at the end is only an end that was not seen.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        self.pass_hole(side, sink);
        self.held_back(side, rest, sink);
        self.speakers.of_mut(side).hole += length;
        Progress::took(0)
    }

    fn close(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        self.held_back(side, rest, sink);
        let speaker = self.speakers.of_mut(side);
        match &mut speaker.stage {
            Stage::Start => self.close_at_start(side, rest, sink),
            Stage::Headers | Stage::Blank => self.end_message(side, FileEnd::Truncated, sink),
            Stage::Body(body) => {
                let end = match body.framing {
                    _ if speaker.hole > 0 => FileEnd::Truncated,
                    Framing::UntilClose | Framing::UntilResponse | Framing::Trailers => FileEnd::Complete,
                    _ => FileEnd::Truncated,
                };
                self.end_message(side, end, sink);
            }
            _ => {}
        }
        self.speakers.of_mut(side).stage = Stage::Deaf;
        // No answer comes any more.
        if side == Side::Responder {
            self.tell_finished(sink);
        }
    }

    fn legacy(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.legacy)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for side in [Side::Originator, Side::Responder] {
            if matches!(self.speakers.of(side).stage, Stage::Headers | Stage::Blank | Stage::Body(_)) {
                self.end_message(side, FileEnd::Truncated, sink);
            }
        }
        while let Some(open) = self.open.pop_front() {
            tell(&open.exchange, sink);
        }
    }
}

fn tell(exchange: &Exchange, sink: &mut dyn Sink) {
    sink.event(Event::Http(exchange), Place::exchange(exchange.number));
}

impl Conversation {
    /// What was held back of a body to see whether it is something else is more of the body.
    fn held_back(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if let Stage::Body(Body { framing: Framing::UntilResponse, .. }) = &self.speakers.of(side).stage
            && !rest.is_empty()
        {
            self.body_data(side, rest, sink);
        }
    }

    /// Goes on behind a hole in what a side says.
    fn pass_hole(&mut self, side: Side, sink: &mut dyn Sink) {
        let speaker = self.speakers.of_mut(side);
        let length = std::mem::take(&mut speaker.hole);
        if length == 0 {
            return;
        }
        speaker.scanned = 0;
        speaker.junk = None;
        match &mut speaker.stage {
            Stage::Body(body) => {
                let (missing, framing) = match body.framing {
                    Framing::Left(left) if length < left => (length, Some(Framing::Left(left - length))),
                    Framing::Left(left) => (left, (length == left).then_some(Framing::Left(0))),
                    Framing::UntilClose | Framing::UntilResponse => (length, Some(body.framing)),
                    Framing::Chunk(left) if length < left => (length, Some(Framing::Chunk(left - length))),
                    Framing::Chunk(left) if length == left => (left, Some(Framing::ChunkEnd)),
                    Framing::Chunk(left) => (left, None),
                    Framing::ChunkSize | Framing::ChunkEnd | Framing::Trailers => (0, None),
                };
                if missing > 0 {
                    self.body_gap(side, missing, sink);
                }
                match framing {
                    Some(Framing::Left(0)) => self.end_message(side, FileEnd::Complete, sink),
                    Some(framing) => self.set_framing(side, framing),
                    None => {
                        self.end_message(side, FileEnd::Truncated, sink);
                        self.lose(side, length - missing);
                    }
                }
            }
            Stage::Headers | Stage::Blank => {
                self.end_message(side, FileEnd::Truncated, sink);
                self.lose(side, length);
            }
            Stage::LineRest(_) | Stage::Start => {
                speaker.stage = Stage::Start;
                self.lose(side, length);
            }
            Stage::Waiting | Stage::Deaf => {}
        }
    }

    /// A side ends where a message could begin; perhaps one began.
    fn close_at_start(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        let junk = self.speakers.of_mut(side).junk.take().unwrap_or_default();
        let said = [junk.as_slice(), rest].concat();
        if records::is_blank(&said) {
            return;
        }
        match side {
            Side::Originator if records::request_line(&said).target.is_empty() => return,
            Side::Originator => {
                self.begin_exchange(side, Some(records::request_line(&said)));
            }
            Side::Responder if records::looks_like_response(&said) => {
                self.start_response(records::status_line(&said), sink);
            }
            Side::Responder => self.bare_response(&said, sink),
        }
        self.end_message(side, FileEnd::Complete, sink);
    }

    /// Bytes are missing where a message could begin.
    fn lose(&mut self, side: Side, length: u64) {
        let speaker = self.speakers.of_mut(side);
        speaker.lost = true;
        speaker.missing += length;
    }

    fn step(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        match &self.speakers.of(side).stage {
            Stage::Start => self.start(side, data, sink),
            Stage::Headers => self.header(side, data, sink),
            Stage::Blank => self.after_blank(side, data, sink),
            Stage::Body(body) => {
                let framing = body.framing;
                self.body(side, framing, data, sink)
            }
            Stage::LineRest(_) => self.line_rest(side, data),
            Stage::Waiting => Step::More,
            Stage::Deaf => Step::Took(data.len()),
        }
    }

    /// The next line of a side, if it is here.
    fn line<'a>(&mut self, side: Side, data: &'a [u8]) -> Option<Line<'a>> {
        let speaker = self.speakers.of_mut(side);
        let line = match (side, &speaker.stage) {
            (Side::Responder, Stage::Start | Stage::Headers) => records::response_line(data, speaker.scanned),
            _ => records::line(data, speaker.scanned),
        };
        // A return at the end is looked at again with what follows it.
        speaker.scanned = if line.is_some() { 0 } else { data.len().saturating_sub(1) };
        if let Some(line) = line {
            speaker.bare_feed = line.end == LineEnd::BareFeed;
        }
        line
    }

    /// A return right after a line feed alone ends the same line, for some programs.
    fn late_return(&mut self, side: Side, data: &[u8]) -> Option<Step> {
        let speaker = self.speakers.of_mut(side);
        if side == Side::Originator || !speaker.bare_feed {
            return None;
        }
        match data {
            [b'\r'] => Some(Step::More),
            [b'\r', next, ..] if *next != b'\n' => {
                speaker.bare_feed = false;
                Some(Step::Took(1))
            }
            _ => {
                speaker.bare_feed = false;
                None
            }
        }
    }

    /// What was cut off a line that is too long is passed over.
    fn line_rest(&mut self, side: Side, data: &[u8]) -> Step {
        let Some(at) = memchr::memchr(b'\n', data) else { return Step::Took(data.len()) };
        let speaker = self.speakers.of_mut(side);
        if let Stage::LineRest(stage) = std::mem::take(&mut speaker.stage) {
            speaker.stage = *stage;
        }
        Step::Took(at + 1)
    }

    fn cut_line(&mut self, side: Side, end: LineEnd, sink: &mut dyn Sink) {
        if end == LineEnd::Cut {
            sink.mark(Mark::new("http.line-too-long", side));
            let speaker = self.speakers.of_mut(side);
            let stage = std::mem::take(&mut speaker.stage);
            speaker.stage = Stage::LineRest(Box::new(stage));
        }
    }

    fn start(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        let Some(line) = self.line(side, data) else { return Step::More };
        if records::is_blank(line.text) {
            return Step::Took(line.taken);
        }
        match side {
            Side::Originator => self.start_request(line, sink),
            Side::Responder => self.start_line_of_response(line, data, sink),
        }
    }

    fn start_request(&mut self, line: Line<'_>, sink: &mut dyn Sink) -> Step {
        if self.open.len() >= OPEN_MAX {
            sink.mark(Mark::new("http.too-many-open-requests", Side::Originator));
            return Step::Lost;
        }
        let speaker = &mut self.speakers.originator;
        // A conversation may begin with a line that only a server makes something of; HTTP/0.9 has no protocol in it.
        let begins = self.begun == 0 && !speaker.lost && line.text.iter().all(|byte| !byte.is_ascii_control());
        if !begins && !records::looks_like_request(line.text) {
            if !std::mem::replace(&mut speaker.lost, true) {
                sink.mark(Mark::new("http.no-request", Side::Originator));
            }
            return Step::Took(line.taken);
        }
        speaker.lost = false;
        self.begin_exchange(Side::Originator, Some(records::request_line(line.text)));
        self.speakers.originator.stage = Stage::Headers;
        self.cut_line(Side::Originator, line.end, sink);
        Step::Took(line.taken)
    }

    fn start_line_of_response(&mut self, line: Line<'_>, data: &[u8], sink: &mut dyn Sink) -> Step {
        let speaker = &mut self.speakers.responder;
        if records::looks_like_response(line.text) {
            if speaker.junk.take().is_some() {
                sink.mark(Mark::new("http.nonsense-before-response", Side::Responder));
            }
            (speaker.lost, speaker.missing) = (false, 0);
            self.start_response(records::status_line(line.text), sink);
            self.cut_line(Side::Responder, line.end, sink);
            return Step::Took(line.taken);
        }
        if speaker.lost {
            let whole = data.get(..line.taken).unwrap_or_default();
            self.lost_response(whole, sink);
            return Step::Took(line.taken);
        }
        let whole = data.get(..line.taken).unwrap_or_default();
        match speaker.junk.take() {
            None if line.end != LineEnd::Cut => speaker.junk = Some(whole.to_vec()),
            // Two lines and no response yet: browsers show such a thing as a page.
            junk => self.bare_response(&[junk.unwrap_or_default(), whole.to_vec()].concat(), sink),
        }
        Step::Took(line.taken)
    }

    /// The head of a response was lost: what comes is its content, until another begins.
    fn lost_response(&mut self, data: &[u8], sink: &mut dyn Sink) {
        let missing = std::mem::take(&mut self.speakers.responder.missing);
        let asked = self.open.iter().any(|open| open.exchange.response.is_none() && open.request_over);
        if missing == 0 || !asked {
            return;
        }
        self.bare_response(&[], sink);
        self.set_framing(Side::Responder, Framing::UntilResponse);
        self.body_gap(Side::Responder, missing, sink);
        self.body_data(Side::Responder, data, sink);
    }

    /// A response without a head: HTTP/0.9, or something else that a browser would show.
    fn bare_response(&mut self, data: &[u8], sink: &mut dyn Sink) {
        if !self.open.iter().any(|open| open.exchange.response.is_none()) {
            // Nobody asked for it.
            sink.mark(Mark::new("http.bytes-after-response", Side::Responder));
            self.speakers.responder.lost = true;
            return;
        }
        sink.mark(Mark::new("http.response-without-head", Side::Responder));
        self.start_response(Response::default(), sink);
        let target = self.current(Side::Responder).and_then(|open| open.exchange.request.as_ref());
        let content = Content::of_response(&Headers::default(), target.map(|request| request.target.as_slice()), None);
        self.speakers.responder.stage = Stage::Body(Body { framing: Framing::UntilClose, content });
        if !data.is_empty() {
            self.body_data(Side::Responder, data, sink);
        }
    }

    fn start_response(&mut self, response: Response, sink: &mut dyn Sink) {
        let waiting = self.open.iter_mut().find(|open| open.exchange.response.is_none() && !open.response_over);
        match waiting {
            Some(open) => {
                open.exchange.response = Some(response);
                self.speakers.responder.number = open.exchange.number;
            }
            None => {
                sink.mark(Mark::new("http.response-without-request", Side::Responder));
                self.begin_exchange(Side::Responder, None);
                if let Some(open) = self.open.back_mut() {
                    open.exchange.response = Some(response);
                    open.request_over = true;
                }
            }
        }
        self.speakers.responder.stage = Stage::Headers;
    }

    fn begin_exchange(&mut self, side: Side, request: Option<Request>) {
        let number = self.begun;
        self.begun += 1;
        self.speakers.of_mut(side).number = number;
        let exchange = Exchange { number, request, ..Exchange::default() };
        self.open.push_back(Open { exchange, ..Open::default() });
    }

    /// The exchange whose message a side is saying.
    fn current(&mut self, side: Side) -> Option<&mut Open> {
        let number = self.speakers.of(side).number;
        let first = self.open.front()?.exchange.number;
        self.open.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    fn headers(&mut self, side: Side) -> Option<&mut Headers> {
        let exchange = &mut self.current(side)?.exchange;
        match side {
            Side::Originator => exchange.request.as_mut().map(|request| &mut request.headers),
            Side::Responder => exchange.response.as_mut().map(|response| &mut response.headers),
        }
    }

    fn header(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        if let Some(step) = self.late_return(side, data) {
            return step;
        }
        let Some(line) = self.line(side, data) else { return Step::More };
        let Some(headers) = self.headers(side) else { return Step::Lost };
        let folded = line.text.first().is_some_and(|byte| matches!(byte, b' ' | b'\t' | 0));
        let feed = matches!(line.end, LineEnd::Feed | LineEnd::BareFeed);
        if line.text.is_empty() && feed {
            return self.end_head(side, line.taken, sink);
        }
        // Returns alone, and after them the head goes on.
        if records::is_blank(line.text) && !(folded && feed) {
            return Step::Took(line.taken);
        }
        if folded && records::is_blank(line.text) && !headers.is_empty() {
            self.speakers.of_mut(side).stage = Stage::Blank;
            return Step::Took(line.taken);
        }
        if !(folded && headers.fold(records::trim(line.text.strip_prefix(&[0]).unwrap_or(line.text)))) {
            let (name, value) = records::header(line.text);
            headers.add(name, value);
        }
        self.cut_line(side, line.end, sink);
        Step::Took(line.taken)
    }

    /// A line of spaces continues the header before it, if that goes on or the head ends after it. Otherwise it was
    /// what the sender ended the head with.
    fn after_blank(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        match data {
            [b' ' | b'\t', ..] => {
                self.speakers.of_mut(side).stage = Stage::Headers;
                Step::Took(0)
            }
            [b'\r'] => Step::More,
            [b'\r', b'\n', ..] => self.end_head(side, 2, sink),
            [b'\n', ..] => self.end_head(side, 1, sink),
            _ => self.end_head(side, 0, sink),
        }
    }

    fn end_head(&mut self, side: Side, taken: usize, sink: &mut dyn Sink) -> Step {
        match side {
            Side::Originator => self.end_request_head(taken, sink),
            Side::Responder => self.end_response_head(taken, sink),
        }
    }

    fn end_request_head(&mut self, taken: usize, sink: &mut dyn Sink) -> Step {
        let known = self.who.take();
        let Some(Open { exchange, .. }) = self.current(Side::Originator) else { return Step::Lost };
        let Some(request) = &mut exchange.request else { return Step::Lost };
        if let Some(host) = request.headers.get("host").map(<[u8]>::to_vec) {
            request.set_host(&host);
        }
        let said = ["authorization", "proxy-authorization"].iter().find_map(|name| request.headers.get(name));
        let who = said.and_then(who).or(known);
        (exchange.account, exchange.workstation) =
            who.clone().map_or((None, None), |who| (who.account, who.workstation));
        oddities::of_head(&request.headers, Side::Originator, sink);
        oddities::of_request(request, sink);
        let framing = request_framing(request);
        let asks_tunnel = request.method.eq_ignore_ascii_case(b"CONNECT");
        let content =
            framing.map(|framing| (framing, Content::of_request(&request.headers, &request.target, framing.length())));
        // A connection keeps its user; a password in each request speaks only for that.
        self.who = who.filter(|who| who.workstation.is_some());
        match content {
            Some((framing, content)) => {
                self.speakers.originator.stage = Stage::Body(Body { framing, content });
            }
            None => self.end_message(Side::Originator, FileEnd::Complete, sink),
        }
        if asks_tunnel && !matches!(self.speakers.originator.stage, Stage::Body(_)) {
            self.speakers.originator.stage = Stage::Waiting;
        }
        Step::Took(taken)
    }

    fn end_response_head(&mut self, taken: usize, sink: &mut dyn Sink) -> Step {
        let Some(Open { exchange, .. }) = self.current(Side::Responder) else { return Step::Lost };
        let Some(response) = &exchange.response else { return Step::Lost };
        let request = exchange.request.as_ref();
        oddities::of_head(&response.headers, Side::Responder, sink);
        if codings(&response.headers).1 {
            let coding = response.headers.get("content-encoding").unwrap_or_default();
            sink.mark(Mark::new("http.unknown-content-coding", Side::Responder).with(String::from_utf8_lossy(coding)));
        }
        let method = request.map(|request| request.method.as_slice()).unwrap_or_default();
        let tunnel = method.eq_ignore_ascii_case(b"CONNECT");
        let head_only = method.eq_ignore_ascii_case(b"HEAD");
        let code = response.code().unwrap_or(0);
        let measured = ["content-length", "transfer-encoding"].iter().any(|name| response.headers.get(name).is_some());
        if tunnel && (200..300).contains(&code) {
            self.end_message(Side::Responder, FileEnd::Complete, sink);
            return Step::Switch(taken, None);
        }
        if code == 101 && !measured {
            let to_http2 = response.headers.get("upgrade").is_some_and(|name| mentions(name, b"h2c"));
            self.legacy = request.filter(|_| to_http2).map(as_text).unwrap_or_default();
            self.end_message(Side::Responder, FileEnd::Complete, sink);
            return Step::Switch(taken, to_http2.then_some(Kind::Http2));
        }
        if tunnel {
            self.speakers.originator.stage = Stage::Start;
        }
        let Some(Open { exchange, .. }) = self.current(Side::Responder) else { return Step::Lost };
        if (100..200).contains(&code) && !measured {
            // The real answer is to come.
            exchange.response = None;
            self.speakers.responder.stage = Stage::Start;
            return Step::Took(taken);
        }
        let Some(response) = &exchange.response else { return Step::Lost };
        if head_only || (matches!(code, 204 | 304) && !measured) {
            self.end_message(Side::Responder, FileEnd::Complete, sink);
            return Step::Took(taken);
        }
        let framing = response_framing(response);
        let target = exchange.request.as_ref().map(|request| request.target.as_slice());
        let content = Content::of_response(&response.headers, target, framing.length());
        self.speakers.responder.stage = Stage::Body(Body { framing, content });
        if framing == Framing::Left(0) {
            self.end_message(Side::Responder, FileEnd::Complete, sink);
        }
        Step::Took(taken)
    }

    fn body(&mut self, side: Side, framing: Framing, data: &[u8], sink: &mut dyn Sink) -> Step {
        match framing {
            Framing::UntilClose => {
                self.body_data(side, data, sink);
                Step::Took(data.len())
            }
            Framing::Left(left) | Framing::Chunk(left) => {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
                let (content, _) = data.split_at_checked(count).unwrap_or((data, &[]));
                self.body_data(side, content, sink);
                let left = left - count as u64;
                match framing {
                    Framing::Left(_) if left == 0 => self.end_measured(side, sink),
                    Framing::Left(_) => self.set_framing(side, Framing::Left(left)),
                    _ if left == 0 => self.set_framing(side, Framing::ChunkEnd),
                    _ => self.set_framing(side, Framing::Chunk(left)),
                }
                Step::Took(count)
            }
            Framing::UntilResponse => self.until_response(side, data, sink),
            Framing::ChunkSize => self.chunk_size(side, data, sink),
            Framing::ChunkEnd => {
                // Whatever stands between a chunk and the end of its line is no content.
                let end = memchr::memchr(b'\n', data);
                if end.is_some() {
                    self.set_framing(side, Framing::ChunkSize);
                }
                let taken = end.map_or(data.len(), |at| at + 1);
                self.count_length(side, taken);
                Step::Took(taken)
            }
            Framing::Trailers => {
                let Some(line) = self.line(side, data) else { return Step::More };
                self.count_length(side, line.taken);
                if records::is_blank(line.text) {
                    self.end_message(side, FileEnd::Complete, sink);
                }
                Step::Took(line.taken)
            }
        }
    }

    /// A body has the length that was said. When the connection was to close after it and does not, more of it follows.
    fn end_measured(&mut self, side: Side, sink: &mut dyn Sink) {
        let closes = side == Side::Responder
            && self.current(side).and_then(|open| open.exchange.response.as_ref()).is_some_and(closes_after);
        if closes {
            self.set_framing(side, Framing::UntilResponse);
        } else {
            self.end_message(side, FileEnd::Complete, sink);
        }
    }

    fn until_response(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        if let Some(at) = records::find_response(data) {
            let (content, _) = data.split_at_checked(at).unwrap_or((data, &[]));
            if !content.is_empty() {
                self.body_data(side, content, sink);
            }
            self.end_message(side, FileEnd::Complete, sink);
            return Step::Took(at);
        }
        // What may be the beginning of one is held back.
        let free = data.len().saturating_sub(records::RESPONSE_START_BYTES - 1);
        if free == 0 {
            return Step::More;
        }
        self.body_data(side, data.get(..free).unwrap_or_default(), sink);
        Step::Took(free)
    }

    fn chunk_size(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        /// A size does not need more; without a line's end by then it is none.
        const SIZE_LINE_BYTES_MAX: usize = 1 << 12;
        let nonsense = data.iter().find(|byte| !records::is_space(**byte) && **byte != b'\n');
        let size = match self.line(side, data) {
            _ if nonsense.is_some_and(|byte| records::hex_value(*byte).is_none()) => (ChunkSize::Unreadable, 0),
            Some(line) => (chunk_size(line.text), line.taken),
            None if data.len() < SIZE_LINE_BYTES_MAX => return Step::More,
            None => (ChunkSize::Unreadable, 0),
        };
        match size {
            (ChunkSize::Is(size), taken) => {
                self.count_length(side, taken);
                self.set_framing(side, if size == 0 { Framing::Trailers } else { Framing::Chunk(size) });
                Step::Took(taken)
            }
            (ChunkSize::Blank, taken) => {
                self.count_length(side, taken);
                Step::Took(taken)
            }
            (ChunkSize::Unreadable, _) => {
                // Then it was not meant so: browsers show it all.
                sink.mark(Mark::new("http.unreadable-chunk-size", side));
                self.speakers.of_mut(side).scanned = 0;
                match side {
                    Side::Responder => self.set_framing(side, Framing::UntilClose),
                    Side::Originator => {
                        self.end_message(side, FileEnd::Truncated, sink);
                        self.speakers.of_mut(side).lost = true;
                    }
                }
                Step::Took(0)
            }
        }
    }

    fn set_framing(&mut self, side: Side, framing: Framing) {
        if let Stage::Body(body) = &mut self.speakers.of_mut(side).stage {
            body.framing = framing;
        }
    }

    fn count_length(&mut self, side: Side, length: usize) {
        let Some(Open { exchange, .. }) = self.current(side) else { return };
        let counted = match side {
            Side::Originator => exchange.request.as_mut().map(|request| &mut request.length),
            Side::Responder => exchange.response.as_mut().map(|response| &mut response.length),
        };
        if let Some(counted) = counted {
            *counted += length as u64;
        }
    }

    fn body_data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) {
        self.count_length(side, data.len());
        self.with_content(side, sink, |content, telling| content.data(data, telling));
    }

    fn body_gap(&mut self, side: Side, length: u64, sink: &mut dyn Sink) {
        self.count_length(side, usize::try_from(length).unwrap_or(usize::MAX));
        self.with_content(side, sink, |content, telling| content.gap(length, telling));
    }

    fn with_content(&mut self, side: Side, sink: &mut dyn Sink, tell: impl FnOnce(&mut Content, &mut Telling<'_>)) {
        let number = self.speakers.of(side).number;
        let first = self.open.front().map_or(0, |open| open.exchange.number);
        let at = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        if let (Some(open), Stage::Body(body)) = (self.open.get(at), &mut self.speakers.of_mut(side).stage) {
            let context = Event::Http(&open.exchange);
            let mut telling = Telling { side, context, place: Place::exchange(number), sink };
            tell(&mut body.content, &mut telling);
        }
    }

    /// A side's message is over, as it should be or not.
    fn end_message(&mut self, side: Side, end: FileEnd, sink: &mut dyn Sink) {
        let mut ended = Content::ignored();
        if let Stage::Body(body) = &mut self.speakers.of_mut(side).stage {
            ended = std::mem::replace(&mut body.content, ended);
            self.with_content(side, sink, |_, telling| ended.end(end, telling));
        }
        let speaker = self.speakers.of_mut(side);
        (speaker.stage, speaker.scanned) = (Stage::Start, 0);
        if let Some(open) = self.current(side) {
            match side {
                Side::Originator => open.request_over = true,
                Side::Responder => open.response_over = true,
            }
        }
        self.tell_finished(sink);
    }

    fn tell_finished(&mut self, sink: &mut dyn Sink) {
        while let Some(open) = self.open.pop_front_if(|open| open.request_over && open.response_over) {
            tell(&open.exchange, sink);
        }
    }
}

impl Framing {
    fn length(self) -> Option<u64> {
        match self {
            Framing::Left(length) => Some(length),
            _ => None,
        }
    }
}

/// How the body of a request is measured; `None` when there is none (RFC 9112, section 6.3).
fn request_framing(request: &Request) -> Option<Framing> {
    if request.headers.get("transfer-encoding").is_some_and(|coding| mentions(coding, b"chunked")) {
        return Some(Framing::ChunkSize);
    }
    let length = request.headers.get("content-length").and_then(content_length)?;
    (length > 0).then_some(Framing::Left(length))
}

fn response_framing(response: &Response) -> Framing {
    let headers = &response.headers;
    if headers.get("transfer-encoding").is_some_and(|coding| mentions(coding, b"chunked")) {
        return Framing::ChunkSize;
    }
    headers.get("content-length").and_then(content_length).map_or(Framing::UntilClose, Framing::Left)
}

/// A request as its first line and its headers.
fn as_text(request: &Request) -> Vec<u8> {
    let mut text = [&request.method, b" ".as_slice(), &request.target, b" ", &request.protocol].concat();
    for (name, value) in request.headers.iter() {
        text.extend_from_slice(&[b"\n", name, b": ", value].concat());
    }
    text
}

/// True when nothing is to follow a response on its connection.
fn closes_after(response: &Response) -> bool {
    let connection = response.headers.get("connection");
    let old = response.protocol.eq_ignore_ascii_case(b"HTTP/1.0");
    connection.map_or(old, |value| mentions(value, b"close"))
}

/// A request line with a protocol, a request of a common method, or a status line.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const METHODS: &[&[u8]] = &[
        b"GET",
        b"POST",
        b"HEAD",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"CONNECT",
        b"TRACE",
        b"PATCH",
        b"PROPFIND",
        b"PROPPATCH",
        b"MKCOL",
        b"COPY",
        b"MOVE",
        b"LOCK",
        b"UNLOCK",
        b"SEARCH",
        b"REPORT",
    ];
    /// A request line that does not end by then is looked at as it is.
    const LOOK_BYTES: usize = 1 << 12;
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let start = data.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(data.len());
    let data = data.get(start..).unwrap_or_default();
    const STATUS: &[u8] = b"HTTP/";
    if data.len() < STATUS.len() && STATUS.starts_with(&data.to_ascii_uppercase()) {
        return Probe::More;
    }
    if data.get(..STATUS.len()).is_some_and(|start| start.eq_ignore_ascii_case(STATUS)) {
        return match data.get(STATUS.len()) {
            None => Probe::More,
            Some(digit) if digit.is_ascii_digit() => Probe::Server,
            Some(_) => Probe::No,
        };
    }
    let line_end = data.iter().position(|byte| *byte == b'\n');
    let method_end = data.iter().take(32).position(|byte| !(byte.is_ascii_alphabetic() || b"_-".contains(byte)));
    let Some(method_end) = method_end else { return if data.len() < 32 { Probe::More } else { Probe::No } };
    let method = data.get(..method_end).unwrap_or_default();
    if method.is_empty() || !matches!(data.get(method_end), Some(b' ' | b'\t')) {
        return Probe::No;
    }
    let known = METHODS.contains(&method);
    if known && data.get(method_end + 1) == Some(&b'/') {
        return Probe::Client;
    }
    match line_end {
        Some(end) => {
            let line = data.get(..end).unwrap_or_default();
            if records::looks_like_request(line) { Probe::Client } else { Probe::No }
        }
        None if data.len() < LOOK_BYTES => Probe::More,
        None if known => Probe::Client,
        None => Probe::No,
    }
}
