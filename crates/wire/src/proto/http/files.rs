//! Bodies as files: unpacked, named, and handed on as they come.

use super::events::Headers;
use super::multipart::{Found, Multipart};
use super::records::{codings, content_range, disposition_name, host_and_port, path_name};
use crate::proto::Event;
use crate::session::{FileEnd, FileId, Mark, NewFile, PartOf, Place, Side, Sink};
use crate::unpack::{Stop, Unpacker};

/// Names are kept to this.
const NAME_BYTES_MAX: usize = 4096;

/// What belongs to a body while something of it is told.
pub struct Telling<'a> {
    pub side: Side,
    pub context: Event<'a>,
    pub place: Place,
    pub sink: &'a mut dyn Sink,
}

/// The content of a message.
pub struct Content {
    unpacker: Option<Unpacker>,
    carried: Carried,
    /// Not everything of it could be read.
    broken: bool,
}

enum Carried {
    Nothing,
    One(OneFile),
    Parts(Box<Parts>),
}

struct OneFile {
    name: Vec<u8>,
    announced: Option<u64>,
    id: Option<FileId>,
    range: Option<Range>,
}

/// The part of something that a response holds (RFC 9110, section 14).
struct Range {
    /// Host and path.
    whole: Vec<u8>,
    start: u64,
    end: u64,
    size: u64,
}

struct Parts {
    multipart: Multipart,
    id: Option<FileId>,
}

impl Content {
    /// The content of a request: an upload in parts, or one file named by what it is sent to.
    pub fn of_request(headers: &Headers, target: &[u8], length: Option<u64>) -> Content {
        let parts = headers.get("content-type").and_then(Multipart::new);
        let carried = match parts {
            Some(multipart) => Carried::Parts(Box::new(Parts { multipart, id: None })),
            None => Carried::one(name(headers, Some(target)), headers, length),
        };
        Content::new(carried, headers)
    }

    /// The content of a response to a request for `target` at `host`.
    pub fn of_response(headers: &Headers, host: Option<&[u8]>, target: Option<&[u8]>, length: Option<u64>) -> Content {
        let mut carried = Carried::one(name(headers, target), headers, length);
        if let Carried::One(file) = &mut carried {
            file.range = Range::of(headers, host, target);
        }
        Content::new(carried, headers)
    }

    /// Content that is looked at by nobody.
    pub fn ignored() -> Content {
        Content { unpacker: None, carried: Carried::Nothing, broken: false }
    }

    fn new(carried: Carried, headers: &Headers) -> Content {
        Content { unpacker: Unpacker::new(&codings(headers).0), carried, broken: false }
    }

    pub fn data(&mut self, data: &[u8], telling: &mut Telling<'_>) {
        let carried = &mut self.carried;
        let Some(unpacker) = &mut self.unpacker else { return carried.data(data, telling) };
        if self.broken {
            return;
        }
        if let Err(stop) = unpacker.push(data, &mut |unpacked| carried.data(unpacked, telling)) {
            self.broken = true;
            let code = match stop {
                Stop::Bomb => "http.decompression-bomb",
                Stop::Broken => "http.broken-content-coding",
                Stop::Full => "http.unpacking-limit",
            };
            telling.sink.mark(Mark::new(code, telling.side));
        }
    }

    /// `length` bytes were never seen.
    pub fn gap(&mut self, length: u64, telling: &mut Telling<'_>) {
        // Behind a hole nothing can be unpacked.
        self.broken |= self.unpacker.is_some();
        self.carried.gap(length, telling);
    }

    pub fn end(mut self, end: FileEnd, telling: &mut Telling<'_>) {
        if let Some(mut unpacker) = self.unpacker.take() {
            unpacker.finish(&mut |unpacked| self.carried.data(unpacked, telling));
        }
        self.carried.end(if self.broken { FileEnd::Truncated } else { end }, telling);
    }
}

