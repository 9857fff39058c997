//! TPKT, X.224, and the blocks of GCC in the first messages of MCS (MS-RDPBCGR, sections 2.2.1.1 to 2.2.1.4).

use super::events::{Chosen, ClientData, ServerData};
use crate::bytes::{Bytes, u8_at, u16_be_at};

pub const TPKT_BYTES: usize = 4;
/// Channels of one client that are kept; the standard allows 31.
const CHANNELS_MAX: usize = 64;
/// Bytes of a cookie that are kept.
const COOKIE_BYTES_MAX: usize = 256;

/// X.224 messages.
pub const CONNECTION_REQUEST: u8 = 0xe0;
pub const CONNECTION_CONFIRM: u8 = 0xd0;
pub const DATA: u8 = 0xf0;

/// What a TPKT holds: the kind of its X.224 message, and what follows that one's head.
pub fn x224(packet: &[u8]) -> Option<(u8, &[u8])> {
    let mut bytes = Bytes::new(packet.get(TPKT_BYTES..)?);
    let length = usize::from(bytes.u8()?);
    let kind = bytes.u8()?;
    if kind & 0xf0 == DATA {
        return Some((DATA, packet.get(TPKT_BYTES + 1 + length..)?));
    }
    // The head is as long as it says, but its variable part belongs to the message.
    bytes.skip(5)?;
    let variable = length.checked_sub(6)?;
    Some((kind & 0xf0, bytes.rest().get(..variable.min(bytes.len()))?))
}

/// What a client asks for before anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Negotiation {
    pub cookie: Option<Vec<u8>>,
    /// Flags and protocols of the request; absent for a client that knows nothing of it.
    pub request: Option<(u8, u32)>,
}

