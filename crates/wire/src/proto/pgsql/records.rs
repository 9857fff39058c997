//! Messages of both sides (PostgreSQL documentation, "Message Formats").

use super::events::{Notification, Problem, Request};
use crate::bytes::Bytes;

/// Codes that stand where a start-up message has its version.
pub const CANCEL: u32 = 80_877_102;
pub const TLS: u32 = 80_877_103;
pub const GSS: u32 = 80_877_104;
/// Servers refuse longer start-up messages.
pub const START_BYTES_MAX: u32 = 10_000;
/// Parameters and fields of one message that are kept.
const LIST_MAX: usize = 128;

/// Takes a text that ends with a zero byte. A text that was cut off is taken as far as it goes.
pub fn text<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    if bytes.is_empty() {
        return None;
    }
    match memchr::memchr(0, bytes.rest()) {
        Some(end) => {
            let text = bytes.take(end)?;
            bytes.skip(1)?;
            Some(text)
        }
        None => bytes.take(bytes.len()),
    }
}

/// Reads a message of before the connection is started, without its length.
pub fn start(body: &[u8]) -> Option<Request> {
    let mut bytes = Bytes::new(body);
    let code = bytes.u32_be()?;
    match code {
        TLS => return Some(Request::Tls),
        GSS => return Some(Request::Gss),
        CANCEL => return Some(Request::Cancel { process: bytes.u32_be()?, secret: bytes.u32_be()? }),
        _ => {}
    }
    let (major, minor) = ((code >> 16) as u16, (code & 0xffff) as u16);
    if major != 3 {
        return None;
    }
    let (mut user, mut parameters) = (None, Vec::new());
    while let Some(name) = text(&mut bytes).filter(|name| !name.is_empty()) {
        let value = text(&mut bytes)?.to_vec();
        if name == b"user" {
            user = Some(value);
        } else if parameters.len() < LIST_MAX {
            parameters.push((name.to_vec(), value));
        }
    }
    Some(Request::Start { major, minor, user, parameters })
}

/// Reads the fields of an error or a notice.
pub fn problem(body: &[u8]) -> Problem {
    let (mut bytes, mut problem) = (Bytes::new(body), Problem::default());
    while let Some(letter) = bytes.u8().filter(|letter| *letter != 0) {
        let Some(value) = text(&mut bytes) else { break };
        if problem.fields.len() < LIST_MAX {
            problem.fields.push((letter, value.to_vec()));
        }
    }
    problem
}

pub fn parameter(body: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Bytes::new(body);
    Some((text(&mut bytes)?.to_vec(), text(&mut bytes)?.to_vec()))
}

pub fn key(body: &[u8]) -> Option<(u32, u32)> {
    let mut bytes = Bytes::new(body);
    Some((bytes.u32_be()?, bytes.u32_be()?))
}

pub fn notification(body: &[u8]) -> Option<Notification> {
    let mut bytes = Bytes::new(body);
    let process = bytes.u32_be()?;
    Some(Notification { process, channel: text(&mut bytes)?.to_vec(), payload: text(&mut bytes)?.to_vec() })
}

/// The columns of `CopyInResponse` and `CopyOutResponse`, behind the format of the whole.
pub fn copy_columns(body: &[u8]) -> Option<u16> {
    let mut bytes = Bytes::new(body);
    bytes.skip(1)?;
    bytes.u16_be()
}

/// The first answer of a SASL exchange: the mechanism and its data.
pub fn sasl_begin(body: &[u8]) -> Option<Request> {
    let mut bytes = Bytes::new(body);
    let mechanism = text(&mut bytes)?.to_vec();
    let data = match bytes.u32_be()? {
        u32::MAX => &[],
        length => bytes.take(length as usize).unwrap_or_else(|| bytes.rest()),
    };
    Some(Request::SaslBegin { mechanism, data: data.to_vec() })
}

/// Types that who asks sends.
pub fn is_request(kind: u8) -> bool {
    matches!(kind, b'B' | b'C' | b'd' | b'c' | b'f' | b'D' | b'E' | b'H' | b'F' | b'P' | b'p' | b'Q' | b'S' | b'X')
}

/// Types that the server sends.
pub fn is_response(kind: u8) -> bool {
    matches!(
        kind,
        b'R' | b'K'
            | b'2'
            | b'3'
            | b'C'
            | b'd'
            | b'c'
            | b'G'
            | b'H'
            | b'W'
            | b'D'
            | b'I'
            | b'E'
            | b'V'
            | b'v'
            | b'n'
            | b'N'
            | b'A'
            | b't'
            | b'S'
            | b'1'
            | b's'
            | b'Z'
            | b'T'
    )
}

/// How long a message may be whose content is not counted but read.
pub fn plausible(kind: u8, length: u32) -> bool {
    /// What no server takes: its own limit is one gigabyte.
    const BYTES_MAX: u32 = 1 << 30;
    (4..=BYTES_MAX).contains(&length) && (length <= 1 << 24 || matches!(kind, b'D' | b'd' | b'Q' | b'P' | b'B'))
}

/// What the server asks for with a kind of authentication.
pub fn authentication(code: u32) -> &'static str {
    match code {
        0 => "authentication_ok",
        2 => "authentication_kerberos_v5",
        3 => "authentication_cleartext_password",
        5 => "authentication_md5_password",
        6 => "authentication_scm_credentials",
        7 => "authentication_gss",
        8 => "authentication_gss_continue",
        9 => "authentication_sspi",
        10 => "authentication_sasl",
        11 => "authentication_sasl_continue",
        12 => "authentication_sasl_final",
        _ => "authentication_unknown",
    }
}
