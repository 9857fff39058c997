//! Encrypted documents (ISO 32000-1, section 7.6, and ISO 32000-2 for revision 6): the key that an empty password or one of
//! those that are tried has, and what it decrypts.

use super::object::Object;
use crate::budget::Budget;
use crate::crypt::{Aes, BLOCK_BYTES, rc4, start};
use crate::limits::Limit;
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

/// What short passwords are filled up with.
const FILLING: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00,
    0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];
/// Rounds of revision 6 beyond which no document goes: it ends by itself with near certainty.
const ROUNDS_MAX: u32 = 2048;
/// Work of one password, in steps.
const PASSWORD_STEPS: u64 = 64;

/// How streams or strings are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    None,
    Rc4,
    /// AES with a key for each object.
    Aes,
    /// AES with one key for all.
    AesOneKey,
}

impl Method {
    pub fn label(self, key_bytes: usize) -> String {
        match self {
            Method::None => "none".into(),
            Method::Rc4 => format!("rc4-{}", key_bytes * 8),
            Method::Aes => "aes-128".into(),
            Method::AesOneKey => "aes-256".into(),
        }
    }
}

/// What a document says about how it is encrypted.
pub struct Encryption {
    pub revision: i64,
    pub permissions: i64,
    pub streams: Method,
    pub strings: Method,
    pub metadata: bool,
    pub key_bytes: usize,
    owner: Vec<u8>,
    user: Vec<u8>,
    user_key: Vec<u8>,
    id: Vec<u8>,
    is_standard: bool,
}

/// A document that is open.
pub struct Cipher {
    key: Vec<u8>,
    streams: Method,
    strings: Method,
}

impl Encryption {
    /// Reads the dictionary of the encryption; `resolve` follows references.
    pub fn new<'o>(dictionary: &'o Object, id: &[u8], resolve: &dyn Fn(&'o Object) -> &'o Object) -> Self {
        let of = |key: &str| dictionary.get(key).map(resolve);
        let number = |key: &str| of(key).and_then(Object::integer);
        let bytes = |key: &str| of(key).and_then(Object::text).unwrap_or_default().to_vec();
        let (version, revision) = (number("V").unwrap_or(0), number("R").unwrap_or(0));
        let method = |key: &str| {
            if version < 4 {
                return Method::Rc4;
            }
            let filter = of(key).and_then(Object::name).unwrap_or("Identity");
            let filters = of("CF");
            let described = filters.and_then(|filters| filters.get(filter)).map(resolve);
            match described.and_then(|filter| filter.get("CFM")).map(resolve).and_then(Object::name) {
                Some("V2") => Method::Rc4,
                Some("AESV2") => Method::Aes,
                Some("AESV3") => Method::AesOneKey,
                _ => Method::None,
            }
        };
        let told = usize::try_from(number("Length").unwrap_or(40) / 8).unwrap_or(5);
        let key_bytes = match (version, revision) {
            (5.., _) => 32,
            (4, _) => 16,
            (_, 2) => 5,
            _ => told.clamp(5, 16),
        };
        Encryption {
            revision,

            permissions: number("P").unwrap_or(0),
            streams: method("StmF"),
            strings: method("StrF"),
            metadata: !matches!(of("EncryptMetadata"), Some(Object::Flag(false))),
            key_bytes,
            owner: bytes("O"),
            user: bytes("U"),
            user_key: bytes("UE"),
            id: id.to_vec(),
            is_standard: of("Filter").and_then(Object::name) == Some("Standard"),
        }
    }

    /// Tries passwords, the empty one first, and says which opened it by its place.
    pub fn open(&self, passwords: &[String], budget: &mut Budget) -> Result<Option<(usize, Cipher)>, Limit> {
        if !self.is_standard {
            return Ok(None);
        }
        for (place, password) in std::iter::once("").chain(passwords.iter().map(String::as_str)).enumerate() {
            budget.step(PASSWORD_STEPS)?;
            let key = if self.revision >= 5 { self.long_key(password) } else { self.short_key(password) };
            if let Some(key) = key {
                return Ok(Some((place, Cipher { key, streams: self.streams, strings: self.strings })));
            }
        }
        Ok(None)
    }

