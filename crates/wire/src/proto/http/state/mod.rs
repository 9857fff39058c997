//! Where each side is in its messages, and which response answers which request.

mod body;
mod heads;
mod holes;

use super::events::{Exchange, Headers, Request};
use super::files::Content;
use super::who::Who;
use crate::proto::Event;
use crate::proto::Kind;
use crate::session::{Both, FileEnd, Place, Progress, Protocol, Side, Sink};
use std::collections::VecDeque;

/// Requests that wait for their responses; beyond, the oldest is told without one.
const OPEN_MAX: usize = 512;
/// Bytes of their headers.
const OPEN_BYTES_MAX: usize = 1 << 20;

/// One conversation.
#[derive(Default)]
pub struct Conversation {
    speakers: Both<Speaker>,
    /// Exchanges that are not over, in order, without holes in their numbers.
    open: VecDeque<Open>,
    begun: u64,
    /// Requests were told without their responses to make room.
    overflowed: bool,
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
