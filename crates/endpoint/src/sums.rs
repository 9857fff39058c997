//! Sums of what is in files, in one go through them.

use md5::Md5;
use policy::Digest;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// Small enough to be in the nearest cache when it is summed.
const PORTION_BYTES: usize = 32 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub sha256: Digest,
    /// By which packages know their files; only where it was asked for.
    pub md5: Option<[u8; 16]>,
}

/// The sums of everything there is to read, and how many bytes that was; none when it is more than `bytes_max`.
///
/// # Errors
/// When it cannot be read.
pub fn of(mut content: impl Read, with_md5: bool, bytes_max: u64) -> io::Result<Option<(Sums, u64)>> {
    let (mut sha256, mut md5) = (Sha256::new(), with_md5.then(Md5::new));
    let (mut portion, mut bytes) = (vec![0; PORTION_BYTES], 0_u64);
    loop {
        let read = match content.read(&mut portion) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => portion.get(..read?).unwrap_or_default(),
        };
        if read.is_empty() {
            break;
        }
        bytes += read.len() as u64;
        if bytes > bytes_max {
            return Ok(None);
        }
        sha256.update(read);
        if let Some(md5) = &mut md5 {
            md5.update(read);
        }
    }
    let sums = Sums { sha256: Digest(sha256.finalize().into()), md5: md5.map(|md5| md5.finalize().into()) };
    Ok(Some((sums, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_summed_or_nothing() {
        let (sums, bytes) = of(&b"abc"[..], true, 3).unwrap().unwrap();
        assert!(sums.sha256.to_string().starts_with("ba7816bf"));
        assert_eq!((sums.md5.unwrap()[..2].to_vec(), bytes), (vec![0x90, 0x01], 3));
        assert_eq!(of(&b"abc"[..], false, 3).unwrap().unwrap().0.md5, None);
        assert_eq!(of(&b"abcd"[..], true, 3).unwrap(), None);
        let large = vec![7; 3 * PORTION_BYTES + 5];
        assert_eq!(of(large.as_slice(), false, u64::MAX).unwrap().unwrap().1, large.len() as u64);
    }
}
