//! Start lines and headers, read as browsers read them.

use super::body::{request_framing, response_framing};
use super::{Body, Conversation, Framing, OPEN_BYTES_MAX, OPEN_MAX, Open, Stage, Step, tell};
use crate::proto::Kind;
use crate::proto::http::events::{Headers, Request, Response};
use crate::proto::http::files::Content;
use crate::proto::http::oddities;
use crate::proto::http::records::{self, Line, LineEnd, mentions};
use crate::proto::http::who::who;
use crate::session::{FileEnd, Mark, Side, Sink};

impl Conversation {
    /// The next line of a side, if it is here.
    pub(super) fn line<'a>(&mut self, side: Side, data: &'a [u8]) -> Option<Line<'a>> {
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
    pub(super) fn late_return(&mut self, side: Side, data: &[u8]) -> Option<Step> {
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
    pub(super) fn line_rest(&mut self, side: Side, data: &[u8]) -> Step {
        let Some(at) = memchr::memchr(b'\n', data) else { return Step::Took(data.len()) };
        let speaker = self.speakers.of_mut(side);
        if let Stage::LineRest(stage) = std::mem::take(&mut speaker.stage) {
            speaker.stage = *stage;
        }
        Step::Took(at + 1)
    }

    pub(super) fn cut_line(&mut self, side: Side, end: LineEnd, sink: &mut dyn Sink) {
        if end == LineEnd::Cut {
            sink.mark(Mark::new("http.line-too-long", side));
            let speaker = self.speakers.of_mut(side);
            let stage = std::mem::take(&mut speaker.stage);
            speaker.stage = Stage::LineRest(Box::new(stage));
        }
    }

    pub(super) fn start(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
        let Some(line) = self.line(side, data) else { return Step::More };
        if records::is_blank(line.text) {
            return Step::Took(line.taken);
        }
        match side {
            Side::Originator => self.start_request(line, sink),
            Side::Responder => self.start_line_of_response(line, data, sink),
        }
    }

    pub(super) fn start_request(&mut self, line: Line<'_>, sink: &mut dyn Sink) -> Step {
        self.make_room(sink);
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

    /// The oldest request waits no longer when there are too many; that often only one direction was captured.
    pub(super) fn make_room(&mut self, sink: &mut dyn Sink) {
        let bytes = |open: &Open| open.exchange.request.as_ref().map_or(0, |request| request.headers.bytes());
        while self.open.len() >= OPEN_MAX || self.open.iter().map(bytes).sum::<usize>() > OPEN_BYTES_MAX {
            let Some(oldest) = self.open.pop_front() else { return };
            if !std::mem::replace(&mut self.overflowed, true) {
                sink.mark(Mark::new("http.too-many-open-requests", Side::Originator));
            }
            tell(&oldest.exchange, sink);
        }
    }

    pub(super) fn start_line_of_response(&mut self, line: Line<'_>, data: &[u8], sink: &mut dyn Sink) -> Step {
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
    pub(super) fn lost_response(&mut self, data: &[u8], sink: &mut dyn Sink) {
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
    pub(super) fn bare_response(&mut self, data: &[u8], sink: &mut dyn Sink) {
        if !self.open.iter().any(|open| open.exchange.response.is_none()) {
            // Nobody asked for it.
            sink.mark(Mark::new("http.bytes-after-response", Side::Responder));
            self.speakers.responder.lost = true;
            return;
        }
        sink.mark(Mark::new("http.response-without-head", Side::Responder));
        self.start_response(Response::default(), sink);
        let target = self.current(Side::Responder).and_then(|open| open.exchange.request.as_ref());
        let content =
            Content::of_response(&Headers::default(), None, target.map(|request| request.target.as_slice()), None);
        self.speakers.responder.stage = Stage::Body(Body { framing: Framing::UntilClose, content });
        if !data.is_empty() {
            self.body_data(Side::Responder, data, sink);
        }
    }

    pub(super) fn start_response(&mut self, response: Response, sink: &mut dyn Sink) {
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

    pub(super) fn header(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
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
    pub(super) fn after_blank(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
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

    pub(super) fn end_head(&mut self, side: Side, taken: usize, sink: &mut dyn Sink) -> Step {
        match side {
            Side::Originator => self.end_request_head(taken, sink),
            Side::Responder => self.end_response_head(taken, sink),
        }
    }

    pub(super) fn end_request_head(&mut self, taken: usize, sink: &mut dyn Sink) -> Step {
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
        oddities::of_request(request, sink);
        let framing = request_framing(request);
        let asks_tunnel = is_tunnel(request);
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

    pub(super) fn end_response_head(&mut self, taken: usize, sink: &mut dyn Sink) -> Step {
        let Some(Open { exchange, .. }) = self.current(Side::Responder) else { return Step::Lost };
        let Some(response) = &exchange.response else { return Step::Lost };
        let request = exchange.request.as_ref();
        oddities::of_response(response, sink);
        let follows = Follows::of(request, response);
        let refused_tunnel = request.is_some_and(is_tunnel) && follows != Follows::Switch;
        match follows {
            Follows::Switch => return self.switch(taken, sink),
            Follows::Response => {
                exchange.response = None;
                self.speakers.responder.stage = Stage::Start;
            }
            Follows::Nothing => self.end_message(Side::Responder, FileEnd::Complete, sink),
            Follows::Body(framing) => {
                let target = request.map(|request| request.target.as_slice());
                let host = request.and_then(|request| request.host.as_deref());
                let content = Content::of_response(&response.headers, host, target, framing.length());
                self.speakers.responder.stage = Stage::Body(Body { framing, content });
            }
        }
        if refused_tunnel {
            self.speakers.originator.stage = Stage::Start;
        }
        Step::Took(taken)
    }

    /// Both sides go on in another protocol.
    fn switch(&mut self, taken: usize, sink: &mut dyn Sink) -> Step {
        let Some(Open { exchange, .. }) = self.current(Side::Responder) else { return Step::Lost };
        let upgrade = exchange.response.as_ref().and_then(|response| response.headers.get("upgrade"));
        let to_http2 = upgrade.is_some_and(|name| mentions(name, b"h2c"));
        let to_websocket = upgrade.is_some_and(|name| mentions(name, b"websocket"));
        let legacy = exchange.request.as_ref().filter(|_| to_http2).map(as_text);
        self.legacy = legacy.unwrap_or_default();
        self.end_message(Side::Responder, FileEnd::Complete, sink);
        let to = to_http2.then_some(Kind::Http2).or(to_websocket.then_some(Kind::Websocket));
        Step::Switch(taken, to)
    }
}

/// What comes after the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Body(Framing),
    Nothing,
    /// The real response, after one for the meantime.
    Response,
    /// Another protocol.
    Switch,
}

impl Follows {
    /// RFC 9112, section 6.3; but what says its length has a body, as browsers have it.
    fn of(request: Option<&Request>, response: &Response) -> Follows {
        let code = response.code().unwrap_or(0);
        let measured = ["content-length", "transfer-encoding"].iter().any(|name| response.headers.get(name).is_some());
        if request.is_some_and(is_tunnel) && (200..300).contains(&code) {
            return Follows::Switch;
        }
        match code {
            101 if !measured => return Follows::Switch,
            100..200 if !measured => return Follows::Response,
            204 | 304 if !measured => return Follows::Nothing,
            _ if request.is_some_and(|request| request.method.eq_ignore_ascii_case(b"HEAD")) => {
                return Follows::Nothing;
            }
            _ => {}
        }
        match response_framing(response) {
            Framing::Left(0) => Follows::Nothing,
            framing => Follows::Body(framing),
        }
    }
}

fn is_tunnel(request: &Request) -> bool {
    request.method.eq_ignore_ascii_case(b"CONNECT")
}

/// A request as its first line and its headers.
fn as_text(request: &Request) -> Vec<u8> {
    let mut text = [&request.method, b" ".as_slice(), &request.target, b" ", &request.protocol].concat();
    for (name, value) in request.headers.iter() {
        text.extend_from_slice(&[b"\n", name, b": ", value].concat());
    }
    text
}
