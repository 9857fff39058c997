//! What was in parts of a large file before they were changed: a log of pieces, each kept once, in whatever order somebody
//! wanted to change them.
//!
//! A piece is four numbers of eight bytes (a sign, where it was, how long, and whether there was anything) and, if there was,
//! its bytes. One that was not written to its end was never answered for, and is cut off.

use super::images::Images;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

/// Files from this size on are kept by ranges where they cannot be cloned: to copy less takes about as long as a disk may
/// take for one write, and nobody waits noticeably.
pub const LARGE_BYTES_MIN: u64 = 64 << 20;
/// What is kept at once at least: a database writes 4 to 16 KiB, and one read of a disk brings as much.
const BLOCK_BYTES: u64 = 64 << 10;
/// What is copied at once at most.
const PORTION_BYTES: u64 = 1 << 20;
/// A hole that is shorter is kept as zeros, so that pieces are no more than the room for them allows.
const HOLE_BYTES_MIN: u64 = PORTION_BYTES;
const HEAD_BYTES: u64 = 32;
const SIGN: u64 = u64::from_le_bytes(*b"\0piece\r\n");

/// The pieces that are kept of one file.
#[derive(Debug)]
pub struct Ranges {
    size: u64,
    pieces: BTreeMap<u64, Piece>,
    /// Bytes that are in them.
    kept: u64,
    /// The end of the log.
    end: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    at: u64,
    length: u64,
    /// Where its bytes are in the log; none for a hole.
    place: Option<u64>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.at + self.length
    }
}

impl Ranges {
    /// Of a file of such a size, of which nothing is kept yet.
    pub fn new(size: u64) -> Ranges {
        Ranges { size, pieces: BTreeMap::new(), kept: 0, end: 0 }
    }

