//! Packets.

use super::Request;
use crate::bytes::Bytes;

/// Bytes of a name, and options of one request, that are kept.
const NAME_BYTES_MAX: usize = 512;
const OPTIONS_MAX: usize = 16;

pub enum Packet<'a> {
    Request(Request),
    Data { block: u16, data: &'a [u8] },
    Acknowledged,
    Error(u16),
    Options(Vec<(Vec<u8>, Vec<u8>)>),
}

pub fn packet(data: &[u8]) -> Option<Packet<'_>> {
    let mut bytes = Bytes::new(data);
    Some(match bytes.u16_be()? {
        kind @ (1 | 2) => {
            let (file, mode) = (text(&mut bytes)?, text(&mut bytes)?);
            if file.is_empty() || !is_mode(&mode) {
                return None;
            }
            Packet::Request(Request { writes: kind == 2, file, mode, options: options(bytes) })
        }
        3 => Packet::Data { block: bytes.u16_be()?, data: bytes.rest() },
        4 => bytes.u16_be().map(|_| Packet::Acknowledged)?,
        5 => Packet::Error(bytes.u16_be()?),
        6 => Packet::Options(options(bytes)),
        _ => return None,
    })
}

fn is_mode(mode: &[u8]) -> bool {
    [&b"netascii"[..], b"octet", b"mail"].iter().any(|known| mode.eq_ignore_ascii_case(known))
}

fn text(bytes: &mut Bytes<'_>) -> Option<Vec<u8>> {
    let end = memchr::memchr(0, bytes.rest().get(..bytes.len().min(NAME_BYTES_MAX))?)?;
    let text = bytes.take(end)?.to_vec();
    bytes.skip(1)?;
    Some(text)
}

fn options(mut bytes: Bytes<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut options = Vec::new();
    while options.len() < OPTIONS_MAX
        && let (Some(name), Some(value)) = (text(&mut bytes), text(&mut bytes))
    {
        options.push((name, value));
    }
    options
}
