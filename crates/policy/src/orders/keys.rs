//! Keys of Ed25519: who signs orders, and whose signature an endpoint believes.

use super::refused::{KeyRefused, Refused};
use super::{KeyChange, Orders};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Keys that an endpoint believes at once, at most: the one in use, the next, and some that wait.
pub const KEYS_MAX: usize = 8;

/// Bytes as hexadecimal digits, in JSON and for people.
macro_rules! hexadecimal {
    ($name:ident, $bytes:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = Refused;

            fn from_str(text: &str) -> Result<$name, Refused> {
                let bad = || Refused::Keys { why: KeyRefused::Bad };
                let digits: &[u8; 2 * $bytes] = text.as_bytes().try_into().map_err(|_| bad())?;
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    let value = pair
                        .iter()
                        .try_fold(0, |value, digit| char::from(*digit).to_digit(16).map(|digit| value << 4 | digit));
                    *byte = value.and_then(|value| u8::try_from(value).ok()).ok_or_else(bad)?;
                }
                Ok($name(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// By which a key is called: the first sixteen bytes of the SHA-256 of the public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 16]);
hexadecimal!(KeyId, 16);

/// The public half, as Ed25519 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);
hexadecimal!(PublicKey, 32);

impl PublicKey {
    pub fn id(&self) -> KeyId {
        let mut id = [0; 16];
        id.iter_mut().zip(digest(&SHA256, &self.0).as_ref()).for_each(|(to, from)| *to = *from);
        KeyId(id)
    }

    pub(super) fn holds(&self, signed: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(signed, signature).is_ok()
    }
}

/// Who signs. The secret half never leaves it but as the PKCS#8 it was made with.
pub struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signer({})", self.public.id())
    }
}

impl Signer {
    /// A new key, as PKCS#8: a secret, to be kept as one.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn generate() -> Result<Vec<u8>, Refused> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        made.map(|document| document.as_ref().to_vec()).map_err(|_| Refused::Keys { why: KeyRefused::Bad })
    }

    /// The key that [`Signer::generate`] made.
    ///
    /// # Errors
    /// When the bytes are no such key.
    pub fn from_pkcs8(document: &[u8]) -> Result<Signer, Refused> {
        let bad = || Refused::Keys { why: KeyRefused::Bad };
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| bad())?;
        let public = PublicKey(pair.public_key().as_ref().try_into().map_err(|_| bad())?);
        Ok(Signer { pair, public })
    }

    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }
}

/// Whose signature is believed. The first comes with the enrolment; the next ones come with orders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrustedKeys(BTreeMap<KeyId, PublicKey>);

impl TrustedKeys {
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> TrustedKeys {
        TrustedKeys(keys.into_iter().map(|key| (key.id(), key)).collect())
    }

    /// None also for an entry that was changed where it is kept: a key is what its id says, or it is none.
    pub fn get(&self, id: &KeyId) -> Option<&PublicKey> {
        self.0.get(id).filter(|key| key.id() == *id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys after these orders, which [`super::open`] has let through.
    #[must_use]
    pub fn after(&self, orders: &Orders) -> TrustedKeys {
        self.changed(&orders.keys)
    }

    /// The keys after a change that was let through.
    #[must_use]
    pub fn changed(&self, change: &KeyChange) -> TrustedKeys {
        let mut keys = self.clone();
        keys.0.extend(change.introduced.iter().map(|key| (key.id(), *key)));
        keys.0.retain(|id, _| !change.retired.contains(id));
        keys
    }

    /// A key is introduced by one that is believed, and retired by another: so the other is proven to be in use before the
    /// first goes, and no orders leave an endpoint that believes nobody.
    pub(super) fn may_change(&self, signed_by: KeyId, change: &KeyChange) -> Result<(), Refused> {
        if change.retired.contains(&signed_by) {
            return Err(Refused::Keys { why: KeyRefused::RetiresItself { key: signed_by } });
        }
        let count = self.changed(change).len();
        if count > KEYS_MAX {
            return Err(Refused::Keys { why: KeyRefused::TooMany { count } });
        }
        Ok(())
    }
}