impl Carried {
    fn one(name: Vec<u8>, headers: &Headers, length: Option<u64>) -> Carried {
        // Packed, the length on the wire says nothing of the file.
        let announced = length.filter(|_| headers.get("content-encoding").is_none());
        Carried::One(OneFile { name, announced, id: None, range: None })
    }

    fn data(&mut self, data: &[u8], telling: &mut Telling<'_>) {
        match self {
            Carried::Nothing => {}
            Carried::One(file) => {
                let id = file.open(telling);
                telling.sink.file_data(id, data);
            }
            Carried::Parts(parts) => {
                let Parts { multipart, id } = parts.as_mut();
                multipart.push(data, &mut |found| tell_part(id, found, telling));
            }
        }
    }

    fn gap(&mut self, length: u64, telling: &mut Telling<'_>) {
        match self {
            Carried::Nothing => {}
            Carried::One(file) => {
                let id = file.open(telling);
                telling.sink.file_gap(id, length);
            }
            Carried::Parts(parts) => {
                let Parts { multipart, id } = parts.as_mut();
                if multipart.gap(&mut |found| tell_part(id, found, telling))
                    && let Some(id) = *id
                {
                    telling.sink.file_gap(id, length);
                }
            }
        }
    }

    fn end(self, end: FileEnd, telling: &mut Telling<'_>) {
        match self {
            Carried::One(OneFile { id: Some(id), .. }) => {
                telling.sink.close_file(id, end, telling.context, telling.place);
            }
            Carried::Parts(mut parts) => {
                let Parts { multipart, id } = parts.as_mut();
                multipart.finish(&mut |found| tell_part(id, found, telling));
                // Its boundary did not come.
                if let Some(id) = id.take() {
                    telling.sink.close_file(id, FileEnd::Truncated, telling.context, telling.place);
                }
            }
            Carried::Nothing | Carried::One(_) => {}
        }
    }
}

impl Range {
    fn of(headers: &Headers, host: Option<&[u8]>, target: Option<&[u8]>) -> Option<Range> {
        // What is packed by itself cannot be joined.
        if headers.get("content-encoding").is_some() {
            return None;
        }
        let range = headers.get("content-range").and_then(content_range)?;
        let (start, end, size) = (range.start?, range.end?, range.size?);
        let whole = start == 0 && end.saturating_add(1) >= size;
        let (host, _) = host_and_port(host.unwrap_or_default());
        let key = [&host.to_ascii_lowercase(), b"\n".as_slice(), target?].concat();
        (!whole && start <= end && end < size).then_some(Range { whole: key, start, end, size })
    }
}

impl OneFile {
    fn open(&mut self, telling: &mut Telling<'_>) -> FileId {
        if let Some(id) = self.id {
            return id;
        }
        let new = NewFile { side: telling.side, name: &self.name, size: self.announced };
        let id = telling.sink.open_file(new);
        self.id = Some(id);
        if let Some(Range { whole, start, end, size }) = &self.range {
            telling.sink.file_is_part(id, PartOf { whole, start: *start, end: *end, size: *size });
        }
        id
    }
}

fn tell_part(id: &mut Option<FileId>, found: Found<'_>, telling: &mut Telling<'_>) {
    match found {
        Found::File(name) => {
            let name = name.get(..name.len().min(NAME_BYTES_MAX)).unwrap_or_default();
            *id = Some(telling.sink.open_file(NewFile { side: telling.side, name, size: None }));
        }
        Found::Data(data) => {
            if let (Some(id), false) = (*id, data.is_empty()) {
                telling.sink.file_data(id, data);
            }
        }
        Found::EndOfFile => {
            if let Some(id) = id.take() {
                telling.sink.close_file(id, FileEnd::Complete, telling.context, telling.place);
            }
        }
    }
}

/// The name the sender gives the content, or else the path it has.
fn name(headers: &Headers, target: Option<&[u8]>) -> Vec<u8> {
    let given = headers.get("content-disposition").and_then(disposition_name);
    let mut name = given.unwrap_or_else(|| target.map(path_name).unwrap_or_default());
    name.truncate(NAME_BYTES_MAX);
    name
}