pub fn negotiation(body: &[u8]) -> Negotiation {
    let mut negotiation = Negotiation::default();
    let mut rest = body;
    if rest.starts_with(b"Cookie:") || rest.starts_with(b"tsv:") {
        let end = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        let name = line.strip_prefix(b"Cookie: mstshash=");
        negotiation.cookie = name.map(|name| name.get(..name.len().min(COOKIE_BYTES_MAX)).unwrap_or_default().to_vec());
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    negotiation.request = request(Bytes::new(rest));
    negotiation
}

fn request(mut bytes: Bytes<'_>) -> Option<(u8, u32)> {
    let (kind, flags, length, protocols) = (bytes.u8()?, bytes.u8()?, bytes.u16_le()?, bytes.u32_le()?);
    (kind == 1 && length == 8).then_some((flags, protocols))
}

/// What the server chose, or why it does not.
pub fn chosen(body: &[u8]) -> Chosen {
    let mut bytes = Bytes::new(body);
    let mut read = || {
        let (kind, flags, length, value) = (bytes.u8()?, bytes.u8()?, bytes.u16_le()?, bytes.u32_le()?);
        match (kind, length) {
            (2, 8) => Some(Chosen::Protocol { flags, protocol: value }),
            (3, 8) => Some(Chosen::Refused(value)),
            _ => None,
        }
    };
    read().unwrap_or(Chosen::Nothing)
}

/// The first tag of a message of MCS.
pub fn is_connect_initial(body: &[u8]) -> bool {
    u16_be_at(body, 0) == Some(0x7f65)
}

pub fn is_connect_response(body: &[u8]) -> bool {
    u16_be_at(body, 0) == Some(0x7f66)
}

/// The blocks of user data after the key of the one who wrote them.
fn blocks<'a>(body: &'a [u8], key: &[u8; 4], mut each: impl FnMut(u16, Bytes<'a>)) -> Option<()> {
    let at = memchr::memmem::find(body, key)?;
    let mut bytes = Bytes::new(body.get(at + 4..)?);
    // The length in the packed encoding: one byte, or two.
    let first = bytes.u8()?;
    let length =
        if first & 0x80 == 0 { usize::from(first) } else { usize::from(first & 0x7f) << 8 | usize::from(bytes.u8()?) };
    let broken = length > bytes.len();
    let mut bytes = Bytes::new(bytes.rest().get(..length.min(bytes.len()))?);
    while !bytes.is_empty() {
        let (kind, length) = (bytes.u16_le()?, usize::from(bytes.u16_le()?));
        each(kind, Bytes::new(bytes.take(length.checked_sub(4)?)?));
    }
    (!broken).then_some(())
}

pub fn client_data(body: &[u8]) -> ClientData {
    let mut client = ClientData::default();
    let read = blocks(body, b"Duca", |kind, bytes| match kind {
        0xc001 => drop(core(&mut client, bytes)),
        0xc002 => client.encryption = encryption(bytes),
        0xc003 => client.channels = channels(bytes),
        0xc004 => client.cluster = Bytes::u32_le(&mut { bytes }),
        _ => {}
    });
    client.broken = read.is_none();
    client
}

fn core(client: &mut ClientData, mut bytes: Bytes<'_>) -> Option<()> {
    client.version = bytes.u32_le()?;
    client.desktop = (bytes.u16_le()?, bytes.u16_le()?);
    client.color_depth = bytes.u16_le()?;
    bytes.skip(2)?;
    client.keyboard_layout = bytes.u32_le()?;
    client.build = bytes.u32_le()?;
    client.name = utf16(bytes.take(32)?);
    client.keyboard_type = bytes.u32_le()?;
    let _subtype = bytes.u32_le()?;
    client.function_keys = bytes.u32_le()?;
    client.input_method = utf16(bytes.take(64)?);
    // Everything after this is optional.
    client.color_depth = bytes.u16_le()?;
    client.product = Some(bytes.u16_le()?);
    let _serial = bytes.u32_le()?;
    let (high_color, _supported) = (bytes.u16_le()?, bytes.u16_le()?);
    // The last of three fields for the same thing counts, when it says something.
    if high_color != 0 {
        client.color_depth = high_color;
    }
    client.capabilities = bytes.u16_le()?;
    client.product_id = utf16(bytes.take(64)?);
    client.connection_kind = Some(bytes.u8()?);
    bytes.skip(1)?;
    client.selected = bytes.u32_le();
    Some(())
}

fn encryption(mut bytes: Bytes<'_>) -> Option<(u32, u32)> {
    Some((bytes.u32_le()?, bytes.u32_le()?))
}

fn channels(mut bytes: Bytes<'_>) -> Vec<Vec<u8>> {
    let count = bytes.u32_le().unwrap_or_default() as usize;
    let mut channels = Vec::new();
    while channels.len() < count.min(CHANNELS_MAX)
        && let (Some(name), Some(_options)) = (bytes.array::<8>(), bytes.u32_le())
    {
        let end = memchr::memchr(0, &name).unwrap_or(name.len());
        channels.push(name.get(..end).unwrap_or_default().to_vec());
    }
    channels
}

pub fn server_data(body: &[u8]) -> ServerData {
    let mut server = ServerData::default();
    let read = blocks(body, b"McDn", |kind, mut bytes| match kind {
        0x0c01 => {
            server.core_bytes = bytes.len();
            server.version = bytes.u32_le();
        }
        0x0c02 => server.encryption = encryption(bytes),
        0x0c03 => {
            let (_io, count) = (bytes.u16_le(), bytes.u16_le().unwrap_or_default());
            for _ in 0..usize::from(count).min(CHANNELS_MAX) {
                server.channels.extend(bytes.u16_le());
            }
        }
        _ => {}
    });
    server.broken = read.is_none();
    server
}

/// Data sent over a channel: the channel, and the data (T.125, `SendDataRequest`).
pub fn channel_data(body: &[u8]) -> Option<(u16, &[u8])> {
    const SEND_DATA_REQUEST: u8 = 25;
    let mut bytes = Bytes::new(body);
    if bytes.u8()? >> 2 != SEND_DATA_REQUEST {
        return None;
    }
    let (_initiator, channel, _priority) = (bytes.u16_be()?, bytes.u16_be()?, bytes.u8()?);
    let first = bytes.u8()?;
    if first & 0x80 != 0 {
        bytes.skip(1)?;
    }
    Some((channel, bytes.rest()))
}

/// UTF-16 up to its end.
fn utf16(data: &[u8]) -> String {
    let (units, _) = data.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// How long the packet at the front is: a TPKT, or the short form of later messages.
pub fn packet_length(data: &[u8]) -> Option<usize> {
    match u8_at(data, 0)? {
        3 => u16_be_at(data, 2).map(usize::from),
        _ => match u8_at(data, 1)? {
            short @ 0..=0x7f => Some(short.into()),
            long => Some(usize::from(long & 0x7f) << 8 | usize::from(u8_at(data, 2)?)),
        },
    }
}
