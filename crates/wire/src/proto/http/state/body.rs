//! Bodies: where they end, and what is content in them (RFC 9112, sections 6 and 7).

use super::{Conversation, Framing, Open, Stage, Step};
use crate::proto::Event;
use crate::proto::http::events::{Request, Response};
use crate::proto::http::files::{Content, Telling};
use crate::proto::http::records::{self, ChunkSize, chunk_size, content_length, mentions};
use crate::session::{FileEnd, Mark, Place, Side, Sink};

impl Conversation {
    pub(super) fn body(&mut self, side: Side, framing: Framing, data: &[u8], sink: &mut dyn Sink) -> Step {
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
    pub(super) fn end_measured(&mut self, side: Side, sink: &mut dyn Sink) {
        let closes = side == Side::Responder
            && self.current(side).and_then(|open| open.exchange.response.as_ref()).is_some_and(closes_after);
        if closes {
            self.set_framing(side, Framing::UntilResponse);
        } else {
            self.end_message(side, FileEnd::Complete, sink);
        }
    }

    pub(super) fn until_response(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
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

    pub(super) fn chunk_size(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Step {
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

    pub(super) fn set_framing(&mut self, side: Side, framing: Framing) {
        if let Stage::Body(body) = &mut self.speakers.of_mut(side).stage {
            body.framing = framing;
        }
    }

    pub(super) fn count_length(&mut self, side: Side, length: usize) {
        let Some(Open { exchange, .. }) = self.current(side) else { return };
        let counted = match side {
            Side::Originator => exchange.request.as_mut().map(|request| &mut request.length),
            Side::Responder => exchange.response.as_mut().map(|response| &mut response.length),
        };
        if let Some(counted) = counted {
            *counted += length as u64;
        }
    }

    pub(super) fn body_data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) {
        self.count_length(side, data.len());
        self.with_content(side, sink, |content, telling| content.data(data, telling));
    }

    pub(super) fn body_gap(&mut self, side: Side, length: u64, sink: &mut dyn Sink) {
        self.count_length(side, usize::try_from(length).unwrap_or(usize::MAX));
        self.with_content(side, sink, |content, telling| content.gap(length, telling));
    }

    pub(super) fn with_content(
        &mut self,
        side: Side,
        sink: &mut dyn Sink,
        tell: impl FnOnce(&mut Content, &mut Telling<'_>),
    ) {
        let number = self.speakers.of(side).number;
        let first = self.open.front().map_or(0, |open| open.exchange.number);
        let at = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        if let (Some(open), Stage::Body(body)) = (self.open.get(at), &mut self.speakers.of_mut(side).stage) {
            let context = Event::Http(&open.exchange);
            let mut telling = Telling { side, context, place: Place::exchange(number), sink };
            tell(&mut body.content, &mut telling);
        }
    }
}

/// How the body of a request is measured; `None` when there is none (RFC 9112, section 6.3).
pub(super) fn request_framing(request: &Request) -> Option<Framing> {
    if request.headers.get("transfer-encoding").is_some_and(|coding| mentions(coding, b"chunked")) {
        return Some(Framing::ChunkSize);
    }
    let length = request.headers.get("content-length").and_then(content_length)?;
    (length > 0).then_some(Framing::Left(length))
}

pub(super) fn response_framing(response: &Response) -> Framing {
    let headers = &response.headers;
    if headers.get("transfer-encoding").is_some_and(|coding| mentions(coding, b"chunked")) {
        return Framing::ChunkSize;
    }
    headers.get("content-length").and_then(content_length).map_or(Framing::UntilClose, Framing::Left)
}

/// True when nothing is to follow a response on its connection.
fn closes_after(response: &Response) -> bool {
    let connection = response.headers.get("connection");
    let old = response.protocol.eq_ignore_ascii_case(b"HTTP/1.0");
    connection.map_or(old, |value| mentions(value, b"close"))
}
