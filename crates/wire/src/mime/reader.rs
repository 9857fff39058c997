//! A message that passes.

use super::encoding::Decoder;
use super::header;
use super::urls::Scanner;
use md5::Digest;

/// Parts within parts.
const DEPTH_MAX: usize = 16;
/// RFC 2046 allows 70 bytes; mailers write longer ones.
const BOUNDARY_BYTES_MAX: usize = 256;
/// Bytes kept of one header field.
const FIELD_BYTES_MAX: usize = 1 << 14;
/// Bytes kept of all header fields of a message.
const FIELDS_BYTES_MAX: usize = 1 << 16;
/// Header fields kept of a message, and attachments named.
const LIST_MAX: usize = 128;

/// What is known of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// The fields of the message's own header that we know, by their name in small letters, as they stand.
    pub fields: Vec<(&'static str, Vec<u8>)>,
    pub attachments: Vec<Vec<u8>>,
    /// Links without their scheme, and whether that is plain `http`.
    pub urls: Vec<(bool, Vec<u8>)>,
    pub status: Status,
    pub body_md5: Option<[u8; 16]>,
    pub subject_md5: Option<[u8; 16]>,
}

/// How far the message was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Header,
    Body,
    Done,
}

/// What a line brought: bytes of the file that is open, then its end, or the beginning of another.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub ended: bool,
    pub began: Option<Vec<u8>>,
}

/// Fields of the message's header that are kept.
const KNOWN: &[&str] = &[
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "date",
    "subject",
    "message-id",
    "received",
    "x-mailer",
    "user-agent",
    "x-originating-ip",
    "in-reply-to",
    "references",
    "importance",
    "priority",
    "sensitivity",
    "organization",
    "content-md5",
];

#[derive(Default)]
pub struct Reader {
    pub mail: Mail,
    state: State,
    part: Part,
    boundaries: Vec<Vec<u8>>,
    field: Vec<u8>,
    /// The message is one that another one carries: its fields are not the mail's.
    carried: bool,
    /// A file is open.
    open: bool,
    /// The end of the last line, which belongs to the content only if no boundary follows.
    line_end: bool,
    /// The last piece did not end its line.
    within_line: bool,
    text: Scanner,
    out: Vec<u8>,
    digest: Option<md5::Md5>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    /// Between a multipart's header and its first boundary, or behind its last.
    Outside,
    Body,
    /// Within a file that stands in the text.
    Uu,
}

#[derive(Default)]
struct Part {
    kind: Vec<u8>,
    disposition: Vec<u8>,
    decoder: Decoder,
    is_text: bool,
}

impl Reader {
    /// With digests of the subject and of the body.
    pub fn digesting(digests: bool) -> Reader {
        Reader { digest: digests.then(md5::Md5::new), ..Reader::default() }
    }

    /// Takes a line without its end, or a piece of a long one. The bytes it adds to the file that was open before are
    /// then in [`Reader::content`].
    pub fn line(&mut self, line: &[u8], ended: bool) -> Step {
        self.out.clear();
        let begins = !std::mem::replace(&mut self.within_line, !ended);
        if self.mail.status == Status::Body
            && let Some(digest) = &mut self.digest
        {
            digest.update(line);
            if ended {
                digest.update(b"\r\n");
            }
        }
        if begins
            && self.state != State::Header
            && let Some(step) = self.boundary(line)
        {
            return step;
        }
        match self.state {
            State::Header => self.header_line(line, begins),
            State::Outside => Step::default(),
            State::Body => self.body_line(line, begins, ended),
            State::Uu => self.uu_line(line, begins, ended),
        }
    }

    /// What the last line added to the open file.
    pub fn content(&self) -> &[u8] {
        &self.out
    }

    /// Part of the message was never captured; what comes next begins anywhere.
    pub fn gap(&mut self) {
        (self.within_line, self.line_end) = (true, false);
    }

