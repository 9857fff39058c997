//! The log that everything goes through first: batches, one after the other, in files that are only ever added to.
//!
//! A file begins with eight bytes that say what it is. A record in it is its length and its check, four bytes each, and
//! the batch. What is behind the last whole record was never acknowledged.

mod batch;
mod writer;

pub use batch::{Batch, pack, unpack};
pub(crate) use batch::{decode, encode};
pub(crate) use writer::{Accepts, Log};

use crate::disk::Disk;
use crate::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

pub(crate) const MAGIC: &[u8; 8] = b"RDXLOG1\n";
/// A record is never longer: an unchecked length asks for no more memory than this.
pub(crate) const RECORD_BYTES_MAX: usize = 1 << 26;

/// A record as it stands in a file: its length, its check, and itself.
pub(crate) fn framed(record: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + record.len());
    bytes.extend((record.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(record).to_le_bytes());
    bytes.extend(record);
    bytes
}

/// A file of the log by its number.
pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}.log"))
}

/// The numbers of the files of a log, in order.
pub(crate) fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let names = std::fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut numbers: Vec<u64> = names.filter_map(|name| name.strip_suffix(".log")?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// What a record is called whose end is not there.
pub(crate) const CUT_OFF: &str = "cut off";

/// A place of a file of the log that is no record. At its end that is what a crash or a full disk leaves, and was never
/// acknowledged; elsewhere it is damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub at: u64,
    pub why: String,
}

/// Reads the batches of a file of the log, in order. What is broken is told and passed over as far as its length says.
pub(crate) fn read(path: &Path, each: &mut dyn FnMut(Batch)) -> io::Result<Vec<Broken>> {
    read_from(BufReader::new(File::open(path)?), each)
}

/// Reads what a file of the log holds, and what one record holds, from any bytes: how many batches there are. For fuzzing.
#[doc(hidden)]
pub fn read_bytes(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut each = |batch: Batch| count += usize::from(crate::fit::fit(batch.table, &batch.rows).is_ok());
    let _ = read_from(bytes, &mut each);
    // A check that is right is not found by chance.
    if let Ok(batch) = decode(bytes) {
        each(batch);
    }
    count
}

fn read_from(mut file: impl Read, each: &mut dyn FnMut(Batch)) -> io::Result<Vec<Broken>> {
    let mut magic = [0; 8];
    let got = fill(&mut file, &mut magic)?;
    if got < magic.len() || &magic != MAGIC {
        let why = "beginning".to_owned();
        return Ok(if got == 0 { Vec::new() } else { vec![Broken { at: 0, why }] });
    }
    let (mut broken, mut at) = (Vec::new(), MAGIC.len() as u64);
    loop {
        let mut tell = |why: &str| broken.push(Broken { at, why: why.to_owned() });
        let mut head = [0; 8];
        match fill(&mut file, &mut head)? {
            0 => return Ok(broken),
            got if got < head.len() => {
                tell(CUT_OFF);
                return Ok(broken);
            }
            _ => {}
        }
        let [a, b, c, d, check @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let mut record = Vec::new();
        if length <= RECORD_BYTES_MAX {
            file.by_ref().take(length as u64).read_to_end(&mut record)?;
        }
        if record.len() < length {
            tell(if length > RECORD_BYTES_MAX { "length" } else { CUT_OFF });
            return Ok(broken);
        }
        if crc32fast::hash(&record).to_le_bytes() != check {
            tell("check");
        } else {
            match decode(&record) {
                Ok(batch) => each(batch),
                Err(refused) => tell(&refused.to_string()),
            }
        }
        at += (head.len() + length) as u64;
    }
}

fn fill(file: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while let Some(rest) = into.get_mut(got..)
        && !rest.is_empty()
    {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// Keeps a copy of a file of the log in which something is broken: it is evidence.
pub(crate) fn set_aside(disk: &Disk, path: &Path) -> Result<PathBuf, Error> {
    let aside = path.with_extension("broken");
    let kept = || match std::fs::read(path) {
        Ok(bytes) if !aside.exists() => disk.put(&aside, &bytes),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    kept().map_err(Error::disk(path))?;
    Ok(aside)
}
