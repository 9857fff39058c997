//! The thread that adds to a spool. It takes everything that waits, writes it, makes it last once for all of it, and only
//! then says so to each.

use super::format::{self, HEADER_BYTES, record_bytes};
use super::{Kept, Shared, opening, segment_bytes};
use crate::error::{Error, Refused};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// Batches that wait for the disk; who would add another waits.
pub(super) const WAITING_MAX: usize = 64;

/// A batch on its way, and who waits for it.
pub(super) struct Append {
    pub kind: String,
    pub rows: u32,
    pub bytes: Vec<u8>,
    pub done: SyncSender<Result<i64, Refused>>,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    /// Gone after it failed and could not be set back: nobody knows what is in it, so nothing is added.
    file: Option<File>,
}

/// What is written and made to last together.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    taken: Vec<Append>,
    shed: Vec<Append>,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, file: File) -> Writer {
        Writer { shared, file: Some(file) }
    }

    pub fn run(&mut self, appends: &Receiver<Append>) {
        let group_bytes = segment_bytes(self.shared.limit_bytes) as usize;
        while let Ok(first) = appends.recv() {
            let mut group = Group::default();
            let begun = self.make_ready(&first);
            if let Err(error) = begun {
                self.failed(&error, vec![first], Vec::new());
                continue;
            }
            let mut next = Some(first);
            while let Some(append) = next.take() {
                self.add(append, &mut group);
                if group.bytes.len() < group_bytes && group.shed.len() < WAITING_MAX {
                    next = appends.try_recv().ok();
                }
            }
            self.write(group);
        }
    }

    /// Goes on in a new file when it is time to.
    fn make_ready(&mut self, append: &Append) -> io::Result<()> {
        let shared = &self.shared;
        let mut kept = shared.kept();
        let newest = kept.segments.back().map_or(0, |segment| segment.bytes);
        let everything_is_delivered = kept.state.state.acknowledged + 1 == kept.next;
        let is_needed = kept.used_bytes() + record_bytes(&append.kind, append.bytes.len()) > shared.limit_bytes;
        let due = self.file.is_none()
            || kept.rotate_due
            || (newest > HEADER_BYTES
                && (newest >= segment_bytes(shared.limit_bytes) || (everything_is_delivered && is_needed)));
        if due {
            self.file = Some(opening::begin(&mut kept, &shared.folder, &shared.disk)?);
            kept.rotate_due = false;
            shared.let_go(&mut kept)?;
        }
        Ok(())
    }

    fn add(&self, append: Append, group: &mut Group) {
        let kept = self.shared.kept();
        let bytes = record_bytes(&append.kind, append.bytes.len()) + group.bytes.len() as u64;
        if kept.used_bytes() + bytes > self.shared.limit_bytes {
            group.shed.push(append);
        } else {
            let sequence = kept.next + group.taken.len() as i64;
            format::put_record(&mut group.bytes, sequence, &append.kind, append.rows, &append.bytes);
            group.taken.push(append);
        }
    }

    fn write(&mut self, Group { bytes, taken, shed }: Group) {
        if !taken.is_empty() {
            match self.put(&bytes) {
                Ok(()) => self.lasts(taken, bytes.len() as u64),
                Err(error) => {
                    self.set_back(taken.len());
                    self.failed(&error, taken, shed);
                    return;
                }
            }
        }
        if !shed.is_empty() {
            self.shed(shed);
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let at = self.newest();
        let Some(file) = &mut self.file else { return Err(io::Error::other("no file")) };
        self.shared.disk.write(file, &at, bytes)?;
        self.shared.disk.sync(file, &at)
    }

    fn newest(&self) -> std::path::PathBuf {
        let first = self.shared.kept().segments.back().map_or(0, |segment| segment.first);
        self.shared.path(first)
    }

    fn lasts(&self, taken: Vec<Append>, bytes: u64) {
        let mut kept = self.shared.kept();
        let first = kept.next;
        kept.next += taken.len() as i64;
        if let Some(segment) = kept.segments.back_mut() {
            segment.bytes += bytes;
        }
        self.shared.durable.send_replace(kept.next - 1);
        drop(kept);
        for (append, sequence) in taken.into_iter().zip(first..) {
            let _ = append.done.send(Ok(sequence));
        }
    }

    /// Cuts off what was written and does not last. When that fails too it may be there after all, and so the numbers are
    /// used up.
    fn set_back(&mut self, taken: usize) {
        let at = self.newest();
        let mut kept = self.shared.kept();
        let length = kept.segments.back().map_or(0, |segment| segment.bytes);
        let cut = self.file.as_mut().is_some_and(|file| {
            let cut = self.shared.disk.cut(file, &at, length);
            cut.and_then(|()| file.seek(SeekFrom::Start(length))).is_ok()
        });
        if !cut {
            self.file = None;
            kept.next += taken as i64;
            self.shared.durable.send_replace(kept.next - 1);
        }
    }

    fn shed(&self, shed: Vec<Append>) {
        let mut kept = self.shared.kept();
        count(&mut kept, &shed);
        // They are counted before anybody is told.
        if let Err(error) = kept.state.keep() {
            tracing::warn!(%error, "what the spool shed cannot be written down");
        }
        let (used, limit) = (kept.used_bytes(), self.shared.limit_bytes);
        drop(kept);
        for append in shed {
            let _ = append.done.send(Err(Refused::Full { used, limit }));
        }
    }

    fn failed(&self, error: &io::Error, taken: Vec<Append>, shed: Vec<Append>) {
        tracing::warn!(%error, "the spool cannot be written");
        let mut kept = self.shared.kept();
        count(&mut kept, &taken);
        count(&mut kept, &shed);
        let _ = kept.state.keep();
        drop(kept);
        for append in taken.into_iter().chain(shed) {
            let source = io::Error::new(error.kind(), error.to_string());
            let path = self.shared.folder.clone();
            let _ = append.done.send(Err(Error::Disk { path, source }.into()));
        }
    }
}

fn count(kept: &mut Kept, shed: &[Append]) {
    kept.state.state.shed_batches += shed.len() as u64;
    kept.state.state.shed_rows += shed.iter().map(|append| u64::from(append.rows)).sum::<u64>();
}
