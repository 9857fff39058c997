//! Keys from passwords: PBKDF2 in format 5, rounds of SHA-1 in format 4.

use crate::budget::Budget;
use crate::crypt::Aes;
use crate::limits::Limit;
use ring::hmac;
use ring::pbkdf2;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::num::NonZeroU32;

/// Passwords that are tried on one archive.
const PASSWORDS_MAX: usize = 20;
/// Rounds as a power of two: programs write 15, the format allows for 24, which is a minute for each password.
const ROUNDS_POWER_MAX: u8 = 20;
/// Rounds that cost as much as one step of a budget.
const ROUNDS_PER_STEP: u64 = 64;
const ROUNDS_4: u32 = 1 << 18;

/// What a header of format 5 says of its encryption, or that of a file.
#[derive(Debug, Clone)]
pub struct Lock {
    pub power: u8,
    pub salt: [u8; 16],
    /// What tells whether a password is right, where it is kept.
    pub check: Option<[u8; 8]>,
}

impl Lock {
    /// The check of a password, which has a checksum of its own: a damaged one says nothing.
    pub fn check(raw: [u8; 12]) -> Option<[u8; 8]> {
        let (check, sum) = raw.split_first_chunk::<8>()?;
        (Sha256::digest(check)[..4] == *sum).then_some(*check)
    }
}

/// The keys of one password in format 5.
#[derive(Clone)]
pub struct Five {
    pub cipher: [u8; 32],
    sums: [u8; 32],
}

impl Five {
    /// A checksum as it is written where it may not tell what the content is.
    pub fn hidden(&self, crc: u32) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.sums);
        let tag = hmac::sign(&key, &crc.to_le_bytes());
        let (words, _) = tag.as_ref().as_chunks::<4>();
        words.iter().fold(0, |sum, word| sum ^ u32::from_le_bytes(*word))
    }
}

/// The key of one password in format 4, and where its chain starts.
type Four = ([u8; 16], [u8; 16]);

/// The passwords to try, and the keys that were made of them.
pub struct Keys<'a> {
    passwords: &'a [String],
    /// The one that opened something.
    lucky: Option<usize>,
    five: Vec<(usize, u8, [u8; 16], Option<Five>)>,
    four: Vec<(usize, Option<[u8; 8]>, Four)>,
}

impl<'a> Keys<'a> {
    pub fn new(passwords: &'a [String]) -> Self {
        let passwords = &passwords[..passwords.len().min(PASSWORDS_MAX)];
        Keys { passwords, lucky: None, five: Vec::new(), four: Vec::new() }
    }

    /// The passwords by number, the one that opened something first.
    pub fn order(&self) -> Vec<usize> {
        let lucky = self.lucky;
        lucky.into_iter().chain((0..self.passwords.len()).filter(move |number| Some(*number) != lucky)).collect()
    }

    pub fn opened(&mut self, number: usize) {
        self.lucky = Some(number);
    }

    /// The keys of format 5; none when the password is not the one.
    ///
    /// # Errors
    /// When making them takes more than there may be.
    pub fn five(&mut self, number: usize, lock: &Lock, budget: &mut Budget) -> Result<Option<Five>, Limit> {
        let known = self.five.iter().find(|(n, power, salt, _)| (*n, *power, *salt) == (number, lock.power, lock.salt));
        if let Some((.., keys)) = known {
            return Ok(keys.clone());
        }
        if lock.power > ROUNDS_POWER_MAX {
            return Err(Limit::Steps);
        }
        let rounds = 1_u32 << lock.power;
        let password = self.passwords.get(number).map_or(&[][..], |password| password.as_bytes());
        let mut derived = |more: u32| {
            budget.step(u64::from(rounds) / ROUNDS_PER_STEP + 1)?;
            let mut key = [0; 32];
            let rounds = NonZeroU32::new(rounds + more).unwrap_or(NonZeroU32::MIN);
            pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &lock.salt, password, &mut key);
            Ok(key)
        };
        let mut is_right = true;
        if let Some(check) = lock.check {
            let made = derived(32)?;
            is_right = (0..8).all(|at| (0..4).fold(0, |sum, row| sum ^ made[row * 8 + at]) == check[at]);
        }
        let keys = if is_right { Some(Five { cipher: derived(0)?, sums: derived(16)? }) } else { None };
        self.five.push((number, lock.power, lock.salt, keys.clone()));
        Ok(keys)
    }

    /// The cipher of format 4, and where its chain starts.
    ///
    /// # Errors
    /// When making them takes more than there may be.
    pub fn four(
        &mut self,
        number: usize,
        salt: Option<[u8; 8]>,
        budget: &mut Budget,
    ) -> Result<(Option<Aes>, [u8; 16]), Limit> {
        let known = self.four.iter().find(|(n, known, _)| (*n, *known) == (number, salt)).map(|(.., keys)| *keys);
        let (key, start) = match known {
            Some(keys) => keys,
            None => {
                budget.step(u64::from(ROUNDS_4) / ROUNDS_PER_STEP)?;
                let keys = derive_4(self.passwords.get(number).map_or("", |password| password), salt);
                self.four.push((number, salt, keys));
                keys
            }
        };
        Ok((Aes::new(&key), start))
    }
}

/// A hash over password, salt and a counter. The start of the chain is taken from it on the way.
fn derive_4(password: &str, salt: Option<[u8; 8]>) -> Four {
    let mut seed: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    seed.extend(salt.iter().flatten());
    let (mut hash, mut start) = (Sha1::new(), [0; 16]);
    for round in 0..ROUNDS_4 {
        hash.update(&seed);
        hash.update(&round.to_le_bytes()[..3]);
        if round % (ROUNDS_4 / 16) == 0 {
            start[(round / (ROUNDS_4 / 16)) as usize] = hash.clone().finalize()[19];
        }
    }
    let digest = hash.finalize();
    // Its words are turned over.
    let key = std::array::from_fn(|at| digest[at / 4 * 4 + 3 - at % 4]);
    (key, start)
}
