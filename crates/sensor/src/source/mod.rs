//! Captures from files, folders and standard input, plain or packed by gzip, zstd or lz4. They are read in [`Block`]s:
//! many frames and the bytes they lie in, so that a frame is neither copied nor handed over by itself.

mod block;
mod capture;
mod in_turn;
mod merged;

pub use block::{Block, Owner};
pub use in_turn::InTurn;
pub use merged::Merge;

use capture::Capture;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wire::capture::{Damage, Frame};

/// Memory of a block; a frame that is longer makes it grow, up to the reader's own limit.
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
pub fn begins_as_capture(input: impl Read + Send + 'static) -> bool {
    let mut head = Vec::new();
    let read = unpacked(input).and_then(|mut input| input.by_ref().take(16).read_to_end(&mut head));
    read.is_ok() && wire::capture::is_capture(&head)
}

/// Reads a capture file and hands over its frames; `false` stops. `-` is standard input.
pub fn read(path: &Path, each: &mut dyn FnMut(&Frame<'_>) -> bool) -> Result<Ending, Error> {
    let mut capture = Capture::open(path, &Arc::default(), PORTION_BYTES)?;
    let mut block = Block::default();
    while capture.next_block(&mut block)? {
        if !block.frames().all(|(frame, _)| each(&frame)) {
            return Ok(Ending::Whole);
        }
    }
    Ok(capture.ending())
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
fn unpacked(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
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
        let mut merge = Merge::new(&[path("a"), path("none"), path("b")], &Arc::default());
        let (mut times, mut block) = (Vec::new(), Block::default());
        while merge.next_block(&mut block) {
            times.extend(block.frames().map(|(frame, _)| (frame.time_ns / 1_000_000_000, frame.data.to_vec())));
        }
        assert!(times.iter().all(|(_, data)| data == b"abcdef"));
        assert_eq!(times.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [0, 0, 1, 1, 2, 2, 3, 4]);
        assert!(matches!(merge.endings()[..], [Ok(Ending::Whole), Err(Error::Open { .. }), Ok(Ending::Whole)]));
    }

    #[test]
    fn many_captures_are_merged_with_few_open() {
        let folder = tempfile::tempdir().unwrap();
        let count = 300;
        let paths: Vec<PathBuf> = (0..count).map(|number| folder.path().join(number.to_string())).collect();
        for (number, path) in paths.iter().enumerate() {
            let mut file = capture(1);
            file[24..28].copy_from_slice(&(count as u32 - number as u32).to_le_bytes());
            std::fs::write(path, file).unwrap();
        }
        let mut merge = Merge::new(&paths, &Arc::default());
        let is_one = |entry: &std::fs::DirEntry| entry.path().read_link().is_ok_and(|to| to.starts_with(folder.path()));
        let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(Result::ok);
        assert_eq!(open.filter(|entry| is_one(entry)).count(), 0, "none is open before its time has come");
        let (mut times, mut block) = (Vec::new(), Block::default());
        while merge.next_block(&mut block) {
            times.extend(block.frames().map(|(frame, _)| frame.time_ns));
        }
        assert_eq!(times.len(), count);
        assert!(times.is_sorted());
        assert!(merge.endings().iter().all(|ending| matches!(ending, Ok(Ending::Whole))));
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
