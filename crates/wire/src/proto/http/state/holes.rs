//! What is missing of what a side says, and what was held back when it ends.

use super::{Body, Conversation, Framing, Stage};
use crate::proto::http::records;
use crate::session::{FileEnd, Side, Sink};

impl Conversation {
    /// What was held back of a body to see whether it is something else is more of the body.
    pub(super) fn held_back(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
        if let Stage::Body(Body { framing: Framing::UntilResponse, .. }) = &self.speakers.of(side).stage
            && !rest.is_empty()
        {
            self.body_data(side, rest, sink);
        }
    }

    /// Goes on behind a hole in what a side says.
    pub(super) fn pass_hole(&mut self, side: Side, sink: &mut dyn Sink) {
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
    pub(super) fn close_at_start(&mut self, side: Side, rest: &[u8], sink: &mut dyn Sink) {
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
    pub(super) fn lose(&mut self, side: Side, length: u64) {
        let speaker = self.speakers.of_mut(side);
        speaker.lost = true;
        speaker.missing += length;
    }
}
