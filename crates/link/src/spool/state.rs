//! What a spool knows of itself beside its batches: how far it is acknowledged, and what it counted.
//!
//! Two places in one file are written in turns, each with a number that grows and a check, so that a write that is cut off
//! leaves the one before; and since they are written over, it works on a full disk too.

use crate::disk::Disk;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"RDXSPS1\n";
/// Of the disk's own pieces, so that writing one place does not touch the other.
const PLACE_BYTES: usize = 4096;
const WORDS: usize = 8;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub turn: u64,
    /// Which spool this is.
    pub spool: u64,
    /// The last sequence that the server has; -1 when there is none.
    pub acknowledged: i64,
    pub shed_batches: u64,
    pub shed_rows: u64,
    pub lost_batches: u64,
    pub aside_batches: u64,
    pub delivered_batches: u64,
}

pub(crate) struct StateFile {
    path: PathBuf,
    file: File,
    disk: Disk,
    pub state: State,
}

impl StateFile {
    /// Opens it, or makes one; absent when what is there cannot be read.
    pub fn open(path: &Path, disk: &Disk) -> io::Result<(StateFile, Option<State>)> {
        let mut file = disk.open(path)?;
        let mut bytes = Vec::new();
        file.by_ref().take(2 * PLACE_BYTES as u64).read_to_end(&mut bytes)?;
        let known = read(&bytes);
        let state = known.unwrap_or_default();
        Ok((StateFile { path: path.to_owned(), file, disk: disk.clone(), state }, known))
    }

    /// Writes what it knows now; a process that is killed afterwards leaves it there.
    pub fn write(&mut self) -> io::Result<()> {
        self.state.turn += 1;
        let at = self.state.turn % 2 * PLACE_BYTES as u64;
        self.file.seek(SeekFrom::Start(at))?;
        self.disk.write(&mut self.file, &self.path, &place(&self.state))
    }

    /// The same, and it lasts.
    pub fn keep(&mut self) -> io::Result<()> {
        self.write()?;
        self.disk.sync(&self.file, &self.path)
    }
}

fn place(state: &State) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let words = [
        state.turn,
        state.spool,
        state.acknowledged.cast_unsigned(),
        state.shed_batches,
        state.shed_rows,
        state.lost_batches,
        state.aside_batches,
        state.delivered_batches,
    ];
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The newer of the two places that can be read.
pub(crate) fn read(bytes: &[u8]) -> Option<State> {
    let second = bytes.get(PLACE_BYTES..).unwrap_or_default();
    [bytes, second].into_iter().filter_map(read_place).max_by_key(|state| state.turn)
}

fn read_place(bytes: &[u8]) -> Option<State> {
    let (said, check) = bytes.get(..MAGIC.len() + 8 * WORDS + 4)?.split_last_chunk::<4>()?;
    let rest = said.strip_prefix(MAGIC)?;
    if crc32fast::hash(said).to_le_bytes() != *check {
        return None;
    }
    let words: Vec<u64> = rest.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let [turn, spool, acknowledged, shed_batches, shed_rows, lost_batches, aside_batches, delivered_batches] =
        words[..]
    else {
        return None;
    };
    let acknowledged = acknowledged.cast_signed();
    let sound = (-1..=crate::batch::SEQUENCE_MAX).contains(&acknowledged);
    let state =
        State { turn, spool, acknowledged, shed_batches, shed_rows, lost_batches, aside_batches, delivered_batches };
    sound.then_some(state)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn whichever_write_is_cut_off_the_one_before_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (mut file, known) = StateFile::open(&path, &Disk::default()).unwrap();
        assert_eq!(known, None);
        for acknowledged in 0..5 {
            file.state.acknowledged = acknowledged;
            file.keep().unwrap();
        }
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read(&bytes).unwrap().acknowledged, 4);
        for at in 0..MAGIC.len() + 8 * WORDS + 4 {
            // The fourth turn is in the first place, the fifth in the second.
            let mut torn = bytes.clone();
            torn[PLACE_BYTES + at] ^= 1;
            assert_eq!(read(&torn).unwrap().acknowledged, 3, "byte {at}");
        }
        assert_eq!(read(&bytes[..100]).unwrap().acknowledged, 3);
        assert_eq!(read(b""), None);
    }
}
