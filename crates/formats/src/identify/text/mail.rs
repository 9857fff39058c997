//! Mail as text (RFC 5322), boxes of it (RFC 4155) and pages saved as mail (RFC 2557).

use super::lines;
use crate::bytes::{contains, contains_ignoring_case, head as first, starts_ignoring_case};
use crate::kind::Kind;

/// Lines of a header that are read.
const LINES_MAX: usize = 200;

/// The kind of a text that begins with the header of a message.
pub fn kind(head: &[u8]) -> Option<Kind> {
    if let Some(rest) = head.strip_prefix(b"From ") {
        return mbox(rest);
    }
    let mut start = head.trim_ascii_start();
    // Apple Mail puts the length of the message in front.
    let line = lines(first(start, 64)).next().unwrap_or_default().trim_ascii();
    let counted = !line.is_empty() && line.len() <= 10 && line.iter().all(u8::is_ascii_digit);
    if counted {
        start = start.get(start.iter().position(|byte| *byte == b'\n')? + 1..)?;
    }
    let header = Header::read(start)?;
    if !header.is_mail() {
        return None;
    }
    Some(match () {
        () if counted => Kind::Emlx,
        () if header.is_page(start) => Kind::Mht,
        () => Kind::Eml,
    })
}

/// A box begins each message with its envelope's sender and a date.
fn mbox(rest: &[u8]) -> Option<Kind> {
    let line = lines(first(rest, 512)).next()?;
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    let timed = line.windows(3).any(|three| matches!(three, [b'0'..=b'9', b':', b'0'..=b'9']));
    let header = Header::read(rest.get(rest.iter().position(|byte| *byte == b'\n')? + 1..)?)?;
    (words >= 3 && timed && header.names >= 2).then_some(Kind::Mbox)
}

/// What the names of a header say.
#[derive(Default)]
struct Header {
    names: usize,
    /// Names that only mail has.
    certain: usize,
    /// Names that mail has among others.
    likely: usize,
    /// It says that it has parts, or which version of parts.
    mime: bool,
}

impl Header {
    /// Reads names up to the first line that is none.
    fn read(start: &[u8]) -> Option<Self> {
        let mut header = Header::default();
        for line in lines(start).take(LINES_MAX) {
            if matches!(line.first(), Some(b' ' | b'\t')) && header.names > 0 {
                continue;
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
            let name = &line[..colon];
            if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_graphic()) {
                break;
            }
            header.count(&name.to_ascii_lowercase());
            header.mime |= starts_ignoring_case(line, b"content-type: multipart/");
        }
        (header.names > 0).then_some(header)
    }

    fn count(&mut self, name: &[u8]) {
        self.names += 1;
        match name {
            b"received"
            | b"message-id"
            | b"return-path"
            | b"delivered-to"
            | b"dkim-signature"
            | b"envelope-to"
            | b"authentication-results"
            | b"received-spf"
            | b"x-mailer"
            | b"in-reply-to"
            | b"x-originating-ip"
            | b"x-received"
            | b"references"
            | b"thread-topic"
            | b"x-priority"
            | b"newsgroups"
            | b"reply-to" => {
                self.certain += 1;
            }
            b"mime-version" => (self.certain, self.mime) = (self.certain + 1, true),
            b"from"
            | b"to"
            | b"subject"
            | b"date"
            | b"cc"
            | b"bcc"
            | b"sender"
            | b"content-type"
            | b"content-transfer-encoding"
            | b"content-disposition"
            | b"status" => self.likely += 1,
            _ => {}
        }
    }

    /// Other things have headers as well: packages, requests, catalogues of messages. Mail has several of its own names.
    fn is_mail(&self) -> bool {
        let known = self.certain + self.likely;
        known >= 3 && (self.certain >= 1 || self.likely >= 3) && known * 3 >= self.names.min(12)
            || self.mime && known >= 2
    }

    /// A page that a browser saved: parts of it by their places, and no recipient.
    fn is_page(&self, start: &[u8]) -> bool {
        let front = first(start, 4096);
        let related = contains_ignoring_case(front, b"multipart/related");
        let saved = contains(front, b"Snapshot-Content-Location") || contains_ignoring_case(front, b"<saved by ");
        saved || related && contains_ignoring_case(front, b"content-location:") && !contains(front, b"\nTo:")
    }
}
