//! Lines of HTTP messages: start lines, headers, lengths, chunk sizes, names (RFC 9110, 9112, 6266, 8187).

use super::events::{Headers, Request, Response};
use crate::unpack::Coding;
use memchr::{memchr, memchr2};

/// A line that does not end within this many bytes is cut there.
pub const LINE_BYTES_MAX: usize = 1 << 16;

/// A line and how many bytes it takes with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    pub text: &'a [u8],
    pub taken: usize,
    pub end: LineEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    Feed,
    /// A line feed without a carriage return.
    BareFeed,
    /// A carriage return alone, which some programs take for a line's end.
    Return,
    /// There was none within the limit.
    Cut,
}

/// The first line of what a client says: it ends with a line feed. Below `from` is none.
pub fn line(data: &[u8], from: usize) -> Option<Line<'_>> {
    if let Some(at) = memchr(b'\n', data.get(from..).unwrap_or_default()).map(|at| at + from) {
        let text = data.get(..at).unwrap_or_default();
        return Some(Line { text: without_returns(text), taken: at + 1, end: LineEnd::Feed });
    }
    cut(data)
}

/// The first line of what a server says. Browsers let it also end with a carriage return alone, unless spaces follow,
/// which then are more of the line.
pub fn response_line(data: &[u8], from: usize) -> Option<Line<'_>> {
    let mut at = from;
    loop {
        let Some(end) = memchr2(b'\n', b'\r', data.get(at..).unwrap_or_default()).map(|end| end + at) else {
            return cut(data);
        };
        let text = data.get(..end).unwrap_or_default();
        match (data.get(end), data.get(end + 1)) {
            (Some(b'\n'), _) => return Some(Line { text, taken: end + 1, end: LineEnd::BareFeed }),
            // What follows decides, and is not here yet.
            (_, None) => return cut(data),
            (_, Some(b'\n')) => return Some(Line { text, taken: end + 2, end: LineEnd::Feed }),
            (_, Some(b' ' | b'\t' | b'\r')) => at = end + 1,
            _ => return Some(Line { text, taken: end + 1, end: LineEnd::Return }),
        }
    }
}

fn cut(data: &[u8]) -> Option<Line<'_>> {
    let text = data.get(..LINE_BYTES_MAX)?;
    Some(Line { text, taken: LINE_BYTES_MAX, end: LineEnd::Cut })
}

fn without_returns(line: &[u8]) -> &[u8] {
    let returns = line.iter().rev().take_while(|byte| **byte == b'\r').count();
    line.get(..line.len() - returns).unwrap_or_default()
}

/// Spaces, tabs, returns, form feeds, vertical tabs.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

pub fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(start, |at| at + 1);
    text.get(start..end).unwrap_or_default()
}

pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| is_space(*byte))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Where a response begins in what should not hold one: `HTTP/1.1 200 `.
pub fn find_response(data: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(data, b"HTTP/1.").find(|at| {
        let rest = data.get(at + 7..at + RESPONSE_START_BYTES).unwrap_or_default();
        matches!(rest, [b'0' | b'1', b' ', b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'])
    })
}

/// Bytes that [`find_response`] needs to see.
pub const RESPONSE_START_BYTES: usize = 12;

/// `METHOD target HTTP/1.1`. The target may hold spaces; without a protocol it is HTTP/0.9.
pub fn request_line(line: &[u8]) -> Request {
    let line = trim(line);
    let method_end = line.iter().position(|byte| is_space(*byte)).unwrap_or(line.len());
    let (method, rest) = line.split_at_checked(method_end).unwrap_or((line, &[]));
    let rest = trim(rest);
    let protocol_start = rest.iter().rposition(|byte| is_space(*byte)).map_or(0, |at| at + 1);
    let (target, protocol) = rest.split_at_checked(protocol_start).unwrap_or((rest, &[]));
    let (target, protocol) = match protocol.get(..5) {
        Some(name) if name.eq_ignore_ascii_case(b"HTTP/") && !target.is_empty() => (trim(target), protocol),
        _ => (rest, &[][..]),
    };
    let mut request =
        Request { method: method.to_vec(), target: target.to_vec(), protocol: protocol.to_vec(), ..Request::default() };
    let authority = match split_target(target) {
        (Some(authority), _) => Some(authority),
        (None, _) if method.eq_ignore_ascii_case(b"CONNECT") && !target.starts_with(b"/") => Some(target),
        _ => None,
    };
    if let Some(authority) = authority {
        request.set_host(authority);
    }
    request
}

impl Request {
    /// Notes the host unless the target named one already.
    pub fn set_host(&mut self, authority: &[u8]) {
        if self.host.is_some() {
            return;
        }
        let (host, port) = host_and_port(authority);
        self.host = Some(host.to_ascii_lowercase());
        self.port = port;
    }
}

/// The authority and path of `scheme://authority/path`, or no authority and all of it.
pub fn split_target(target: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(at) = memchr::memmem::find(target.get(..target.len().min(16)).unwrap_or_default(), b"://") else {
        return (None, target);
    };
    if !target.get(..at).unwrap_or_default().iter().all(u8::is_ascii_alphanumeric) || at == 0 {
        return (None, target);
    }
    let rest = target.get(at + 3..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, &[]));
    // `user:password@host`
    let host = memchr::memrchr(b'@', authority).map_or(authority, |at| authority.get(at + 1..).unwrap_or_default());
    (Some(host), path)
}

/// `host:port`, where the host may be an IPv6 address in brackets.
pub fn host_and_port(authority: &[u8]) -> (&[u8], Option<u16>) {
    let authority = trim(authority);
    let host_end = match authority.first() {
        Some(b'[') => memchr(b']', authority).map_or(authority.len(), |at| at + 1),
        _ => memchr(b':', authority).unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at_checked(host_end).unwrap_or((authority, &[]));
    let port = rest.strip_prefix(b":").and_then(|port| std::str::from_utf8(trim(port)).ok()?.parse().ok());
    (host, port)
}

/// The path of a target as a file's name: without query, its escapes undone, its doubled slashes joined.
pub fn path_name(target: &[u8]) -> Vec<u8> {
    let (_, path) = split_target(target);
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(path.len());
    let mut name = Vec::with_capacity(end);
    let mut rest = path.get(..end).unwrap_or_default();
    while let [first, after @ ..] = rest {
        let (byte, next) = match (first, after) {
            (b'%', [high, low, more @ ..]) => match (hex_value(*high), hex_value(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, more),
                _ => (b'%', after),
            },
            (b'\\', _) => (b'/', after),
            _ => (*first, after),
        };
        if !(byte == b'/' && name.last() == Some(&b'/')) {
            name.push(byte);
        }
        rest = next;
    }
    name
}

pub fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// True when a line can be what a client begins with.
pub fn looks_like_request(line: &[u8]) -> bool {
    let request = request_line(line);
    !request.method.is_empty()
        && request.method.iter().all(|byte| is_token(*byte))
        && request.protocol.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"HTTP/"))
}

/// True when a line can be what a server begins with; some begin with bytes that everybody skips.
pub fn looks_like_response(line: &[u8]) -> bool {
    let start = line.iter().position(|byte| !is_space(*byte) && *byte != 0).unwrap_or(line.len());
    let line = line.get(start..).unwrap_or_default();
    line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"HTTP"))
}

/// `HTTP/1.1 200 OK`
pub fn status_line(line: &[u8]) -> Response {
    let start = line.iter().position(|byte| !is_space(*byte) && *byte != 0).unwrap_or(line.len());
    let line = trim(line.get(start..).unwrap_or_default());
    let word = |text: &mut &[u8]| -> Vec<u8> {
        let end = text.iter().position(|byte| is_space(*byte)).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
        *text = trim(rest);
        word.to_vec()
    };
    let mut rest = line;
    let (protocol, mut status) = (word(&mut rest), word(&mut rest));
    status.retain(|byte| *byte != 0);
    Response { protocol, status, reason: rest.to_vec(), ..Response::default() }
}

/// `Name: value`. A line without a colon is a value without a name.
pub fn header(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b':', line) {
        Some(at) => {
            let (name, value) = line.split_at_checked(at).unwrap_or((line, &[]));
            (trim(name), trim(value.get(1..).unwrap_or_default()))
        }
        None => (&[], trim(line)),
    }
}

/// The number in a `Content-Length`, whatever stands around it, unless that is another number.
pub fn content_length(value: &[u8]) -> Option<u64> {
    let mut numbers = value.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let first: u64 = std::str::from_utf8(numbers.next()?).ok()?.parse().ok()?;
    let same = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) == Some(first);
    (first <= i64::MAX as u64 && numbers.all(same)).then_some(first)
}

/// The size a chunk's line says; `Err` when it says none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkSize {
    Is(u64),
    /// An empty line, which is passed over.
    Blank,
    Unreadable,
}

/// Larger chunks are none: the line was something else.
const CHUNK_BYTES_MAX: u64 = i32::MAX as u64;

