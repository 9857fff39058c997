//! The header and the chain of payloads.

use super::{Message, proposals};
use crate::bytes::Bytes;

pub const HEADER_BYTES: usize = 28;
/// Payloads of one message that are named, and attributes that are kept.
const PAYLOADS_MAX: usize = 64;
const VENDORS_MAX: usize = 32;
/// Bytes of a key exchange and of a nonce that are kept: the largest groups have 1024.
const PUBLIC_BYTES_MAX: usize = 2048;

/// Reads a message; payloads that break off give what stood before.
pub fn message(data: &[u8]) -> Option<Message> {
    // Through address translation four bytes of nought stand before it (RFC 3948).
    let data = if data.starts_with(&[0; 4]) { data.get(4..)? } else { data };
    let mut bytes = Bytes::new(data);
    let (initiator, responder) = (bytes.u64_be()?, bytes.u64_be()?);
    let (next, version, exchange, flags) = (bytes.u8()?, bytes.u8()?, bytes.u8()?, bytes.u8()?);
    let (id, length) = (bytes.u32_be()?, bytes.u32_be()? as usize);
    let (major, minor) = (version >> 4, version & 15);
    if initiator == 0 || length < HEADER_BYTES || length > data.len() || !matches!(major, 1 | 2) {
        return None;
    }
    let mut message = Message { initiator, responder, major, minor, exchange, flags, id, ..Message::default() };
    // Version 1 says in its flags that the rest is encrypted.
    message.encrypted = major == 1 && flags & 1 != 0;
    if !message.encrypted {
        message.broken = message.payloads(next, bytes).is_none();
    }
    Some(message)
}

impl Message {
    fn payloads(&mut self, mut next: u8, mut bytes: Bytes<'_>) -> Option<()> {
        while next != 0 && self.payloads.len() < PAYLOADS_MAX {
            self.payloads.push(next);
            let (following, _critical, length) = (bytes.u8()?, bytes.u8()?, usize::from(bytes.u16_be()?));
            let body = bytes.take(length.checked_sub(4)?)?;
            match (self.major, next) {
                (1, 13) | (2, 43) if self.vendors.len() < VENDORS_MAX => self.vendors.push(body.to_vec()),
                (1, 1) => self.offers = proposals::offers(body),
                (2, 33) => self.offers = proposals::proposals(body),
                (1, 4) => self.key_exchange = cut(body),
                // The number of the group stands in front.
                (2, 34) => self.key_exchange = cut(body.get(4..)?),
                (1, 10) | (2, 40) => self.nonce = cut(body),
                // The first payload inside of the encryption is named by its head, but cannot be read.
                (2, 46 | 53) => {
                    self.encrypted = true;
                    return Some(());
                }
                (2, 41) => self.notifications.extend(body.get(2..4).and_then(|kind| Bytes::new(kind).u16_be())),
                _ => {}
            }
            next = following;
        }
        Some(())
    }
}

fn cut(public: &[u8]) -> Vec<u8> {
    public.get(..PUBLIC_BYTES_MAX).unwrap_or(public).to_vec()
}
