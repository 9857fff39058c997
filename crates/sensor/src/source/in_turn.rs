//! Several captures one after the other, in the order they were named.

use super::{Block, Capture, Ending, Error, PORTION_BYTES};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Captures that are read one after the other. One that cannot be read costs only itself.
pub struct InTurn {
    waiting: VecDeque<PathBuf>,
    open: Option<Capture>,
    endings: Vec<Result<Ending, Error>>,
    passed: Arc<AtomicU64>,
}

impl InTurn {
    /// Bytes are added to `passed` as they are read.
    pub fn new(paths: &[PathBuf], passed: &Arc<AtomicU64>) -> InTurn {
        InTurn { waiting: paths.iter().cloned().collect(), open: None, endings: Vec::new(), passed: passed.clone() }
    }

    /// Fills a block with the next frames; false when there are none. A block holds frames of one capture.
    pub fn next_block(&mut self, block: &mut Block) -> bool {
        loop {
            let Some(capture) = &mut self.open else {
                let Some(path) = self.waiting.pop_front() else { return false };
                match Capture::open(&path, &self.passed, PORTION_BYTES) {
                    Ok(capture) => self.open = Some(capture),
                    Err(error) => self.endings.push(Err(error)),
                }
                continue;
            };
            match capture.next_block(block) {
                Ok(true) => return true,
                Ok(false) => self.endings.push(Ok(capture.ending())),
                Err(error) => self.endings.push(Err(error)),
            }
            self.open = None;
        }
    }

    /// How each capture ended. One that was not read to its end is whole as far as is known.
    pub fn endings(self) -> Vec<Result<Ending, Error>> {
        let left = self.open.iter().count() + self.waiting.len();
        self.endings.into_iter().chain((0..left).map(|_| Ok(Ending::Whole))).collect()
    }
}
