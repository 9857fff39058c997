//! The two ways in which entries are encrypted: the traditional one, and AES (APPNOTE, 6.1 and appendix E).

use super::directory::{Aes, Entry};
use crate::budget::Budget;
use crate::limits::Limit;
use aes::cipher::{BlockCipherEncrypt, KeyInit as _};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Passwords that are tried on one archive.
const PASSWORDS_MAX: usize = 100;
/// What deriving the keys of one password costs, in steps of a budget.
pub const AES_STEPS: u64 = 500;
const ROUNDS: usize = 1000;

/// The passwords to try, the one that opened something first.
pub struct Passwords<'a> {
    passwords: &'a [String],
    lucky: Option<usize>,
}

impl<'a> Passwords<'a> {
    pub fn new(passwords: &'a [String]) -> Self {
        Passwords { passwords: &passwords[..passwords.len().min(PASSWORDS_MAX)], lucky: None }
    }

    pub fn order(&self) -> Vec<usize> {
        let lucky = self.lucky;
        lucky.into_iter().chain((0..self.passwords.len()).filter(move |number| Some(*number) != lucky)).collect()
    }

    pub fn get(&self, number: usize) -> Option<&'a str> {
        self.passwords.get(number).map(String::as_str)
    }

    pub fn opened(&mut self, number: usize) {
        self.lucky = Some(number);
    }
}

/// Decrypts by the traditional way; none when the password is not the one.
pub fn traditional(
    packed: &[u8],
    entry: &Entry,
    password: &str,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, Limit> {
    let Some((head, data)) = packed.split_first_chunk::<12>() else { return Ok(None) };
    let mut keys = Keys([0x1234_5678, 0x2345_6789, 0x3456_7890]);
    password.bytes().for_each(|letter| keys.update(letter));
    let checked = head.map(|byte| keys.decrypt(byte))[11];
    let time = entry.header.as_ref().map_or(entry.time, |header| header.time);
    if checked != (entry.crc >> 24) as u8 && checked != (time >> 8) as u8 {
        return Ok(None);
    }
    budget.pass(data.len())?;
    Ok(Some(data.iter().map(|byte| keys.decrypt(*byte)).collect()))
}

struct Keys([u32; 3]);

impl Keys {
    fn update(&mut self, letter: u8) {
        let [first, second, third] = &mut self.0;
        *first = crc(*first, letter);
        *second = second.wrapping_add(*first & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *third = crc(*third, (*second >> 24) as u8);
    }

    fn decrypt(&mut self, byte: u8) -> u8 {
        let word = self.0[2] | 2;
        let plain = byte ^ (word.wrapping_mul(word ^ 1) >> 8) as u8;
        self.update(plain);
        plain
    }
}

/// One step of CRC-32 without its turning over.
fn crc(crc: u32, byte: u8) -> u32 {
    const TABLE: [u32; 256] = table();
    TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut number = 0;
    while number < 256 {
        let (mut value, mut bit) = (number as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[number] = value;
        number += 1;
    }
    table
}

/// Decrypts by AES in counter mode; none when the password is not the one, or the code behind the data does not fit.
pub fn aes(packed: &[u8], how: &Aes, password: &str, budget: &mut Budget) -> Result<Option<Vec<u8>>, Limit> {
    let key_bytes = match how.strength {
        1 => 16,
        2 => 24,
        3 => 32,
        _ => return Ok(None),
    };
    let pieces = packed.split_at_checked(key_bytes / 2).and_then(|(salt, rest)| {
        let (check, rest) = rest.split_at_checked(2)?;
        let (data, code) = rest.split_at_checked(rest.len().checked_sub(10)?)?;
        Some((salt, check, data, code))
    });
    let Some((salt, check, data, code)) = pieces else { return Ok(None) };
    let keys = derive(password.as_bytes(), salt, key_bytes * 2 + 2);
    if keys.get(key_bytes * 2..) != Some(check) {
        return Ok(None);
    }
    budget.pass(data.len())?;
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&keys[key_bytes..key_bytes * 2]) else { return Ok(None) };
    mac.update(data);
    if mac.finalize().into_bytes().get(..10) != Some(code) {
        return Ok(None);
    }
    Ok(counter(&keys[..key_bytes], data))
}

/// PBKDF2 (RFC 8018) by HMAC-SHA-1.
fn derive(password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mut keys = Vec::new();
    let Ok(keyed) = Hmac::<Sha1>::new_from_slice(password) else { return keys };
    let mut number = 1_u32;
    while keys.len() < length {
        let sign = |pieces: &[&[u8]]| {
            let mut mac = keyed.clone();
            pieces.iter().for_each(|piece| mac.update(piece));
            mac.finalize().into_bytes()
        };
        let mut round = sign(&[salt, &number.to_be_bytes()]);
        let mut block = round;
        for _ in 1..ROUNDS {
            round = sign(&[&round]);
            block.iter_mut().zip(&round).for_each(|(byte, other)| *byte ^= other);
        }
        keys.extend_from_slice(&block);
        number += 1;
    }
    keys.truncate(length);
    keys
}

/// The counter begins at one and has its low byte first.
fn counter(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    enum Cipher {
        Short(aes::Aes128),
        Middle(aes::Aes192),
        Long(aes::Aes256),
    }
    let cipher = match key.len() {
        16 => Cipher::Short(aes::Aes128::new_from_slice(key).ok()?),
        24 => Cipher::Middle(aes::Aes192::new_from_slice(key).ok()?),
        _ => Cipher::Long(aes::Aes256::new_from_slice(key).ok()?),
    };
    let mut plain = Vec::with_capacity(data.len());
    for (number, chunk) in (1_u128..).zip(data.chunks(16)) {
        let mut block = number.to_le_bytes().into();
        match &cipher {
            Cipher::Short(cipher) => cipher.encrypt_block(&mut block),
            Cipher::Middle(cipher) => cipher.encrypt_block(&mut block),
            Cipher::Long(cipher) => cipher.encrypt_block(&mut block),
        }
        plain.extend(chunk.iter().zip(block.iter()).map(|(byte, key)| byte ^ key));
    }
    Some(plain)
}
