//! Encrypted packages of Office 2007 and later (MS-OFFCRYPTO, sections 2.3.4.5 to 2.3.4.15): how they are encrypted, and what is inside when
//! one of the passwords that are tried opens them, or the one that Excel tries by itself.

use super::compound::{Compound, Stream};
use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le, u64_le};
use crate::crypt::{Aes, start};
use crate::encoded::base64;
use crate::limits::Limit;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{encrypted, unknown_method};
use crate::vector::{State, vectors};
use crate::xml::{self, Element, Node};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};
use std::io::Read;

vectors! { "encryption":
    "scheme" text "How it is encrypted: `standard`, `agile`, `extensible`, and of older documents `rc4`, `rc4-cryptoapi`, `xor`.";
    "cipher" text "Cipher.";
    "key_bits" integer "Bits of the key.";
    "hash" text "Hash that makes the key of the password.";
    "spins" integer "Times that it is hashed.";
    "opened" flag "Whether a password that was tried opened it.";
    "default_password" flag "Whether it is the one that Excel tries by itself, so that nobody is asked for one.";
}

/// Excel opens what is encrypted with this one without asking.
pub(super) const DEFAULT_PASSWORD: &str = "VelvetSweatshop";
/// Times that a password is hashed at most; programs write 50,000 and 100,000.
const SPINS_MAX: u32 = 1_000_000;
/// Hashes that are as much work as going through a KiB.
const SPINS_A_STEP: u64 = 8;
const STANDARD_SPINS: u32 = 50_000;
const SEGMENT_BYTES: usize = 4096;
/// What is hashed last, for each use of a key.
const VERIFIER_INPUT: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const VERIFIER_VALUE: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const KEY_VALUE: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];

/// Tells how a package is encrypted and opens it where a password does; gives whether it was opened.
pub fn of_compound(compound: &Compound, passwords: &[String], budget: &mut Budget, reading: &mut Reading) -> bool {
    let (Some(info), Some(package)) = (compound.find("EncryptionInfo"), compound.find("EncryptedPackage")) else {
        return false;
    };
    let info = compound.stream(info, budget).bytes();
    let opened = match scheme(&info, budget, reading) {
        Ok(Some(scheme)) => scheme.open(passwords, budget, reading),
        Ok(None) => Ok(None),
        Err(limit) => Err(limit),
    };
    let content = match opened {
        Ok(Some(key)) => match compound.stream(package, budget) {
            Stream::Limited(limit) => Content::Limited(limit),
            stream => key.package(&stream.bytes(), budget),
        },
        Ok(None) => Content::Failed(encrypted()),
        Err(limit) => Content::Limited(limit),
    };
    let is_open = matches!(content, Content::Bytes(_));
    reading.know(NAMESPACE, "opened", is_open);
    // The limit is a fact by then.
    let _ = reading.child(budget, Child { name: "package".into(), content, storage: Storage::Encrypted, at: None });
    is_open
}

/// A hash that makes keys.
#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().replace('-', "").as_str() {
            "SHA1" => Hash::Sha1,
            "SHA256" => Hash::Sha256,
            "SHA384" => Hash::Sha384,
            "SHA512" => Hash::Sha512,
            _ => return None,
        })
    }

    fn of(self, first: &[u8], second: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Hash::Sha256 => Sha256::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Hash::Sha384 => Sha384::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Hash::Sha512 => Sha512::new().chain_update(first).chain_update(second).finalize().to_vec(),
        }
    }

    /// A password, hashed with a salt and then again and again.
    fn spun(self, salt: &[u8], password: &str, spins: u32, budget: &mut Budget) -> Result<Vec<u8>, Limit> {
        budget.step(u64::from(spins) / SPINS_A_STEP)?;
        let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let first = self.of(salt, &password);
        Ok((0..spins).fold(first, |hash, spin| self.of(&spin.to_le_bytes(), &hash)))
    }
}

enum Scheme {
    Agile(Box<Agile>),
    Standard(Standard),
}

/// What the XML of the newer scheme says.
#[derive(Default)]
struct Agile {
    package: Keyed,
    password: Keyed,
    spins: u32,
    verifier_input: Vec<u8>,
    verifier_value: Vec<u8>,
    key_value: Vec<u8>,
}

#[derive(Default)]
struct Keyed {
    salt: Vec<u8>,
    key_bytes: usize,
    hash: Option<Hash>,
    is_aes_chained: bool,
}

struct Standard {
    salt: Vec<u8>,
    key_bytes: usize,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
}

/// What opens the package.
enum Key {
    Agile { key: Vec<u8>, salt: Vec<u8>, hash: Hash },
    Standard(Vec<u8>),
}

