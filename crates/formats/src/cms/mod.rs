//! Signed messages (CMS, RFC 5652, once PKCS #7): who signed what, and whether the signature is right.
//!
//! Whether certificates follow from one another is asked here, and whether they lead to a root that is known. Whom to trust
//! is not.

mod certificate;
mod chain;
pub mod der;
mod roots;
mod stamp;

pub use certificate::{Certificate, certificates};
pub use chain::{Chain, Fault, Purpose};
pub use roots::roots;
pub use stamp::{Stamp, Wrong, stamp};

use der::Item;
use ring::signature as keys;

/// Certificates in one message; the usual three or four are a chain.
const CERTIFICATES_MAX: usize = 64;
/// Signers of one message, and attributes of one signer; more than a few are not met.
const SIGNERS_MAX: usize = 16;
const ATTRIBUTES_MAX: usize = 64;

const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

/// What a signed message holds.
#[derive(Debug, Clone)]
pub struct SignedData<'a> {
    pub content_type: String,
    /// What was signed, if it is in the message.
    pub content: Option<Item<'a>>,
    /// The certificates as they stand, not yet read.
    pub certificates: Vec<&'a [u8]>,
    pub signers: Vec<Signer<'a>>,
}

/// One signature over the content.
#[derive(Debug, Clone)]
pub struct Signer<'a> {
    /// The name of the issuer of its certificate, and the serial number there, as they stand.
    pub issuer: &'a [u8],
    pub serial: &'a [u8],
    pub digest: Option<Hash>,
    pub digest_oid: String,
    /// The attributes that are signed in place of the content, with their tag.
    signed: Option<Item<'a>>,
    pub algorithm: String,
    pub signature: &'a [u8],
    unsigned: Option<Item<'a>>,
}

/// An algorithm that makes a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// What came of checking a signature with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    Right,
    Wrong,
    /// Not checked: this algorithm or this kind of key is not known here.
    Unknown(String),
}

impl Hash {
    pub fn from_oid(oid: &str) -> Option<Hash> {
        Some(match oid {
            "1.2.840.113549.2.5" => Hash::Md5,
            "1.3.14.3.2.26" => Hash::Sha1,
            "2.16.840.1.101.3.4.2.1" => Hash::Sha256,
            "2.16.840.1.101.3.4.2.2" => Hash::Sha384,
            "2.16.840.1.101.3.4.2.3" => Hash::Sha512,
            _ => return None,
        })
    }

    pub fn label(self) -> &'static str {
        match self {
            Hash::Md5 => "md5",
            Hash::Sha1 => "sha1",
            Hash::Sha256 => "sha256",
            Hash::Sha384 => "sha384",
            Hash::Sha512 => "sha512",
        }
    }

    /// The hash of some pieces, one after another.
    pub fn of(self, pieces: &[&[u8]]) -> Vec<u8> {
        fn with<D: sha2::Digest>(pieces: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            for piece in pieces {
                digest.update(piece);
            }
            digest.finalize().to_vec()
        }
        match self {
            Hash::Md5 => with::<md5::Md5>(pieces),
            Hash::Sha1 => with::<sha1::Sha1>(pieces),
            Hash::Sha256 => with::<sha2::Sha256>(pieces),
            Hash::Sha384 => with::<sha2::Sha384>(pieces),
            Hash::Sha512 => with::<sha2::Sha512>(pieces),
        }
    }
}

/// Reads a message; what follows it is left alone.
pub fn signed_data(input: &[u8]) -> Option<SignedData<'_>> {
    let (message, _) = der::expect(input, der::SEQUENCE)?;
    let mut parts = message.items();
    if parts.next()?.dotted()? != SIGNED_DATA {
        return None;
    }
    let mut parts = parts.next()?.first(der::SEQUENCE)?.items();
    let _version = parts.next()?;
    let _digests = parts.next().filter(|item| item.tag == der::SET)?;
    let mut content = parts.next().filter(|item| item.tag == der::SEQUENCE)?.items();
    let content_type = content.next()?.dotted()?;
    let content = content.next().and_then(|wrapped| der::item(wrapped.content)).map(|(item, _)| item);
    let mut data = SignedData { content_type, content, certificates: Vec::new(), signers: Vec::new() };
    for part in parts {
        match part.tag {
            0xa0 => {
                let certificates = part.items().filter(|item| item.tag == der::SEQUENCE);
                data.certificates = certificates.take(CERTIFICATES_MAX).map(|item| item.whole).collect();
            }
            der::SET => data.signers = part.items().take(SIGNERS_MAX).filter_map(signer).collect(),
            _ => {}
        }
    }
    Some(data)
}

