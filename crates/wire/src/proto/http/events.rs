//! An exchange as it leaves the room: a request and its response, or the half of it that was seen.

use crate::proto::Elements;
use std::borrow::Cow;
use std::ops::Range;

/// Headers of one message that are kept.
pub const HEADERS_MAX: usize = 256;
/// Bytes of them.
pub const HEADERS_BYTES_MAX: usize = 1 << 16;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    pub number: u64,
    pub request: Option<Request>,
    pub response: Option<Response>,
    /// Who asks, where an `Authorization` said so, on this exchange or before it on the connection.
    pub account: Option<String>,
    /// The computer an NTLM client says it runs on.
    pub workstation: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub method: Vec<u8>,
    /// As it was sent: a path, a whole address, or a name and port.
    pub target: Vec<u8>,
    /// Empty when it was not said (HTTP/0.9).
    pub protocol: Vec<u8>,
    /// Host and port, from the target or else from `Host`.
    pub host: Option<Vec<u8>>,
    pub port: Option<u16>,
    pub headers: Headers,
    /// Bytes of the body on the wire.
    pub length: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    pub protocol: Vec<u8>,
    pub status: Vec<u8>,
    pub reason: Vec<u8>,
    pub headers: Headers,
    pub length: u64,
}

impl Response {
    /// The status, where it is one.
    pub fn code(&self) -> Option<u16> {
        let code: u16 = std::str::from_utf8(&self.status).ok()?.parse().ok()?;
        (100..=999).contains(&code).then_some(code)
    }
}

/// The headers of a message in one piece of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    text: Vec<u8>,
    list: Vec<(Range<usize>, Range<usize>)>,
    last: usize,
    /// Some were not kept.
    pub cut: bool,
    /// A name that came more than once.
    pub repeated: bool,
}

impl Headers {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.list.iter().map(|(name, value)| (self.slice(name), self.slice(value)))
    }

    /// The value of a header; several of one name are one list with commas. Case and embedded zero bytes do not count.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(given, _)| same(given, name.as_bytes())).map(|(_, value)| value)
    }

    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let known = self.list.iter().position(|(given, _)| same(self.slice(given), name));
        self.repeated |= known.is_some();
        let before = known.and_then(|at| self.list.get(at)).map(|(_, value)| value.clone());
        let needed = name.len() + value.len() + before.as_ref().map_or(0, |before| before.len() + 2);
        if self.text.len() + needed > HEADERS_BYTES_MAX || self.list.len() >= HEADERS_MAX {
            self.cut = true;
            return;
        }
        if let (Some(at), Some(before)) = (known, before) {
            // The length was said already: the first word counts.
            if same(name, b"content-length") {
                return;
            }
            let start = self.text.len();
            self.text.extend_from_within(before);
            self.text.extend_from_slice(b", ");
            self.text.extend_from_slice(value);
            if let Some((_, range)) = self.list.get_mut(at) {
                *range = start..self.text.len();
            }
            self.last = at;
            return;
        }
        self.add_separate(name, value);
    }

    /// Adds a header that stays by itself, whatever else has its name.
    pub fn add_separate(&mut self, name: &[u8], value: &[u8]) {
        if self.text.len() + name.len() + value.len() > HEADERS_BYTES_MAX || self.list.len() >= HEADERS_MAX {
            self.cut = true;
            return;
        }
        let name_start = self.text.len();
        self.text.extend_from_slice(name);
        let value_start = self.text.len();
        self.text.extend_from_slice(value);
        self.last = self.list.len();
        self.list.push((name_start..value_start, value_start..self.text.len()));
    }

    /// The last header goes on (RFC 9112, section 5.2). False when there is none.
    pub fn fold(&mut self, more: &[u8]) -> bool {
        let Some((name, value)) = self.list.get_mut(self.last) else { return false };
        // Its name was alone on its line: the colon follows here.
        if name.start == name.end
            && let Some(more) = more.strip_prefix(b":")
        {
            let name = self.text.get(value.clone()).unwrap_or_default().to_vec();
            self.list.remove(self.last);
            self.add(&name, more.trim_ascii());
            return true;
        }
        if self.text.len() + value.len() + more.len() + 1 > HEADERS_BYTES_MAX {
            self.cut = true;
            return true;
        }
        // A header that lies further ahead moves to the end, where there is room.
        if value.end != self.text.len() {
            let start = self.text.len();
            self.text.extend_from_within(value.clone());
            value.start = start;
        }
        if !more.is_empty() {
            if value.start != self.text.len() {
                self.text.push(b' ');
            }
            self.text.extend_from_slice(more);
        }
        value.end = self.text.len();
        true
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }
}

/// Compares names without regard to case and to zero bytes in the one that was sent.
pub fn same(given: &[u8], name: &[u8]) -> bool {
    given.eq_ignore_ascii_case(name)
        || (given.len() > name.len()
            && given
                .iter()
                .filter(|byte| **byte != 0)
                .map(u8::to_ascii_lowercase)
                .eq(name.iter().map(u8::to_ascii_lowercase)))
}

impl Exchange {
    pub fn elements(&self) -> Elements<'_> {
        let lossy = |bytes: &'_ [u8]| -> Cow<'static, str> { String::from_utf8_lossy(bytes).into_owned().into() };
        let (request, response) = (self.request.as_ref(), self.response.as_ref());
        let protocol = request.map(|request| &request.protocol).filter(|protocol| !protocol.is_empty());
        Elements {
            version: protocol.or(response.map(|response| &response.protocol)).map(|protocol| lossy(protocol)),
            account: self.account.as_deref().map(Cow::from),
            host_name: self.workstation.as_deref().map(Cow::from),
            object: request.map(|request| lossy(&request.object())),
            operation: request.map(|request| lossy(&request.method)),
            result: response.map(|response| lossy(&response.status)),
            client: request.and_then(|request| request.headers.get("user-agent")).map(lossy),
            server: response.and_then(|response| response.headers.get("server")).map(lossy),
        }
    }
}

impl Request {
    /// What is asked for, with its host.
    fn object(&self) -> Vec<u8> {
        match &self.host {
            Some(host) if self.target.starts_with(b"/") => [host.as_slice(), &self.target].concat(),
            _ => self.target.clone(),
        }
    }
}
