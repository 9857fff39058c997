//! PDF (ISO 32000-1): its objects wherever they are, what it runs and reaches to, and the scripts and files inside it.

mod crypt;
mod filters;
mod object;
mod scan;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::bytes::head;
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, encrypted, unknown_method};
use crate::vector::{State, Value, vectors};
use crate::xml::days;
use memchr::memmem;
use model::Message;
use object::Object;
use scan::{Found, Scan, scan};
use std::collections::HashSet;

vectors! { "pdf":
    "version" text "Version in the header.";
    "objects" integer "Objects, also older ones of the same number, and those inside of streams.";
    "streams" integer "Objects with data.";
    "object_streams" integer "Streams that hold objects.";
    "pages" integer "Pages.";
    "updates" integer "Times it was added to: ends of the file beyond the first.";
    "encryption" text "How streams are encrypted: cipher and bits of the key.";
    "encryption_revision" integer "Revision of the encryption.";
    "permissions" integer "What a reader may do with it, in bits.";
    "opened" flag "Whether a password that was tried opened it.";
    "empty_password" flag "Whether it is the empty one, so that nobody is asked for one.";
    "encrypted" flag "Whether it is encrypted.";
    "open_action" text "What happens when it is opened: the type of the action.";
    "additional_actions" integer "Dictionaries with actions that run on events.";
    "actions" texts "Types of actions, each once.";
    "scripts" integer "Scripts in JavaScript.";
    "launches" texts "Programs and files that it asks to be started, with their parameters.";
    "uris" texts "Addresses that it links to.";
    "remote_targets" texts "Other documents that it goes to, and where its forms are sent.";
    "embedded_files" texts "Names of embedded files.";
    "acro_form" flag "Whether it has forms.";
    "xfa" flag "Whether it has forms in XML.";
    "rich_media" integer "Annotations that play films, sounds, Flash or three-dimensional scenes.";
    "filters" texts "Filters of streams, each once.";
    "hidden_names" texts "Names that hide ordinary letters behind numbers, as they are written.";
    "title" text "Title.";
    "author" text "Author.";
    "subject" text "Subject.";
    "keywords" text "Keywords.";
    "creator" text "Program in which it was made.";
    "producer" text "Program that wrote it.";
    "created" time "When it was made, as it says.";
    "modified" time "When it was changed, as it says.";
    "id" digest "First half of its identifier, which stays the same over changes.";
    "id_changed" digest "Second half of its identifier, where it is another.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 1000;
/// How far the header may stand from the beginning.
const HEADER_BYTES_MAX: usize = 1024;
/// Values in one another that are looked through.
const DEPTH_MAX: usize = 48;
/// Filters of one stream beyond which it is odd.
const FILTERS_USUAL: usize = 2;

/// Takes a document apart.
pub fn read(bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = Reading::default();
    let scan = scan(bytes, passwords, budget);
    frame(bytes, budget, &mut reading);
    counts(&scan, &mut reading);
    let is_closed = root(&scan, &mut reading);
    let mut found = Looked::new(bytes, &scan, is_closed);
    let ended = found.objects(budget, &mut reading);
    found.state(&mut reading);
    if let Some(limit) = scan.limited.or(ended.err()) {
        reading.state(NAMESPACE, "objects", State::Limited(limit), None);
    }
    reading
}

/// The header, the ends, and what stands around them, which is a part.
fn frame(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) {
    match memmem::find(head(bytes, HEADER_BYTES_MAX), b"%PDF-") {
        Some(at) => {
            let rest = head(&bytes[at + 5..], 8);
            let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(rest.len());
            text(reading, NAMESPACE, "version", String::from_utf8_lossy(&rest[..end]));
            if at > 0 {
                reading.odd_at(Message::new("pdf.data-before").number("bytes", at as u32), 0);
                // A limit is a fact by then.
                let _ = reading.child(budget, Child::range("", 0..at));
            }
        }
        None => {
            reading.state(NAMESPACE, "version", State::Failed(damaged()), None);
            reading.odd(Message::new("pdf.no-header"));
        }
    }
    let ends: Vec<usize> = memmem::find_iter(bytes, b"%%EOF").collect();
    reading.know(NAMESPACE, "updates", Value::unsigned(ends.len().saturating_sub(1) as u64));
    match ends.last() {
        None => reading.odd(Message::new("pdf.no-end")),
        Some(end) => {
            let behind = bytes[end + 5..].trim_ascii().len();
            if behind > 0 && bytes[end + 5..].iter().any(|byte| *byte != 0) {
                let count = i64::try_from(behind).unwrap_or(i64::MAX);
                reading.odd_at(Message::new("pdf.data-behind").number("bytes", count), *end as u64 + 5);
                let blanks = bytes[end + 5..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let _ = reading.child(budget, Child::range("", end + 5 + blanks..bytes.len()));
            }
        }
    }
    if memmem::find(bytes, b"startxref").is_none() {
        reading.odd(Message::new("pdf.no-reference-table"));
    }
}

fn counts(scan: &Scan, reading: &mut Reading) {
    let count = |test: &dyn Fn(&&Found) -> bool| Value::unsigned(scan.objects.iter().filter(test).count() as u64);
    reading.know(NAMESPACE, "objects", Value::unsigned(scan.objects.len() as u64));
    reading.know(NAMESPACE, "streams", count(&|found| found.stream.is_some()));
    reading.know(NAMESPACE, "object_streams", Value::unsigned(scan.object_streams as u64));
    let pages = scan.latest.values().filter_map(|at| scan.objects.get(*at));
    let pages = pages
        .filter(|found| found.object.get("Type").map(|kind| scan.resolve(kind)).and_then(Object::name) == Some("Page"));
    reading.know(NAMESPACE, "pages", Value::unsigned(pages.count() as u64));
    let mut hidden = Gathered::new(TEXTS_MAX);
    scan.hidden.iter().for_each(|name| hidden.push(name.as_str()));
    if !hidden.is_empty() {
        reading.odd(Message::new("pdf.hidden-names").list("names", scan.hidden.iter().take(5)));
    }
    hidden.state(reading, NAMESPACE, "hidden_names");
}

/// What belongs to the whole; says whether it is encrypted and no password opened it.
fn root(scan: &Scan, reading: &mut Reading) -> bool {
    let last = |key: &str| scan.trailer(key);
    let is_encrypted = last("Encrypt").is_some_and(|object| *object != Object::Null);
    reading.know(NAMESPACE, "encrypted", is_encrypted);
    if let Some(ids) = last("ID").and_then(Object::array) {
        let half = |at: usize| ids.get(at).map(|object| scan.resolve(object)).and_then(Object::text);
        if let Some(first) = half(0).filter(|id| !id.is_empty()) {
            reading.know(NAMESPACE, "id", Value::Digest(head(first, 64).to_vec()));
            if let Some(second) = half(1).filter(|second| *second != first) {
                reading.know(NAMESPACE, "id_changed", Value::Digest(head(second, 64).to_vec()));
            }
        }
    }
    if let Some(how) = &scan.encryption {
        reading.know(NAMESPACE, "encryption", how.streams.label(how.key_bytes));
        reading.know(NAMESPACE, "encryption_revision", how.revision);
        reading.know(NAMESPACE, "permissions", how.permissions);
        reading.know(NAMESPACE, "opened", scan.opened.is_some());
    }
    if let Some((place, _)) = &scan.opened {
        reading.know(NAMESPACE, "empty_password", *place == 0);
    }
    let is_closed = is_encrypted && scan.opened.is_none();
    if let Some(info) = last("Info").filter(|_| !is_closed) {
        information(scan, info, reading);
    }
    is_closed
}

fn information(scan: &Scan, info: &Object, reading: &mut Reading) {
    for (key, name) in [
        ("Title", "title"),
        ("Author", "author"),
        ("Subject", "subject"),
        ("Keywords", "keywords"),
        ("Creator", "creator"),
        ("Producer", "producer"),
    ] {
        if let Some(value) = info.get(key).map(|object| scan.resolve(object)).and_then(Object::text) {
            text(reading, NAMESPACE, name, words(value));
        }
    }
    for (key, name) in [("CreationDate", "created"), ("ModDate", "modified")] {
        let Some(value) = info.get(key).map(|object| scan.resolve(object)).and_then(Object::text) else { continue };
        match time(&words(value)) {
            Some(time) => reading.know(NAMESPACE, name, Value::Time(time)),
            None if value.is_empty() => reading.state(NAMESPACE, name, State::Absent, None),
            None => reading.state(NAMESPACE, name, State::Failed(damaged()), None),
        }
    }
}

/// Everything that is looked for in the objects.
struct Looked<'a> {
    bytes: &'a [u8],
    scan: &'a Scan,
    is_closed: bool,
    actions: Gathered,
    launches: Gathered,
    uris: Gathered,
    remote: Gathered,
    files: Gathered,
    filters: Gathered,
    open_action: Option<String>,
    additional: u64,
    scripts: u64,
    rich_media: u64,
    acro_form: bool,
    xfa: bool,
    many_filters: u64,
    /// Streams that are parts already.
    taken: HashSet<u32>,
}

impl<'a> Looked<'a> {
    fn new(bytes: &'a [u8], scan: &'a Scan, is_closed: bool) -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Looked {
            bytes,
            scan,
            is_closed,
            actions: list(),
            launches: list(),
            uris: list(),
            remote: list(),
            files: list(),
            filters: list(),
            open_action: None,
            additional: 0,
            scripts: 0,
            rich_media: 0,
            acro_form: false,
            xfa: false,
            many_filters: 0,
            taken: HashSet::new(),
        }
    }

    fn objects(&mut self, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        for found in &self.scan.objects {
            budget.step(1)?;
            if found.stream.is_some() {
                let filters = self.scan.filters(found);
                self.many_filters += u64::from(filters.len() > FILTERS_USUAL);
                filters.iter().for_each(|(name, _)| self.filters.push(name.as_str()));
            }
            self.value(&found.object, found.at, 0, budget, reading)?;
        }
        for trailer in &self.scan.trailers {
            self.value(trailer, 0, 0, budget, reading)?;
        }
        // Files that nothing names any more, or that something else names.
        for found in &self.scan.objects {
            let is_file = found.object.get("Type").and_then(Object::name) == Some("EmbeddedFile");
            if is_file && found.stream.is_some() && !self.taken.contains(&found.number) {
                self.stream(found, String::new(), budget, reading)?;
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        object: &Object,
        at: u64,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        if depth > DEPTH_MAX {
            return Ok(());
        }
        match object {
            Object::Array(items) => items.iter().try_for_each(|item| self.value(item, at, depth + 1, budget, reading)),
            Object::Dictionary(entries) => {
                self.dictionary(object, at, budget, reading)?;
                entries.iter().try_for_each(|(_, value)| self.value(value, at, depth + 1, budget, reading))
            }
            _ => Ok(()),
        }
    }

    fn dictionary(
        &mut self,
        object: &Object,
        at: u64,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        let scan = self.scan;
        let of = |key: &str| object.get(key).map(|value| scan.resolve(value));
        if let Some(action) = of("OpenAction") {
            let kind = action.get("S").map(|kind| scan.resolve(kind)).and_then(Object::name);
            self.open_action = Some(kind.unwrap_or("GoTo").to_owned());
        }
        self.additional += u64::from(of("AA").is_some_and(|actions| *actions != Object::Null));
        self.acro_form |= object.get("AcroForm").is_some();
        if matches!(of("Subtype").and_then(Object::name), Some("RichMedia" | "Screen" | "Movie" | "Sound" | "3D")) {
            self.rich_media += 1;
        }
        if let Some(script) = object.get("JS") {
            self.script(script, at, budget, reading)?;
        }
        if let Some(forms) = object.get("XFA") {
            self.xfa = true;
            self.forms(forms, budget, reading)?;
        }
        if let Some(kind) =
            of("S").and_then(Object::name).filter(|_| of("Type").is_none_or(|kind| kind.name() == Some("Action")))
        {
            self.action(kind, object);
        }
        if let Some(streams) = of("EF") {
            let name = ["UF", "F", "Unix", "DOS", "Mac"].iter().find_map(|key| of(key).and_then(Object::text));
            let name = name.map(words).unwrap_or_default();
            self.files.push(name.as_str());
            names::look(reading, &name, at);
            for (_, stream) in streams.dictionary().unwrap_or_default() {
                if let Some(found) = scan.stream_of(stream)
                    && !self.taken.contains(&found.number)
                {
                    self.stream(found, name.clone(), budget, reading)?;
                }
            }
        }
        Ok(())
    }

    fn action(&mut self, kind: &str, object: &Object) {
        let scan = self.scan;
        let file = |object: &Object| match object {
            Object::Text(text) => Some(words(text)),
            other => ["UF", "F"]
                .iter()
                .find_map(|key| other.get(key).map(|value| scan.resolve(value)).and_then(Object::text))
                .map(words),
        };
        let of = |key: &str| object.get(key).map(|value| scan.resolve(value));
        match kind {
            "URI" => self.uris.push(of("URI").and_then(Object::text).map(words).unwrap_or_default()),
            "Launch" => {
                let windows = of("Win").unwrap_or(object);
                let target = windows.get("F").map(|value| scan.resolve(value)).and_then(file).unwrap_or_default();
                let parameters = windows.get("P").map(|value| scan.resolve(value)).and_then(Object::text).map(words);
                self.launches.push(format!("{target} {}", parameters.unwrap_or_default()).trim());
            }
            "GoToR" | "GoToE" | "SubmitForm" | "ImportData" | "Thread" => {
                self.remote.push(format!("{kind}: {}", of("F").and_then(file).unwrap_or_default()));
            }
            "JavaScript" | "GoTo" | "Named" | "ResetForm" | "Hide" | "Rendition" | "Sound" | "Movie"
            | "SetOCGState" | "Trans" | "GoTo3DView" | "RichMediaExecute" => {}
            // The key means other things elsewhere.
            _ => return,
        }
        self.actions.push(kind);
    }

    fn script(&mut self, script: &Object, at: u64, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        if let Some(found) = self.scan.stream_of(script) {
            if !self.taken.contains(&found.number) {
                self.scripts += 1;
                let name = format!("script-{}.js", found.number);
                self.stream(found, name, budget, reading)?;
            }
            return Ok(());
        }
        let Some(source) = self.scan.resolve(script).text() else { return Ok(()) };
        self.scripts += 1;
        let content = if self.is_closed {
            Content::Failed(encrypted())
        } else {
            match budget.expand(source.len()) {
                Ok(()) => Content::Bytes(words(source).into_bytes()),
                Err(limit) => Content::Limited(limit),
            }
        };
        let name = format!("script-at-{at}-{}.js", self.scripts);
        reading.child(budget, Child { name, content, storage: Storage::Encoded("pdf-text"), at: Some(at) })
    }

    /// Forms in XML: one stream, or pieces of one document with a name in front of each.
    fn forms(&mut self, forms: &Object, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let (mut pieces, mut name) = (Vec::new(), "forms".to_owned());
        match self.scan.resolve(forms) {
            Object::Array(items) => {
                for item in items.iter().take(TEXTS_MAX) {
                    match self.scan.resolve(item).text() {
                        Some(text) => name = words(text),
                        None => pieces.push((name.clone(), item)),
                    }
                }
            }
            _ => pieces.push((name, forms)),
        }
        for (name, piece) in pieces {
            if let Some(found) = self.scan.stream_of(piece)
                && !self.taken.contains(&found.number)
            {
                self.stream(found, format!("{name}.xml"), budget, reading)?;
            }
        }
        Ok(())
    }

    /// A stream as a part.
    fn stream(&mut self, found: &Found, name: String, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        self.taken.insert(found.number);
        let range = found.stream.clone().unwrap_or_default();
        let filters = self.scan.filters(found);
        let storage = match filters.first() {
            None => Storage::Plain,
            Some((first, _)) => match first.as_str() {
                "FlateDecode" | "Fl" => Storage::Packed("deflate"),
                "LZWDecode" | "LZW" => Storage::Packed("lzw"),
                "ASCIIHexDecode" | "AHx" => Storage::Encoded("hex"),
                "ASCII85Decode" | "A85" => Storage::Encoded("ascii85"),
                _ => Storage::Packed("other"),
            },
        };
        let content = if self.is_closed {
            Content::Failed(encrypted())
        } else {
            let filtered = filters::apply(&self.scan.data(self.bytes, found), &filters, budget);
            match filtered.stopped {
                Some(filter) => Content::Failed(unknown_method(filter)),
                None => filtered.unpacked.content(),
            }
        };
        reading.child(budget, Child { name, content, storage, at: Some(range.start as u64) })
    }

    fn state(self, reading: &mut Reading) {
        if self.is_closed || self.scan.failed > 0 {
            // Objects inside of encrypted streams could be anything.
            let message = if self.is_closed { encrypted() } else { damaged() };
            reading.state(NAMESPACE, "objects", State::Failed(message), None);
        }
        if self.many_filters > 0 {
            let count = i64::try_from(self.many_filters).unwrap_or(i64::MAX);
            reading.odd(Message::new("pdf.many-filters").number("streams", count));
        }
        if let Some(action) = self.open_action {
            text(reading, NAMESPACE, "open_action", action);
        }
        reading.know(NAMESPACE, "additional_actions", Value::unsigned(self.additional));
        reading.know(NAMESPACE, "scripts", Value::unsigned(self.scripts));
        reading.know(NAMESPACE, "rich_media", Value::unsigned(self.rich_media));
        reading.know(NAMESPACE, "acro_form", self.acro_form);
        reading.know(NAMESPACE, "xfa", self.xfa);
        self.actions.state(reading, NAMESPACE, "actions");
        self.launches.state(reading, NAMESPACE, "launches");
        self.uris.state(reading, NAMESPACE, "uris");
        self.remote.state(reading, NAMESPACE, "remote_targets");
        self.files.state(reading, NAMESPACE, "embedded_files");
        self.filters.state(reading, NAMESPACE, "filters");
    }
}

/// A string as text: UTF-16 or UTF-8 where its first bytes say so, else near enough to Latin.
fn words(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// A date, `D:20110228173644+01'00'`, as microseconds since 1970; what is left out at its end is the least there is.
fn time(text: &str) -> Option<i64> {
    let text = text.trim().trim_start_matches("D:");
    let number = |range: std::ops::Range<usize>, default: i64| match text.get(range) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().unwrap_or(default),
        _ => default,
    };
    let year = text.get(..4)?.parse::<i64>().ok()?;
    let (month, day) = (number(4..6, 1), number(6..8, 1));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let offset = text.get(14..).and_then(|zone| {
        let sign = match zone.get(..1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let hours = zone.get(1..3)?.parse::<i64>().ok()?;
        let minutes = zone.get(4..6).and_then(|minutes| minutes.parse::<i64>().ok()).unwrap_or(0);
        Some(sign * (hours * 3600 + minutes * 60))
    });
    let of_day = number(8..10, 0) * 3600 + number(10..12, 0) * 60 + number(12..14, 0);
    Some((days(year, month, day) * 86_400 + of_day - offset.unwrap_or(0)) * 1_000_000)
}
