//! How documents of Office 97 to 2003 are encrypted (MS-OFFCRYPTO, sections 2.3.5 to 2.3.7; MS-XLS 2.2.10; MS-DOC 2.2.6): RC4
//! with 40 bits, RC4 with a key of another length, and exclusive or with a few bytes. What is encrypted lies in streams whose
//! bytes keep their places.

use super::encryption::{DEFAULT_PASSWORD, NAMESPACE};
use crate::budget::Budget;
use crate::bytes::{array, slice, u16_le, u32_le};
use crate::crypt::rc4;
use crate::limits::Limit;
use crate::reading::Reading;
use crate::vector::State;
use md5::Md5;
use sha1::{Digest, Sha1};
use std::ops::Range;

const SALT_BYTES: usize = 16;
/// Bytes of a password that the first scheme takes.
const SHORT_KEY_BYTES: usize = 5;
/// Letters of a password of the last scheme, and bytes that it repeats.
const XOR_LETTERS_MAX: usize = 15;
const XOR_BYTES: usize = 16;

/// How a document is encrypted, and what tells a right password.
pub enum Cipher {
    Rc4 { salt: [u8; SALT_BYTES], verifier: [u8; 16], hash: Vec<u8>, key: Length },
    Xor { key: u16, verifier: u16 },
}

/// How keys of RC4 are made.
#[derive(Clone, Copy)]
pub enum Length {
    /// Forty bits, hashed with MD5.
    Short,
    /// So many bytes, hashed with SHA-1.
    Bytes(usize),
}

/// What undoes it.
pub enum Key {
    Rc4 { base: Vec<u8>, length: Length },
    Xor([u8; XOR_BYTES]),
}

impl Cipher {
    /// Reads a header of RC4, which begins with its version, and tells what it says.
    pub fn rc4(header: &[u8], reading: &mut Reading) -> Option<Self> {
        match (u16_le(header, 0)?, u16_le(header, 2)?) {
            (1, 1) => {
                told(reading, "rc4", "MD5", 40);
                let (salt, verifier, hash) = (array(header, 4)?, array(header, 20)?, slice(header, 36, 16)?.to_vec());
                Some(Cipher::Rc4 { salt, verifier, hash, key: Length::Short })
            }
            (2..=4, 2) => {
                let about = slice(header, 12, u32_le(header, 8)? as usize)?;
                // None is 40.
                let bits = u32_le(about, 16).filter(|bits| *bits > 0).unwrap_or(40);
                told(reading, "rc4-cryptoapi", "SHA1", bits);
                let check = header.get(12 + about.len()..)?;
                let (salt, verifier, hash) = (array(check, 4)?, array(check, 20)?, slice(check, 40, 20)?.to_vec());
                let length = Length::Bytes((bits as usize / 8).min(20));
                Some(Cipher::Rc4 { salt, verifier, hash, key: length })
            }
            _ => None,
        }
    }

    /// What a document says that is obfuscated.
    pub fn xor(key: u16, verifier: u16, reading: &mut Reading) -> Self {
        reading.know(NAMESPACE, "scheme", "xor");
        Cipher::Xor { key, verifier }
    }

    /// The key of the password that opens it, if one of them does, or the one that Excel tries by itself.
    pub fn open(&self, passwords: &[String], budget: &mut Budget, reading: &mut Reading) -> Result<Option<Key>, Limit> {
        let all = std::iter::once(DEFAULT_PASSWORD).chain(passwords.iter().map(String::as_str));
        for password in all {
            budget.step(1)?;
            if let Some(key) = self.key(password) {
                reading.know(NAMESPACE, "opened", true);
                reading.know(NAMESPACE, "default_password", password == DEFAULT_PASSWORD);
                return Ok(Some(key));
            }
        }
        reading.know(NAMESPACE, "opened", false);
        Ok(None)
    }

    fn key(&self, password: &str) -> Option<Key> {
        match self {
            Cipher::Rc4 { salt, verifier, hash, key } => {
                let made = Key::rc4(password, salt, *key);
                let plain = rc4(&made.of_block(0), &[verifier.as_slice(), hash].concat());
                let (verifier, hash) = plain.split_at_checked(verifier.len())?;
                let expected = match key {
                    Length::Short => Md5::digest(verifier).to_vec(),
                    Length::Bytes(_) => Sha1::digest(verifier).to_vec(),
                };
                (hash == expected).then_some(made)
            }
            Cipher::Xor { key, verifier } => {
                // Letters beyond those of ASCII depend on the system that wrote them.
                let letters = password.as_bytes();
                let fits = (1..=XOR_LETTERS_MAX).contains(&letters.len()) && password.is_ascii();
                let found = fits.then(|| (xor_key(letters), xor_verifier(letters)));
                (found? == (*key, *verifier)).then(|| Key::Xor(xor_bytes(letters, *key)))
            }
        }
    }
}

