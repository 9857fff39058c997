//! Records (RFC 8446, section 5.1) and the messages of the handshake in them.

use crate::bytes::{Bytes, u8_at, u16_be_at};

pub const HEADER_BYTES: usize = 5;
/// A protected record may be this long; the first versions allowed more than the last.
pub const RECORD_BYTES_MAX: usize = (1 << 14) + 2048;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;
pub const HEARTBEAT: u8 = 24;

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub kind: u8,
    pub version: u16,
    pub length: usize,
}

impl Head {
    /// Reads a head; `None` while there is too little of it.
    pub fn read(data: &[u8]) -> Option<Head> {
        let mut bytes = Bytes::new(data);
        Some(Head { kind: bytes.u8()?, version: bytes.u16_be()?, length: bytes.u16_be()?.into() })
    }

    pub fn is_sane(&self) -> bool {
        matches!(self.kind, CHANGE_CIPHER_SPEC..=HEARTBEAT)
            && matches!(self.version, 0x0300..=0x0304)
            && self.length <= RECORD_BYTES_MAX
    }
}

/// Kinds of handshake messages.
pub mod message {
    pub const HELLO_REQUEST: u8 = 0;
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const CERTIFICATE: u8 = 11;
    pub const CERTIFICATE_REQUEST: u8 = 13;
    pub const SERVER_HELLO_DONE: u8 = 14;
    pub const FINISHED: u8 = 20;
}

/// A handshake message at the front of `data`: its kind, its body and all bytes it takes.
pub fn handshake(data: &[u8]) -> Option<(u8, &[u8], usize)> {
    let length = handshake_length(data)?;
    Some((u8_at(data, 0)?, data.get(4..length)?, length))
}

/// How long the handshake message at the front is with its head.
pub fn handshake_length(data: &[u8]) -> Option<usize> {
    let mut bytes = Bytes::new(data.get(1..)?);
    Some(bytes.u24_be()? as usize + 4)
}

/// The hello of an SSL 2.0 client or server, with which newer clients once began too: a two-byte length and a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old<'a> {
    Client { version: u16, ciphers: &'a [u8] },
    Server { version: u16, resumed: bool, certificate: &'a [u8], ciphers: &'a [u8] },
}

/// The bytes of an SSL 2.0 record with a two-byte head.
pub fn old_length(data: &[u8]) -> Option<usize> {
    let head = u16_be_at(data, 0)?;
    (head & 0x8000 != 0).then_some(usize::from(head & 0x7fff) + 2)
}

/// Reads the hello in an SSL 2.0 record. `None` when it is none.
pub fn old_hello(record: &[u8]) -> Option<Old<'_>> {
    let mut bytes = Bytes::new(record);
    bytes.skip(2)?;
    match bytes.u8()? {
        1 => {
            let version = bytes.u16_be()?;
            let [ciphers, session, challenge] = [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?].map(usize::from);
            if bytes.len() != ciphers + session + challenge || ciphers % 3 != 0 || ciphers == 0 {
                return None;
            }
            Some(Old::Client { version, ciphers: bytes.take(ciphers)? })
        }
        4 => {
            let (resumed, _kind, version) = (bytes.u8()?, bytes.u8()?, bytes.u16_be()?);
            let [certificate, ciphers, connection] =
                [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?].map(usize::from);
            if bytes.len() != certificate + ciphers + connection || resumed > 1 || version != 0x0002 {
                return None;
            }
            let certificate = bytes.take(certificate)?;
            Some(Old::Server { version, resumed: resumed == 1, certificate, ciphers: bytes.take(ciphers)? })
        }
        _ => None,
    }
}

/// True for the first bytes of an SSL 2.0 client hello, as far as they go (they must hold the head, 11 bytes).
pub fn looks_like_old_client(data: &[u8]) -> bool {
    let fields = || {
        let length = old_length(data)?;
        let mut bytes = Bytes::new(data.get(2..)?);
        let (kind, version) = (bytes.u8()?, bytes.u16_be()?);
        let [ciphers, session, challenge] = [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?].map(usize::from);
        Some(
            kind == 1
                && (version == 0x0002 || matches!(version, 0x0300..=0x0303))
                && ciphers % 3 == 0
                && ciphers > 0
                && (16..=32).contains(&challenge)
                && session <= 32
                && length == 11 + ciphers + session + challenge,
        )
    };
    fields().unwrap_or(false)
}
