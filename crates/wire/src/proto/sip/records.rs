//! The start line and the header of a message (RFC 3261, section 7).

use super::events::{Message, Start};
use crate::lines::word;

/// Header fields that are looked at.
const FIELDS_MAX: usize = 256;

/// Where the header ends, with the empty line behind it.
pub fn end_of_head(data: &[u8]) -> Option<usize> {
    let crlf = memchr::memmem::find(data, b"\r\n\r\n").map(|at| at + 4);
    let lf = memchr::memmem::find(data, b"\n\n").map(|at| at + 2);
    match (crlf, lf) {
        (Some(crlf), Some(lf)) => Some(crlf.min(lf)),
        (crlf, lf) => crlf.or(lf),
    }
}

/// Reads start line and header; what cannot be read of the header is left out.
pub fn head(head: &[u8]) -> Option<Message> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = lines.next()?;
    let (first, rest) = word(line);
    let (second, third) = word(rest);
    let (start, version) = if first.starts_with(b"SIP/") {
        (Start::Response { code: second.to_vec(), reason: third.to_vec() }, first)
    } else {
        (Start::Request { method: first.to_vec(), uri: second.to_vec() }, third)
    };
    if !version.starts_with(b"SIP/") {
        return None;
    }
    let mut message = Message {
        line: line.to_vec(),
        start,
        version: version.to_vec(),
        from: None,
        sequence: None,
        program: None,
        content_type: None,
        sdp: None,
    };
    for (name, value) in lines.take(FIELDS_MAX).filter_map(crate::lines::field) {
        match name.to_ascii_lowercase().as_slice() {
            b"from" | b"f" => message.from = Some(value.to_vec()),
            b"cseq" => message.sequence = Some(value.to_vec()),
            b"user-agent" | b"server" => message.program = Some(value.to_vec()),
            b"content-type" | b"c" => message.content_type = Some(value.to_vec()),
            _ => {}
        }
    }
    Some(message)
}

/// The length of the body, where the header says it.
pub fn content_length(head: &[u8]) -> Option<usize> {
    let mut fields = head.split(|byte| *byte == b'\n').skip(1).take(FIELDS_MAX).filter_map(crate::lines::field);
    let is_length = |name: &[u8]| name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l");
    let (_, value) = fields.find(|(name, _)| is_length(name))?;
    std::str::from_utf8(value).ok()?.parse().ok()
}
