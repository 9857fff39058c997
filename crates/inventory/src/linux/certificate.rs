//! Certificates (X.509, RFC 5280), in DER or PEM: whose they are, until when, and what is weak about them. Blocks of
//! anything else, such as private keys, are stepped over.

use super::{Certificate, Reading, Weakness, tidy};
use jiff::Timestamp;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

/// Certificates of one file.
pub const CERTIFICATES_MAX: usize = 500;
/// A key of RSA below this is short (NIST SP 800-131A).
const RSA_BITS_MIN: u32 = 2048;
/// And one of elliptic curves.
const EC_BITS_MIN: u32 = 224;
/// Hexadecimal digits of a serial number; RFC 5280 allows 20 bytes.
const SERIAL_DIGITS_MAX: usize = 64;

/// Reads every certificate of a file; `path` is what they are called by.
pub fn read(path: &str, bytes: &[u8]) -> Reading<Vec<Certificate>> {
    let mut reading = Reading::<Vec<Certificate>>::default();
    if bytes.first() == Some(&0x30) {
        match one(path, bytes) {
            Some(certificate) => reading.value.push(certificate),
            None => reading.odd("linux.no-certificate", 1),
        }
        return reading;
    }
    for (block, pem) in (1..).zip(Pem::iter_from_buffer(bytes)) {
        let Ok(pem) = pem else {
            // A key that is broken is nobody's business here; that a block is, is said.
            reading.odd("linux.no-certificate", block);
            break;
        };
        if pem.label != "CERTIFICATE" && pem.label != "TRUSTED CERTIFICATE" {
            continue;
        }
        match one(path, &pem.contents) {
            None => reading.odd("linux.no-certificate", block),
            Some(certificate) => {
                if !reading.push(certificate, CERTIFICATES_MAX) {
                    break;
                }
            }
        }
    }
    reading
}

fn one(path: &str, der: &[u8]) -> Option<Certificate> {
    let (_, read) = X509Certificate::from_der(der).ok()?;
    let (key, key_bits) = key(&read);
    let signature = algorithm(&read.signature_algorithm.algorithm.to_id_string());
    let self_signed = read.subject() == read.issuer();
    let mut weak = Vec::new();
    // Nobody relies on the signature that a root makes of itself.
    if !self_signed
        && ["md2", "md4", "md5", "sha1", "ecdsa-with-SHA1", "dsa-with-sha1"]
            .iter()
            .any(|digest| signature.starts_with(digest))
    {
        weak.push(Weakness::Digest);
    }
    let least = match key.as_str() {
        "rsa" | "dsa" => RSA_BITS_MIN,
        _ => EC_BITS_MIN,
    };
    if key_bits.is_some_and(|bits| bits < least) {
        weak.push(Weakness::Key);
    }
    let mut serial = read.tbs_certificate.raw_serial_as_string().replace(':', "");
    serial.truncate(SERIAL_DIGITS_MAX);
    Some(Certificate {
        path: path.to_owned(),
        subject: tidy(&read.subject().to_string()),
        issuer: tidy(&read.issuer().to_string()),
        serial,
        not_before: time(read.validity().not_before),
        not_after: time(read.validity().not_after),
        key,
        key_bits,
        signature,
        self_signed,
        authority: read.is_ca(),
        weak,
    })
}

fn time(time: ASN1Time) -> Option<Timestamp> {
    Timestamp::from_second(time.timestamp()).ok()
}

fn key(read: &X509Certificate<'_>) -> (String, Option<u32>) {
    let info = read.public_key();
    let bits = |key: &PublicKey<'_>| u32::try_from(key.key_size()).ok().filter(|bits| *bits > 0);
    match info.parsed() {
        Ok(key @ PublicKey::RSA(_)) => ("rsa".to_owned(), bits(&key)),
        Ok(key @ PublicKey::EC(_)) => ("ec".to_owned(), bits(&key)),
        Ok(key @ PublicKey::DSA(_)) => ("dsa".to_owned(), bits(&key)),
        _ => (algorithm(&info.algorithm.algorithm.to_id_string()), None),
    }
}

/// The name of an algorithm (RFC 3279, 4055, 5758, 8410; GM/T 0006), or its number.
fn algorithm(id: &str) -> String {
    let name = match id {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10040.4.3" => "dsa-with-sha1",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ed25519",
        "1.3.101.113" => "ed448",
        "1.2.156.10197.1.501" => "sm2-with-SM3",
        other => other,
    };
    tidy(name)
}
