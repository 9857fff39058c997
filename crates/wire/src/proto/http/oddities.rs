//! What is out of the ordinary in an exchange, by code.

use super::events::{Headers, Request, Response};
use super::records::{codings, content_length, mentions};
use crate::session::{Mark, Side, Sink};

/// A resource or token in an `If` header is an address or an identifier; longer ones are made to overflow something.
pub const IF_ENTRY_BYTES_MAX: usize = 1 << 10;

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
    if let Some(longest) = request.headers.get("if").map(longest_entry)
        && longest > IF_ENTRY_BYTES_MAX
    {
        let detail = format!("{} {longest}", String::from_utf8_lossy(&request.method));
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

/// Bytes of the longest `<…>` of an `If` header (RFC 4918, section 10.4).
fn longest_entry(value: &[u8]) -> usize {
    let entries = value.split(|byte| *byte == b'<').skip(1);
    entries.map(|entry| entry.iter().take_while(|byte| **byte != b'>').count()).max().unwrap_or(0)
}
