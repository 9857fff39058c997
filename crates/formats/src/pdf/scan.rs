//! All objects of a file, found by going through it from the front, as readers do when the table of references is broken
//! or missing: what such a reader would open is what is told.

use super::crypt::{Cipher, Encryption};
use super::filters;
use super::object::{Lexer, Object, is_space};
use crate::budget::Budget;
use crate::limits::Limit;
use crate::unpack::Unpacked;
use memchr::memmem;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Objects of one file.
const OBJECTS_MAX: usize = 300_000;
/// Values in all objects together.
const NODES_MAX: usize = 3_000_000;
/// References that lead to references.
const HOPS_MAX: usize = 16;
/// Streams that hold objects.
const OBJECT_STREAMS_MAX: usize = 20_000;

/// One object.
pub struct Found {
    pub number: u32,
    pub generation: u16,
    pub at: u64,
    pub object: Object,
    pub stream: Option<Range<usize>>,
}

/// A file as its objects.
#[derive(Default)]
pub struct Scan {
    pub objects: Vec<Found>,
    /// The last object of each number.
    pub latest: HashMap<u32, usize>,
    pub trailers: Vec<Object>,
    pub hidden: Vec<String>,
    pub object_streams: usize,
    /// Streams of objects that could not be unpacked.
    pub failed: usize,
    pub limited: Option<Limit>,
    /// How it is encrypted, if it is.
    pub encryption: Option<Encryption>,
    /// What opens it, and the place of the password among those that were tried.
    pub opened: Option<(usize, Cipher)>,
}

impl Scan {
    /// Follows references.
    pub fn resolve<'s>(&'s self, mut object: &'s Object) -> &'s Object {
        for _ in 0..HOPS_MAX {
            let Object::Reference(number) = object else { return object };
            match self.find(*number) {
                Some(found) => object = &found.object,
                None => return &Object::Null,
            }
        }
        &Object::Null
    }

    pub fn find(&self, number: u32) -> Option<&Found> {
        self.latest.get(&number).and_then(|at| self.objects.get(*at))
    }

    /// The stream that a reference leads to.
    pub fn stream_of(&self, object: &Object) -> Option<&Found> {
        let Object::Reference(number) = object else { return None };
        self.find(*number).filter(|found| found.stream.is_some())
    }

    /// The filters of a stream.
    pub fn filters(&self, found: &Found) -> Vec<(String, Object)> {
        filters::filters(&found.object, &|object| self.resolve(object).clone())
    }

    /// The data of a stream, decrypted where that is needed and could be done.
    pub fn data<'b>(&self, bytes: &'b [u8], found: &Found) -> Cow<'b, [u8]> {
        let data = found.stream.clone().and_then(|range| bytes.get(range)).unwrap_or_default();
        let kind = found.object.get("Type").and_then(Object::name);
        let is_plain_metadata = kind == Some("Metadata") && self.encryption.as_ref().is_some_and(|how| !how.metadata);
        match &self.opened {
            Some((_, cipher)) if kind != Some("XRef") && !is_plain_metadata => {
                cipher.stream(found.number, found.generation, data).into()
            }
            _ => data.into(),
        }
    }

    /// The last value of a key of the trailers, or of the tables of references in streams, which have the same keys.
    pub fn trailer(&self, key: &str) -> Option<&Object> {
        let tables =
            self.objects.iter().filter(|found| found.object.get("Type").and_then(Object::name) == Some("XRef"));
        let trailers: Vec<&Object> = self.trailers.iter().chain(tables.map(|found| &found.object)).collect();
        trailers.iter().rev().find_map(|trailer| trailer.get(key)).map(|object| self.resolve(object))
    }

    /// Opens an encrypted document, if a password does, and decrypts its strings.
    fn open(&mut self, passwords: &[String], budget: &mut Budget) -> Result<(), Limit> {
        let Some(dictionary) = self.trailer("Encrypt").filter(|object| object.dictionary().is_some()) else {
            return Ok(());
        };
        let ids = self.trailer("ID").and_then(Object::array).unwrap_or_default();
        let id = ids.first().map(|object| self.resolve(object)).and_then(Object::text).unwrap_or_default();
        let encryption = Encryption::new(dictionary, id, &|object| self.resolve(object));
        let opened = encryption.open(passwords, budget)?;
        let own = dictionary.clone();
        if let Some((_, cipher)) = &opened {
            for found in &mut self.objects {
                budget.step(1)?;
                if found.object != own && found.object.get("Type").and_then(Object::name) != Some("XRef") {
                    cipher.strings(found.number, found.generation, &mut found.object);
                }
            }
        }
        (self.encryption, self.opened) = (Some(encryption), opened);
        Ok(())
    }

    fn keep(&mut self, found: Found) {
        self.latest.insert(found.number, self.objects.len());
        self.objects.push(found);
    }
}