    /// The message is over.
    pub fn finish(&mut self, complete: bool) -> Step {
        self.out.clear();
        if self.state == State::Header {
            self.end_field();
        }
        // The end of the last line is that of the message, not of the file in it.
        self.line_end = false;
        self.text.flush(&mut self.mail.urls);
        if complete {
            self.mail.status = Status::Done;
        }
        if let Some(digest) = self.digest.take() {
            self.mail.body_md5 = Some(digest.finalize().into());
            let subject = self.mail.field("subject");
            self.mail.subject_md5 = subject.map(|subject| md5::Md5::digest(subject).into());
        }
        Step { ended: std::mem::take(&mut self.open), began: None }
    }

    fn header_line(&mut self, line: &[u8], begins: bool) -> Step {
        if begins && line.is_empty() {
            self.end_field();
            return self.begin_body();
        }
        if begins && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            self.end_field();
            // A boundary in a header: the part has no body.
            if let Some(step) = line.starts_with(b"--").then(|| self.boundary(line)).flatten() {
                return step;
            }
        }
        let line = if begins && !self.field.is_empty() { line.trim_ascii_start() } else { line };
        let room = FIELD_BYTES_MAX.saturating_sub(self.field.len());
        self.field.extend_from_slice(line.get(..room.min(line.len())).unwrap_or_default());
        Step::default()
    }

    /// A field is there as a whole, with its continued lines.
    fn end_field(&mut self) {
        let field = std::mem::take(&mut self.field);
        let Some((name, value)) = crate::lines::field(&field) else { return };
        if name.eq_ignore_ascii_case(b"content-type") {
            self.part.kind = value.to_vec();
        } else if name.eq_ignore_ascii_case(b"content-disposition") {
            self.part.disposition = value.to_vec();
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            self.part.decoder = Decoder::named(value);
        }
        if self.mail.status == Status::Header && !self.carried {
            let known = KNOWN.iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes()));
            let kept: usize = self.mail.fields.iter().map(|(_, value)| value.len()).sum();
            let room = self.mail.fields.len() < LIST_MAX && kept + value.len() <= FIELDS_BYTES_MAX;
            if let Some(known) = known.filter(|_| room) {
                self.mail.fields.push((known, value.to_vec()));
            }
        }
    }

    /// The header is over: what follows is a body, parts, or another message.
    fn begin_body(&mut self) -> Step {
        self.mail.status = Status::Body;
        let kind = header::main(&self.part.kind).to_ascii_lowercase();
        if kind.starts_with(b"multipart/")
            && let Some(mut boundary) = header::parameter(&self.part.kind, "boundary").filter(|own| !own.is_empty())
            && self.boundaries.len() < DEPTH_MAX
        {
            boundary.truncate(BOUNDARY_BYTES_MAX);
            self.boundaries.push(boundary);
            self.state = State::Outside;
            return Step::default();
        }
        let name = header::file_name(&self.part.disposition, &self.part.kind);
        // A carried message is read as one, unless it is encoded, which RFC 2046 forbids: then it is a file.
        if kind == b"message/rfc822" && self.part.decoder == Decoder::Plain {
            name.into_iter().for_each(|name| self.attach(name));
            self.carried = true;
            self.part = Part::default();
            return Step::default();
        }
        self.state = State::Body;
        self.line_end = false;
        let Some(name) = name else {
            self.part.is_text = kind.is_empty() || kind.starts_with(b"text/");
            return Step::default();
        };
        self.begin_file(name)
    }

    fn attach(&mut self, name: Vec<u8>) {
        if self.mail.attachments.len() < LIST_MAX {
            self.mail.attachments.push(name);
        }
    }

    fn begin_file(&mut self, name: Vec<u8>) -> Step {
        self.attach(name.clone());
        let ended = std::mem::replace(&mut self.open, true);
        Step { ended, began: Some(name) }
    }

    /// If a line is the boundary of one of the parts that are open, that part is over.
    fn boundary(&mut self, line: &[u8]) -> Option<Step> {
        let text = line.strip_prefix(b"--")?;
        let (level, rest) = self.boundaries.iter().enumerate().rev().find_map(|(level, boundary)| {
            let rest = text.strip_prefix(boundary.as_slice())?;
            (rest.trim_ascii().is_empty() || rest.starts_with(b"--")).then_some((level, rest))
        })?;
        let last = rest.starts_with(b"--");
        self.boundaries.truncate(if last { level } else { level + 1 });
        self.state = if last { State::Outside } else { State::Header };
        self.part = Part::default();
        self.field.clear();
        self.line_end = false;
        self.within_line = false;
        self.text.flush(&mut self.mail.urls);
        Some(Step { ended: std::mem::take(&mut self.open), began: None })
    }

    fn body_line(&mut self, line: &[u8], begins: bool, ended: bool) -> Step {
        if begins
            && !self.open
            && self.part.is_text
            && let Some(name) = uu_begin(line)
        {
            self.state = State::Uu;
            return self.begin_file(name);
        }
        if std::mem::take(&mut self.line_end) {
            self.out.extend_from_slice(b"\r\n");
        }
        self.line_end = self.part.decoder.line(line, ended, &mut self.out);
        if self.part.is_text {
            self.text.text(&self.out, &mut self.mail.urls);
        }
        Step::default()
    }

    fn uu_line(&mut self, line: &[u8], begins: bool, ended: bool) -> Step {
        if begins && line.trim_ascii_end() == b"end" {
            self.state = State::Body;
            return Step { ended: std::mem::take(&mut self.open), began: None };
        }
        if begins && ended {
            Decoder::Uu.line(line, ended, &mut self.out);
        }
        Step::default()
    }
}

