//! Files that are sent in parts, also over several connections, put together again.
//!
//! Parts that follow one another go straight into the whole; the ones that come too early wait, within limits. A worker
//! joins the parts that it sees itself.

use std::collections::{BTreeMap, HashMap, VecDeque};
use wire::session::{FileId, PartOf};

/// Files that are put together at a time; the oldest is given up.
const WHOLES_MAX: usize = 256;
/// Bytes of one file that wait for what comes before them.
const WAITING_BYTES_MAX: usize = 1 << 20;
/// Pieces of one file that wait.
const WAITING_PIECES_MAX: usize = 4096;

/// Everything that is being put together.
#[derive(Default)]
pub struct Joiner {
    wholes: HashMap<Key, Whole>,
    order: VecDeque<Key>,
    parts: HashMap<FileId, Part>,
}

/// What a whole is known by, and its size: a file that changed is another.
type Key = (Vec<u8>, u64);

struct Whole {
    id: FileId,
    /// Bytes from the start on that are there.
    reached: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
}

struct Part {
    key: Key,
    at: u64,
}

/// What a part's bytes are for its whole.
pub enum Use<'a> {
    Nothing,
    /// They go on where the file with this number ends.
    Append(FileId, &'a [u8]),
}

impl Joiner {
    /// Begins a part. `open` opens the whole when it is the first; gives the whole that was given up to make room.
    pub fn begin(&mut self, id: FileId, part: PartOf<'_>, open: impl FnOnce() -> FileId) -> Option<FileId> {
        let key = (part.whole.to_vec(), part.size);
        let mut given_up = None;
        if !self.wholes.contains_key(&key) {
            if self.wholes.len() >= WHOLES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                given_up = self.wholes.remove(&oldest).map(|whole| whole.id);
            }
            let whole = Whole { id: open(), reached: 0, waiting: BTreeMap::new(), waiting_bytes: 0 };
            self.wholes.insert(key.clone(), whole);
            self.order.push_back(key.clone());
        }
        self.parts.insert(id, Part { key, at: part.start });
        given_up
    }

    /// Bytes of a part came.
    pub fn data<'a>(&mut self, id: FileId, data: &'a [u8]) -> Use<'a> {
        let Some(part) = self.parts.get_mut(&id) else { return Use::Nothing };
        let at = part.at;
        part.at = at.saturating_add(data.len() as u64);
        let Some(whole) = self.wholes.get_mut(&part.key) else { return Use::Nothing };
        if at > whole.reached {
            whole.hold(at, data);
            return Use::Nothing;
        }
        let known = usize::try_from(whole.reached - at).unwrap_or(usize::MAX);
        match data.get(known..) {
            Some(fresh) if !fresh.is_empty() => {
                whole.reached += fresh.len() as u64;
                Use::Append(whole.id, fresh)
            }
            _ => Use::Nothing,
        }
    }

    /// What waited and goes on where the part's whole ends now.
    pub fn ready(&mut self, id: FileId) -> Option<(FileId, Vec<u8>)> {
        let whole = self.wholes.get_mut(&self.parts.get(&id)?.key)?;
        let bytes = whole.next()?;
        Some((whole.id, bytes))
    }

    /// Bytes of a part are missing.
    pub fn gap(&mut self, id: FileId, length: u64) {
        if let Some(part) = self.parts.get_mut(&id) {
            part.at = part.at.saturating_add(length);
        }
    }

    /// A part is over; gives its whole if that is complete now.
    pub fn end(&mut self, id: FileId) -> Option<FileId> {
        let Part { key, .. } = self.parts.remove(&id)?;
        if self.wholes.get(&key)?.reached < key.1 {
            return None;
        }
        self.order.retain(|other| *other != key);
        self.wholes.remove(&key).map(|whole| whole.id)
    }
}

impl Whole {
    fn hold(&mut self, at: u64, data: &[u8]) {
        let full = self.waiting_bytes + data.len() > WAITING_BYTES_MAX || self.waiting.len() >= WAITING_PIECES_MAX;
        if full || self.waiting.contains_key(&at) {
            return;
        }
        self.waiting_bytes += data.len();
        self.waiting.insert(at, data.to_vec());
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= self.reached) {
            let (at, mut bytes) = first.remove_entry();
            self.waiting_bytes -= bytes.len();
            let known = usize::try_from(self.reached - at).unwrap_or(usize::MAX).min(bytes.len());
            bytes.drain(..known);
            if !bytes.is_empty() {
                self.reached += bytes.len() as u64;
                return Some(bytes);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts by their place and their bytes; gives what the whole of ten bytes is, if it is complete.
    fn joined(parts: &[(u64, &str)]) -> Option<String> {
        let (mut joiner, mut whole) = (Joiner::default(), Vec::new());
        let mut complete = false;
        for (number, (start, bytes)) in (1..).zip(parts) {
            let id = FileId(number);
            joiner.begin(id, PartOf { whole: b"h/p", start: *start, end: 9, size: 10 }, || FileId(100));
            for byte in bytes.as_bytes().chunks(1) {
                if let Use::Append(_, fresh) = joiner.data(id, byte) {
                    whole.extend_from_slice(fresh);
                }
                while let Some((_, bytes)) = joiner.ready(id) {
                    whole.extend_from_slice(&bytes);
                }
            }
            complete |= joiner.end(id) == Some(FileId(100));
        }
        complete.then(|| String::from_utf8(whole).unwrap())
    }

    #[test]
    fn parts_make_the_whole_in_any_order() {
        let whole = Some("0123456789".to_owned());
        assert_eq!(joined(&[(0, "01234"), (5, "56789")]), whole);
        assert_eq!(joined(&[(5, "56789"), (0, "01234")]), whole);
        assert_eq!(joined(&[(0, "0123"), (3, "345"), (7, "789"), (2, "23456")]), whole);
        assert_eq!(joined(&[(0, "0123"), (5, "56789")]), None);
    }

    #[test]
    fn what_waits_is_limited() {
        let mut joiner = Joiner::default();
        let id = FileId(1);
        joiner.begin(id, PartOf { whole: b"w", start: 1, end: u64::MAX, size: u64::MAX }, || FileId(2));
        for _ in 0..40 {
            joiner.data(id, &[0; 1 << 16]);
        }
        assert!(joiner.wholes.values().all(|whole| whole.waiting_bytes <= WAITING_BYTES_MAX));
        for number in 0..WHOLES_MAX as u64 {
            joiner.begin(
                FileId(10 + number),
                PartOf { whole: &number.to_be_bytes(), start: 0, end: 8, size: 9 },
                || FileId(3),
            );
        }
        assert_eq!(joiner.wholes.len(), WHOLES_MAX);
    }
}