/// Finds all objects.
pub fn scan(bytes: &[u8], passwords: &[String], budget: &mut Budget) -> Scan {
    let mut scan = Scan::default();
    let mut nodes = NODES_MAX;
    let read = plain(bytes, &mut scan, &mut nodes, budget);
    let opened = read.and_then(|()| scan.open(passwords, budget));
    scan.limited = opened.and_then(|()| packed(bytes, &mut scan, &mut nodes, budget)).err();
    scan
}

fn plain(bytes: &[u8], scan: &mut Scan, nodes: &mut usize, budget: &mut Budget) -> Result<(), Limit> {
    budget.pass(bytes.len())?;
    let mut at = 0;
    // Objects begin with `obj`, and what belongs to the whole stands behind `trailer`.
    while let Some(found) = bytes.get(at..).and_then(next_mark).map(|(found, kind)| (at + found, kind)) {
        let (mark, is_object) = found;
        budget.step(1)?;
        at = mark + if is_object { 3 } else { 7 };
        let number = if is_object { number_before(bytes, mark) } else { None };
        if is_object && number.is_none() {
            continue;
        }
        if scan.objects.len() >= OBJECTS_MAX || *nodes == 0 {
            return Err(Limit::Entries);
        }
        let mut lexer = Lexer::new(bytes, at, *nodes);
        let object = lexer.object();
        *nodes = lexer.nodes;
        scan.hidden.append(&mut lexer.hidden);
        scan.hidden.truncate(100);
        let Some(object) = object else { continue };
        lexer.skip();
        let behind = lexer.at;
        let stream = stream(bytes, behind, &object, scan);
        at = stream.as_ref().map_or(behind, |stream| stream.end).max(at);
        match number {
            Some((number, generation, start)) => {
                scan.keep(Found { number, generation, at: start as u64, object, stream });
            }
            None => scan.trailers.push(object),
        }
    }
    Ok(())
}

/// The next `obj` or `trailer`, and whether it is the former.
fn next_mark(bytes: &[u8]) -> Option<(usize, bool)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'o', b't', bytes.get(from..)?)?;
        let rest = &bytes[at..];
        if rest.starts_with(b"obj") {
            return Some((at, true));
        }
        if rest.starts_with(b"trailer") {
            return Some((at, false));
        }
        from = at + 1;
    }
}

/// The number and generation in front of `obj`, and where they begin.
fn number_before(bytes: &[u8], mark: usize) -> Option<(u32, u16, usize)> {
    let back = |mut at: usize, test: fn(u8) -> bool| {
        let end = at;
        while at > 0 && end - at < 24 && test(bytes[at - 1]) {
            at -= 1;
        }
        at
    };
    let generation_end = back(mark, is_space);
    let generation = back(generation_end, |byte| byte.is_ascii_digit());
    let number_end = back(generation, is_space);
    let start = back(number_end, |byte| byte.is_ascii_digit());
    if generation == generation_end || number_end == generation {
        return None;
    }
    let number = std::str::from_utf8(&bytes[start..number_end]).ok()?.parse().ok()?;
    let told = std::str::from_utf8(&bytes[generation..generation_end]).ok()?.parse().unwrap_or(0);
    Some((number, told, start))
}

