//! Packets and frames (RFC 9000, sections 17 and 19).

use crate::bytes::Bytes;

/// The longest connection id of the versions that are read.
const CONNECTION_BYTES_MAX: u8 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    Negotiation,
}

/// A packet with a long header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub kind: Kind,
    pub version: u32,
    pub to: &'a [u8],
    pub from: &'a [u8],
    /// All of it, and where its packet number begins.
    pub bytes: &'a [u8],
    pub number_at: usize,
}

pub fn varint(bytes: &mut Bytes<'_>) -> Option<u64> {
    let first = bytes.u8()?;
    let mut value = u64::from(first & 0x3f);
    for _ in 1..1 << (first >> 6) {
        value = value << 8 | u64::from(bytes.u8()?);
    }
    Some(value)
}

/// Takes the packet at the front of a datagram; what follows it stays in `datagram`.
pub fn packet<'a>(datagram: &mut &'a [u8]) -> Option<Packet<'a>> {
    let whole = *datagram;
    let mut bytes = Bytes::new(whole);
    let first = bytes.u8()?;
    if first & 0x80 == 0 {
        return None;
    }
    let version = bytes.u32_be()?;
    let to = connection(&mut bytes)?;
    let from = connection(&mut bytes)?;
    let kind = kind(first, version);
    if matches!(kind, Kind::Retry | Kind::Negotiation) {
        *datagram = &[];
        return Some(Packet { kind, version, to, from, bytes: whole, number_at: whole.len() - bytes.len() });
    }
    if kind == Kind::Initial {
        let token = usize::try_from(varint(&mut bytes)?).ok()?;
        bytes.skip(token)?;
    }
    let length = usize::try_from(varint(&mut bytes)?).ok()?;
    let number_at = whole.len() - bytes.len();
    bytes.skip(length)?;
    let (packet, rest) = whole.split_at_checked(number_at + length)?;
    *datagram = rest;
    Some(Packet { kind, version, to, from, bytes: packet, number_at })
}

fn connection<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = bytes.u8().filter(|length| *length <= CONNECTION_BYTES_MAX)?;
    bytes.take(length.into())
}

fn kind(first: u8, version: u32) -> Kind {
    if version == 0 {
        return Kind::Negotiation;
    }
    let kind = first >> 4 & 3;
    // Version 2 numbers them anew (RFC 9369, section 3.2).
    match if version == super::crypto::VERSION_2 { kind.wrapping_sub(1) & 3 } else { kind } {
        0 => Kind::Initial,
        1 => Kind::ZeroRtt,
        2 => Kind::Handshake,
        _ => Kind::Retry,
    }
}

/// Hands the pieces of the handshake in an Initial packet to `each`, with their places. `None` when a frame makes no
/// sense.
pub fn crypto_frames<'a>(frames: &'a [u8], mut each: impl FnMut(u64, &'a [u8])) -> Option<()> {
    let mut bytes = Bytes::new(frames);
    while !bytes.is_empty() {
        match varint(&mut bytes)? {
            0 | 1 => {}
            kind @ (2 | 3) => acknowledgement(&mut bytes, kind == 3)?,
            6 => {
                let (at, length) = (varint(&mut bytes)?, varint(&mut bytes)?);
                each(at, bytes.take(usize::try_from(length).ok()?)?);
            }
            // The connection is closed: nothing of interest follows.
            0x1c | 0x1d => return Some(()),
            _ => return None,
        }
    }
    Some(())
}

fn acknowledgement(bytes: &mut Bytes<'_>, counted: bool) -> Option<()> {
    let (_largest, _delay, ranges, _first) = (varint(bytes)?, varint(bytes)?, varint(bytes)?, varint(bytes)?);
    for _ in 0..ranges {
        varint(bytes)?;
        varint(bytes)?;
    }
    if counted {
        for _ in 0..3 {
            varint(bytes)?;
        }
    }
    Some(())
}

/// Tags of one hello of Google's QUIC that are kept.
const TAGS_MAX: usize = 256;

/// The tags of a `CHLO` with their values, wherever in the packet it is.
pub fn google_hello(packet: &[u8]) -> Option<Vec<([u8; 4], &[u8])>> {
    let at = memchr::memmem::find(packet, b"CHLO")?;
    let mut bytes = Bytes::new(packet.get(at + 4..)?);
    let count = usize::from(bytes.u16_le()?);
    if bytes.u16_le()? != 0 || count == 0 || count > TAGS_MAX {
        return None;
    }
    let mut ends = Vec::with_capacity(count);
    for _ in 0..count {
        ends.push((bytes.array::<4>()?, bytes.u32_le()? as usize));
    }
    let values = bytes.rest();
    let mut start = 0;
    let mut tags = Vec::with_capacity(count);
    for (tag, end) in ends {
        if end < start {
            return None;
        }
        tags.push((tag, values.get(start..end.min(values.len())).unwrap_or_default()));
        start = end;
    }
    Some(tags)
}

/// The version of a packet of Google's QUIC, `Q043` as 43: with the long header, and the older one with its flags.
pub fn google_version(datagram: &[u8]) -> Option<u32> {
    let mut bytes = Bytes::new(datagram);
    let first = bytes.u8()?;
    if first & 0x80 == 0 {
        // The flags: a version follows the connection id.
        if first & 0x01 == 0 || first & 0x40 != 0 {
            return None;
        }
        bytes.skip(if first & 0x08 != 0 { 8 } else { 0 })?;
    }
    let [letter, hundreds @ b'0'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = bytes.array::<4>()? else {
        return None;
    };
    let digit = |digit: u8| u32::from(digit - b'0');
    matches!(letter, b'Q' | b'T').then(|| digit(hundreds) * 100 + digit(tens) * 10 + digit(ones))
}
