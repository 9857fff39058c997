//! The hellos of both sides and the fingerprints taken of them: JA3, JA3S (public method of Salesforce) and JA4
//! (FoxIO, BSD-3-Clause part only).

use crate::bytes::Bytes;
use crate::json::hex;
use md5::{Digest, Md5};
use sha2::Sha256;

/// Entries of any one list that are kept.
const LIST_MAX: usize = 4096;
/// Bytes of a name that are kept.
const NAME_MAX: usize = 1024;

/// What a client offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello {
    pub version: u16,
    pub session_id: Vec<u8>,
    pub ciphers: Vec<u16>,
    pub extensions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signatures: Vec<u16>,
    pub versions: Vec<u16>,
    pub alpn: Vec<Vec<u8>>,
    pub server_name: Option<Vec<u8>>,
    /// It broke off, or its lengths do not fit.
    pub broken: bool,
}

/// What a server chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerHello {
    pub version: u16,
    pub chosen_version: Option<u16>,
    pub session_id: Vec<u8>,
    pub cipher: u16,
    pub extensions: Vec<u16>,
    pub alpn: Vec<Vec<u8>>,
    /// It asks for another hello instead of accepting one.
    pub retry: bool,
    pub broken: bool,
}

/// The random of a hello that asks for another (RFC 8446, section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

impl ClientHello {
    /// Reads the body of the message; a hello that breaks off gives what stood before.
    pub fn read(body: &[u8]) -> ClientHello {
        let mut hello = ClientHello::default();
        hello.broken = hello.fill(Bytes::new(body)).is_none();
        hello
    }

    fn fill(&mut self, mut bytes: Bytes<'_>) -> Option<()> {
        self.version = bytes.u16_be()?;
        bytes.skip(32)?;
        self.session_id = short(&mut bytes)?.to_vec();
        self.ciphers = numbers(long(&mut bytes)?);
        let _compressions = short(&mut bytes)?;
        if bytes.is_empty() {
            return Some(());
        }
        let mut extensions = Bytes::new(long(&mut bytes)?);
        while !extensions.is_empty() && self.extensions.len() < LIST_MAX {
            let kind = extensions.u16_be()?;
            let data = long(&mut extensions)?;
            self.extensions.push(kind);
            self.extension(kind, data);
        }
        Some(())
    }

    fn extension(&mut self, kind: u16, data: &[u8]) {
        let mut bytes = Bytes::new(data);
        match kind {
            0 => self.server_name = server_name(data).or(self.server_name.take()),
            10 => self.groups = long(&mut bytes).map(numbers).unwrap_or_default(),
            11 => self.point_formats = short(&mut bytes).unwrap_or_default().to_vec(),
            13 => self.signatures = long(&mut bytes).map(numbers).unwrap_or_default(),
            16 => self.alpn = long(&mut bytes).map(protocols).unwrap_or_default(),
            43 => self.versions = short(&mut bytes).map(numbers).unwrap_or_default(),
            _ => {}
        }
    }

    /// The hello of an SSL 2.0 record: ciphers of three bytes, of which the new ones begin with nought.
    pub fn old(version: u16, ciphers: &[u8]) -> ClientHello {
        let ciphers = ciphers.chunks_exact(3).filter_map(|cipher| match cipher {
            [0, high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        });
        ClientHello { version, ciphers: ciphers.take(LIST_MAX).collect(), ..ClientHello::default() }
    }

    /// The highest version it offers.
    pub fn best_version(&self) -> u16 {
        let offered = self.versions.iter().copied().filter(|version| !is_grease(*version));
        offered.max_by_key(|version| newness(*version)).unwrap_or(self.version)
    }

    /// JA3: version, ciphers, extensions, groups and point formats in decimal, without GREASE.
    pub fn ja3(&self) -> String {
        let formats: Vec<u16> = self.point_formats.iter().map(|format| u16::from(*format)).collect();
        format!(
            "{},{},{},{},{}",
            self.version,
            dashed(&self.ciphers),
            dashed(&self.extensions),
            dashed(&self.groups),
            dashed(&formats)
        )
    }

    /// JA4 of a client; `carrier` is `t` over TCP and `q` over QUIC.
    pub fn ja4(&self, carrier: char) -> String {
        let ciphers = real(&self.ciphers);
        let extensions = real(&self.extensions);
        let named = if self.extensions.contains(&0) { 'd' } else { 'i' };
        let (first, last) = self.alpn.first().map_or(('0', '0'), |alpn| alpn_ends(alpn));
        let signatures = real(&self.signatures);
        let hashed: Vec<u16> = extensions.iter().copied().filter(|kind| !matches!(kind, 0 | 16)).collect();
        let mut listed = sorted_hex(&hashed);
        if !signatures.is_empty() && !listed.is_empty() {
            let in_order: Vec<String> = signatures.iter().map(|kind| format!("{kind:04x}")).collect();
            listed = format!("{listed}_{}", in_order.join(","));
        }
        format!(
            "{carrier}{}{named}{:02}{:02}{first}{last}_{}_{}",
            ja4_version(self.best_version()),
            ciphers.len().min(99),
            extensions.len().min(99),
            short_digest(&sorted_hex(&ciphers)),
            short_digest(&listed)
        )
    }
}

impl ServerHello {
    pub fn read(body: &[u8]) -> ServerHello {
        let mut hello = ServerHello::default();
        hello.broken = hello.fill(Bytes::new(body)).is_none();
        hello
    }

