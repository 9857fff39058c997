//! What is out of the ordinary in an exchange, by code.

use super::events::{Headers, Request, Response};
use super::records::{codings, content_length, mentions};
use crate::session::{Mark, Side, Sink};

/// Letters of a resource or token in an `If` header. A path of Windows has 260; what has twice as many is made to
/// overflow something.
const IF_ENTRY_LETTERS_MAX: usize = 520;
/// Bytes of one that holds letters an address may not hold as they are (RFC 3986, section 2).
const IF_RAW_ENTRY_BYTES_MAX: usize = 255;

/// Looks over the head of a message.
fn of_head(headers: &Headers, side: Side, sink: &mut dyn Sink) {
    if headers.cut {
        sink.mark(Mark::new("http.too-many-headers", side));
    }
    if let (Some(_), Some(coding)) = (headers.get("content-length"), headers.get("transfer-encoding")) {
        sink.mark(Mark::new("http.length-and-transfer-encoding", side).with(String::from_utf8_lossy(coding)));
    }
    if let Some(coding) = headers.get("transfer-encoding")
        && mentions(coding, b"chunked")
        && !coding.eq_ignore_ascii_case(b"chunked")
    {
        sink.mark(Mark::new("http.unclear-transfer-encoding", side).with(String::from_utf8_lossy(coding)));
    }
    if let Some(length) = headers.get("content-length")
        && (content_length(length).is_none() || !length.iter().all(u8::is_ascii_digit))
    {
        sink.mark(Mark::new("http.unclear-content-length", side).with(String::from_utf8_lossy(length)));
    }
}

pub fn of_request(request: &Request, sink: &mut dyn Sink) {
    of_head(&request.headers, Side::Originator, sink);
    if let Some(entry) = request.headers.get("if").and_then(overlong_entry) {
        let detail = format!("{} {}", String::from_utf8_lossy(&request.method), entry.len());
        sink.mark(Mark::new("http.webdav-if-overlong", Side::Originator).with(detail));
    }
}

pub fn of_response(response: &Response, sink: &mut dyn Sink) {
    of_head(&response.headers, Side::Responder, sink);
    if codings(&response.headers).1 {
        let coding = response.headers.get("content-encoding").unwrap_or_default();
        sink.mark(Mark::new("http.unknown-content-coding", Side::Responder).with(String::from_utf8_lossy(coding)));
    }
}

/// The first `<…>` of an `If` header that is too long (RFC 4918, section 10.4).
fn overlong_entry(value: &[u8]) -> Option<&[u8]> {
    let entries = value.split(|byte| *byte == b'<').skip(1);
    let mut inner = entries.filter_map(|entry| entry.split(|byte| *byte == b'>').next());
    inner.find(|entry| {
        let raw = !entry.is_ascii() && entry.len() > IF_RAW_ENTRY_BYTES_MAX;
        raw || letters(entry) > IF_ENTRY_LETTERS_MAX
    })
}

/// Letters of an address, of which those beyond ASCII are spelled as three to twelve bytes each.
fn letters(address: &[u8]) -> usize {
    let (mut count, mut rest) = (0, address);
    while let Some((first, after)) = rest.split_first() {
        let encoded = after.first_chunk::<2>().filter(|_| *first == b'%');
        let spelled = encoded.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        rest = if spelled.is_some() { after.get(2..).unwrap_or_default() } else { after };
        // The bytes of a letter of UTF-8 after its first.
        count += usize::from(spelled.unwrap_or(*first) & 0xc0 != 0x80);
    }
    count
}
