//! Addresses that money is sent to: those of Bitcoin and of what was made after it, told by their checksums (base58check;
//! BIP 173 and BIP 350).

use super::IndicatorKind;
use super::gathering::Gathering;
use super::scan::Text;
use sha2::{Digest, Sha256};

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The digit that each letter is; none where it is no letter of the alphabet.
const DIGITS: [Option<u8>; 256] = digits();
/// First bytes of what is kept in base58: Bitcoin by key and by script, Litecoin, Dogecoin.
const VERSIONS: &[u8] = &[0x00, 0x05, 0x30, 0x32, 0x1e];
/// Bytes of an address: its first byte, a hash, and four of a checksum.
const ADDRESS_BYTES: usize = 25;

/// Looks through a long word of a string, which begins at `from`.
pub fn look(word: &[u8], from: usize, text: &Text, gathering: &mut Gathering) {
    let mut at = from;
    for piece in word.split(|letter| !letter.is_ascii_alphanumeric()) {
        if (26..=62).contains(&piece.len()) && is_wallet(piece, gathering) {
            let value = String::from_utf8_lossy(piece).into_owned();
            gathering.keep(IndicatorKind::Wallet, value, text.place(at), text.layer);
        }
        at += piece.len() + 1;
    }
}

fn is_wallet(word: &[u8], gathering: &mut Gathering) -> bool {
    match word {
        [b'b', b'c', b'1', ..] | [b'B', b'C', b'1', ..] => is_bech32(word, b"bc"),
        [b'l', b't', b'c', b'1', ..] => is_bech32(word, b"ltc"),
        [b'1' | b'3' | b'L' | b'M' | b'D', ..] if word.len() <= 35 => {
            word.iter().all(|letter| digit(*letter).is_some()) && gathering.try_wallet() && is_base58check(word)
        }
        _ => false,
    }
}

const fn digits() -> [Option<u8>; 256] {
    let (mut digits, mut value) = ([None; 256], 0);
    while value < BASE58.len() {
        digits[BASE58[value] as usize] = Some(value as u8);
        value += 1;
    }
    digits
}

fn digit(letter: u8) -> Option<u8> {
    DIGITS[usize::from(letter)]
}

fn is_base58check(word: &[u8]) -> bool {
    let mut bytes = [0_u8; ADDRESS_BYTES];
    for letter in word {
        let Some(digit) = digit(*letter) else { return false };
        let mut carry = u32::from(digit);
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let (body, sum) = bytes.split_at(ADDRESS_BYTES - 4);
    VERSIONS.contains(&body[0])
        && body[1..].iter().any(|byte| *byte != 0)
        && Sha256::digest(Sha256::digest(body)).starts_with(sum)
}

fn is_bech32(word: &[u8], prefix: &[u8]) -> bool {
    let lower: Vec<u8> = word.to_ascii_lowercase();
    let Some(data) = lower.get(prefix.len() + 1..).filter(|data| data.len() >= 14) else { return false };
    if lower != word && word.iter().any(u8::is_ascii_lowercase) {
        return false;
    }
    let mut check = 1;
    for letter in prefix {
        check = step(check, u32::from(letter >> 5));
    }
    check = step(check, 0);
    for letter in prefix {
        check = step(check, u32::from(letter & 31));
    }
    for letter in data {
        let Some(value) = BECH32.iter().position(|known| known == letter) else { return false };
        check = step(check, value as u32);
    }
    // Of the first version, and of those since.
    matches!(check, 1 | 0x2bc8_30a3)
}

fn step(check: u32, value: u32) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = check >> 25;
    let next = (check & 0x1ff_ffff) << 5 ^ value;
    GENERATORS
        .iter()
        .enumerate()
        .filter(|(bit, _)| top >> bit & 1 == 1)
        .fold(next, |next, (_, generator)| next ^ generator)
}
