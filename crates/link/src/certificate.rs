//! What is read from certificates and requests for them. Both come from outside.

use crate::error::Error;
use jiff::Timestamp;
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData, SubjectPublicKeyInfo};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use x509_parser::prelude::{FromDer, X509Certificate, X509CertificationRequest};

/// Bytes of a request: one for a key of an elliptic curve has about three hundred.
pub(crate) const REQUEST_BYTES_MAX: usize = 2048;
/// Bytes of a certificate of ours.
pub(crate) const CERTIFICATE_BYTES_MAX: usize = 4096;

/// SHA-256 of a certificate as it stands (DER): how a collector knows the server's authority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    pub fn of(certificate: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Takes it with colons or spaces between, as browsers show it.
impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Fingerprint, Error> {
        let wrong = || Error::Fingerprint(text.chars().take(120).collect());
        let digits: String = text.chars().filter(|char| !matches!(char, ':' | ' ')).collect();
        let bytes = unhex(&digits).ok_or_else(wrong)?;
        Ok(Fingerprint(bytes.try_into().map_err(|_| wrong())?))
    }
}

/// The certificate that the other end of a connection showed; that it is one of the authority's was checked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    pub collector: String,
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// SHA-256 of its public key, as it stands.
    pub key: String,
}

impl Peer {
    pub fn read(certificate: &[u8]) -> Result<Peer, Error> {
        if certificate.len() > CERTIFICATE_BYTES_MAX {
            return Err(Error::certificate(format!("{} bytes are too many", certificate.len())));
        }
        let (rest, read) = X509Certificate::from_der(certificate).map_err(Error::certificate)?;
        if !rest.is_empty() {
            return Err(Error::certificate("something follows it"));
        }
        let name = read.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let collector = name.filter(|name| is_collector(name)).ok_or_else(|| Error::certificate("it names nobody"))?;
        let time = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(|_| Error::certificate("a time that is none"))
        };
        Ok(Peer {
            collector: collector.to_owned(),
            serial: hex(read.raw_serial()),
            not_before: time(read.validity().not_before)?,
            not_after: time(read.validity().not_after)?,
            key: key_digest(read.public_key().raw),
        })
    }
}

/// A public key that somebody asks a certificate for, and has.
pub(crate) struct AskedKey {
    pub key: SubjectPublicKeyInfo,
    pub digest: String,
}

/// Reads a request. Of what it says nothing but the public key is used: everything else the authority decides.
pub(crate) fn read_request(request: &[u8]) -> Result<AskedKey, Error> {
    if request.len() > REQUEST_BYTES_MAX {
        return Err(Error::certificate(format!("{} bytes are too many", request.len())));
    }
    let (rest, read) = X509CertificationRequest::from_der(request).map_err(Error::certificate)?;
    if !rest.is_empty() {
        return Err(Error::certificate("something follows the request"));
    }
    // The kind of key first: checking a signature of an endless one is work.
    let raw = read.certification_request_info.subject_pki.raw;
    let key = SubjectPublicKeyInfo::from_der(raw).map_err(Error::certificate)?;
    if ![&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519].contains(&key.algorithm()) {
        return Err(Error::certificate("keys are of P-256 or Ed25519"));
    }
    read.verify_signature().map_err(|_| Error::certificate("whoever asks does not have the key"))?;
    Ok(AskedKey { key, digest: key_digest(raw) })
}

/// SHA-256 of a public key as it stands in a certificate.
pub(crate) fn key_digest(key: &[u8]) -> String {
    hex(&Sha256::digest(key))
}

/// Whether a text can be the name of a collector: its group and sixteen hexadecimal digits.
pub(crate) fn is_collector(name: &str) -> bool {
    name.split_once('/').is_some_and(|(group, number)| is_group(group) && is_number(number))
}

/// Sixteen hexadecimal digits.
pub(crate) fn is_number(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn is_group(group: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&group.len()) && group.bytes().all(allowed)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pair = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
    if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
}

/// Reads a request or a certificate from any bytes. For fuzzing.
#[doc(hidden)]
pub fn read_bytes(bytes: &[u8]) -> bool {
    Peer::read(bytes).is_ok() | read_request(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::sync::LazyLock;

    fn request(key: &KeyPair) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["link.redoubt".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "sensors/0000000000000000");
        params.serialize_request(key).unwrap().der().to_vec()
    }

    #[test]
    fn a_fingerprint_is_read_as_people_write_it() {
        let fingerprint = Fingerprint([0xab; 32]);
        let colons = vec!["AB"; 32].join(":");
        for text in [fingerprint.to_string(), colons, format!(" {fingerprint} ")] {
            assert_eq!(text.parse::<Fingerprint>().unwrap(), fingerprint, "{text}");
        }
        for text in ["", "ab", &"ab".repeat(33), &"xy".repeat(32), &"é".repeat(32)] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_keys_that_we_use_are_taken_and_only_from_who_has_them() {
        for (algorithm, taken) in
            [(&PKCS_ECDSA_P256_SHA256, true), (&PKCS_ED25519, true), (&rcgen::PKCS_ECDSA_P384_SHA384, false)]
        {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let mut bytes = request(&key);
            assert_eq!(read_request(&bytes).is_ok(), taken, "{algorithm:?}");
            *bytes.last_mut().unwrap() ^= 1;
            assert!(read_request(&bytes).is_err(), "a signature by somebody else");
        }
        let mut bytes = request(&KeyPair::generate().unwrap());
        bytes.push(0);
        assert!(read_request(&bytes).is_err(), "something follows");
        assert!(read_request(&vec![0x30; REQUEST_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn names_are_of_a_group_and_a_number() {
        for good in ["sensors/0123456789abcdef", "a-1/0000000000000000"] {
            assert!(is_collector(good), "{good}");
        }
        for bad in [
            "",
            "sensors",
            "/0123456789abcdef",
            "s/0123456789ABCDEF",
            "s/0123",
            "s/x/0123456789abcdef",
            "s /0123456789abcdef",
        ] {
            assert!(!is_collector(bad), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn no_request_panics(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5), cut in any::<prop::sample::Index>()) {
            let mut bytes = request(&KEY);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_bytes(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            read_bytes(&bytes);
        }
    }

    static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());
}