    fn fill(&mut self, mut bytes: Bytes<'_>) -> Option<()> {
        self.version = bytes.u16_be()?;
        self.retry = bytes.array::<32>()? == RETRY_RANDOM;
        // Drafts 18 to 21 of TLS 1.3 name themselves here, and have neither session id nor compression.
        let early_draft = matches!(self.version, 0x7f00..=0x7f15);
        if !early_draft {
            self.session_id = short(&mut bytes)?.to_vec();
        }
        self.cipher = bytes.u16_be()?;
        if !early_draft {
            bytes.skip(1)?;
        }
        if bytes.is_empty() {
            return Some(());
        }
        let mut extensions = Bytes::new(long(&mut bytes)?);
        while !extensions.is_empty() && self.extensions.len() < LIST_MAX {
            let kind = extensions.u16_be()?;
            let data = long(&mut extensions)?;
            self.extensions.push(kind);
            match kind {
                16 => self.alpn = long(&mut Bytes::new(data)).map(protocols).unwrap_or_default(),
                43 => self.chosen_version = Bytes::new(data).u16_be(),
                _ => {}
            }
        }
        Some(())
    }

    /// The version both speak from now on.
    pub fn agreed(&self) -> u16 {
        self.chosen_version.unwrap_or(self.version)
    }

    /// True when everything after this is private, certificates too.
    pub fn is_private(&self) -> bool {
        matches!(self.agreed(), 0x0304 | 0x7f00..=0x7fff | 0xfb17..=0xfb1f)
    }

    /// JA3S: version, cipher and extensions in decimal.
    pub fn ja3s(&self) -> String {
        let extensions: Vec<String> = self.extensions.iter().map(u16::to_string).collect();
        format!("{},{},{}", self.version, self.cipher, extensions.join("-"))
    }
}

fn short<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = bytes.u8()?;
    bytes.take(length.into())
}

fn long<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = bytes.u16_be()?;
    bytes.take(length.into())
}

fn numbers(list: &[u8]) -> Vec<u16> {
    let (pairs, _) = list.as_chunks::<2>();
    pairs.iter().take(LIST_MAX).map(|pair| u16::from_be_bytes(*pair)).collect()
}

fn protocols(list: &[u8]) -> Vec<Vec<u8>> {
    let mut bytes = Bytes::new(list);
    let mut names = Vec::new();
    while let Some(name) = short(&mut bytes)
        && names.len() < LIST_MAX
    {
        names.push(name.to_vec());
    }
    names
}

/// The first name of kind `host_name` (RFC 6066, section 3).
fn server_name(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Bytes::new(data);
    let mut list = Bytes::new(long(&mut bytes)?);
    while let Some(kind) = list.u8() {
        let name = long(&mut list)?;
        if kind == 0 {
            return Some(name.get(..name.len().min(NAME_MAX))?.to_vec());
        }
    }
    None
}

/// Values that mean nothing and keep others from relying on a list (RFC 8701).
pub fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn real(list: &[u16]) -> Vec<u16> {
    list.iter().copied().filter(|value| !is_grease(*value)).collect()
}

fn dashed(list: &[u16]) -> String {
    let words: Vec<String> = real(list).iter().map(u16::to_string).collect();
    words.join("-")
}

fn sorted_hex(list: &[u16]) -> String {
    let mut list = list.to_vec();
    list.sort_unstable();
    let words: Vec<String> = list.iter().map(|value| format!("{value:04x}")).collect();
    words.join(",")
}

fn short_digest(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    let digest = Sha256::digest(text.as_bytes());
    hex(digest.get(..6).unwrap_or_default())
}

/// MD5 of a JA3 or JA3S, in hexadecimal.
pub fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// First and last character of a protocol's name; `99` when it is no ASCII, as the reference has it; of its hexadecimal
/// digits when they are no letters or digits.
fn alpn_ends(alpn: &[u8]) -> (char, char) {
    let (Some(first), Some(last)) = (alpn.first(), alpn.last()) else { return ('0', '0') };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(*first), char::from(*last));
    }
    if !first.is_ascii() || !last.is_ascii() {
        return ('9', '9');
    }
    let digits = hex(alpn);
    let mut digits = digits.chars();
    let first = digits.next().unwrap_or('0');
    (first, digits.next_back().unwrap_or(first))
}

/// Order of versions: drafts of 1.3 stand below it.
fn newness(version: u16) -> u32 {
    match version {
        0x7f00..=0x7fff | 0xfb00..=0xfbff => 0x0303_0000 + u32::from(version),
        version => u32::from(version) << 16,
    }
}

fn ja4_version(version: u16) -> &'static str {
    match version {
        0x0304 | 0x7f00..=0x7fff => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// A version's name as EVE writes it.
pub fn version_name(version: u16) -> std::borrow::Cow<'static, str> {
    match version {
        0x0002 | 0x0200 => "SSLv2".into(),
        0x0300 => "SSLv3".into(),
        0x0301 => "TLSv1".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        0x0304 => "TLS 1.3".into(),
        0x7f00..=0x7fff => format!("TLS 1.3 draft-{:02}", version & 0xff).into(),
        0xfb00..=0xfbff => format!("TLS 1.3 draft-{:02}-fb", version & 0xff).into(),
        _ => "UNDETERMINED".into(),
    }
}
