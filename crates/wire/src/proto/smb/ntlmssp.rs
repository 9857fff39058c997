//! NTLM authentication messages ([MS-NLMP], section 2.2.1), wherever they are carried.

use crate::bytes::{Bytes, u16_le_at, u32_le_at};

const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// Longer names exist nowhere; what a message claims beyond is cut.
const NAME_BYTES_MAX: usize = 1024;
const PAIRS_MAX: usize = 32;

const UNICODE: u32 = 1;
const VERSION: u32 = 0x0200_0000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Negotiate { version: Option<Version> },
    Challenge(Box<Challenge>),
    Authenticate(Box<Authenticate>),
}

/// What the server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    pub target: String,
    pub computer: String,
    pub domain: String,
    pub dns_computer: String,
    pub version: Option<Version>,
}

/// Who the client says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authenticate {
    pub domain: String,
    pub user: String,
    pub host: String,
    pub version: Option<Version>,
    /// The answer to the challenge is empty: nobody in particular.
    pub anonymous: bool,
}

/// The system's version as it states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
    pub build: u16,
    pub revision: u8,
}

impl std::fmt::Display for Version {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Version { major, minor, build, revision } = self;
        write!(text, "{major}.{minor} build {build} rev {revision}")
    }
}

/// Reads the message that begins somewhere in a token.
pub fn find(token: &[u8]) -> Option<Message> {
    let at = memchr::memmem::find(token, SIGNATURE)?;
    message(token.get(at..)?)
}

pub fn message(input: &[u8]) -> Option<Message> {
    if !input.starts_with(SIGNATURE) {
        return None;
    }
    match u32_le_at(input, 8)? {
        1 => Some(Message::Negotiate { version: version(input, u32_le_at(input, 12)?, 32) }),
        2 => Some(Message::Challenge(Box::new(challenge(input)?))),
        3 => Some(Message::Authenticate(Box::new(authenticate(input)?))),
        _ => None,
    }
}

fn challenge(input: &[u8]) -> Option<Challenge> {
    let flags = u32_le_at(input, 20)?;
    let mut challenge = Challenge {
        target: text(field(input, 12)?, flags),
        version: version(input, flags, 48),
        ..Challenge::default()
    };
    let mut pairs = Bytes::new(field(input, 40).unwrap_or_default());
    for _ in 0..PAIRS_MAX {
        let (Some(id), Some(length)) = (pairs.u16_le(), pairs.u16_le()) else { break };
        let Some(value) = pairs.take(length.into()) else { break };
        match id {
            0 => break,
            1 => challenge.computer = text(value, UNICODE),
            2 => challenge.domain = text(value, UNICODE),
            3 => challenge.dns_computer = text(value, UNICODE),
            _ => {}
        }
    }
    Some(challenge)
}

fn authenticate(input: &[u8]) -> Option<Authenticate> {
    let flags = u32_le_at(input, 60).unwrap_or(UNICODE);
    Some(Authenticate {
        domain: text(field(input, 28)?, flags),
        user: text(field(input, 36)?, flags),
        host: text(field(input, 44)?, flags),
        version: version(input, flags, 64),
        anonymous: u16_le_at(input, 20)? == 0,
    })
}

/// The bytes that a length and an offset in the fixed part point at; what lies outside is empty.
fn field(input: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16_le_at(input, at)?).min(NAME_BYTES_MAX);
    let offset = u32_le_at(input, at + 4)? as usize;
    let rest = input.get(offset..).unwrap_or_default();
    Some(rest.get(..length).unwrap_or(rest))
}

fn version(input: &[u8], flags: u32, at: usize) -> Option<Version> {
    if flags & VERSION == 0 {
        return None;
    }
    let mut bytes = Bytes::new(input.get(at..)?);
    let (major, minor, build) = (bytes.u8()?, bytes.u8()?, bytes.u16_le()?);
    bytes.skip(3)?;
    Some(Version { major, minor, build, revision: bytes.u8()? })
}

fn text(value: &[u8], flags: u32) -> String {
    if flags & UNICODE == 0 { String::from_utf8_lossy(value).into_owned() } else { super::text::utf16(value) }
}