/// The data behind a dictionary, if the word for them follows.
fn stream(bytes: &[u8], at: usize, object: &Object, scan: &Scan) -> Option<Range<usize>> {
    let rest = bytes.get(at..)?.strip_prefix(b"stream")?;
    object.dictionary()?;
    let skipped = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        _ => 0,
    };
    let start = at + 6 + skipped;
    let told = object.get("Length").and_then(|length| scan.resolve(length).integer());
    let told = told.and_then(|length| start.checked_add(usize::try_from(length).ok()?)).filter(|end| {
        let behind = bytes.get(*end..).unwrap_or_default();
        let behind = &behind[..behind.len().min(16)];
        memmem::find(behind, b"endstream").is_some()
    });
    let end = told.or_else(|| {
        let found = start + memmem::find(bytes.get(start..)?, b"endstream")?;
        // The line feed in front of the word is not of the data.
        let before = bytes.get(start..found)?;
        let trimmed = before.strip_suffix(b"\r\n").or_else(|| before.strip_suffix(b"\n")).unwrap_or(before);
        Some(start + trimmed.len())
    });
    Some(start..end.unwrap_or(bytes.len()))
}

/// Objects inside of streams (ISO 32000-1, section 7.5.7).
fn packed(bytes: &[u8], scan: &mut Scan, nodes: &mut usize, budget: &mut Budget) -> Result<(), Limit> {
    let is_holder = |found: &&Found| found.object.get("Type").and_then(Object::name) == Some("ObjStm");
    let holders: Vec<usize> = (0..scan.objects.len()).filter(|at| is_holder(&&scan.objects[*at])).collect();
    for holder in holders {
        scan.object_streams += 1;
        if scan.object_streams > OBJECT_STREAMS_MAX {
            return Err(Limit::Entries);
        }
        let found = &scan.objects[holder];
        if found.stream.is_none() {
            continue;
        }
        let data = scan.data(bytes, found);
        let at = found.at;
        let of = |key: &str| found.object.get(key).and_then(|object| scan.resolve(object).integer());
        let (count, first) = (of("N").unwrap_or(0), of("First").unwrap_or(0));
        let filtered = filters::apply(&data, &scan.filters(found), budget);
        if filtered.stopped.is_some() || matches!(filtered.unpacked, Unpacked::Broken(_)) {
            scan.failed += 1;
        }
        if let Unpacked::Limited(limit) = filtered.unpacked {
            return Err(limit);
        }
        let content = filtered.unpacked.bytes();
        let (count, first) = (usize::try_from(count).unwrap_or(0), usize::try_from(first).unwrap_or(0));
        let mut header = Lexer::new(&content, 0, count.saturating_mul(2).min(OBJECTS_MAX));
        let mut places = Vec::new();
        while let (Some(Object::Integer(number)), Some(Object::Integer(place))) = (header.object(), header.object()) {
            let (Ok(number), Ok(place)) = (u32::try_from(number), usize::try_from(place)) else { continue };
            places.push((number, first.saturating_add(place)));
        }
        for (number, place) in places {
            budget.step(1)?;
            if scan.objects.len() >= OBJECTS_MAX || *nodes == 0 {
                return Err(Limit::Entries);
            }
            let mut lexer = Lexer::new(&content, place, *nodes);
            let object = lexer.object();
            *nodes = lexer.nodes;
            scan.hidden.append(&mut lexer.hidden);
            scan.hidden.truncate(100);
            if let Some(object) = object {
                // One that stands by itself and later in the file is newer.
                let older = scan.find(number).is_some_and(|other| other.at > at);
                let found = Found { number, generation: 0, at, object, stream: None };
                if older { scan.objects.push(found) } else { scan.keep(found) }
            }
        }
    }
    Ok(())
}
