//! Certificates of signers (X.509), as far as facts are told of them.

use super::Hash;
use ring::signature as keys;
use sha1::Digest as _;
use x509_parser::asn1_rs::oid;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// One certificate.
#[derive(Debug)]
pub struct Certificate<'a> {
    whole: &'a [u8],
    parsed: X509Certificate<'a>,
}

/// Reads the certificates that can be read.
pub fn certificates<'a>(among: &[&'a [u8]]) -> Vec<Certificate<'a>> {
    let read =
        |whole: &&'a [u8]| X509Certificate::from_der(whole).ok().map(|(_, parsed)| Certificate { whole, parsed });
    among.iter().filter_map(read).collect()
}

impl<'a> Certificate<'a> {
    pub fn subject(&self) -> String {
        self.parsed.subject().to_string()
    }

    pub fn issuer(&self) -> String {
        self.parsed.issuer().to_string()
    }

    pub fn issuer_der(&self) -> &[u8] {
        self.parsed.tbs_certificate.issuer.as_raw()
    }

    fn subject_der(&self) -> &[u8] {
        self.parsed.tbs_certificate.subject.as_raw()
    }

    /// The common name of its subject.
    pub fn common_name(&self) -> Option<String> {
        let name = self.parsed.subject().iter_common_name().next()?;
        name.as_str().ok().map(str::to_owned)
    }

    pub fn serial(&self) -> &[u8] {
        self.parsed.raw_serial()
    }

    /// From when and until when it is valid, in microseconds since 1970.
    pub fn validity(&self) -> (i64, i64) {
        let validity = self.parsed.validity();
        let micros = |seconds: i64| seconds.saturating_mul(1_000_000);
        (micros(validity.not_before.timestamp()), micros(validity.not_after.timestamp()))
    }

    /// The SHA-1 of the certificate, by which Windows and lists of certificates name it.
    pub fn thumbprint(&self) -> Vec<u8> {
        sha1::Sha1::digest(self.whole).to_vec()
    }

    pub fn is_self_issued(&self) -> bool {
        self.issuer_der() == self.subject_der()
    }

    /// The certificates from this one to the last of its issuers that is among them, each once.
    pub fn chain<'c>(&'c self, among: &'c [Certificate<'a>]) -> Vec<&'c Certificate<'a>> {
        let mut chain = vec![self];
        while let Some(last) = chain.last()
            && !last.is_self_issued()
            && let Some(next) = among.iter().find(|next| next.subject_der() == last.issuer_der())
            && !chain.iter().any(|known| known.whole == next.whole)
        {
            chain.push(next);
        }
        chain
    }

    /// Its key and how that checks a signature over such a hash.
    pub fn key(&self, digest: Hash) -> Option<(&[u8], &'static dyn keys::VerificationAlgorithm)> {
        let key = &self.parsed.tbs_certificate.subject_pki;
        let kind = &key.algorithm.algorithm;
        let curve = || key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let algorithm: &'static dyn keys::VerificationAlgorithm = if *kind == oid!(1.2.840.113549.1.1.1) {
            match digest {
                // Signatures of the years before 2012 have keys of 1024 bits.
                Hash::Sha1 => &keys::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                Hash::Sha256 => &keys::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                Hash::Sha384 => &keys::RSA_PKCS1_2048_8192_SHA384,
                Hash::Sha512 => &keys::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                Hash::Md5 => return None,
            }
        } else if *kind == oid!(1.2.840.10045.2.1) {
            let (p256, p384) = (oid!(1.2.840.10045.3.1.7), oid!(1.3.132.0.34));
            match (curve()?, digest) {
                (curve, Hash::Sha256) if curve == p256 => &keys::ECDSA_P256_SHA256_ASN1,
                (curve, Hash::Sha384) if curve == p256 => &keys::ECDSA_P256_SHA384_ASN1,
                (curve, Hash::Sha256) if curve == p384 => &keys::ECDSA_P384_SHA256_ASN1,
                (curve, Hash::Sha384) if curve == p384 => &keys::ECDSA_P384_SHA384_ASN1,
                _ => return None,
            }
        } else {
            return None;
        };
        Some((&key.subject_public_key.data, algorithm))
    }
}
