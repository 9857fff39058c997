//! Frame after frame of both sides. The payload is measured and passed over; of a close the reason is read.

use super::events::{Close, Frame};
use super::records::{self, Head};
use crate::bytes::u16_be_at;
use crate::proto::Event;
use crate::session::{Both, Mark, Place, Progress, Protocol, Side, Sink};

/// The longest payload of a control frame (RFC 6455, section 5.5).
const CONTROL_BYTES_MAX: u64 = 125;
const CLOSE: u8 = 8;

#[derive(Default)]
pub struct Conversation {
    transactions: u64,
    sides: Both<Speaker>,
}

#[derive(Default)]
struct Speaker {
    /// Bytes of the payload that are still to come.
    left: u64,
    /// Odd frames are told once.
    told: Vec<&'static str>,
    /// Where frames begin is not known any more.
    lost: bool,
}

impl Conversation {
    fn mark(&mut self, code: &'static str, side: Side, detail: u64, sink: &mut dyn Sink) {
        let told = &mut self.sides.of_mut(side).told;
        if !told.contains(&code) {
            told.push(code);
            sink.mark(Mark::new(code, side).with(detail));
        }
    }

    fn frame(&mut self, side: Side, head: Head, payload: &[u8], sink: &mut dyn Sink) {
        if !records::is_known(head.opcode) {
            self.mark("websocket.unknown-opcode", side, head.opcode.into(), sink);
        }
        // Clients mask and servers do not (section 5.1): what does otherwise is no browser.
        if head.mask.is_some() != (side == Side::Originator) {
            self.mark("websocket.wrong-masking", side, head.opcode.into(), sink);
        }
        let close = Some(records::unmasked(payload, head.mask)).filter(|_| head.opcode == CLOSE).and_then(|text| {
            Some(Close { code: u16_be_at(&text, 0)?, reason: text.get(2..).unwrap_or_default().to_vec() })
        });
        let Head { last, reserved, opcode, mask, length, .. } = head;
        let frame = Frame { last, reserved, opcode, mask, length, close };
        sink.event(Event::Websocket(&frame), Place::said(side, self.transactions));
        self.transactions += 1;
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let speaker = self.sides.of_mut(side);
        if speaker.lost {
            return Progress::all(data);
        }
        if speaker.left > 0 {
            let used = usize::try_from(speaker.left).unwrap_or(usize::MAX).min(data.len());
            speaker.left -= used as u64;
            return Progress::took(used);
        }
        let Some(head) = records::head(data) else { return Progress::took(0) };
        if records::is_control(head.opcode) {
            if head.length > CONTROL_BYTES_MAX {
                self.mark("websocket.control-too-long", side, head.length, sink);
                self.sides.of_mut(side).lost = true;
                return Progress::all(data);
            }
            let whole = head.bytes + head.length as usize;
            let Some(payload) = data.get(head.bytes..whole) else { return Progress::Took { used: 0, wants: whole } };
            self.frame(side, head, payload, sink);
            return Progress::took(whole);
        }
        self.frame(side, head, &[], sink);
        self.sides.of_mut(side).left = head.length;
        Progress::took(head.bytes)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, _sink: &mut dyn Sink) -> Progress {
        let speaker = self.sides.of_mut(side);
        // Behind the payload frames cannot be found again.
        speaker.lost |= !rest.is_empty() || speaker.left < length;
        speaker.left = speaker.left.saturating_sub(length);
        Progress::took(0)
    }
}