fn told(reading: &mut Reading, scheme: &'static str, hash: &'static str, bits: u32) {
    reading.know(NAMESPACE, "scheme", scheme);
    reading.know(NAMESPACE, "cipher", "RC4");
    reading.know(NAMESPACE, "hash", hash);
    reading.know(NAMESPACE, "key_bits", bits);
}

/// Tells that how it is encrypted cannot be read.
pub fn unknown(reading: &mut Reading) {
    reading.state(NAMESPACE, "scheme", State::Failed(crate::unpack::damaged()), None);
}

impl Key {
    fn rc4(password: &str, salt: &[u8; SALT_BYTES], length: Length) -> Self {
        let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let base = match length {
            Length::Short => {
                let hash = Md5::digest(&password);
                let short = hash.get(..SHORT_KEY_BYTES).unwrap_or_default();
                let repeated = [short, salt].concat().repeat(16);
                Md5::digest(repeated).get(..SHORT_KEY_BYTES).unwrap_or_default().to_vec()
            }
            Length::Bytes(_) => Sha1::new().chain_update(salt).chain_update(&password).finalize().to_vec(),
        };
        Key::Rc4 { base, length }
    }

    /// The key of a block of a stream.
    fn of_block(&self, block: u32) -> Vec<u8> {
        match self {
            Key::Rc4 { base, length: Length::Short } => {
                Md5::new().chain_update(base).chain_update(block.to_le_bytes()).finalize().to_vec()
            }
            Key::Rc4 { base, length: Length::Bytes(bytes) } => {
                let hash = Sha1::new().chain_update(base).chain_update(block.to_le_bytes()).finalize();
                let mut key = hash.get(..*bytes).unwrap_or_default().to_vec();
                // Forty bits are written in 128.
                if *bytes == SHORT_KEY_BYTES {
                    key.resize(16, 0);
                }
                key
            }
            Key::Xor(bytes) => bytes.to_vec(),
        }
    }

    /// Undoes it in bytes that are a block of their own.
    pub fn block(&self, number: u32, bytes: &[u8]) -> Vec<u8> {
        rc4(&self.of_block(number), bytes)
    }

    /// Undoes it in a stream, whose blocks have so many bytes.
    pub fn undo(&self, block_bytes: usize) -> Undo<'_> {
        Undo { key: self, block_bytes, block: None }
    }
}

/// A stream that is gone through from its beginning.
pub struct Undo<'a> {
    key: &'a Key,
    block_bytes: usize,
    /// The block that was met last, and what its bytes are changed by.
    block: Option<(usize, Vec<u8>)>,
}

impl Undo<'_> {
    /// Undoes it in some bytes of a record that stands there.
    pub fn range(&mut self, stream: &mut [u8], range: Range<usize>, record: &Range<usize>) {
        for at in range {
            let Some(byte) = stream.get_mut(at) else { return };
            if let Key::Xor(bytes) = self.key {
                let turn = (record.end + at.saturating_sub(record.start)) % XOR_BYTES;
                *byte = (*byte ^ bytes[turn]).rotate_right(5);
                continue;
            }
            let block = at / self.block_bytes;
            if self.block.as_ref().is_none_or(|(met, _)| *met != block) {
                let key = self.key.of_block(u32::try_from(block).unwrap_or(u32::MAX));
                self.block = Some((block, rc4(&key, &vec![0; self.block_bytes])));
            }
            if let Some((_, changes)) = &self.block {
                *byte ^= changes.get(at % self.block_bytes).copied().unwrap_or(0);
            }
        }
    }
}

/// What a password is told by, of which many have the same.
fn xor_verifier(letters: &[u8]) -> u16 {
    let all = letters.iter().rev().copied().chain([letters.len() as u8]);
    all.fold(0_u16, |sum, letter| (sum >> 14 & 1 | sum << 1 & 0x7fff) ^ u16::from(letter)) ^ 0xce4b
}

