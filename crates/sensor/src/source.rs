//! Captures from files, folders and standard input, plain or packed by gzip, zstd or lz4.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wire::capture::{Damage, Frame, LinkType, Reader, Step};

/// Read at a time; a frame that is longer makes the buffer grow, up to the reader's own limit.
const PORTION_BYTES: usize = 1 << 18;
/// Folders in folders.
const DEPTH_MAX: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open the capture `{path}`")]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot read the capture `{path}` after {read} bytes")]
    Read { path: PathBuf, read: u64, source: io::Error },
}

/// How reading a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// The last record is not all there.
    CutOff {
        at: u64,
    },
    Broken {
        at: u64,
        damage: Damage,
    },
}

/// The capture files under a path, in the order of their names. A path that is a file is itself, whatever it holds.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    collect(path, 0, &mut found)?;
    Ok(found)
}

fn collect(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let open = |source| Error::Open { path: path.to_owned(), source };
    // Links inside of folders are not followed: they could lead in a circle.
    let kind = if depth == 0 { path.metadata() } else { path.symlink_metadata() }.map_err(open)?;
    if !kind.is_dir() {
        if depth == 0 || (kind.is_file() && is_capture(path)) {
            found.push(path.to_owned());
        }
        return Ok(());
    }
    if depth >= DEPTH_MAX {
        return Ok(());
    }
    let entries = path.read_dir().map_err(open)?;
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    entries.sort();
    entries.iter().try_for_each(|entry| collect(entry, depth + 1, found))
}

/// True for a file that begins as a capture does, plain or packed; one that cannot be opened is left to say so later.
pub fn is_capture(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return true };
    begins_as_capture(file)
}

/// Of the beginning of a packed capture, so much tells what is in it: the first block of the packings we know.
pub const TELLING_BYTES: usize = 1 << 18;

/// True for an input that begins as a capture does, plain or packed.
pub fn begins_as_capture(input: impl Read + 'static) -> bool {
    let mut head = Vec::new();
    let read = unpacked(input).and_then(|mut input| input.by_ref().take(16).read_to_end(&mut head));
    read.is_ok() && wire::capture::is_capture(&head)
}

/// Reads a capture file and hands over its frames; `false` stops. `-` is standard input.
pub fn read(path: &Path, each: &mut dyn FnMut(&Frame<'_>) -> bool) -> Result<Ending, Error> {
    read_counted(path, &Arc::default(), each)
}

/// The same, and adds to `passed` the bytes of the file as they are read: of a packed one, the packed bytes.
pub fn read_counted(
    path: &Path,
    passed: &Arc<AtomicU64>,
    each: &mut dyn FnMut(&Frame<'_>) -> bool,
) -> Result<Ending, Error> {
    let mut capture = Capture::open(path, passed)?;
    while capture.advance()? {
        if capture.frame().is_some_and(|frame| !each(&frame)) {
            return Ok(Ending::Whole);
        }
    }
    Ok(capture.ending)
}

/// Reads several captures as one, in the order of their frames' times. Each must be in order by itself, as captures
/// are. Gives how each ended; `false` stops.
pub fn read_merged(
    paths: &[PathBuf],
    passed: &Arc<AtomicU64>,
    each: &mut dyn FnMut(&Frame<'_>) -> bool,
) -> Vec<Result<Ending, Error>> {
    let mut captures: Vec<Result<Capture, Error>> = paths.iter().map(|path| Capture::open(path, passed)).collect();
    // The next frame of each capture, earliest on top.
    let mut next = BinaryHeap::new();
    let step = |captures: &mut Vec<Result<Capture, Error>>, at: usize, next: &mut BinaryHeap<_>| {
        let Some(slot) = captures.get_mut(at) else { return };
        let Ok(capture) = slot else { return };
        match capture.advance() {
            Ok(true) => next.extend(capture.frame().map(|frame| Reverse((frame.time_ns, at)))),
            Ok(false) => {}
            Err(error) => *slot = Err(error),
        }
    };
    (0..captures.len()).for_each(|at| step(&mut captures, at, &mut next));
    while let Some(Reverse((_, at))) = next.pop() {
        if let Some(Ok(capture)) = captures.get(at)
            && capture.frame().is_some_and(|frame| !each(&frame))
        {
            break;
        }
        step(&mut captures, at, &mut next);
    }
    captures.into_iter().map(|capture| capture.map(|capture| capture.ending)).collect()
}

/// A capture that is being read.
struct Capture {
    path: PathBuf,
    window: Window<Box<dyn Read>>,
    reader: Reader,
    /// The frame at the front of the window, by its place there.
    current: Option<Current>,
    ending: Ending,
}

#[derive(Clone, Copy)]
struct Current {
    time_ns: i64,
    link: LinkType,
    wire_length: u32,
    length: usize,
    used: usize,
}

impl Capture {
    fn open(path: &Path, passed: &Arc<AtomicU64>) -> Result<Capture, Error> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        let passed = passed.clone();
        let input = match path.to_str() {
            Some("-") => unpacked(Counted { inner: io::stdin(), passed }).map_err(failed)?,
            _ => unpacked(Counted { inner: File::open(path).map_err(failed)?, passed }).map_err(failed)?,
        };
        let (window, reader) = (Window::new(input), Reader::default());
        Ok(Capture { path: path.to_owned(), window, reader, current: None, ending: Ending::Whole })
    }

    /// Goes to the next frame; false when there is none, and then `ending` says why.
    fn advance(&mut self) -> Result<bool, Error> {
        let outcome = self.step();
        let read = self.window.passed;
        outcome.map_err(|source| Error::Read { path: self.path.clone(), read, source })
    }

    fn step(&mut self) -> io::Result<bool> {
        let mut used = self.current.take().map_or(0, |current| current.used);
        let mut wanted = 0;
        loop {
            if !self.window.advance(used)? || !self.window.fill(wanted)? {
                if !self.window.bytes().is_empty() || self.window.missed {
                    self.ending = Ending::CutOff { at: self.window.passed };
                }
                return Ok(false);
            }
            (used, wanted) = match self.reader.step(self.window.bytes()) {
                Step::Frame { frame, used } => {
                    let Frame { time_ns, link, wire_length, data } = frame;
                    self.current = Some(Current { time_ns, link, wire_length, length: data.len(), used });
                    // The reader is asked once for each frame: the window does not move while it is looked at.
                    self.window.frame_at = self.window.offset_of(data);
                    return Ok(true);
                }
                Step::Skip { used } => (used, 0),
                Step::NeedMore(wanted) => (0, wanted),
                Step::Broken(damage) => {
                    self.ending = Ending::Broken { at: self.window.passed, damage };
                    return Ok(false);
                }
            };
        }
    }

    fn frame(&self) -> Option<Frame<'_>> {
        let Current { time_ns, link, wire_length, length, .. } = self.current?;
        let at = self.window.frame_at;
        let data = self.window.bytes().get(at..at + length)?;
        Some(Frame { time_ns, link, wire_length, data })
    }
}

/// An input whose bytes are counted as they are read.
struct Counted<R> {
    inner: R,
    passed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.passed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Looks at the first bytes and unpacks what is packed.
fn unpacked(mut input: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut head = Vec::new();
    input.by_ref().take(4).read_to_end(&mut head)?;
    let magic: [u8; 4] = head.as_slice().try_into().unwrap_or_default();
    let whole = io::Cursor::new(head).chain(input);
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(whole))),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(whole)?),
        [0x04, 0x22, 0x4d, 0x18] => Box::new(lz4_flex::frame::FrameDecoder::new(whole)),
        _ => Box::new(whole),
    })
}