    /// What a log has of a file that had such a size.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(log: &File, size: u64) -> io::Result<Ranges> {
        let length = log.metadata()?.len();
        let mut ranges = Ranges::new(size);
        let mut head = [0; HEAD_BYTES as usize];
        while length - ranges.end >= HEAD_BYTES {
            log.read_exact_at(&mut head, ranges.end)?;
            let Some(piece) = ranges.piece(&head).filter(|piece| ranges.end_with(piece) <= length) else { break };
            ranges.end = ranges.end_with(&piece);
            ranges.put(piece);
        }
        Ok(ranges)
    }

    /// A piece whose head is at the end, if that is one.
    fn piece(&self, head: &[u8; HEAD_BYTES as usize]) -> Option<Piece> {
        let mut numbers = head.chunks_exact(8).filter_map(|word| Some(u64::from_le_bytes(word.try_into().ok()?)));
        let (sign, at, length, filled) = (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
        let place = (filled != 0).then_some(self.end + HEAD_BYTES);
        let fits = length > 0 && at.checked_add(length).is_some_and(|end| end <= self.size);
        (sign == SIGN && fits && (place.is_none() || length <= PORTION_BYTES)).then_some(Piece { at, length, place })
    }

    fn end_with(&self, piece: &Piece) -> u64 {
        self.end + HEAD_BYTES + piece.place.map_or(0, |_| piece.length)
    }

    /// The bytes that the file had.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether all of it is kept.
    pub fn is_whole(&self) -> bool {
        self.kept >= self.size
    }

    /// Keeps what is in a range of a file, as far as it is not kept, under a number.
    ///
    /// # Errors
    /// When it cannot be read or written, and `StorageFull` when there is no room: it must not be changed then.
    pub fn keep(&mut self, file: &File, range: Range<u64>, images: &mut Images, number: u64) -> io::Result<()> {
        // Behind its end there is nothing to keep: what another cut off is not this one's to bring back.
        let missing = self.missing(range, file.metadata()?.len());
        if missing.is_empty() {
            return Ok(());
        }
        let path = images.path(number);
        let log = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        missing.into_iter().try_for_each(|range| self.keep_all(file, &log, range, images))
    }

    /// What is not kept of a range of a file with so many bytes, in whole blocks.
    fn missing(&self, range: Range<u64>, bytes: u64) -> Vec<Range<u64>> {
        let end = range.end.checked_next_multiple_of(BLOCK_BYTES).unwrap_or(u64::MAX).min(self.size).min(bytes);
        let mut at = range.start / BLOCK_BYTES * BLOCK_BYTES;
        let mut missing = Vec::new();
        if let Some(before) = self.pieces.range(..at).next_back() {
            at = at.max(before.1.end());
        }
        for piece in self.pieces.range(at..end.max(at)).map(|(_, piece)| piece) {
            missing.push(at..piece.at);
            at = piece.end();
        }
        missing.push(at..end);
        missing.retain(|range| !range.is_empty());
        missing
    }

    fn keep_all(&mut self, file: &File, log: &File, range: Range<u64>, images: &mut Images) -> io::Result<()> {
        let mut at = range.start;
        while at < range.end {
            let filled = next_filled(file, at).min(range.end);
            // All but the last end at whole blocks.
            let filled = if filled < range.end { filled / BLOCK_BYTES * BLOCK_BYTES } else { filled };
            let end = if filled.saturating_sub(at) >= HOLE_BYTES_MIN {
                self.append(log, Piece { at, length: filled - at, place: None }, Vec::new(), images)?;
                filled
            } else {
                let length = PORTION_BYTES.min(range.end - at);
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
                fill(file, &mut bytes, at)?;
                self.append(log, Piece { at, length, place: Some(self.end + HEAD_BYTES) }, bytes, images)?;
                at + length
            };
            at = end;
        }
        Ok(())
    }

    fn append(&mut self, log: &File, piece: Piece, bytes: Vec<u8>, images: &mut Images) -> io::Result<()> {
        let taken = HEAD_BYTES + bytes.len() as u64;
        if !images.has_room(taken) {
            return Err(ErrorKind::StorageFull.into());
        }
        let head = [SIGN, piece.at, piece.length, u64::from(piece.place.is_some())];
        let mut record: Vec<u8> = head.iter().flat_map(|number| number.to_le_bytes()).collect();
        record.extend(bytes);
        // What is written of it in part must not stand before the next one.
        log.write_all_at(&record, self.end).inspect_err(|_| drop(log.set_len(self.end)))?;
        images.count(taken, 0);
        self.end += taken;
        self.put(piece);
        Ok(())
    }

    fn put(&mut self, piece: Piece) {
        self.kept = self.kept.saturating_add(piece.length);
        self.pieces.insert(piece.at, piece);
    }

    /// Reads from a place of the file as it was: what is kept from the log, the rest as it is now. Tells how far.
    ///
    /// # Errors
    /// When one of the two cannot be read.
    pub fn read_at(&self, log: &File, now: &File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.size.saturating_sub(at).min(buffer.len() as u64);
        let mut filled = 0;
        while filled < wanted {
            let from = at + filled;
            let covering = self.pieces.range(..=from).next_back().map(|(_, piece)| piece);
            let covering = covering.filter(|piece| piece.end() > from);
            let next = self.pieces.range(from + 1..).next().map_or(self.size, |(at, _)| *at);
            let count = (covering.map_or(next, Piece::end) - from).min(wanted - filled);
            let part = usize::try_from(filled).ok().zip(usize::try_from(filled + count).ok());
            let Some(part) = part.and_then(|(from, to)| buffer.get_mut(from..to)) else { break };
            match covering {
                Some(Piece { at, place: Some(place), .. }) => log.read_exact_at(part, place + (from - at))?,
                Some(_) => part.fill(0),
                None => fill(now, part, from)?,
            }
            filled += count;
        }
        Ok(usize::try_from(filled).unwrap_or(0))
    }

    /// Makes a file again what it was, where it was kept. What somebody else cut off meanwhile stays so.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn put_back(&self, log: &File, into: &File) -> io::Result<()> {
        let end = self.pieces.last_key_value().map_or(0, |(_, piece)| piece.end());
        let length = into.metadata()?.len().max(end).min(self.size);
        into.set_len(length)?;
        let mut bytes = vec![0; PORTION_BYTES as usize];
        for piece in self.pieces.values() {
            match (piece.place, usize::try_from(piece.length).ok().and_then(|length| bytes.get_mut(..length))) {
                (Some(place), Some(bytes)) => {
                    log.read_exact_at(bytes, place)?;
                    into.write_all_at(bytes, piece.at)?;
                }
                _ => make_hole(into, piece)?,
            }
        }
        Ok(())
    }
}

