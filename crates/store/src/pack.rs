//! How values are laid into columns: compressed JSON bodies, kebab-case words, microseconds, digests.

use crate::{Error, Result};
use jiff::{Timestamp, civil::Date};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use zstd::bulk::Compressor;

/// Level 1 packs a host in tens of microseconds; higher levels gain a few percent on JSON of this size.
const LEVEL: i32 = 1;

thread_local! {
    /// Its tables are laid out once for a thread and not for every body: that took longer than packing a small one.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// No body of a host comes near this; a damaged length must not become an allocation.
const BODY_BYTES_MAX: usize = 256 << 20;

pub(crate) fn json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|source| Error::Encode { what, source: source.into() })
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, id: impl ToString, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|source| Error::Damaged { what, id: id.to_string(), source: source.into() })
}

/// An optional value kept as text, `''` for none.
pub(crate) fn optional_json<T: Serialize>(what: &'static str, value: Option<&T>) -> Result<String> {
    value.map_or_else(|| Ok(String::new()), |value| json(what, value))
}

pub(crate) fn from_optional_json<T: DeserializeOwned>(
    what: &'static str,
    id: impl ToString,
    text: &str,
) -> Result<Option<T>> {
    if text.is_empty() { Ok(None) } else { from_json(what, id, text).map(Some) }
}

pub(crate) fn pack<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(value).map_err(|source| Error::Encode { what, source: source.into() })?;
    pack_bytes(what, &text)
}

pub(crate) fn pack_bytes(what: &'static str, bytes: &[u8]) -> Result<Vec<u8>> {
    let failed = |source: std::io::Error| Error::Encode { what, source: source.into() };
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(LEVEL).map_err(failed)?),
        };
        compressor.compress(bytes).map_err(failed)
    })
}

pub(crate) fn unpack<T: DeserializeOwned>(what: &'static str, id: impl ToString, body: &[u8]) -> Result<T> {
    let id = id.to_string();
    let bytes = unpack_bytes(what, &id, body)?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Damaged { what, id, source: source.into() })
}

pub(crate) fn unpack_bytes(what: &'static str, id: &str, body: &[u8]) -> Result<Vec<u8>> {
    use std::io::Read;
    let damaged = |source: std::io::Error| Error::Damaged { what, id: id.to_owned(), source: source.into() };
    let mut bytes = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(body).map_err(damaged)?;
    decoder.take(BODY_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(damaged)?;
    Ok(bytes)
}

/// The word a unit variant serialises as; `''` for none.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

pub(crate) fn optional_word<T: Serialize>(value: Option<&T>) -> String {
    value.map(word).unwrap_or_default()
}

pub(crate) fn from_word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

/// PostgreSQL keeps no NUL in text, and a computer name from a broken file may hold one.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

pub(crate) fn micros(time: Option<Timestamp>) -> i64 {
    time.map_or(0, |time| time.as_microsecond())
}

pub(crate) fn time(micros: i64) -> Option<Timestamp> {
    if micros == 0 { None } else { Timestamp::from_microsecond(micros).ok() }
}

/// A time that is always set; one out of range (a damaged row) becomes the epoch instead of failing the page.
pub(crate) fn sure_time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn optional_day(text: &str) -> Option<Date> {
    text.parse().ok()
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_hex_and_compression() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&hex(&bytes)), Some(bytes.clone()));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
        let packed = pack_bytes("x", &bytes).unwrap();
        assert_eq!(unpack_bytes("x", "1", &packed).unwrap(), bytes);
        assert!(unpack_bytes("x", "1", b"not zstd").is_err());
    }

    #[test]
    fn a_unit_variant_is_kept_as_its_word() {
        assert_eq!(word(&model::PlanState::RolledBack), "rolled-back");
        assert_eq!(from_word::<model::PlanState>("rolled-back"), Some(model::PlanState::RolledBack));
        assert_eq!(from_word::<model::PlanState>(""), None);
    }
}
