//! What is in a file: its sums, of bytes that nobody changed meanwhile; and what it is by its first bytes.

use crate::kernel::facts::{self, Facts};
use crate::sums::{self, Sums};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// Larger files are not read to the end.
const FILE_BYTES_MAX: u64 = 8 << 30;
/// A file that changes is read again so often, after a while each.
const READS_MAX: u32 = 3;
const BETWEEN_READS: Duration = Duration::from_millis(20);

/// So many bytes are enough to tell what a file is.
pub const HEAD_BYTES: usize = 4096;

/// What a file is, to those who run or load it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The loader may make it a part of a program: a shared object of ELF, or a program that can lie anywhere.
    Shared,
    /// It begins with `#!`.
    Script,
    /// May be read by an interpreter.
    Text,
    /// Has a zero in it, as no text has.
    Data,
}

pub fn form(head: &[u8]) -> Form {
    if head.starts_with(b"#!") {
        Form::Script
    } else if is_shared(head) {
        Form::Shared
    } else if head.contains(&0) {
        Form::Data
    } else {
        Form::Text
    }
}

/// An ELF file (System V ABI, chapter 4) of type `ET_DYN`.
fn is_shared(head: &[u8]) -> bool {
    const DYNAMIC: u16 = 3;
    let kind = head.get(16..18).and_then(|two| <[u8; 2]>::try_from(two).ok());
    let is_big = head.get(5) == Some(&2);
    let kind = kind.map(|two| if is_big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) });
    head.starts_with(b"\x7fELF") && kind == Some(DYNAMIC)
}

/// The sums of a file, and what it was when they were made; none when it is too large, cannot be read, or somebody had it
/// open for writing all the time.
pub fn sums(file: &File, with_md5: bool) -> Option<(Sums, Facts)> {
    for read in 0..READS_MAX {
        if read > 0 {
            std::thread::sleep(BETWEEN_READS);
        }
        let before = Facts::of(file).ok()?;
        if before.version.bytes > FILE_BYTES_MAX {
            return None;
        }
        if facts::has_writers(file) == Some(true) {
            continue;
        }
        let sums = read_all(file, before.version.bytes, with_md5).ok()?;
        let unchanged = Facts::of(file).ok()?.version == before.version && facts::has_writers(file) != Some(true);
        if let Some(sums) = sums.filter(|_| unchanged) {
            return Some((sums, before));
        }
    }
    None
}

/// None when there is less than there should be, or more.
fn read_all(file: &File, bytes: u64, with_md5: bool) -> io::Result<Option<Sums>> {
    let found = sums::of(FromStart { file, place: 0 }, with_md5, bytes)?;
    Ok(found.and_then(|(sums, read)| (read == bytes).then_some(sums)))
}

/// A file from its beginning, wherever whoever else has it stands.
struct FromStart<'f> {
    file: &'f File,
    place: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

/// What is in a file that lies in memory and has no name can be changed by whoever made it, unless he gave that away.
pub fn can_change_in_memory(file: &File) -> bool {
    use rustix::fs::SealFlags;
    !rustix::fs::fcntl_get_seals(file).is_ok_and(|seals| seals.contains(SealFlags::WRITE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        assert_eq!(form(&elf), Form::Shared);
        elf[16] = 2;
        assert_eq!(form(&elf), Form::Data);
        assert_eq!(form(b"\x7fELF\x01\x02\x01\0\0\0\0\0\0\0\0\0\0\x03"), Form::Shared);
        for (head, expected) in [
            (&b"#!/bin/sh\n"[..], Form::Script),
            (b"import os\n", Form::Text),
            (b"", Form::Text),
            (b"\x7fEL", Form::Text),
            (b"a\0b", Form::Data),
        ] {
            assert_eq!(form(head), expected);
        }
    }

    #[test]
    fn what_somebody_may_be_changing_has_no_sums() {
        let mut writer = tempfile::NamedTempFile::new().unwrap();
        writer.write_all(b"abc").unwrap();
        let file = File::open(writer.path()).unwrap();
        assert_eq!(sums(&file, true).map(|(sums, _)| sums), None);
        let _path = writer.into_temp_path();
        let (found, facts) = sums(&file, true).unwrap();
        assert!(found.sha256.to_string().starts_with("ba7816bf"));
        assert_eq!((found.md5.unwrap()[0], facts.version.bytes), (0x90, 3));
        assert_eq!(sums(&file, false).unwrap().0.md5, None);
    }

    #[test]
    fn what_is_in_memory_is_steady_once_it_is_sealed() {
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
        let file = File::from(memfd_create("x", MemfdFlags::ALLOW_SEALING).unwrap());
        assert!(can_change_in_memory(&file));
        fcntl_add_seals(&file, SealFlags::WRITE).unwrap();
        assert!(!can_change_in_memory(&file));
    }

    proptest! {
        #[test]
        fn no_head_breaks_the_reader(head in proptest::collection::vec(any::<u8>(), 0..64)) {
            form(&head);
        }
    }
}
