//! Mail (RFC 5322 and MIME): headers as facts; bodies, attachments and mails within as parts, their bytes as they were
//! sent. Archives of web pages and boxes of mails are read by the same rules.

mod mime;

#[cfg(test)]
mod tests;

pub use mime::{time, words};

use crate::budget::Budget;
use crate::encoded::{base64, quoted_printable, uuencoded};
use crate::gather::{Gathered, text};
use crate::kind::Kind;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, unpack};
use crate::vector::{State, Value, vectors};
use memchr::memmem;
use mime::{Header, Parameters, find, headers};
use model::Message;
use std::ops::Range;

vectors! { "mail":
    "from" text "Who it says it is from.";
    "sender" text "Who it says sent it.";
    "reply_to" text "Where answers go.";
    "return_path" text "Where it goes when it cannot be delivered.";
    "to" text "Whom it is to.";
    "cc" text "Who gets a copy.";
    "bcc" text "Who gets a copy that others do not see.";
    "subject" text "Subject.";
    "date" time "When it was written, as it says.";
    "message_id" text "Its identifier.";
    "in_reply_to" text "Identifier of the mail that it answers.";
    "references" text "Identifiers of the mails before it.";
    "mailer" text "Program that wrote it.";
    "originating_ip" text "Address of the machine that it was sent from, as a server says.";
    "received" texts "Servers that it came by, the last one first.";
    "authentication" texts "What servers say of its signatures and of who may send for whom.";
    "headers" texts "Names of headers in their order, each once.";
    "content_type" text "Type of the whole.";
    "parts" integer "Parts that are no containers of parts.";
    "attachments" texts "Names of attachments.";
    "urls" texts "Addresses in bodies of plain text.";
    "messages" integer "Mails in a box.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 500;
/// Parts within parts.
const DEPTH_MAX: usize = 20;
/// Parts of one mail.
const PARTS_MAX: usize = 5000;
/// Bytes of a body that are looked through for addresses.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Takes a mail apart.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    if kind == Kind::Mbox {
        messages(bytes, budget, &mut reading);
        return reading;
    }
    // Mail of Apple has its length in a line of its own.
    let start = if kind == Kind::Emlx { memchr::memchr(b'\n', bytes).map_or(0, |at| at + 1) } else { 0 };
    let (head, body) = headers(bytes, start..bytes.len());
    facts(&head, &mut reading);
    let list = || Gathered::new(TEXTS_MAX);
    let mut found = Found { bytes, parts: 0, attachments: list(), urls: list() };
    let ended = found.part(&head, body..bytes.len(), 0, budget, &mut reading);
    reading.know(NAMESPACE, "parts", Value::unsigned(found.parts as u64));
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "parts", State::Limited(limit), None);
    }
    found.attachments.state(&mut reading, NAMESPACE, "attachments");
    found.urls.state(&mut reading, NAMESPACE, "urls");
    reading
}

/// Facts of headers that something else than a mail keeps.
pub fn of_headers(bytes: &[u8], reading: &mut Reading) {
    facts(&headers(bytes, 0..bytes.len()).0, reading);
}

/// The mails of a box: each begins behind an empty line with a line that says `From `.
fn messages(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) {
    let inner = memmem::find_iter(bytes, b"\nFrom ").map(|at| at + 1);
    let starts: Vec<usize> = std::iter::once(0).chain(inner).take(PARTS_MAX + 1).collect();
    reading.know(NAMESPACE, "messages", Value::unsigned(starts.len() as u64));
    for (number, start) in starts.iter().enumerate().take(PARTS_MAX) {
        let end = starts.get(number + 1).copied().unwrap_or(bytes.len());
        let line = memchr::memchr(b'\n', &bytes[*start..end]).map_or(0, |at| at + 1);
        if reading.child(budget, Child::range(format!("{}.eml", number + 1), start + line..end)).is_err() {
            return;
        }
    }
    if starts.len() > PARTS_MAX {
        reading.state(NAMESPACE, "messages", State::Limited(Limit::Entries), None);
    }
}

