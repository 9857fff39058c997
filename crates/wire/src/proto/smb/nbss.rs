//! NetBIOS session service framing (RFC 1002, section 4.3), which SMB over TCP port 445 kept: four bytes in front of
//! every message.

use crate::bytes::Bytes;

pub const HEADER_BYTES: usize = 4;

pub struct Frame {
    pub kind: Kind,
    /// Length of what follows the header. Over port 445 all three bytes count.
    pub length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Message,
    Request,
    PositiveResponse,
    NegativeResponse,
    Retarget,
    KeepAlive,
    /// Seen on the wire but not in the RFC.
    Other(u8),
}

pub fn frame(input: &[u8]) -> Option<Frame> {
    let mut bytes = Bytes::new(input);
    let kind = match bytes.u8()? {
        0x00 => Kind::Message,
        0x81 => Kind::Request,
        0x82 => Kind::PositiveResponse,
        0x83 => Kind::NegativeResponse,
        0x84 => Kind::Retarget,
        0x85 => Kind::KeepAlive,
        other => Kind::Other(other),
    };
    Some(Frame { kind, length: bytes.u24_be()? as usize })
}

/// Where the next message that names itself begins: a header with what follows it being SMB.
pub fn find_message(input: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(input, b"SMB").find_map(|at| {
        let start = at.checked_sub(HEADER_BYTES + 1)?;
        let first = input.get(start..)?;
        is_message(first).then_some(start)
    })
}

/// True when these bytes begin a framed SMB message of any version.
pub fn is_message(input: &[u8]) -> bool {
    matches!(input, [0, _, _, _, 0xfc..=0xff, b'S', b'M', b'B', ..])
        && frame(input).is_some_and(|frame| (MESSAGE_MIN..MESSAGE_LIKELY_MAX).contains(&frame.length))
}

/// The shortest SMB header.
const MESSAGE_MIN: usize = 16;
/// Eight megabytes is the largest read or write that systems negotiate.
const MESSAGE_LIKELY_MAX: usize = 9 << 20;

/// Reads a NetBIOS name in its first-level encoding (RFC 1001, section 14.1): the name without its padding, and the kind
/// of service its last byte tells.
pub fn decode_name(encoded: &[u8]) -> Option<(Vec<u8>, u8)> {
    let encoded = encoded.get(..32)?;
    let mut name = Vec::with_capacity(16);
    for pair in encoded.chunks_exact(2) {
        let [high, low] = pair else { return None };
        let (high, low) = (high.checked_sub(b'A')?, low.checked_sub(b'A')?);
        if high > 15 || low > 15 {
            return None;
        }
        name.push(high << 4 | low);
    }
    let service = name.pop()?;
    let padding = name.iter().rev().take_while(|byte| matches!(byte, b' ' | 0)).count();
    name.truncate(name.len() - padding);
    Some((name, service))
}

/// Called and calling name of a session request.
pub fn session_names(body: &[u8]) -> Option<[Vec<u8>; 2]> {
    let mut bytes = Bytes::new(body);
    let mut name = || {
        let length = bytes.u8()?;
        let encoded = bytes.take(length.into())?;
        // The rest of the name is its scope; nearly always there is none.
        while let Some(label @ 1..) = bytes.u8() {
            bytes.skip(label.into())?;
        }
        decode_name(encoded).map(|(name, _)| name)
    };
    Some([name()?, name()?])
}
