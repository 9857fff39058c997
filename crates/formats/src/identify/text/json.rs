//! JSON (RFC 8259), checked letter by letter as far as it was read; and JSON by lines.

use crate::kind::Kind;

/// Nesting that is followed; deeper is no document anyone writes.
const DEPTH_MAX: usize = 512;

/// How checking a value ended.
enum End<'a> {
    /// The value is complete; this follows.
    Whole(&'a [u8]),
    /// It is right as far as it goes.
    Cut,
    Wrong,
}

/// JSON, or several values each on a line of its own.
pub fn kind(head: &[u8], whole: bool) -> Option<Kind> {
    let start = head.trim_ascii();
    if !matches!(start.first(), Some(b'{' | b'[')) {
        return None;
    }
    let mut rest = start;
    let mut values = 0;
    loop {
        match value(rest) {
            End::Wrong => return None,
            End::Cut if whole => return None,
            End::Cut => break,
            End::Whole(after) => {
                values += 1;
                rest = after.trim_ascii_start();
                if rest.is_empty() {
                    break;
                }
                let next_line = after.starts_with(b"\n") || after.starts_with(b"\r\n");
                if !next_line || !matches!(rest.first(), Some(b'{' | b'[')) {
                    return None;
                }
            }
        }
    }
    // `[section]` is no list, and `[1]` or `{}` alone could be anything; they are lists all the same to their readers.
    Some(if values > 1 { Kind::JsonLines } else { Kind::Json })
}

/// Checks one value without recursion: depth is a number of brackets, not of calls.
fn value(input: &[u8]) -> End<'_> {
    let mut open: Vec<u8> = Vec::new();
    let mut rest = input;
    // Whether a value must come next; else a comma or a closing bracket must.
    let mut wanted = true;
    // A comma does not stand in front of a closing bracket.
    let mut fresh = false;
    loop {
        rest = rest.trim_ascii_start();
        let Some(first) = rest.first().copied() else { return End::Cut };
        match first {
            b'{' | b'[' if wanted => {
                if open.len() == DEPTH_MAX {
                    return End::Wrong;
                }
                open.push(first);
                rest = &rest[1..];
                fresh = true;
                if first == b'{' {
                    match key(rest, true) {
                        Key::Read(after) => rest = after,
                        Key::Closed => wanted = false,
                        Key::Cut => return End::Cut,
                        Key::Wrong => return End::Wrong,
                    }
                    fresh &= !wanted;
                }
                continue;
            }
            b'}' | b']' if !wanted || fresh => {
                let matching = if first == b'}' { b'{' } else { b'[' };
                if open.pop() != Some(matching) {
                    return End::Wrong;
                }
                rest = &rest[1..];
                wanted = false;
            }
            b',' if !wanted => {
                rest = &rest[1..];
                wanted = true;
                if open.last() == Some(&b'{') {
                    match key(rest, false) {
                        Key::Read(after) => rest = after,
                        Key::Cut => return End::Cut,
                        Key::Closed | Key::Wrong => return End::Wrong,
                    }
                }
                fresh = false;
                continue;
            }
            _ if wanted => {
                match scalar(rest) {
                    End::Whole(after) => rest = after,
                    other => return other,
                }
                wanted = false;
            }
            _ => return End::Wrong,
        }
        fresh = false;
        if open.is_empty() {
            return End::Whole(rest);
        }
    }
}

enum Key<'a> {
    Read(&'a [u8]),
    /// The object is empty.
    Closed,
    Cut,
    Wrong,
}

/// A name and its colon.
fn key(rest: &[u8], may_close: bool) -> Key<'_> {
    let rest = rest.trim_ascii_start();
    match rest.first() {
        None => return Key::Cut,
        Some(b'}') if may_close => return Key::Closed,
        Some(b'"') => {}
        Some(_) => return Key::Wrong,
    }
    match text(rest) {
        End::Whole(after) => match after.trim_ascii_start().split_first() {
            Some((b':', after)) => Key::Read(after),
            Some(_) => Key::Wrong,
            None => Key::Cut,
        },
        End::Cut => Key::Cut,
        End::Wrong => Key::Wrong,
    }
}

fn scalar(rest: &[u8]) -> End<'_> {
    match rest.first() {
        Some(b'"') => text(rest),
        Some(b'-' | b'0'..=b'9') => number(rest),
        Some(b't') => word(rest, b"true"),
        Some(b'f') => word(rest, b"false"),
        Some(b'n') => word(rest, b"null"),
        _ => End::Wrong,
    }
}

fn word<'a>(rest: &'a [u8], word: &[u8]) -> End<'a> {
    match rest.strip_prefix(word) {
        Some(after) => End::Whole(after),
        None if word.starts_with(rest) => End::Cut,
        None => End::Wrong,
    }
}

fn number(rest: &[u8]) -> End<'_> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)).count();
    let digits = rest[..length].iter().any(u8::is_ascii_digit);
    match () {
        () if length == rest.len() => End::Cut,
        () if digits => End::Whole(&rest[length..]),
        () => End::Wrong,
    }
}

fn text(rest: &[u8]) -> End<'_> {
    let mut at = 1;
    loop {
        let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest.get(at..).unwrap_or_default()) else {
            return End::Cut;
        };
        at += found;
        match rest[at] {
            b'"' => return End::Whole(&rest[at + 1..]),
            b'\\' => at += 2,
            _ => return End::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_its_readers_accept_is_json() {
        for right in ["{}", "[]", "[1, 2.5e-3, \"a\\\"b\", null, true]", "{\"a\": {\"b\": []}}", " [[[]]] \n"] {
            assert_eq!(kind(right.as_bytes(), true), Some(Kind::Json), "{right}");
        }
        for wrong in
            ["{a: 1}", "[1,]", "[section]", "{\"a\" 1}", "[1 2]", "{\"a\": 1,}", "[", "{}x", "[1]\nx", "]", "{]"]
        {
            assert_eq!(kind(wrong.as_bytes(), true), None, "{wrong}");
        }
        assert_eq!(kind(b"{\"a\": [1, tr", false), Some(Kind::Json));
        assert_eq!(kind(b"{\"a\": 1}\n{\"a\": 2}\n", true), Some(Kind::JsonLines));
    }

    #[test]
    fn depth_costs_no_stack() {
        assert_eq!(kind("[".repeat(100_000).as_bytes(), false), None);
    }
}