    /// Up to revision 4.
    fn short_key(&self, password: &str) -> Option<Vec<u8>> {
        let mut hash = Md5::new();
        hash.update(padded(password));
        hash.update(self.owner.get(..32)?);
        hash.update((self.permissions as u32).to_le_bytes());
        hash.update(&self.id);
        if self.revision >= 4 && !self.metadata {
            hash.update([0xff; 4]);
        }
        let mut key = hash.finalize().to_vec();
        key.truncate(self.key_bytes);
        for _ in 0..if self.revision >= 3 { 50 } else { 0 } {
            key = Md5::digest(&key).to_vec();
            key.truncate(self.key_bytes);
        }
        let expected = if self.revision == 2 {
            rc4(&key, &FILLING)
        } else {
            let first = Md5::new().chain_update(FILLING).chain_update(&self.id).finalize();
            (0..20_u8).fold(first.to_vec(), |text, round| {
                let key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
                rc4(&key, &text)
            })
        };
        self.user.starts_with(&expected).then_some(key)
    }

    /// From revision 5 on.
    fn long_key(&self, password: &str) -> Option<Vec<u8>> {
        let password = password.as_bytes();
        let password = password.get(..127).unwrap_or(password);
        let hash = |salt: &[u8]| if self.revision == 5 { sha256(password, salt) } else { hardened(password, salt) };
        let (expected, check, salt) = (self.user.get(..32)?, self.user.get(32..40)?, self.user.get(40..48)?);
        if hash(check)? != expected {
            return None;
        }
        let key = Aes::new(&hash(salt)?)?.chained([0; BLOCK_BYTES], self.user_key.get(..32)?);
        Some(key)
    }
}

fn padded(password: &str) -> Vec<u8> {
    password.bytes().chain(FILLING).take(32).collect()
}

fn sha256(password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    Some(Sha256::new().chain_update(password).chain_update(salt).finalize().to_vec())
}

/// The hash of revision 6 (ISO 32000-2, algorithm 2.B).
fn hardened(password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = sha256(password, salt)?;
    for round in 1..=ROUNDS_MAX {
        let data = [password, &key].concat().repeat(64);
        let packed = Aes::new(key.get(..16)?)?.chain(start(key.get(16..32)?, 0), &data);
        let sum: u32 = packed.iter().take(16).map(|byte| u32::from(*byte)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&packed).to_vec(),
            1 => Sha384::digest(&packed).to_vec(),
            _ => Sha512::digest(&packed).to_vec(),
        };
        if round >= 64 && u32::from(*packed.last()?) <= round - 32 {
            break;
        }
    }
    key.truncate(32);
    Some(key)
}

impl Cipher {
    pub fn stream(&self, number: u32, generation: u16, data: &[u8]) -> Vec<u8> {
        self.plain(self.streams, number, generation, data)
    }

    /// Decrypts all strings of a value.
    pub fn strings(&self, number: u32, generation: u16, object: &mut Object) {
        match object {
            Object::Text(text) => *text = self.plain(self.strings, number, generation, text),
            Object::Array(items) => items.iter_mut().for_each(|item| self.strings(number, generation, item)),
            Object::Dictionary(entries) => {
                entries.iter_mut().for_each(|(_, value)| self.strings(number, generation, value));
            }
            _ => {}
        }
    }

    fn plain(&self, method: Method, number: u32, generation: u16, data: &[u8]) -> Vec<u8> {
        match method {
            Method::None => data.to_vec(),
            Method::Rc4 => rc4(&self.object_key(number, generation, b""), data),
            Method::Aes => unchained(&self.object_key(number, generation, b"sAlT"), data),
            Method::AesOneKey => unchained(&self.key, data),
        }
    }

    fn object_key(&self, number: u32, generation: u16, salt: &[u8]) -> Vec<u8> {
        let mut hash = Md5::new();
        hash.update(&self.key);
        hash.update(&number.to_le_bytes()[..3]);
        hash.update(generation.to_le_bytes());
        hash.update(salt);
        let mut key = hash.finalize().to_vec();
        key.truncate(self.key.len() + 5);
        key
    }
}

/// Chained blocks with the start of the chain in front, and filling at the end.
fn unchained(key: &[u8], data: &[u8]) -> Vec<u8> {
    let (Some((first, rest)), Some(aes)) = (data.split_first_chunk::<BLOCK_BYTES>(), Aes::new(key)) else {
        return Vec::new();
    };
    let mut plain = aes.chained(*first, rest);
    let filling = plain.last().map_or(0, |byte| usize::from(*byte)).min(BLOCK_BYTES);
    plain.truncate(plain.len().saturating_sub(filling));
    plain
}
