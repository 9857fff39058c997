//! Names as numbers that are the same on every machine and in every release: they are kept.

use crate::Program;
use serde::{Deserialize, Serialize};

/// FNV-1a, mixed. Who finds two names with one number makes them one name, which an agent that lies could do anyway.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
}

/// The finaliser of SplitMix64: every bit of the number decides over every bit of the answer.
pub(crate) fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The first eight bytes of a digest.
pub(crate) fn of_digest(digest: &model::Digest) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// A program as it is kept. By content it is half of the digest, too much to be met by chance or by trying; a name can never
/// stand for a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub(crate) enum ProgramKey {
    #[default]
    Unknown,
    Name(u64),
    Content([u8; 16]),
}

impl ProgramKey {
    pub fn of(program: Option<&Program>) -> ProgramKey {
        match program {
            None => ProgramKey::Unknown,
            Some(Program { sha256: Some(sha256), .. }) => ProgramKey::content(sha256),
            Some(Program { sha256: None, name }) => ProgramKey::Name(of(name.as_bytes())),
        }
    }

    pub fn content(sha256: &model::Digest) -> ProgramKey {
        let mut half = [0; 16];
        half.iter_mut().zip(sha256.0).for_each(|(to, from)| *to = from);
        ProgramKey::Content(half)
    }

    /// As a value of a feature.
    pub fn number(self) -> Option<u64> {
        match self {
            ProgramKey::Unknown => None,
            ProgramKey::Name(hash) => Some(hash),
            ProgramKey::Content(half) => Some(of(&half)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Digest;

    #[test]
    fn a_name_never_stands_for_a_content() {
        let named = Program { sha256: None, name: "deploy.exe".to_owned() };
        let other = Program { sha256: Some(Digest([1; 32])), ..named.clone() };
        assert_ne!(ProgramKey::of(Some(&named)), ProgramKey::of(Some(&other)));
        assert_eq!(ProgramKey::of(Some(&other)), ProgramKey::content(&Digest([1; 32])));
        assert_ne!(ProgramKey::content(&Digest([1; 32])), ProgramKey::content(&Digest([2; 32])));
    }

    #[test]
    fn numbers_of_names_stay_what_they_are() {
        assert_eq!((of(b""), of(b"office")), (17665956581633026203, 9649042727981056673));
    }
}