/// The part of an input that is being looked at.
struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the input before `start`.
    passed: u64,
    /// The input ended within what was to be passed over.
    missed: bool,
    /// Where the current frame's bytes begin.
    frame_at: usize,
}

impl<R: Read> Window<R> {
    fn new(input: R) -> Self {
        Window { input, buffer: vec![0; PORTION_BYTES], start: 0, end: 0, passed: 0, missed: false, frame_at: 0 }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the window a part of it begins.
    fn offset_of(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).wrapping_sub(self.bytes().as_ptr() as usize)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn capture(frames: u32) -> Vec<u8> {
        let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1];
        file.extend([0; 16]);
        file.extend([1, 0, 0, 0]);
        for number in 0..frames {
            for value in [number, 0, 6, 6] {
                file.extend(value.to_le_bytes());
            }
            file.extend(*b"abcdef");
        }
        file
    }

    fn count(path: &Path) -> (u32, Ending) {
        let mut frames = 0;
        let ending = read(path, &mut |frame| {
            assert_eq!(frame.data, b"abcdef");
            frames += 1;
            true
        });
        (frames, ending.unwrap())
    }

    #[test]
    fn packed_captures_are_the_captures_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let plain = capture(30_000);
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.pcap"), &plain).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(File::create(path("b.gz")).unwrap(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        gzip.finish().unwrap();
        std::fs::write(path("c.zst"), zstd::encode_all(plain.as_slice(), 1).unwrap()).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(File::create(path("d.lz4")).unwrap());
        lz4.write_all(&plain).unwrap();
        lz4.finish().unwrap();
        std::fs::write(path("e.txt"), "no capture").unwrap();
        let found = files(folder.path()).unwrap();
        assert_eq!(found.len(), 4);
        for path in found {
            assert_eq!(count(&path), (30_000, Ending::Whole), "{}", path.display());
        }
    }

    #[test]
    fn captures_are_merged_by_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a"), capture(3)).unwrap();
        std::fs::write(path("b"), capture(5)).unwrap();
        let mut times = Vec::new();
        let endings = read_merged(&[path("a"), path("none"), path("b")], &Arc::default(), &mut |frame| {
            times.push(frame.time_ns / 1_000_000_000);
            true
        });
        assert_eq!(times, [0, 0, 1, 1, 2, 2, 3, 4]);
        assert!(matches!(endings[..], [Ok(Ending::Whole), Err(Error::Open { .. }), Ok(Ending::Whole)]));
    }

    #[test]
    fn a_cut_off_capture_gives_what_it_has_and_says_where_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.pcap");
        let plain = capture(3);
        std::fs::write(&path, &plain[..plain.len() - 1]).unwrap();
        assert_eq!(count(&path), (2, Ending::CutOff { at: 24 + 2 * 22 }));
        std::fs::write(&path, b"").unwrap();
        assert_eq!(count(&path), (0, Ending::Whole));
    }
}
