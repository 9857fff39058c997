//! Keys, certificates and signatures in binary: ASN.1 in DER (X.690) with the shapes of RFC 5280, 5652, 7292 and 5958,
//! and OpenPGP packets (RFC 4880).

use crate::bytes::{contains, has, head, u8_at, u16_be};
use crate::kind::Kind;

/// `signedData` and its neighbours of PKCS #7, as an object identifier without its last part.
const PKCS7: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";

/// A DER sequence that is as long as it says, by what it begins with.
pub fn der(bytes: &[u8]) -> Option<Kind> {
    let (length, body) = length(bytes, 1)?;
    // The unsigned end of a few bytes after it is met in signatures that were cut out of programs.
    let fits = match length {
        Some(length) => (body.checked_add(length)?..=body + length + 8).contains(&bytes.len()),
        None => true,
    };
    if !fits {
        return None;
    }
    if has(bytes, body, PKCS7) {
        return Some(Kind::Pkcs7);
    }
    if has(bytes, body, &[2, 1, 3, 0x30]) && contains(head(bytes, 64), PKCS7) {
        return Some(Kind::Pkcs12);
    }
    // A version, then a number, an algorithm or the key itself.
    let version = has(bytes, body, &[2, 1, 0]) || has(bytes, body, &[2, 1, 1]);
    if version && matches!(u8_at(bytes, body + 3)?, 0x02 | 0x04 | 0x30) && bytes.len() > 40 {
        return Some(Kind::DerKey);
    }
    certificate(bytes, body).or_else(|| public_key(bytes, body))
}

/// A public key is an algorithm, which is a sequence that begins with an identifier, and a string of bits.
fn public_key(bytes: &[u8], at: usize) -> Option<Kind> {
    let (size, inner) = length(bytes, at + 1)?;
    let sequence = u8_at(bytes, at)? == 0x30 && u8_at(bytes, inner)? == 6;
    (sequence && u8_at(bytes, inner.checked_add(size?)?)? == 3).then_some(Kind::DerKey)
}

/// A certificate's body is a sequence with a version, then a serial number; a request's has its version bare.
fn certificate(bytes: &[u8], at: usize) -> Option<Kind> {
    if u8_at(bytes, at)? != 0x30 {
        return None;
    }
    let (_, inner) = length(bytes, at + 1)?;
    let version = has(bytes, inner, &[0xa0, 3, 2, 1]) && u8_at(bytes, inner + 5)? == 2;
    let request = has(bytes, inner, &[2, 1, 0, 0x30]);
    (version || request).then_some(Kind::Certificate)
}

/// A length of DER, or of BER where it is not told beforehand, and the offset behind it.
fn length(bytes: &[u8], at: usize) -> Option<(Option<usize>, usize)> {
    let first = u8_at(bytes, at)?;
    match first {
        0x80 => Some((None, at + 1)),
        0..=0x7f => Some((Some(usize::from(first)), at + 1)),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let digits = bytes.get(at + 1..at + 1 + count)?;
            let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
            Some((Some(length), at + 1 + count))
        }
        _ => None,
    }
}

/// A public or secret key of OpenPGP: a packet of plausible length, version 4 or 6, a time, and a known algorithm.
pub fn pgp(bytes: &[u8]) -> Option<Kind> {
    let first = u8_at(bytes, 0)?;
    let body = match first {
        0x95 | 0x99 => (u16_be(bytes, 1)? > 16).then_some(3)?,
        0x98 => 2,
        _ => match u8_at(bytes, 1)? {
            0..=191 => 2,
            192..=223 => 3,
            _ => return None,
        },
    };
    let version = matches!(u8_at(bytes, body)?, 3 | 4 | 6);
    let algorithm = matches!(u8_at(bytes, body + 5)?, 1..=3 | 16..=22 | 25..=28);
    (version && algorithm && bytes.len() > 32).then_some(Kind::PgpKeys)
}