fn xor_key(letters: &[u8]) -> u16 {
    const FIRST: [u16; XOR_LETTERS_MAX] = [
        0xe1f0, 0x1d0f, 0xcc9c, 0x84c0, 0x110c, 0x0e10, 0xf1ce, 0x313e, 0x1872, 0xe139, 0xd40f, 0x84f9, 0x280c, 0xa96a,
        0x4ec3,
    ];
    /// Seven for each letter, from the last one on.
    const BITS: [u16; 7 * XOR_LETTERS_MAX] = [
        0xaefc, 0x4dd9, 0x9bb2, 0x2745, 0x4e8a, 0x9d14, 0x2a09, 0x7b61, 0xf6c2, 0xfda5, 0xeb6b, 0xc6f7, 0x9dcf, 0x2bbf,
        0x4563, 0x8ac6, 0x05ad, 0x0b5a, 0x16b4, 0x2d68, 0x5ad0, 0x0375, 0x06ea, 0x0dd4, 0x1ba8, 0x3750, 0x6ea0, 0xdd40,
        0xd849, 0xa0b3, 0x5147, 0xa28e, 0x553d, 0xaa7a, 0x44d5, 0x6f45, 0xde8a, 0xad35, 0x4a4b, 0x9496, 0x390d, 0x721a,
        0xeb23, 0xc667, 0x9cef, 0x29ff, 0x53fe, 0xa7fc, 0x5fd9, 0x47d3, 0x8fa6, 0x0f6d, 0x1eda, 0x3db4, 0x7b68, 0xf6d0,
        0xb861, 0x60e3, 0xc1c6, 0x93ad, 0x377b, 0x6ef6, 0xddec, 0x45a0, 0x8b40, 0x06a1, 0x0d42, 0x1a84, 0x3508, 0x6a10,
        0xaa51, 0x4483, 0x8906, 0x022d, 0x045a, 0x08b4, 0x1168, 0x76b4, 0xed68, 0xcaf1, 0x85c3, 0x1ba7, 0x374e, 0x6e9c,
        0x3730, 0x6e60, 0xdcc0, 0xa9a1, 0x4363, 0x86c6, 0x1dad, 0x3331, 0x6662, 0xccc4, 0x89a9, 0x0373, 0x06e6, 0x0dcc,
        0x1021, 0x2042, 0x4084, 0x8108, 0x1231, 0x2462, 0x48c4,
    ];
    let first = letters.len().checked_sub(1).and_then(|last| FIRST.get(last)).copied().unwrap_or(0);
    let (groups, _) = BITS.as_chunks::<7>();
    letters.iter().rev().zip(groups.iter().rev()).fold(first, |key, (letter, bits)| {
        let set = bits.iter().rev().enumerate().filter(|(at, _)| letter << at & 0x40 != 0);
        set.fold(key, |key, (_, bits)| key ^ bits)
    })
}

/// The bytes that are repeated: the letters and what fills them up, each changed by one byte of the key.
fn xor_bytes(letters: &[u8], key: u16) -> [u8; XOR_BYTES] {
    const FILLING: [u8; XOR_LETTERS_MAX] =
        [0xbb, 0xff, 0xff, 0xba, 0xff, 0xff, 0xb9, 0x80, 0x00, 0xbe, 0x0f, 0x00, 0xbf, 0x0f, 0x00];
    let filled: Vec<u8> = letters.iter().copied().chain(FILLING).take(XOR_BYTES).collect();
    let [low, high] = key.to_le_bytes();
    let change = |at: usize| if at.is_multiple_of(2) { low } else { high };
    std::array::from_fn(|at| (filled.get(at).copied().unwrap_or(0) ^ change(at)).rotate_right(1))
}

/// Headers of made documents, and the keys for them.
#[cfg(test)]
pub mod made {
    use super::*;

    pub fn rc4_header(password: &str, length: Length) -> (Vec<u8>, Key) {
        let (salt, verifier) = ([7; SALT_BYTES], [9; 16]);
        let key = Key::rc4(password, &salt, length);
        let hash = match length {
            Length::Short => Md5::digest(verifier).to_vec(),
            Length::Bytes(_) => Sha1::digest(verifier).to_vec(),
        };
        let check = rc4(&key.of_block(0), &[verifier.as_slice(), &hash].concat());
        let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let header = match length {
            Length::Short => [&[1, 0, 1, 0], salt.as_slice(), &check].concat(),
            Length::Bytes(bytes) => {
                let about = numbers(&[4, 0, 0x6801, 0x8004, bytes as u32 * 8, 1, 0, 0, 0]);
                let (front, back) = check.split_at(16);
                let size = numbers(&[4, about.len() as u32]);
                [&[2, 0, 2, 0], &size[..], &about, &numbers(&[16]), &salt, front, &numbers(&[20]), back].concat()
            }
        };
        (header, key)
    }

    pub fn xor_header(password: &str) -> (Vec<u8>, Key) {
        let (key, verifier) = (xor_key(password.as_bytes()), xor_verifier(password.as_bytes()));
        ([key.to_le_bytes(), verifier.to_le_bytes()].concat(), Key::Xor(xor_bytes(password.as_bytes(), key)))
    }

    /// What undoing undoes, for keys of which that is not the same.
    pub fn packed(key: &Key, stream: &mut [u8], range: Range<usize>, record: &Range<usize>) {
        let Key::Xor(bytes) = key else { return key.undo(1024).range(stream, range, record) };
        for at in range {
            stream[at] = stream[at].rotate_left(5) ^ bytes[(record.end + at - record.start) % XOR_BYTES];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_many_letters_is_told_by_its_sums() {
        // As other programs have them of the one that Excel tries by itself.
        let (letters, long) = (b"VelvetSweatshop", "x".repeat(16));
        assert_eq!((xor_key(letters), xor_verifier(letters)), (0xb359, 0x9a0a));
        let cipher = Cipher::Xor { key: 0, verifier: 0 };
        assert!(cipher.key(&long).is_none() && cipher.key("").is_none());
    }
}