pub fn chunk_size(line: &[u8]) -> ChunkSize {
    let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
    let text = line.get(start..).unwrap_or_default();
    if text.is_empty() {
        return ChunkSize::Blank;
    }
    let mut size: u64 = 0;
    let mut digits = 0;
    for value in text.iter().map_while(|digit| hex_value(*digit)) {
        size = size.saturating_mul(16).saturating_add(value.into());
        digits += 1;
    }
    if digits == 0 || size > CHUNK_BYTES_MAX { ChunkSize::Unreadable } else { ChunkSize::Is(size) }
}

/// True when a value names something among others, whatever stands around it.
pub fn mentions(value: &[u8], what: &[u8]) -> bool {
    let contains = |value: &[u8]| value.windows(what.len()).any(|part| part.eq_ignore_ascii_case(what));
    contains(value)
        || (value.contains(&0) && contains(&value.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>()))
}

/// Content codings in the order they were applied, and whether one is unknown.
pub fn codings(headers: &Headers) -> (Vec<Coding>, bool) {
    let Some(value) = headers.get("content-encoding") else { return (Vec::new(), false) };
    let mut known = Vec::new();
    let mut unknown = false;
    for name in value.split(|byte| *byte == b',').take(16) {
        if mentions(name, b"gzip") {
            known.push(Coding::Gzip);
        } else if mentions(name, b"deflate") {
            known.push(Coding::Deflate);
        } else if trim(name).eq_ignore_ascii_case(b"br") {
            known.push(Coding::Brotli);
        } else if trim(name).eq_ignore_ascii_case(b"zstd") {
            known.push(Coding::Zstd);
        } else {
            unknown |= !trim(name).is_empty() && !mentions(name, b"identity");
        }
    }
    (known, unknown)
}

/// A parameter of a header such as `attachment; filename="a.txt"`.
pub fn parameter(value: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut rest = value;
    loop {
        let at = memchr(b';', rest).map(|at| at + 1);
        rest = trim(rest.get(at?..).unwrap_or_default());
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
        let (given, after) = rest.split_at_checked(end)?;
        let Some(after) = after.strip_prefix(b"=") else { continue };
        let (content, after) = quoted(trim(after));
        if trim(given).eq_ignore_ascii_case(name.as_bytes()) {
            return Some(content);
        }
        rest = after;
    }
}

/// A quoted string or the text up to the next semicolon, and what comes after it.
fn quoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(inner) = text.strip_prefix(b"\"") else {
        let end = memchr(b';', text).unwrap_or(text.len());
        let (content, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
        return (trim(content).to_vec(), rest);
    };
    let mut content = Vec::new();
    let mut bytes = inner.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (content, inner.get(at + 1..).unwrap_or_default()),
            // A backslash guards a quote; in front of anything else it is a separator of paths.
            b'\\' if inner.get(at + 1) == Some(&b'"') => {
                content.push(b'"');
                bytes.next();
            }
            _ => content.push(*byte),
        }
    }
    (content, &[])
}

/// The name that a `Content-Disposition` gives its content.
pub fn disposition_name(value: &[u8]) -> Option<Vec<u8>> {
    if let Some(name) = parameter(value, "filename").filter(|name| !name.is_empty()) {
        return Some(name);
    }
    // `filename*=UTF-8''percent-encoded` (RFC 8187)
    let extended = parameter(value, "filename*")?;
    let text = extended.splitn(3, |byte| *byte == b'\'').nth(2)?;
    Some(unescaped(text))
}

/// Percent escapes undone.
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let (byte, next) = match (first, after) {
            (b'%', [high, low, more @ ..]) => match (hex_value(*high), hex_value(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, more),
                _ => (b'%', after),
            },
            _ => (*first, after),
        };
        out.push(byte);
        rest = next;
    }
    out
}

/// `bytes 0-99/1234`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentRange {
    pub start: Option<u64>,
    pub end: Option<u64>,
    pub size: Option<u64>,
}

pub fn content_range(value: &[u8]) -> Option<ContentRange> {
    let text = std::str::from_utf8(trim(value)).ok()?;
    let (_, range) = text.split_once(' ')?;
    let (range, size) = range.trim().split_once('/')?;
    let (start, end) = match range.split_once('-') {
        Some((start, end)) => (Some(start.trim().parse().ok()?), Some(end.trim().parse().ok()?)),
        None => (None, None),
    };
    Some(ContentRange { start, end, size: size.trim().parse().ok() })
}
