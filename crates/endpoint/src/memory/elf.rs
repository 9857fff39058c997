//! Whether a program or library says that its code is changed when it is loaded (`elf(5)`, `DT_TEXTREL`).

use std::fs::File;
use std::os::unix::fs::FileExt;

const PROGRAM_HEADERS_MAX: usize = 128;
const DYNAMIC_ENTRIES_MAX: usize = 1024;
const DYNAMIC: u32 = 2;
const TEXTREL: u64 = 22;
const FLAGS: u64 = 30;
const FLAG_TEXTREL: u64 = 4;

pub fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
        || bytes.starts_with(b"MZ") && bytes.get(0x40..0x80).is_some_and(|it| it.iter().any(|byte| *byte != 0))
}

/// Of a file of 64 bits; what cannot be read says nothing.
pub fn is_relocated_in_code(file: &File) -> bool {
    dynamic(file).unwrap_or(false)
}

fn dynamic(file: &File) -> Option<bool> {
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0).ok()?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let headers_at = word(&head, 32)?;
    let size = u64::from(u16::from_le_bytes(head.get(54..56)?.try_into().ok()?));
    let count = usize::from(u16::from_le_bytes(head.get(56..58)?.try_into().ok()?)).min(PROGRAM_HEADERS_MAX);
    for number in 0..u64::try_from(count).ok()? {
        let mut header = [0; 56];
        file.read_exact_at(&mut header, headers_at.checked_add(number.checked_mul(size)?)?).ok()?;
        if header.starts_with(&DYNAMIC.to_le_bytes()) {
            return entries(file, word(&header, 8)?, word(&header, 32)?);
        }
    }
    Some(false)
}

fn entries(file: &File, at: u64, bytes: u64) -> Option<bool> {
    let count = usize::try_from(bytes / 16).ok()?.min(DYNAMIC_ENTRIES_MAX);
    let mut table = vec![0; count * 16];
    file.read_exact_at(&mut table, at).ok()?;
    let says = |entry: &[u8]| match (word(entry, 0), word(entry, 8)) {
        (Some(TEXTREL), _) => true,
        (Some(FLAGS), Some(flags)) => flags & FLAG_TEXTREL != 0,
        _ => false,
    };
    Some(table.chunks_exact(16).any(says))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn image(tag: u64, value: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
        bytes[64..68].copy_from_slice(&DYNAMIC.to_le_bytes());
        bytes[72..80].copy_from_slice(&120_u64.to_le_bytes());
        bytes[96..104].copy_from_slice(&16_u64.to_le_bytes());
        bytes.extend(tag.to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes
    }

    #[test]
    fn a_file_says_whether_its_code_is_changed() {
        assert!(is_relocated_in_code(&file(&image(TEXTREL, 0))));
        assert!(is_relocated_in_code(&file(&image(FLAGS, FLAG_TEXTREL))));
        assert!(!is_relocated_in_code(&file(&image(FLAGS, 8))));
        assert!(!is_relocated_in_code(&File::open("/proc/self/exe").unwrap()));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(at in 0..136_usize, byte in any::<u8>(), end in 0..137_usize) {
            let mut bytes = image(TEXTREL, 0);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(end);
            is_image(&bytes);
            is_relocated_in_code(&file(&bytes));
        }
    }
}
