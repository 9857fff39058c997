//! Ciphers of encrypted documents: AES (FIPS 197) in single and in chained blocks with keys of any of its lengths, and RC4.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};

pub const BLOCK_BYTES: usize = 16;

/// AES with a key of 16, 24 or 32 bytes.
pub enum Aes {
    Short(Box<Aes128>),
    Middle(Box<Aes192>),
    Long(Box<Aes256>),
}

impl Aes {
    /// None when the key has another length.
    pub fn new(key: &[u8]) -> Option<Self> {
        Some(match key.len() {
            16 => Aes::Short(Box::new(Aes128::new_from_slice(key).ok()?)),
            24 => Aes::Middle(Box::new(Aes192::new_from_slice(key).ok()?)),
            32 => Aes::Long(Box::new(Aes256::new_from_slice(key).ok()?)),
            _ => return None,
        })
    }

    fn block(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = block.into();
        match self {
            Aes::Short(cipher) => cipher.decrypt_block(&mut block),
            Aes::Middle(cipher) => cipher.decrypt_block(&mut block),
            Aes::Long(cipher) => cipher.decrypt_block(&mut block),
        }
        block.into()
    }

    fn encrypted_block(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = block.into();
        match self {
            Aes::Short(cipher) => cipher.encrypt_block(&mut block),
            Aes::Middle(cipher) => cipher.encrypt_block(&mut block),
            Aes::Long(cipher) => cipher.encrypt_block(&mut block),
        }
        block.into()
    }

    /// Decrypts blocks that stand each for itself; what is no whole block at the end is left out.
    pub fn single(&self, data: &[u8]) -> Vec<u8> {
        let (blocks, _) = data.as_chunks::<BLOCK_BYTES>();
        blocks.iter().flat_map(|block| self.block(*block)).collect()
    }

    /// Decrypts blocks that are chained.
    pub fn chained(&self, start: [u8; BLOCK_BYTES], data: &[u8]) -> Vec<u8> {
        let (blocks, _) = data.as_chunks::<BLOCK_BYTES>();
        let (mut plain, mut before) = (Vec::with_capacity(data.len()), start);
        for block in blocks {
            plain.extend(self.block(*block).iter().zip(before).map(|(byte, before)| byte ^ before));
            before = *block;
        }
        plain
    }

    /// Encrypts blocks and chains them.
    pub fn chain(&self, start: [u8; BLOCK_BYTES], data: &[u8]) -> Vec<u8> {
        let (blocks, _) = data.as_chunks::<BLOCK_BYTES>();
        let (mut packed, mut before) = (Vec::with_capacity(data.len()), start);
        for block in blocks {
            before = self.encrypted_block(std::array::from_fn(|at| block[at] ^ before[at]));
            packed.extend(before);
        }
        packed
    }
}

/// RC4; encrypting and decrypting are the same.
pub fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    if key.is_empty() {
        return data.to_vec();
    }
    let mut state: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut other = 0_u8;
    for (at, key) in (0..=255_u8).zip(key.iter().cycle()) {
        other = other.wrapping_add(state[usize::from(at)]).wrapping_add(*key);
        state.swap(at.into(), other.into());
    }
    let (mut at, mut other) = (0_u8, 0_u8);
    let next = |byte: &u8| {
        at = at.wrapping_add(1);
        other = other.wrapping_add(state[usize::from(at)]);
        state.swap(at.into(), other.into());
        byte ^ state[usize::from(state[usize::from(at)].wrapping_add(state[usize::from(other)]))]
    };
    data.iter().map(next).collect()
}

/// A start of a chain out of bytes that may be fewer or more than it has.
pub fn start(bytes: &[u8], filling: u8) -> [u8; BLOCK_BYTES] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(filling))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // RFC 6229 and FIPS 197 have longer lists; these are the first of each.
        assert_eq!(rc4(b"Key", b"Plaintext"), [0xbb, 0xf3, 0x16, 0xe8, 0xd9, 0x40, 0xaf, 0x0a, 0xd3]);
        let key: Vec<u8> = (0..16).collect();
        let plain: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
        let aes = Aes::new(&key).unwrap();
        let packed = aes.chain([0; 16], &plain);
        assert_eq!(packed[..4], [0x69, 0xc4, 0xe0, 0xd8]);
        assert_eq!(aes.single(&packed), plain);
        assert_eq!(aes.chained([1; 16], &aes.chain([1; 16], &[7; 48])), [7; 48]);
        assert!(Aes::new(b"short").is_none());
    }
}