fn facts(head: &[Header], reading: &mut Reading) {
    for (header, name) in [
        ("from", "from"),
        ("sender", "sender"),
        ("reply-to", "reply_to"),
        ("return-path", "return_path"),
        ("to", "to"),
        ("cc", "cc"),
        ("bcc", "bcc"),
        ("subject", "subject"),
        ("message-id", "message_id"),
        ("in-reply-to", "in_reply_to"),
        ("references", "references"),
        ("x-originating-ip", "originating_ip"),
        ("content-type", "content_type"),
    ] {
        if let Some(header) = find(head, header) {
            text(reading, NAMESPACE, name, words(&header.value));
        }
    }
    if let Some(mailer) = find(head, "x-mailer").or_else(|| find(head, "user-agent")) {
        text(reading, NAMESPACE, "mailer", words(&mailer.value));
    }
    if let Some(date) = find(head, "date") {
        let date = time(&words(&date.value));
        let state = date.map_or_else(|| State::Failed(damaged()), |date| State::Known(Value::Time(date)));
        reading.state(NAMESPACE, "date", state, None);
    }
    let gathered = |test: &dyn Fn(&str) -> bool| {
        let mut list = Gathered::new(TEXTS_MAX);
        head.iter().filter(|header| test(&header.name)).for_each(|header| list.push(words(&header.value)));
        list
    };
    gathered(&|name| name == "received").state(reading, NAMESPACE, "received");
    let of_servers = ["authentication-results", "received-spf", "arc-authentication-results"];
    gathered(&|name| of_servers.contains(&name)).state(reading, NAMESPACE, "authentication");
    let mut names = Gathered::new(TEXTS_MAX);
    head.iter().for_each(|header| names.push(header.name.as_str()));
    names.state(reading, NAMESPACE, "headers");
    for name in ["from", "subject", "content-type", "date", "to"] {
        let count = head.iter().filter(|header| header.name == name).count();
        if count > 1 {
            let message = Message::new("mail.repeated-header").with("name", name);
            reading.odd(message.number("count", i64::try_from(count).unwrap_or(i64::MAX)));
        }
    }
}

struct Found<'a> {
    bytes: &'a [u8],
    parts: usize,
    attachments: Gathered,
    urls: Gathered,
}

