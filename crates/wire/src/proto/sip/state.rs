//! Messages in a stream or in datagrams, and how SIP is recognised.

use super::records::{content_length, end_of_head, head};
use super::sdp;
use crate::lines::line;
use crate::proto::Event;
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};

/// A longer header is no SIP.
const HEAD_BYTES_MAX: usize = 1 << 15;
/// Bytes read of a body; the rest is passed over.
const BODY_BYTES_MAX: usize = 1 << 15;

pub struct Conversation {
    over: Over,
    transactions: u64,
    skip: Both<u64>,
}

impl Conversation {
    pub fn over(over: Over) -> Self {
        Conversation { over, transactions: 0, skip: Both::default() }
    }

    fn message(&mut self, side: Side, start: &[u8], body: &[u8], sink: &mut dyn Sink) -> bool {
        let Some(mut message) = head(start) else { return false };
        let is_sdp = message.content_type.as_deref().is_none_or(|kind| {
            let name = kind.get(..15).unwrap_or(kind);
            name.eq_ignore_ascii_case(b"application/sdp") || kind.starts_with(b"multipart/")
        });
        if is_sdp {
            message.sdp = sdp(body);
        }
        sink.event(Event::Sip(&message), Place::said(side, self.transactions));
        self.transactions += 1;
        true
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            // Two returns keep the way through a translator open (RFC 5626, section 3.5.1).
            if !data.trim_ascii().is_empty() {
                let at = end_of_head(data).unwrap_or(data.len());
                let (start, body) = data.split_at(at);
                if !self.message(side, start, body, sink) {
                    sink.mark(Mark::new("sip.malformed-message", side));
                }
            }
            return Progress::all(data);
        }
        let skip = self.skip.of_mut(side);
        if *skip > 0 {
            let used = usize::try_from(*skip).unwrap_or(usize::MAX).min(data.len());
            *skip -= used as u64;
            return Progress::took(used);
        }
        let blank = data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            return Progress::took(blank);
        }
        let Some(at) = end_of_head(data.get(..HEAD_BYTES_MAX).unwrap_or(data)) else {
            return if data.len() >= HEAD_BYTES_MAX { Progress::Lost } else { Progress::took(0) };
        };
        let (start, rest) = data.split_at(at);
        let length = content_length(start).unwrap_or(0);
        let read = length.min(BODY_BYTES_MAX);
        let Some(body) = rest.get(..read) else { return Progress::Took { used: 0, wants: at + read } };
        if !self.message(side, start, body, sink) {
            sink.mark(Mark::new("sip.malformed-message", side));
            return Progress::Lost;
        }
        *self.skip.of_mut(side) = (length - read) as u64;
        Progress::took(at + read)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, _sink: &mut dyn Sink) -> Progress {
        let skip = self.skip.of_mut(side);
        match skip.checked_sub(length) {
            Some(left) if rest.is_empty() => {
                *skip = left;
                Progress::took(0)
            }
            _ => Progress::Lost,
        }
    }
}

/// The first line names the protocol.
pub fn probe(_way: Way, data: &[u8]) -> Probe {
    const METHODS: &[&[u8]] = &[
        b"REGISTER ",
        b"INVITE ",
        b"ACK ",
        b"BYE ",
        b"CANCEL ",
        b"UPDATE ",
        b"REFER ",
        b"PRACK ",
        b"SUBSCRIBE ",
        b"NOTIFY ",
        b"PUBLISH ",
        b"MESSAGE ",
        b"INFO ",
        b"OPTIONS ",
    ];
    /// A longer first line is none of ours.
    const LINE_BYTES_MAX: usize = 2048;
    const RESPONSE: &[u8] = b"SIP/2.0 ";
    if data.starts_with(RESPONSE) {
        return Probe::Server;
    }
    let began = |name: &&[u8]| data.len() < name.len() && name.starts_with(data);
    if METHODS.iter().any(|name| data.starts_with(name)) {
        return match line(data, LINE_BYTES_MAX) {
            Some(line) if line.ended && line.text.ends_with(b" SIP/2.0") => Probe::Client,
            Some(_) => Probe::No,
            None => Probe::More,
        };
    }
    if METHODS.iter().any(began) || began(&RESPONSE) { Probe::More } else { Probe::No }
}
