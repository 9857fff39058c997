//! Keys of Initial packets (RFC 9001, section 5) and taking their protection off.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5,
    0x02,
];

const SALT_DRAFT_21: [u8; 20] = [
    0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64,
    0x4a,
];

pub const VERSION_1: u32 = 1;
pub const VERSION_2: u32 = 0x6b33_43cf;

/// The salt of a version whose Initial packets can be read.
fn salt(version: u32) -> Option<&'static [u8]> {
    Some(match version {
        VERSION_1 => &SALT_1,
        VERSION_2 => &SALT_2,
        // Drafts 33 and 34 have the salt of version 1 already.
        0xff00_0021..=0xff00_0022 => &SALT_1,
        0xff00_001d..=0xff00_0020 => &SALT_DRAFT_29,
        0xff00_0017..=0xff00_001c => &SALT_DRAFT_23,
        0xff00_0015..=0xff00_0016 => &SALT_DRAFT_21,
        _ => return None,
    })
}

pub fn is_readable(version: u32) -> bool {
    salt(version).is_some()
}

/// The keys of one direction.
struct Key {
    open: LessSafeKey,
    iv: [u8; 12],
    header: quic::HeaderProtectionKey,
}

/// The keys of both directions.
pub struct Keys {
    client: Key,
    server: Key,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// `HKDF-Expand-Label` of TLS 1.3 with no context.
fn expand<const N: usize>(secret: &Prk, label: &str) -> Option<[u8; N]> {
    let name = format!("tls13 {label}");
    let info: [&[u8]; 4] = [&(N as u16).to_be_bytes(), &[u8::try_from(name.len()).ok()?], name.as_bytes(), &[0]];
    let mut out = [0; N];
    secret.expand(&info, Length(N)).and_then(|okm| okm.fill(&mut out)).ok()?;
    Some(out)
}

impl Key {
    fn new(initial: &Prk, side: &str, version: u32) -> Option<Key> {
        let secret = Prk::new_less_safe(HKDF_SHA256, &expand::<32>(initial, side)?);
        let names = if version == VERSION_2 {
            ["quicv2 key", "quicv2 iv", "quicv2 hp"]
        } else {
            ["quic key", "quic iv", "quic hp"]
        };
        let [key, iv, header] = names;
        let key = expand::<16>(&secret, key)?;
        Some(Key {
            open: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?),
            iv: expand(&secret, iv)?,
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &expand::<16>(&secret, header)?).ok()?,
        })
    }
}

impl Keys {
    /// The keys that follow from the connection id to which a client sends its first packet.
    pub fn of(version: u32, connection: &[u8]) -> Option<Keys> {
        let initial = Salt::new(HKDF_SHA256, salt(version)?).extract(connection);
        Some(Keys {
            client: Key::new(&initial, "client in", version)?,
            server: Key::new(&initial, "server in", version)?,
        })
    }

    /// Opens a packet: `packet` is all of it and its packet number begins at `number_at`. Gives the frames.
    pub fn open(&self, by_client: bool, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let key = if by_client { &self.client } else { &self.server };
        let sample = packet.get(number_at + 4..number_at + 20)?;
        let mask = key.header.new_mask(sample).ok()?;
        let mut head = packet.get(..number_at + 4)?.to_vec();
        let first = head.first_mut()?;
        *first ^= mask.first()? & 0x0f;
        let number_bytes = usize::from(*first & 3) + 1;
        head.truncate(number_at + number_bytes);
        let mut number = 0u64;
        for (byte, mask) in head.get_mut(number_at..)?.iter_mut().zip(mask.get(1..)?) {
            *byte ^= mask;
            number = number << 8 | u64::from(*byte);
        }
        let mut nonce = key.iv;
        for (byte, part) in nonce.get_mut(4..)?.iter_mut().zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        let mut body = packet.get(head.len()..)?.to_vec();
        let length =
            key.open.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&head), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}
