//! The banner (RFC 4253, section 4.2), packets (section 6) and the offer of algorithms (section 7.1).

use crate::bytes::Bytes;

/// A banner may have this many bytes; what stands before it, this many lines.
pub const BANNER_BYTES_MAX: usize = 255;
/// Packets before encryption; the standard asks for 35000.
pub const PACKET_BYTES_MAX: u32 = 1 << 18;
/// Bytes of one list of names that are kept.
const LIST_BYTES_MAX: usize = 1 << 14;

pub const KEX_INIT: u8 = 20;
pub const NEW_KEYS: u8 = 21;

/// What `SSH-2.0-Program comment` says: the version of the protocol and the program.
pub fn banner(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"SSH-")?;
    let at = memchr::memchr(b'-', rest)?;
    let (version, software) = rest.split_at_checked(at)?;
    let software = software.get(1..)?;
    // After a space comes a comment.
    let end = memchr::memchr3(b'\r', b'\n', b' ', software).unwrap_or(software.len());
    Some((version, software.get(..end)?))
}

/// The ten lists of an offer, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    pub lists: [Vec<u8>; 10],
}

impl Offer {
    pub fn read(payload: &[u8]) -> Option<Offer> {
        let mut bytes = Bytes::new(payload);
        bytes.skip(17)?;
        let mut offer = Offer::default();
        for list in &mut offer.lists {
            let length = bytes.u32_be()? as usize;
            let names = bytes.take(length)?;
            *list = names.get(..names.len().min(LIST_BYTES_MAX))?.to_vec();
        }
        Some(offer)
    }

    /// The lists that HASSH is taken of: key exchange, and encryption, MAC and compression in one direction.
    pub fn hassh(&self, by_client: bool) -> String {
        let [exchange, _, to_server, to_client, mac_to_server, mac_to_client, packed_to_server, packed_to_client, ..] =
            &self.lists;
        let lists = match by_client {
            true => [exchange, to_server, mac_to_server, packed_to_server],
            false => [exchange, to_client, mac_to_client, packed_to_client],
        };
        lists.map(|list| String::from_utf8_lossy(list).into_owned()).join(";")
    }
}