/// `begin 644 name`
fn uu_begin(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"begin ")?;
    let at = rest.iter().position(|byte| *byte == b' ')?;
    let (mode, name) = (rest.get(..at)?, rest.get(at + 1..)?.trim_ascii());
    let octal = (3..=4).contains(&mode.len()) && mode.iter().all(|digit| (b'0'..=b'7').contains(digit));
    (octal && !name.is_empty()).then(|| name.get(..255).unwrap_or(name).to_vec())
}

impl Mail {
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_slice())
    }

    /// Links, the ones of plain `http` first, each the last first: the order in which other tools show them.
    pub fn shown_urls(&self) -> impl Iterator<Item = &[u8]> {
        let of = |plain: bool| self.urls.iter().rev().filter(move |(own, _)| *own == plain);
        of(true).chain(of(false)).map(|(_, url)| url.as_slice())
    }

    /// Writes the mail into an EVE record.
    pub fn write(&self, record: &mut crate::json::Object<'_>, all_fields: bool) {
        let mut email = record.object("email");
        email.text(
            "status",
            match self.status {
                Status::Header => "HEADER_STARTED",
                Status::Body => "BODY_STARTED",
                Status::Done => "PARSE_DONE",
            },
        );
        email.optional("from", self.field("from"));
        for name in ["to", "cc"] {
            self.list(name, &mut email);
        }
        if !self.attachments.is_empty() {
            let mut array = email.array("attachment");
            self.attachments.iter().for_each(|name| array.bytes(name));
        }
        if !self.urls.is_empty() {
            let mut array = email.array("url");
            self.shown_urls().for_each(|url| array.bytes(url));
        }
        if all_fields {
            self.further(&mut email);
        }
    }

    fn further(&self, email: &mut crate::json::Object<'_>) {
        self.list("bcc", email);
        if self.field("received").is_some() {
            let mut array = email.array("received");
            let own = self.fields.iter().filter(|(name, _)| *name == "received");
            own.for_each(|(_, value)| array.bytes(value));
        }
        for name in KNOWN.iter().filter(|name| !matches!(**name, "from" | "to" | "cc" | "bcc" | "received")) {
            email.optional(&name.replace('-', "_"), self.field(name));
        }
        for (name, digest) in [("body_md5", &self.body_md5), ("subject_md5", &self.subject_md5)] {
            if let Some(digest) = digest {
                email.hex(name, digest);
            }
        }
    }

    /// Addresses with commas between them.
    fn list(&self, name: &str, email: &mut crate::json::Object<'_>) {
        if let Some(value) = self.field(name) {
            let mut array = email.array(name);
            for one in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|one| !one.is_empty()) {
                array.bytes(one);
            }
        }
    }
}
