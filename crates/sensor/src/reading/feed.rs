//! Where the workers' blocks come from.

use super::{Progress, Reading};
use crate::source::{Block, Ending, Error, InTurn, Merge};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The frames of all captures, block by block, and how far reading is.
pub(super) struct Feed<'a> {
    captures: Captures,
    progress: &'a Progress,
    /// Bytes of the files that were read.
    passed: Arc<AtomicU64>,
    frames: u64,
}

enum Captures {
    InTurn(InTurn),
    Merged(Merge),
}

impl<'a> Feed<'a> {
    pub fn new(reading: &Reading, files: &[PathBuf], progress: &'a Progress) -> Feed<'a> {
        let passed = Arc::default();
        let captures = match reading.merged {
            true => Captures::Merged(Merge::new(files, &passed)),
            false => Captures::InTurn(InTurn::new(files, &passed)),
        };
        Feed { captures, progress, passed, frames: 0 }
    }

    /// Fills a block and gives the number of its first frame; none when there are no more or it was said to stop.
    pub fn next_block(&mut self, block: &mut Block) -> Option<u64> {
        if self.progress.stop.load(Ordering::Relaxed) {
            return None;
        }
        let filled = match &mut self.captures {
            Captures::InTurn(captures) => captures.next_block(block),
            Captures::Merged(captures) => captures.next_block(block),
        };
        let first = self.frames + 1;
        self.frames += if filled { block.len() as u64 } else { 0 };
        self.progress.frames.store(self.frames, Ordering::Relaxed);
        self.progress.bytes.store(self.passed.load(Ordering::Relaxed), Ordering::Relaxed);
        filled.then_some(first)
    }

    /// How each capture ended.
    pub fn endings(self) -> Vec<Result<Ending, Error>> {
        match self.captures {
            Captures::InTurn(captures) => captures.endings(),
            Captures::Merged(captures) => captures.endings(),
        }
    }
}
