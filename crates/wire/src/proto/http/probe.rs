//! How HTTP is recognised.

use super::records;
use crate::session::{Over, Probe, Way};

/// A request line with a protocol, a request of a common method, or a status line.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const METHODS: &[&[u8]] = &[
        b"GET",
        b"POST",
        b"HEAD",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"CONNECT",
        b"TRACE",
        b"PATCH",
        b"PROPFIND",
        b"PROPPATCH",
        b"MKCOL",
        b"COPY",
        b"MOVE",
        b"LOCK",
        b"UNLOCK",
        b"SEARCH",
        b"REPORT",
    ];
    /// A request line that does not end by then is looked at as it is.
    const LOOK_BYTES: usize = 1 << 12;
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let start = data.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(data.len());
    let data = data.get(start..).unwrap_or_default();
    const STATUS: &[u8] = b"HTTP/";
    if data.len() < STATUS.len() && STATUS.starts_with(&data.to_ascii_uppercase()) {
        return Probe::More;
    }
    if data.get(..STATUS.len()).is_some_and(|start| start.eq_ignore_ascii_case(STATUS)) {
        return match data.get(STATUS.len()) {
            None => Probe::More,
            Some(digit) if digit.is_ascii_digit() => Probe::Server,
            Some(_) => Probe::No,
        };
    }
    let line_end = data.iter().position(|byte| *byte == b'\n');
    let method_end = data.iter().take(32).position(|byte| !(byte.is_ascii_alphabetic() || b"_-".contains(byte)));
    let Some(method_end) = method_end else { return if data.len() < 32 { Probe::More } else { Probe::No } };
    let method = data.get(..method_end).unwrap_or_default();
    if method.is_empty() || !matches!(data.get(method_end), Some(b' ' | b'\t')) {
        return Probe::No;
    }
    let known = METHODS.contains(&method);
    if known && data.get(method_end + 1) == Some(&b'/') {
        return Probe::Client;
    }
    match line_end {
        Some(end) => {
            let line = data.get(..end).unwrap_or_default();
            if records::looks_like_request(line) { Probe::Client } else { Probe::No }
        }
        None if data.len() < LOOK_BYTES => Probe::More,
        None if known => Probe::Client,
        None => Probe::No,
    }
}
