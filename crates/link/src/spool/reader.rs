//! Reading a spool from any number on, while it is added to.

use super::format::{self, Found, HEADER_BYTES};
use super::{Damage, Segment, Shared};
use crate::batch::Batch;
use crate::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// What stands at a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Batch(Batch),
    /// Nothing, from one number to another.
    Lost {
        first: i64,
        last: i64,
        why: Why,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Damaged on the disk; told as a notice.
    Damaged,
    /// The server refused it for good, and it was set aside.
    Refused,
    /// The server had it, so it is no longer kept.
    LetGo,
}

/// Where reading is.
pub struct Reader {
    shared: Arc<Shared>,
    next: i64,
    open: Option<Open>,
}

/// A file at the place of its next batch.
struct Open {
    first: i64,
    file: File,
    at: u64,
    sequence: i64,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, from: i64) -> Reader {
        Reader { shared, next: from.max(0), open: None }
    }

    /// The number that is read next.
    pub fn position(&self) -> i64 {
        self.next
    }

    /// The next entry; `None` at the end, for now. Blocks as long as the disk takes.
    #[expect(clippy::should_implement_trait, reason = "the end is not for good")]
    pub fn next(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            let kept = self.shared.kept();
            if self.next >= kept.next {
                return Ok(None);
            }
            let after = kept.segments.partition_point(|segment| segment.first <= self.next);
            let last = kept.segments.get(after).map_or(kept.next, |segment| segment.first) - 1;
            let segment = after.checked_sub(1).and_then(|at| kept.segments.get(at).copied());
            let acknowledged = kept.state.state.acknowledged;
            drop(kept);
            let Some(segment) = segment else {
                let (last, why) =
                    if self.next <= acknowledged { (last.min(acknowledged), Why::LetGo) } else { (last, Why::Damaged) };
                return Ok(Some(self.lost(last, why)));
            };
            match self.read(segment) {
                Ok(Some(Found::Record { sequence, .. })) if sequence < self.next => {}
                Ok(Some(Found::Record { batch: Some(batch), .. })) => {
                    self.next += 1;
                    return Ok(Some(Entry::Batch(batch)));
                }
                Ok(Some(Found::Record { batch: None, bytes, .. })) => {
                    let at = self.open.as_ref().map_or(0, |open| open.at - bytes);
                    self.tell(segment, at);
                    return Ok(Some(self.lost(self.next, Why::Damaged)));
                }
                Ok(_) => {
                    let at = self.open.as_ref().map_or(0, |open| open.at);
                    self.tell(segment, at);
                    return Ok(Some(self.lost(last, Why::Damaged)));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Let go meanwhile, or somebody took it away.
                    let is_kept = self.shared.kept().segments.iter().any(|kept| kept.first == segment.first);
                    if is_kept {
                        self.tell(segment, 0);
                        return Ok(Some(self.lost(last, Why::Damaged)));
                    }
                }
                Err(error) => return Err(Error::disk(&self.shared.path(segment.first))(error)),
            }
        }
    }

    /// The record at the next place of a file; nothing sound there when it is not the number that is due.
    fn read(&mut self, segment: Segment) -> io::Result<Option<Found>> {
        let open = match &mut self.open {
            Some(open) if open.first == segment.first && open.sequence <= self.next => open,
            open => {
                let file = File::open(self.shared.path(segment.first))?;
                open.insert(Open { first: segment.first, file, at: HEADER_BYTES, sequence: segment.first })
            }
        };
        open.file.seek(SeekFrom::Start(open.at))?;
        let found = format::next(&mut (&open.file).take(segment.bytes.saturating_sub(open.at)))?;
        match found {
            Found::Record { sequence, bytes, .. } if sequence == open.sequence => {
                open.at += bytes;
                open.sequence += 1;
                Ok(Some(found))
            }
            _ => Ok(None),
        }
    }

    fn tell(&self, segment: Segment, at: u64) {
        self.shared.tell(&mut self.shared.kept(), segment.first, at, Damage::Batch);
    }

    fn lost(&mut self, last: i64, why: Why) -> Entry {
        let first = self.next;
        self.next = last + 1;
        Entry::Lost { first, last, why }
    }
}
