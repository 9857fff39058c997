//! `multipart/form-data` uploads (RFC 7578): their parts that are files.

use super::events::same;
use super::records::{disposition_name, header, is_blank, line, parameter, trim};
use memchr::memmem::Finder;

/// RFC 2046 allows 70.
const BOUNDARY_BYTES_MAX: usize = 256;
/// Headers of a part; a part with more is passed over.
const PART_HEAD_BYTES_MAX: usize = 1 << 14;

/// What the parts are, as it is found out.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A file begins; the one before has ended.
    File(&'a [u8]),
    Data(&'a [u8]),
    EndOfFile,
}

/// Takes a body apart as it comes.
pub struct Multipart {
    /// A line feed, two dashes and the boundary.
    delimiter: Finder<'static>,
    stage: Stage,
    waiting: Vec<u8>,
    name: Option<Vec<u8>>,
    head_bytes: usize,
    /// Nothing of a part's content was taken: a boundary may follow without a line feed before it.
    fresh: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before the first boundary, and in parts that are no files.
    Outside,
    /// After a boundary: the rest of its line.
    Boundary,
    Head,
    File,
    Over,
}

impl Multipart {
    /// For a body of this `Content-Type`, when it is of this kind and names its boundary.
    pub fn new(content_type: &[u8]) -> Option<Multipart> {
        const KIND: &[u8] = b"multipart/form-data";
        if !content_type.get(..KIND.len())?.eq_ignore_ascii_case(KIND) {
            return None;
        }
        let boundary = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty())?;
        let boundary = boundary.get(..boundary.len().min(BOUNDARY_BYTES_MAX))?;
        let delimiter = Finder::new(&[b"\n--", boundary].concat()).into_owned();
        let waiting = Vec::new();
        Some(Multipart { delimiter, stage: Stage::Outside, waiting, name: None, head_bytes: 0, fresh: true })
    }

    pub fn push(&mut self, data: &[u8], found: &mut dyn FnMut(Found<'_>)) {
        let mut all = std::mem::take(&mut self.waiting);
        all.extend_from_slice(data);
        let mut taken = 0;
        while let Some(used) = self.step(all.get(taken..).unwrap_or_default(), found) {
            taken += used;
        }
        all.drain(..taken.min(all.len()));
        self.waiting = all;
    }

    /// Bytes are missing. True when they are missing of a file; what was held back of it is handed on first.
    pub fn gap(&mut self, found: &mut dyn FnMut(Found<'_>)) -> bool {
        let held = std::mem::take(&mut self.waiting);
        match self.stage {
            Stage::File => {
                found(Found::Data(&held));
                true
            }
            Stage::Boundary | Stage::Head => {
                self.stage = Stage::Outside;
                false
            }
            Stage::Outside | Stage::Over => false,
        }
    }

    /// The body is over. What was held back of a file whose boundary did not come is handed on; true when there is one.
    pub fn finish(&mut self, found: &mut dyn FnMut(Found<'_>)) -> bool {
        let open = self.stage == Stage::File;
        self.fresh = false;
        if open {
            let held = std::mem::take(&mut self.waiting);
            found(Found::Data(&held));
        }
        self.stage = Stage::Over;
        open
    }

    /// Takes what can be told of; `None` when more is needed.
    fn step(&mut self, data: &[u8], found: &mut dyn FnMut(Found<'_>)) -> Option<usize> {
        if data.is_empty() {
            return None;
        }
        match self.stage {
            Stage::Over => Some(data.len()),
            Stage::Outside | Stage::File => self.content(data, found),
            Stage::Boundary => {
                if data.starts_with(b"--") {
                    self.stage = Stage::Over;
                    return Some(2);
                }
                if data == b"-" {
                    return None;
                }
                let line = line(data, 0)?;
                (self.name, self.head_bytes) = (None, 0);
                self.stage = Stage::Head;
                Some(line.taken)
            }
            Stage::Head => self.head(data, found),
        }
    }

    /// Bytes up to the next boundary.
    fn content(&mut self, data: &[u8], found: &mut dyn FnMut(Found<'_>)) -> Option<usize> {
        let delimiter_bytes = self.delimiter.needle().len();
        let file = self.stage == Stage::File;
        if self.fresh {
            let boundary = self.delimiter.needle().get(1..).unwrap_or_default();
            if data.starts_with(boundary) {
                if file {
                    found(Found::EndOfFile);
                }
                (self.stage, self.fresh) = (Stage::Boundary, false);
                return Some(boundary.len());
            }
            if boundary.starts_with(data) {
                return None;
            }
            self.fresh = false;
        }
        if let Some(at) = self.delimiter.find(data) {
            let content = data.get(..at).unwrap_or_default();
            if file {
                found(Found::Data(content.strip_suffix(b"\r").unwrap_or(content)));
                found(Found::EndOfFile);
            }
            self.stage = Stage::Boundary;
            return Some(at + delimiter_bytes);
        }
        // What may be the beginning of a boundary, with the return before it, is held back.
        let free = data.len().saturating_sub(delimiter_bytes);
        if free == 0 {
            return None;
        }
        if file {
            found(Found::Data(data.get(..free).unwrap_or_default()));
        }
        Some(free)
    }

    fn head(&mut self, data: &[u8], found: &mut dyn FnMut(Found<'_>)) -> Option<usize> {
        let line = line(data, 0)?;
        self.head_bytes += line.taken;
        if self.head_bytes > PART_HEAD_BYTES_MAX {
            self.stage = Stage::Outside;
            return Some(line.taken);
        }
        if is_blank(line.text) {
            self.stage = Stage::Outside;
            if let Some(name) = self.name.take() {
                found(Found::File(&name));
                self.stage = Stage::File;
            }
            self.fresh = true;
            return Some(line.taken);
        }
        let (name, value) = header(line.text);
        if same(name, b"content-disposition") {
            self.name = disposition_name(trim(value));
        }
        Some(line.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"preamble\r\n--xYz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--xYz\r\n\
        Content-Disposition: form-data; name=\"f\"; filename=\"one.txt\"\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--xY \r\nend\r\n\
        --xYz\r\nContent-Disposition: form-data; name=\"g\"; filename=\"empty\"\r\n\r\n\r\n--xYz--\r\nafter";

    fn parts(body: &[u8], portion: usize) -> Vec<String> {
        let mut multipart = Multipart::new(b"multipart/form-data; boundary=xYz").unwrap();
        let mut seen: Vec<String> = Vec::new();
        for portion in body.chunks(portion) {
            multipart.push(portion, &mut |found| match found {
                Found::File(name) => seen.push(format!("{}:", String::from_utf8_lossy(name))),
                Found::Data(data) => seen.last_mut().unwrap().push_str(&String::from_utf8_lossy(data)),
                Found::EndOfFile => seen.last_mut().unwrap().push('.'),
            });
        }
        multipart.finish(&mut |_| ());
        seen
    }

    #[test]
    fn files_come_out_whole_however_the_body_comes() {
        for portion in 1..BODY.len() {
            assert_eq!(parts(BODY, portion), ["one.txt:first\r\n--xY \r\nend.", "empty:."], "{portion}");
        }
    }
}
