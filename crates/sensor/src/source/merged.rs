//! Several captures as one, in the order of their frames' times.

use super::{Block, Capture, Ending, Error, PORTION_BYTES};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use wire::capture::Frame;

/// Memory of each capture that is open; a folder may hold thousands that overlap.
const PORTION_OF_ONE_BYTES: usize = 1 << 15;

/// Captures that are merged by time. Each must be in order by itself, as captures are. One is open only from its first
/// frame to its last, so that a month of files needs no more than those of one moment.
pub struct Merge {
    paths: Vec<PathBuf>,
    parts: Vec<Part>,
    /// Time of the next frame of each capture, earliest on top.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    passed: Arc<AtomicU64>,
}

enum Part {
    /// Closed: the time of its first frame was looked up.
    Waiting,
    Open(Box<Cursor>),
    Over(Result<Ending, Error>),
}

/// A place in a capture.
struct Cursor {
    capture: Capture,
    block: Block,
    at: usize,
}

impl Merge {
    /// Looks up where each capture begins. Bytes are added to `passed` as they are read.
    pub fn new(paths: &[PathBuf], passed: &Arc<AtomicU64>) -> Merge {
        let (parts, next) = (Vec::new(), BinaryHeap::new());
        let mut merge = Merge { paths: paths.to_vec(), parts, next, passed: passed.clone() };
        for (at, path) in paths.iter().enumerate() {
            // What is no file, such as standard input, cannot be looked at twice.
            let again = path.is_file();
            let counted = if again { Arc::default() } else { passed.clone() };
            let part = match Cursor::open(path.clone(), &counted) {
                Ok(cursor) => match cursor.frame() {
                    Some(frame) => {
                        merge.next.push(Reverse((frame.time_ns, at)));
                        if again { Part::Waiting } else { Part::Open(Box::new(cursor)) }
                    }
                    None => Part::Over(Ok(cursor.capture.ending())),
                },
                Err(error) => Part::Over(Err(error)),
            };
            merge.parts.push(part);
        }
        merge
    }

    /// Fills a block with the next frames of all; false when there are none.
    pub fn next_block(&mut self, block: &mut Block) -> bool {
        block.clear();
        let mut bytes = 0;
        while bytes < PORTION_BYTES
            && let Some(Reverse((_, at))) = self.next.pop()
        {
            if let Err(error) = self.take(at, block, &mut bytes)
                && let Some(part) = self.parts.get_mut(at)
            {
                *part = Part::Over(Err(error));
            }
        }
        !block.is_empty()
    }

    /// Copies the next frame of one capture and goes on in it.
    fn take(&mut self, at: usize, block: &mut Block, bytes: &mut usize) -> Result<(), Error> {
        let (Some(part), Some(path)) = (self.parts.get_mut(at), self.paths.get(at)) else { return Ok(()) };
        if matches!(part, Part::Waiting) {
            *part = Part::Open(Box::new(Cursor::open(path.clone(), &self.passed)?));
        }
        let Part::Open(cursor) = part else { return Ok(()) };
        if let Some(frame) = cursor.frame() {
            block.copy(&frame);
            *bytes += frame.data.len();
        }
        cursor.advance()?;
        match cursor.frame() {
            Some(frame) => self.next.push(Reverse((frame.time_ns, at))),
            None => *part = Part::Over(Ok(cursor.capture.ending())),
        }
        Ok(())
    }

    /// How each capture ended. One that was not read to its end is whole as far as is known.
    pub fn endings(self) -> Vec<Result<Ending, Error>> {
        let ending = |part| if let Part::Over(ending) = part { ending } else { Ok(Ending::Whole) };
        self.parts.into_iter().map(ending).collect()
    }
}

impl Cursor {
    fn open(path: PathBuf, passed: &Arc<AtomicU64>) -> Result<Cursor, Error> {
        let mut capture = Capture::open(&path, passed, PORTION_OF_ONE_BYTES)?;
        let mut block = Block::default();
        capture.next_block(&mut block)?;
        Ok(Cursor { capture, block, at: 0 })
    }

    fn frame(&self) -> Option<Frame<'_>> {
        self.block.frame(self.at)
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.at += 1;
        if self.at >= self.block.len() {
            self.at = 0;
            self.capture.next_block(&mut self.block)?;
        }
        Ok(())
    }
}
