//! Protocol data units of connection-oriented RPC (C706, chapter 12; [MS-RPCE], section 2.2.2).

use super::events::{Bound, Syntax};
use crate::bytes::Bytes;

pub const HEADER_BYTES: usize = 16;
/// Contexts of a bind that are kept.
const CONTEXTS_MAX: usize = 64;
const TRANSFERS_MAX: usize = 32;

pub const FIRST: u8 = 0x01;
pub const LAST: u8 = 0x02;
const HAS_OBJECT: u8 = 0x80;

pub mod kind {
    pub const REQUEST: u8 = 0;
    pub const RESPONSE: u8 = 2;
    pub const FAULT: u8 = 3;
    pub const REJECT: u8 = 6;
    pub const BIND: u8 = 11;
    pub const BIND_ACK: u8 = 12;
    pub const BIND_NAK: u8 = 13;
    pub const ALTER: u8 = 14;
    pub const ALTER_RESPONSE: u8 = 15;
    pub const AUTH3: u8 = 16;
}

/// The name of a unit's type.
pub fn kind_name(kind: u8) -> &'static str {
    match kind {
        0 => "REQUEST",
        1 => "PING",
        2 => "RESPONSE",
        3 => "FAULT",
        4 => "WORKING",
        5 => "NOCALL",
        6 => "REJECT",
        7 => "ACK",
        8 => "CL_CANCEL",
        9 => "FACK",
        10 => "CANCEL_ACK",
        11 => "BIND",
        12 => "BINDACK",
        13 => "BINDNAK",
        14 => "ALTER_CONTEXT",
        15 => "ALTER_CONTEXT_RESP",
        16 => "AUTH3",
        17 => "SHUTDOWN",
        18 => "CO_CANCEL",
        19 => "ORPHANED",
        20 => "RTS",
        _ => "UNKNOWN",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub minor: u8,
    pub kind: u8,
    pub flags: u8,
    pub little: bool,
    pub length: usize,
    pub auth_length: usize,
    pub call: u32,
}

/// Reads a header that makes sense.
pub fn header(input: &[u8]) -> Option<Header> {
    let mut bytes = Bytes::new(input);
    let (major, minor, kind, flags) = (bytes.u8()?, bytes.u8()?, bytes.u8()?, bytes.u8()?);
    let [order, float, reserved @ ..] = bytes.array::<4>()?;
    let little = order & 0xf0 == 0x10;
    let mut words = Words { bytes, little };
    let (length, auth_length, call) = (words.u16()?.into(), words.u16()?.into(), words.u32()?);
    let sane = major == 5 && minor <= 1 && kind <= 20 && order & 0xef == 0 && float <= 3 && reserved == [0; 2];
    (sane && length >= HEADER_BYTES && auth_length < length).then_some(Header {
        minor,
        kind,
        flags,
        little,
        length,
        auth_length,
        call,
    })
}

/// Numbers in the order the sender uses.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub bytes: Bytes<'a>,
    pub little: bool,
}

impl<'a> Words<'a> {
    pub fn u16(&mut self) -> Option<u16> {
        if self.little { self.bytes.u16_le() } else { self.bytes.u16_be() }
    }

    pub fn u32(&mut self) -> Option<u32> {
        if self.little { self.bytes.u32_le() } else { self.bytes.u32_be() }
    }

    /// A UUID in the order people write it.
    pub fn uuid(&mut self) -> Option<[u8; 16]> {
        let mut uuid = self.bytes.array::<16>()?;
        if self.little {
            for range in [0..4, 4..6, 6..8] {
                uuid.get_mut(range)?.reverse();
            }
        }
        Some(uuid)
    }

    fn syntax(&mut self) -> Option<Syntax> {
        Some(Syntax { uuid: self.uuid()?, major: self.u16()?, minor: self.u16()? })
    }
}

pub struct Request<'a> {
    pub context: u16,
    pub operation: u16,
    /// Padding and authentication at its end included.
    pub stub: &'a [u8],
}

pub fn request<'a>(header: &Header, body: &'a [u8]) -> Option<Request<'a>> {
    let mut words = Words { bytes: Bytes::new(body), little: header.little };
    words.u32()?;
    let (context, operation) = (words.u16()?, words.u16()?);
    if header.flags & HAS_OBJECT != 0 {
        words.uuid()?;
    }
    Some(Request { context, operation, stub: words.bytes.rest() })
}

/// Context and stub of an answer.
pub fn response<'a>(header: &Header, body: &'a [u8]) -> Option<(u16, &'a [u8])> {
    let mut words = Words { bytes: Bytes::new(body), little: header.little };
    words.u32()?;
    let context = words.u16()?;
    words.u16()?;
    Some((context, words.bytes.rest()))
}

/// The number at the end of an answer, by which most calls say how they went.
pub fn result(header: &Header, stub: &[u8]) -> Option<u32> {
    Words { bytes: Bytes::new(stub.last_chunk::<4>()?), little: header.little }.u32()
}

pub fn fault(header: &Header, body: &[u8]) -> Option<u32> {
    let mut words = Words { bytes: Bytes::new(body), little: header.little };
    words.bytes.skip(8)?;
    words.u32()
}

/// The interfaces that a bind asks for; what breaks off gives those before.
pub fn bind(header: &Header, body: &[u8]) -> Vec<Bound> {
    let mut words = Words { bytes: Bytes::new(body), little: header.little };
    let mut contexts = Vec::new();
    let mut read = || {
        words.bytes.skip(8)?;
        let count = words.bytes.u8()?;
        words.bytes.skip(3)?;
        for _ in 0..usize::from(count).min(CONTEXTS_MAX) {
            let id = words.u16()?;
            let transfers = words.bytes.u8()?;
            words.bytes.skip(1)?;
            let syntax = words.syntax()?;
            contexts.push(Bound { context: id, syntax, answer: None });
            for _ in 0..usize::from(transfers).min(TRANSFERS_MAX) {
                words.syntax()?;
            }
        }
        Some(())
    };
    // A bind that breaks off is half a bind.
    let _ = read();
    contexts
}

/// Result and reason for each context of a bind, in its order.
pub fn bind_ack(header: &Header, body: &[u8]) -> Vec<(u16, u16)> {
    let mut words = Words { bytes: Bytes::new(body), little: header.little };
    let mut results = Vec::new();
    let mut read = || {
        words.bytes.skip(8)?;
        let address = usize::from(words.u16()?);
        // The address and its length end at a multiple of four.
        words.bytes.skip((2 + address).next_multiple_of(4) - 2)?;
        let count = words.bytes.u8()?;
        words.bytes.skip(3)?;
        for _ in 0..usize::from(count).min(CONTEXTS_MAX) {
            results.push((words.u16()?, words.u16()?));
            words.syntax()?;
        }
        Some(())
    };
    let _ = read();
    results
}