/// Where something is in a file, from a place on.
fn next_filled(file: &File, at: u64) -> u64 {
    match seek(file, SeekFrom::Data(at)) {
        Ok(filled) => filled,
        // There is nothing more.
        Err(Errno::NXIO) => u64::MAX,
        // Its filesystem does not say.
        Err(_) => at,
    }
}

/// Reads as much as there is; what is cut off by now is zeros.
fn fill(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    let read = crate::kernel::facts::read_at(file, bytes, at)?.len();
    bytes.get_mut(read..).unwrap_or_default().fill(0);
    Ok(())
}

fn make_hole(into: &File, piece: &Piece) -> io::Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    match fallocate(into, flags, piece.at, piece.length) {
        Err(Errno::OPNOTSUPP) => {
            let zeros = vec![0; PORTION_BYTES as usize];
            for at in (piece.at..piece.end()).step_by(zeros.len()) {
                let length = usize::try_from(piece.end() - at).unwrap_or(zeros.len()).min(zeros.len());
                into.write_all_at(zeros.get(..length).unwrap_or_default(), at)?;
            }
            Ok(())
        }
        done => done.map_err(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::undo::Journal;
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;

    const NUMBER: u64 = 1;

    fn images(folder: &Path, bytes_max: u64) -> Images {
        let journal = Journal::open(&folder.join("journal")).unwrap();
        Images::open(&folder.join("images"), bytes_max, &journal, &folder.join("unclaimed")).unwrap()
    }

    fn open(path: &Path) -> File {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
    }

    /// Bytes that are not alike anywhere.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at / 251 + at) as u8).collect()
    }

    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, u64),
        Cut(u64),
        Again,
    }

    fn step() -> impl Strategy<Value = Step> {
        const FAR: u64 = 5 << 20;
        prop_oneof![
            4 => (0..FAR, 1..200_000_u64).prop_map(|(at, length)| Step::Write(at, length)),
            1 => (0..FAR).prop_map(Step::Cut),
            1 => Just(Step::Again),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Whatever is written and cut, and whoever goes on in between, it comes out as it was.
        #[test]
        fn what_was_kept_before_each_change_is_put_back(steps in proptest::collection::vec(step(), 1..20)) {
            let folder = tempfile::tempdir().unwrap();
            let mut images = images(folder.path(), 1 << 30);
            let file = open(&folder.path().join("a"));
            // A hole in the middle, and an end that is not a whole block.
            let size = (4 << 20) + 777;
            file.write_all_at(&bytes(1 << 20), 0).unwrap();
            file.write_all_at(&bytes(777 + (1 << 19)), 7 << 19).unwrap();
            let before = fs::read(folder.path().join("a")).unwrap();
            prop_assert_eq!(before.len(), size);
            let mut ranges = Ranges::new(size as u64);
            for step in steps {
                match step {
                    Step::Write(at, length) => {
                        ranges.keep(&file, at..at + length, &mut images, NUMBER).unwrap();
                        file.write_all_at(&vec![0xee; length as usize], at).unwrap();
                    }
                    Step::Cut(length) => {
                        ranges.keep(&file, length..u64::MAX, &mut images, NUMBER).unwrap();
                        file.set_len(length).unwrap();
                    }
                    Step::Again => {
                        let log = open(&images.path(NUMBER));
                        // As one who was killed in the middle of a piece leaves it.
                        let length = log.metadata().unwrap().len();
                        log.write_all_at(&SIGN.to_le_bytes(), length).unwrap();
                        ranges = Ranges::read(&log, size as u64).unwrap();
                    }
                }
            }
            let log = open(&images.path(NUMBER));
            let mut was = vec![1; size + 10];
            let ranges_again = Ranges::read(&log, size as u64).unwrap();
            prop_assert_eq!(ranges_again.read_at(&log, &file, 0, &mut was).unwrap(), size);
            prop_assert!(was[..size] == before[..]);
            ranges_again.put_back(&log, &file).unwrap();
            prop_assert!(fs::read(folder.path().join("a")).unwrap() == before);
        }

        #[test]
        fn no_log_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200), at: u64, length: u64) {
            let folder = tempfile::tempdir().unwrap();
            let log = open(&folder.path().join("log"));
            let head = [SIGN, at, length, 1].into_iter().flat_map(u64::to_le_bytes);
            log.write_all_at(&head.chain(bytes).collect::<Vec<u8>>(), 0).unwrap();
            let ranges = Ranges::read(&log, 1 << 30).unwrap();
            ranges.read_at(&log, &log, 0, &mut [0; 100]).unwrap();
        }
    }

    #[test]
    fn only_what_is_changed_is_kept_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut images = images(folder.path(), 1 << 30);
        let file = open(&folder.path().join("a"));
        file.write_all_at(&bytes(1 << 20), 0).unwrap();
        let mut ranges = Ranges::new(1 << 20);
        ranges.keep(&file, 70_000..78_000, &mut images, NUMBER).unwrap();
        assert_eq!(images.bytes(), HEAD_BYTES + BLOCK_BYTES);
        ranges.keep(&file, 65_536..131_072, &mut images, NUMBER).unwrap();
        assert_eq!(images.bytes(), HEAD_BYTES + BLOCK_BYTES);
        assert!(!ranges.is_whole());
        ranges.keep(&file, 0..u64::MAX, &mut images, NUMBER).unwrap();
        assert!(ranges.is_whole());
        assert_eq!(images.bytes(), 3 * HEAD_BYTES + (1 << 20));
    }

    #[test]
    fn a_hole_takes_no_room_and_is_one_again() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let mut images = images(folder.path(), 1 << 20);
        let file = open(&folder.path().join("a"));
        file.set_len(1 << 40).unwrap();
        let mut ranges = Ranges::new(1 << 40);
        ranges.keep(&file, 0..u64::MAX, &mut images, NUMBER).unwrap();
        file.write_all_at(&bytes(3 << 20), 1 << 30).unwrap();
        file.set_len(2 << 30).unwrap();
        ranges.put_back(&open(&images.path(NUMBER)), &file).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!((metadata.len(), metadata.blocks()), (1 << 40, 0));
    }

    #[test]
    fn what_another_cut_stays_cut() {
        let folder = tempfile::tempdir().unwrap();
        let mut images = images(folder.path(), 1 << 30);
        let file = open(&folder.path().join("a"));
        file.write_all_at(&bytes(1 << 20), 0).unwrap();
        let mut ranges = Ranges::new(1 << 20);
        ranges.keep(&file, 0..10, &mut images, NUMBER).unwrap();
        file.write_all_at(&[0xee; 10], 0).unwrap();
        file.set_len(300_000).unwrap();
        // Also where all of it is kept from now on.
        ranges.keep(&file, 0..u64::MAX, &mut images, NUMBER).unwrap();
        file.write_all_at(&[0xee; 10], 0).unwrap();
        ranges.put_back(&open(&images.path(NUMBER)), &file).unwrap();
        assert!(fs::read(folder.path().join("a")).unwrap() == bytes(300_000));
    }

    #[test]
    fn what_has_no_room_is_not_said_to_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut images = images(folder.path(), 100_000);
        let file = open(&folder.path().join("a"));
        file.write_all_at(&bytes(1 << 20), 0).unwrap();
        let mut ranges = Ranges::new(1 << 20);
        ranges.keep(&file, 0..10, &mut images, NUMBER).unwrap();
        let full = ranges.keep(&file, 0..200_000, &mut images, NUMBER).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        let missing: Vec<u64> =
            ranges.missing(0..200_000, u64::MAX).into_iter().flat_map(|range| [range.start, range.end]).collect();
        assert_eq!(missing, [65_536, 262_144]);
    }
}
