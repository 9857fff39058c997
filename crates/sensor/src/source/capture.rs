//! One capture that is being read.

use super::{Block, Counted, Ending, Error, unpacked};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use wire::capture::{Reader, Step};

pub(super) struct Capture {
    path: PathBuf,
    window: Window<Box<dyn Read + Send>>,
    reader: Reader,
    /// What the next step needs: bytes passed over, and bytes there in all.
    needed: (usize, usize),
    ending: Ending,
}

impl Capture {
    /// `portion` is the memory of the buffer; a frame that is longer makes it grow, up to the reader's own limit.
    pub fn open(path: &Path, passed: &Arc<AtomicU64>, portion: usize) -> Result<Capture, Error> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        let passed = passed.clone();
        let input = match path.to_str() {
            Some("-") => unpacked(Counted { inner: io::stdin(), passed }).map_err(failed)?,
            _ => unpacked(Counted { inner: File::open(path).map_err(failed)?, passed }).map_err(failed)?,
        };
        let (window, reader) = (Window::new(input, portion), Reader::default());
        Ok(Capture { path: path.to_owned(), window, reader, needed: (0, 0), ending: Ending::Whole })
    }

    /// How it ended, once there are no more blocks.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Fills a block with the next frames; false when there are none, and then the ending says why. Frames that are
    /// there are handed over before more is waited for.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, Error> {
        block.clear();
        let outcome = self.fill(block);
        let read = self.window.passed;
        outcome.map_err(|source| Error::Read { path: self.path.clone(), read, source })?;
        if block.is_empty() {
            return Ok(false);
        }
        self.window.hand_over(&mut block.bytes);
        Ok(true)
    }

    fn fill(&mut self, block: &mut Block) -> io::Result<()> {
        loop {
            let (used, wanted) = self.needed;
            // Bytes move when more are read, and what the block notes must not.
            if !block.is_empty() && !self.window.holds(used, wanted) {
                return Ok(());
            }
            if !self.window.advance(used)? || !self.window.fill(wanted)? {
                self.needed = (0, 0);
                if !self.window.bytes().is_empty() || self.window.missed {
                    self.ending = Ending::CutOff { at: self.window.passed };
                }
                return Ok(());
            }
            self.needed = match self.reader.step(self.window.bytes()) {
                Step::Frame { frame, used } => {
                    block.note(&frame, self.window.place_of(frame.data));
                    (used, 0)
                }
                Step::Skip { used } => (used, 0),
                Step::NeedMore(wanted) => (0, wanted),
                Step::Broken(damage) => {
                    self.ending = Ending::Broken { at: self.window.passed, damage };
                    self.needed = (0, 0);
                    return Ok(());
                }
            };
        }
    }
}

/// The part of an input that is being looked at.
struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    portion: usize,
    start: usize,
    end: usize,
    /// Bytes of the input before `start`.
    passed: u64,
    /// The input ended within what was to be passed over.
    missed: bool,
}

impl<R: Read> Window<R> {
    fn new(input: R, portion: usize) -> Self {
        Window { input, buffer: vec![0; portion], portion, start: 0, end: 0, passed: 0, missed: false }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the whole buffer a part of the window begins.
    fn place_of(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).wrapping_sub(self.buffer.as_ptr() as usize)
    }

    /// True when so many bytes can be passed over and so many are there behind them without reading more.
    fn holds(&self, used: usize, wanted: usize) -> bool {
        used.saturating_add(wanted) <= self.end - self.start
    }

    /// Gives the buffer away for another, which takes over what was not looked at yet.
    fn hand_over(&mut self, other: &mut Vec<u8>) {
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        let wanted = self.portion.max(rest.len());
        if other.len() < wanted {
            other.resize(wanted, 0);
        }
        if let Some(front) = other.get_mut(..rest.len()) {
            front.copy_from_slice(rest);
        }
        (self.start, self.end) = (0, rest.len());
        std::mem::swap(&mut self.buffer, other);
    }

    /// Passes over bytes, also such that were not read yet; false when the input ends before.
    fn advance(&mut self, mut count: usize) -> io::Result<bool> {
        while count > self.end - self.start {
            let there = self.end - self.start;
            count -= there;
            self.passed += there as u64;
            (self.start, self.end) = (0, 0);
            if self.read()? == 0 {
                self.missed = true;
                return Ok(false);
            }
        }
        self.start += count;
        self.passed += count as u64;
        Ok(true)
    }

    /// Reads on until so many bytes are there; false when the input ends before.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if wanted <= self.end - self.start {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            if self.read()? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => {
                    self.end += *outcome.as_ref().unwrap_or(&0);
                    return outcome;
                }
            }
        }
    }
}