fn scheme(info: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<Option<Scheme>, Limit> {
    let (major, minor) = (u16_le(info, 0).unwrap_or(0), u16_le(info, 2).unwrap_or(0));
    let scheme = match (major, minor) {
        (4, 4) => {
            agile(info.get(8..).unwrap_or_default(), budget, reading)?.map(|agile| Scheme::Agile(Box::new(agile)))
        }
        (2..=4, 2) => standard(info, reading).map(Scheme::Standard),
        (3 | 4, 3) => {
            reading.know(NAMESPACE, "scheme", "extensible");
            None
        }
        _ => {
            reading.state(NAMESPACE, "scheme", State::Failed(unknown_method(format!("{major}.{minor}"))), None);
            None
        }
    };
    Ok(scheme)
}

fn standard(info: &[u8], reading: &mut Reading) -> Option<Standard> {
    reading.know(NAMESPACE, "scheme", "standard");
    let header = slice(info, 12, u32_le(info, 8)? as usize)?;
    let (algorithm, bits) = (u32_le(header, 8)?, u32_le(header, 16)?);
    let cipher = match algorithm {
        0x6801 => "RC4",
        0x660e..=0x6610 | 0 => "AES",
        _ => "other",
    };
    reading.know(NAMESPACE, "cipher", cipher);
    reading.know(NAMESPACE, "key_bits", bits);
    reading.know(NAMESPACE, "hash", "SHA1");
    reading.know(NAMESPACE, "spins", STANDARD_SPINS);
    let verifier = info.get(12 + header.len()..)?;
    let salt = slice(verifier, 4, u32_le(verifier, 0)? as usize)?;
    let at = 4 + salt.len();
    (cipher == "AES").then_some(Standard {
        salt: salt.to_vec(),
        key_bytes: bits as usize / 8,
        verifier: slice(verifier, at, 16)?.to_vec(),
        verifier_hash: slice(verifier, at + 20, 32)?.to_vec(),
    })
}

fn agile(source: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<Option<Agile>, Limit> {
    let (mut agile, mut has_password, mut told) = (Agile::default(), false, None);
    xml::walk(source, budget, &mut |node| {
        let Node::Start(element) = node else { return };
        match element.name.as_str() {
            "keyData" => agile.package = keyed(&element),
            "encryptedKey" if !has_password => {
                has_password = true;
                agile.password = keyed(&element);
                agile.spins = number(&element, "spinCount");
                agile.verifier_input = bytes(&element, "encryptedVerifierHashInput");
                agile.verifier_value = bytes(&element, "encryptedVerifierHashValue");
                agile.key_value = bytes(&element, "encryptedKeyValue");
                let of = |name: &str| element.get(name).unwrap_or_default().to_owned();
                told = Some((of("cipherAlgorithm"), of("hashAlgorithm"), number(&element, "keyBits")));
            }
            _ => {}
        }
    })?;
    reading.know(NAMESPACE, "scheme", "agile");
    if let Some((cipher, hash, bits)) = told {
        crate::gather::text(reading, NAMESPACE, "cipher", cipher);
        crate::gather::text(reading, NAMESPACE, "hash", hash);
        reading.know(NAMESPACE, "key_bits", bits);
        reading.know(NAMESPACE, "spins", agile.spins);
    }
    let known = agile.package.is_aes_chained && agile.password.is_aes_chained && agile.spins <= SPINS_MAX;
    Ok((has_password && known).then_some(agile))
}

fn keyed(element: &Element) -> Keyed {
    let cipher = element.get("cipherAlgorithm").is_some_and(|name| name.eq_ignore_ascii_case("AES"));
    let chained = element.get("cipherChaining").is_some_and(|name| name.eq_ignore_ascii_case("ChainingModeCBC"));
    Keyed {
        salt: bytes(element, "saltValue"),
        key_bytes: number(element, "keyBits") as usize / 8,
        hash: element.get("hashAlgorithm").and_then(Hash::from_name),
        is_aes_chained: cipher && chained,
    }
}

fn number(element: &Element, name: &str) -> u32 {
    element.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn bytes(element: &Element, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Salts and keys are short, and what cannot be read does not open anything.
    let _ = base64(element.get(name).unwrap_or_default().as_bytes()).take(1024).read_to_end(&mut bytes);
    bytes
}

impl Scheme {
    /// The key, if a password has one.
    fn open(&self, passwords: &[String], budget: &mut Budget, reading: &mut Reading) -> Result<Option<Key>, Limit> {
        let all = std::iter::once(DEFAULT_PASSWORD).chain(passwords.iter().map(String::as_str));
        for password in all {
            let key = match self {
                Scheme::Agile(agile) => agile.open(password, budget)?,
                Scheme::Standard(standard) => standard.open(password, budget)?,
            };
            if key.is_some() {
                reading.know(NAMESPACE, "default_password", password == DEFAULT_PASSWORD);
                return Ok(key);
            }
        }
        Ok(None)
    }
}

/// A key of a length out of a hash that may be longer or shorter.
fn fitted(mut hash: Vec<u8>, key_bytes: usize) -> Vec<u8> {
    hash.resize(key_bytes.min(64), 0x36);
    hash
}

impl Agile {
    fn open(&self, password: &str, budget: &mut Budget) -> Result<Option<Key>, Limit> {
        let Some(hash) = self.password.hash else { return Ok(None) };
        let spun = hash.spun(&self.password.salt, password, self.spins, budget)?;
        let plain = |use_of: [u8; 8], data: &[u8]| {
            let aes = Aes::new(&fitted(hash.of(&spun, &use_of), self.password.key_bytes))?;
            Some(aes.chained(start(&self.password.salt, 0x36), data))
        };
        Ok((|| {
            let input = plain(VERIFIER_INPUT, &self.verifier_input)?;
            let value = plain(VERIFIER_VALUE, &self.verifier_value)?;
            let salt_bytes = self.password.salt.len().min(input.len());
            let expected = hash.of(input.get(..salt_bytes)?, &[]);
            let key = plain(KEY_VALUE, &self.key_value)?;
            let key = key.get(..self.package.key_bytes)?.to_vec();
            let hash = self.package.hash?;
            value.starts_with(&expected).then(|| Key::Agile { key, salt: self.package.salt.clone(), hash })
        })())
    }
}

impl Standard {
    fn open(&self, password: &str, budget: &mut Budget) -> Result<Option<Key>, Limit> {
        let spun = Hash::Sha1.spun(&self.salt, password, STANDARD_SPINS, budget)?;
        let last = Hash::Sha1.of(&spun, &0_u32.to_le_bytes());
        let half = |filling: u8| {
            let block: [u8; 64] = std::array::from_fn(|at| last.get(at).copied().unwrap_or(0) ^ filling);
            Hash::Sha1.of(&block, &[])
        };
        let key = [half(0x36), half(0x5c)].concat();
        Ok((|| {
            let key = key.get(..self.key_bytes)?.to_vec();
            let aes = Aes::new(&key)?;
            let expected = Hash::Sha1.of(&aes.single(&self.verifier), &[]);
            aes.single(&self.verifier_hash).starts_with(&expected).then_some(Key::Standard(key))
        })())
    }
}

impl Key {
    /// The package, decrypted: its size stands in front.
    fn package(&self, stream: &[u8], budget: &mut Budget) -> Content {
        if let Err(limit) = budget.expand(stream.len()) {
            return Content::Limited(limit);
        }
        let size = u64_le(stream, 0).and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let data = stream.get(8..).unwrap_or_default();
        let plain = match self {
            Key::Standard(key) => Aes::new(key).map(|aes| aes.single(data)),
            Key::Agile { key, salt, hash } => Aes::new(key).map(|aes| {
                let segments = (0_u32..).zip(data.chunks(SEGMENT_BYTES));
                let plain = |(number, segment): (u32, &[u8])| {
                    aes.chained(start(&hash.of(salt, &number.to_le_bytes()), 0x36), segment)
                };
                segments.flat_map(plain).collect()
            }),
        };
        let Some(mut plain) = plain else { return Content::Failed(encrypted()) };
        if plain.len() < size {
            return Content::Partial(plain, crate::unpack::damaged());
        }
        plain.truncate(size);
        Content::Bytes(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{compound, stored, told, tree, zip};
    use crate::{Limits, Part, take_apart};
    use expect_test::expect;

    fn apart(bytes: &[u8], passwords: &[&str]) -> Part {
        let passwords: Vec<String> = passwords.iter().map(|password| (*password).to_owned()).collect();
        take_apart("x", bytes, &Limits::default(), &passwords, &|| false)
    }

    fn letters(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let sextet = |bits: &[u8]| (0..6).fold(0, |value, at| value << 1 | bits.get(at).copied().unwrap_or(0));
        bits.chunks(6).map(|bits| char::from(LETTERS[usize::from(sextet(bits))])).collect()
    }

    fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        bytes
    }

    /// A package that is encrypted with the newer scheme, as programs do it but for the count of spins.
    fn agile(password: &str, inside: &[u8]) -> Vec<u8> {
        let mut budget = Budget::new(&Limits::default(), &|| false);
        let (salt, hash, key) = ([7_u8; 16], Hash::Sha512, [9_u8; 32]);
        let spun = hash.spun(&salt, password, 100, &mut budget).unwrap();
        let packed = |use_of: [u8; 8], data: &[u8]| {
            letters(&Aes::new(&fitted(hash.of(&spun, &use_of), 32)).unwrap().chain(salt, data))
        };
        let input = [5_u8; 16];
        let common = format!(
            r#"saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="{}""#,
            letters(&salt)
        );
        let info = format!(
            r#"<encryption><keyData {common}/><keyEncryptors><keyEncryptor><p:encryptedKey spinCount="100" {common} encryptedVerifierHashInput="{}" encryptedVerifierHashValue="{}" encryptedKeyValue="{}"/></keyEncryptor></keyEncryptors></encryption>"#,
            packed(VERIFIER_INPUT, &input),
            packed(VERIFIER_VALUE, &hash.of(&input, &[])),
            packed(KEY_VALUE, &key),
        );
        let info = [&[4, 0, 4, 0, 0x40, 0, 0, 0], info.as_bytes()].concat();
        let aes = Aes::new(&key).unwrap();
        let segments = (0_u32..).zip(inside.chunks(SEGMENT_BYTES));
        let data = segments.flat_map(|(number, segment)| {
            aes.chain(start(&hash.of(&salt, &number.to_le_bytes()), 0x36), &padded(segment.to_vec()))
        });
        let package: Vec<u8> = (inside.len() as u64).to_le_bytes().into_iter().chain(data).collect();
        compound(&[("EncryptionInfo", &info), ("EncryptedPackage", &package)])
    }

    #[test]
    fn a_package_opens_with_its_password_or_the_one_that_is_tried_by_itself() {
        let inside = zip(&[stored("a.txt", &[b'a'; 9000])]);
        let part = apart(&agile("infected", &inside), &["wrong", "infected"]);
        expect![[r#"
            x | ooxml-encrypted 11776
              package | zip 9108 | encrypted
                a.txt | txt 9000
              EncryptionInfo | data 708
              EncryptedPackage | data 9128
            encryption.scheme = "agile"
            encryption.cipher = "AES"
            encryption.hash = "SHA512"
            encryption.key_bits = 256
            encryption.spins = 100
            encryption.default_password = false
            encryption.opened = true
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "encryption")));
        assert!(apart(&agile(DEFAULT_PASSWORD, &inside), &[]).is_complete());
        let closed = apart(&agile("other", &inside), &["wrong"]);
        expect![[r#"
            x | ooxml-encrypted 11776
              package | - | encrypted | failed: file.encrypted
              EncryptionInfo | data 708
              EncryptedPackage | data 9128
            encryption.scheme = "agile"
            encryption.cipher = "AES"
            encryption.hash = "SHA512"
            encryption.key_bits = 256
            encryption.spins = 100
            encryption.opened = false
        "#]]
        .assert_eq(&(tree(&closed) + &told(&closed, "encryption")));
        assert!(!closed.is_complete());
    }

    #[test]
    fn the_older_scheme_opens_as_well() {
        let mut budget = Budget::new(&Limits::default(), &|| false);
        let salt = [3_u8; 16];
        let spun = Hash::Sha1.spun(&salt, "infected", STANDARD_SPINS, &mut budget).unwrap();
        let last = Hash::Sha1.of(&spun, &[0; 4]);
        let block: [u8; 64] = std::array::from_fn(|at| last.get(at).copied().unwrap_or(0) ^ 0x36);
        let key = Hash::Sha1.of(&block, &[])[..16].to_vec();
        let aes = Aes::new(&key).unwrap();
        let single = |data: &[u8]| {
            padded(data.to_vec()).chunks(16).flat_map(|block| aes.chain([0; 16], block)).collect::<Vec<u8>>()
        };
        let le = |number: u32| number.to_le_bytes();
        let header = [le(0x24), le(0), le(0x660e), le(0x8004), le(128), le(0x18), le(0), le(0)].concat();
        let verifier =
            [&le(16)[..], &salt, &single(&[5; 16]), &le(20), &single(&Hash::Sha1.of(&[5; 16], &[]))].concat();
        let info = [&[4, 0, 2, 0][..], &le(0x24), &le(header.len() as u32), &header, &verifier].concat();
        let inside = zip(&[stored("a.txt", b"hello")]);
        let package = [&(inside.len() as u64).to_le_bytes()[..], &single(&inside)].concat();
        let bytes = compound(&[("EncryptionInfo", &info), ("EncryptedPackage", &package)]);
        let part = apart(&bytes, &["infected"]);
        expect![[r#"
            x | ooxml-encrypted 2560
              package | zip 113 | encrypted
                a.txt | txt 5
              EncryptionInfo | data 116
              EncryptedPackage | data 136
            encryption.scheme = "standard"
            encryption.cipher = "AES"
            encryption.key_bits = 128
            encryption.hash = "SHA1"
            encryption.spins = 50000
            encryption.default_password = false
            encryption.opened = true
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "encryption")));
    }
}