impl Found<'_> {
    fn part(
        &mut self,
        head: &[Header],
        body: Range<usize>,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        budget.pass(body.len())?;
        let kind = Parameters::read(find(head, "content-type").map_or(b"text/plain", |header| &header.value));
        if kind.value.starts_with("multipart/") {
            return match kind.get("boundary").filter(|boundary| !boundary.is_empty()) {
                Some(boundary) => self.multipart(&boundary, body, depth, budget, reading),
                None => {
                    reading.odd_at(Message::new("mail.no-boundary"), body.start as u64);
                    self.leaf(head, &kind, body, budget, reading)
                }
            };
        }
        self.leaf(head, &kind, body, budget, reading)
    }

    fn multipart(
        &mut self,
        boundary: &str,
        body: Range<usize>,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        if depth >= DEPTH_MAX {
            return Err(Limit::Depth);
        }
        let (pieces, ended) = split(self.bytes, body.clone(), boundary.as_bytes());
        let many = pieces.len() >= PARTS_MAX;
        if pieces.is_empty() {
            let message = Message::new("mail.boundary-missing").with("boundary", names::shown(boundary));
            reading.odd_at(message, body.start as u64);
        } else if !ended {
            reading.odd_at(Message::new("mail.not-ended").with("boundary", names::shown(boundary)), body.end as u64);
        }
        for piece in pieces {
            let (head, start) = headers(self.bytes, piece.clone());
            self.part(&head, start..piece.end, depth + 1, budget, reading)?;
        }
        if many { Err(Limit::Entries) } else { Ok(()) }
    }

    fn leaf(
        &mut self,
        head: &[Header],
        kind: &Parameters,
        body: Range<usize>,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        if self.parts >= PARTS_MAX {
            return Err(Limit::Entries);
        }
        self.parts += 1;
        let disposition = Parameters::read(find(head, "content-disposition").map_or(b"", |header| &header.value));
        let name = disposition.get("filename").or_else(|| kind.get("name"));
        if let (Some(file), Some(other)) = (disposition.get("filename"), kind.get("name"))
            && file != other
        {
            let message = Message::new("mail.names-differ").with("name", names::shown(&file));
            reading.odd_at(message.with("other", names::shown(&other)), body.start as u64);
        }
        if let Some(name) = &name {
            self.attachments.push(name.as_str());
            names::look(reading, name, body.start as u64);
        }
        let name = name.unwrap_or_else(|| {
            let extension = match kind.value.as_str() {
                "text/html" => "html",
                "message/rfc822" => "eml",
                "text/calendar" => "ics",
                value if value.starts_with("text/") => "txt",
                _ => "bin",
            };
            format!("part-{}.{extension}", self.parts)
        });
        let raw = self.bytes.get(body.clone()).unwrap_or_default();
        let how = find(head, "content-transfer-encoding")
            .map_or(String::new(), |header| String::from_utf8_lossy(&header.value).trim().to_ascii_lowercase());
        let (content, storage) = match how.as_str() {
            "base64" => (unpack(base64(raw), raw.len(), budget).content(), Storage::Encoded("base64")),
            "quoted-printable" => {
                (unpack(quoted_printable(raw), raw.len(), budget).content(), Storage::Encoded("quoted-printable"))
            }
            "x-uuencode" | "uuencode" | "x-uue" => {
                let behind = memchr::memchr(b'\n', raw).map_or(raw, |at| &raw[at + 1..]);
                (unpack(uuencoded(behind), raw.len(), budget).content(), Storage::Encoded("uuencode"))
            }
            _ => (Content::Range(body.clone()), Storage::Plain),
        };
        if kind.value == "text/plain"
            && let Some(words) =
                (Child { name: String::new(), content: content.clone(), storage: Storage::Plain, at: None })
                    .bytes(self.bytes)
        {
            self.addresses(words);
        }
        reading.child(budget, Child { name, content, storage, at: Some(body.start as u64) })
    }

    fn addresses(&mut self, body: &[u8]) {
        let body = &body[..body.len().min(BODY_BYTES_MAX)];
        for at in memmem::find_iter(body, b"://") {
            let start = body[..at].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |start| start + 1);
            let stops = |byte: &u8| byte.is_ascii_whitespace() || b"\"'<>()[]{}".contains(byte);
            let end = body[at..].iter().position(stops).map_or(body.len(), |end| at + end);
            if start < at && at - start <= 16 {
                self.urls.push(names::decode(&body[start..end]).trim_end_matches([',', '.', ';', ':', '!', '?']));
            }
        }
    }
}

/// The pieces between lines that begin with a boundary, and whether the last of these lines ends it.
fn split(bytes: &[u8], body: Range<usize>, boundary: &[u8]) -> (Vec<Range<usize>>, bool) {
    let (mut pieces, mut start, mut ended) = (Vec::new(), None, false);
    let mut line = body.start;
    while line < body.end && !ended {
        let rest = &bytes[line..body.end];
        let next = memchr::memchr(b'\n', rest).map_or(body.end, |end| line + end + 1);
        if let Some(behind) = rest.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) {
            let end = &behind[..behind.len().min(next.saturating_sub(line + 2 + boundary.len()))];
            ended = end.starts_with(b"--");
            if ended || end.trim_ascii().is_empty() {
                if let Some(start) = start {
                    // The break in front of the line is of the line.
                    let before = &bytes[start..line];
                    let before = before.strip_suffix(b"\n").unwrap_or(before);
                    let before = before.strip_suffix(b"\r").unwrap_or(before);
                    pieces.push(start..start + before.len());
                }
                start = (!ended).then_some(next);
                if pieces.len() >= PARTS_MAX {
                    return (pieces, false);
                }
            }
        }
        line = next;
    }
    if let Some(start) = start.filter(|start| *start < body.end) {
        pieces.push(start..body.end);
    }
    (pieces, ended)
}
