//! What is signed, as bytes: a mark, the id of the key, the length, the content, the signature. Nothing in it is believed,
//! and nothing of the content is read, before the signature holds.

use super::keys::{KeyId, Signer, TrustedKeys};
use super::refused::Refused;
use super::release::RELEASE_BYTES_MAX;

/// Bytes of orders at most, with what is around them.
pub const ORDERS_BYTES_MAX: usize = 16 << 20;
/// Bytes of a table of reputation at most.
pub const TABLE_BYTES_MAX: usize = 68 << 20;

const MARK: &[u8; 8] = b"redoubt1";
const SIGNATURE_BYTES: usize = 64;

/// What a signature is for. One for orders says nothing for a table, whatever the bytes happen to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    Orders,
    Reputation,
    Release,
}

impl Domain {
    fn prefix(self) -> &'static [u8] {
        match self {
            Domain::Orders => b"redoubt orders, version 1\0",
            Domain::Reputation => b"redoubt reputation table, version 1\0",
            Domain::Release => b"redoubt agent release, version 1\0",
        }
    }

    pub(super) fn bytes_max(self) -> usize {
        match self {
            Domain::Orders => ORDERS_BYTES_MAX,
            Domain::Reputation => TABLE_BYTES_MAX,
            Domain::Release => RELEASE_BYTES_MAX,
        }
    }

    /// What the signature is of: the key is in it, so that nobody can say of one key's signature that it is another's.
    fn signed(self, key: KeyId, payload: &[u8]) -> Vec<u8> {
        [self.prefix(), &key.0, payload].concat()
    }
}

/// Content with a signature that holds, and whose it is.
pub(super) struct Opened<'a> {
    pub(super) key: KeyId,
    pub(super) payload: &'a [u8],
}

pub(super) fn seal(domain: Domain, payload: &[u8], signer: &Signer) -> Result<Vec<u8>, Refused> {
    let key = signer.public().id();
    let bytes = MARK.len() + key.0.len() + size_of::<u32>() + payload.len() + SIGNATURE_BYTES;
    let too_large = Refused::TooLarge { bytes, most: domain.bytes_max() };
    if bytes > domain.bytes_max() {
        return Err(too_large);
    }
    let length = u32::try_from(payload.len()).map_err(|_| too_large)?.to_be_bytes();
    let signature = signer.sign(&domain.signed(key, payload));
    Ok([MARK.as_slice(), &key.0, &length, payload, &signature].concat())
}

pub(super) fn open<'a>(domain: Domain, bytes: &'a [u8], keys: &TrustedKeys) -> Result<Opened<'a>, Refused> {
    if bytes.len() > domain.bytes_max() {
        return Err(Refused::TooLarge { bytes: bytes.len(), most: domain.bytes_max() });
    }
    let (key, payload, signature) = frame(bytes).ok_or(Refused::Damaged)?;
    let public = keys.get(&key).ok_or(Refused::UnknownKey { key })?;
    if !public.holds(&domain.signed(key, payload), signature) {
        return Err(Refused::Forged { key });
    }
    Ok(Opened { key, payload })
}

/// The key that the signature claims to be of.
pub(super) fn claimed_key(bytes: &[u8]) -> Option<KeyId> {
    frame(bytes).map(|(key, ..)| key)
}

/// The parts, when they are all there and nothing else is.
fn frame(bytes: &[u8]) -> Option<(KeyId, &[u8], &[u8])> {
    let (key, rest) = bytes.strip_prefix(MARK.as_slice())?.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (payload, signature) = rest.split_at_checked(length)?;
    (signature.len() == SIGNATURE_BYTES).then_some((KeyId(*key), payload, signature))
}