/// Reads what one signer says. It names its certificate by issuer and serial number, or by a key that is left out here.
pub fn signer(item: Item<'_>) -> Option<Signer<'_>> {
    if item.tag != der::SEQUENCE {
        return None;
    }
    let mut parts = item.items();
    let _version = parts.next()?;
    let named = parts.next()?;
    let (issuer, serial) = match named.tag {
        der::SEQUENCE => {
            let mut named = named.items();
            (named.next()?.whole, named.next()?.content)
        }
        _ => (&[][..], &[][..]),
    };
    let digest_oid = parts.next()?.first(der::OID)?.dotted()?;
    let mut next = parts.next()?;
    let mut signed = None;
    if next.tag == 0xa0 {
        signed = Some(next);
        next = parts.next()?;
    }
    let algorithm = next.first(der::OID)?.dotted()?;
    let signature = parts.next().filter(|item| item.tag == der::OCTETS)?.content;
    let unsigned = parts.next().filter(|item| item.tag == 0xa1);
    Some(Signer {
        issuer,
        serial,
        digest: Hash::from_oid(&digest_oid),
        digest_oid,
        signed,
        algorithm,
        signature,
        unsigned,
    })
}

impl<'a> SignedData<'a> {
    /// The bytes that the digest of the content is made of: the content without its tag and length.
    pub fn content_bytes(&self) -> Option<&'a [u8]> {
        self.content.map(|content| content.content)
    }
}

impl<'a> Signer<'a> {
    /// The values of a signed attribute.
    pub fn attribute(&self, oid: &str) -> Option<Item<'a>> {
        values(self.signed, oid).next()
    }

    /// The values of an attribute that anyone may have added.
    pub fn added(&self, oid: &str) -> impl Iterator<Item = Item<'a>> + use<'a> {
        values(self.unsigned, oid)
    }

    /// The certificate that this signer names.
    pub fn certificate<'c, 'b>(&self, among: &'c [Certificate<'b>]) -> Option<&'c Certificate<'b>> {
        among.iter().find(|certificate| {
            !self.serial.is_empty() && certificate.serial() == self.serial && certificate.issuer_der() == self.issuer
        })
    }

    /// Whether the signed attributes hold the digest of this content; `None` when they hold none, or one that is not
    /// known here.
    pub fn digest_matches(&self, content: &[u8]) -> Option<bool> {
        let stated = self.attribute(MESSAGE_DIGEST).filter(|item| item.tag == der::OCTETS)?;
        Some(self.digest?.of(&[content]) == stated.content)
    }

    /// Checks the signature over the signed attributes, or over the content where there are none.
    pub fn check(&self, certificate: &Certificate, content: &[u8]) -> Checked {
        match self.signed {
            // What is signed has the tag of a set, and in the message another one (RFC 5652, section 5.4).
            Some(signed) => {
                let mut attributes = signed.whole.to_vec();
                attributes[0] = der::SET;
                self.check_bytes(certificate, &attributes)
            }
            None => self.check_bytes(certificate, content),
        }
    }

    fn check_bytes(&self, certificate: &Certificate, message: &[u8]) -> Checked {
        let unknown = || Checked::Unknown(format!("{} {}", self.algorithm, self.digest_oid));
        let Some(digest) = digest_of_signature(&self.algorithm).or(self.digest) else { return unknown() };
        let Some((key, algorithm)) = certificate.key(digest) else { return unknown() };
        match keys::UnparsedPublicKey::new(algorithm, key).verify(message, self.signature) {
            Ok(()) => Checked::Right,
            Err(_) => Checked::Wrong,
        }
    }
}

/// The hash that the name of a signature's algorithm brings along.
fn digest_of_signature(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => Hash::Sha1,
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Hash::Sha256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Hash::Sha384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Hash::Sha512,
        _ => return None,
    })
}

fn values<'a>(attributes: Option<Item<'a>>, oid: &str) -> impl Iterator<Item = Item<'a>> + use<'a> {
    let found = attributes.and_then(|attributes| {
        attributes
            .items()
            .take(ATTRIBUTES_MAX)
            .find(|attribute| attribute.first(der::OID).and_then(|item| item.dotted()).as_deref() == Some(oid))
    });
    let set = found.and_then(|attribute| attribute.items().nth(1)).filter(|item| item.tag == der::SET);
    set.into_iter().flat_map(|set| set.items().take(ATTRIBUTES_MAX))
}
