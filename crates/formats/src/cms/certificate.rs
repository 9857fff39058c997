//! Certificates of signers (X.509), as far as facts are told of them.

use super::Hash;
use ring::signature as keys;
use sha1::Digest as _;
use x509_parser::asn1_rs::oid;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Lengths of RSA keys that can be checked, in bits. A signature by any other key is not known to be wrong.
const RSA_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;
/// With SHA-384 only these.
const RSA_BITS_SHA_384_MIN: usize = 2048;
const EXPONENT_BITS_MAX: usize = 33;

/// One certificate.
#[derive(Debug)]
pub struct Certificate<'a> {
    pub(super) whole: &'a [u8],
    pub(super) parsed: X509Certificate<'a>,
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

    pub(super) fn subject_der(&self) -> &[u8] {
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

    /// Its key and how that checks a signature over such a hash.
    pub fn key(&self, digest: Hash) -> Option<(&[u8], &'static dyn keys::VerificationAlgorithm)> {
        let key = &self.parsed.tbs_certificate.subject_pki;
        let kind = &key.algorithm.algorithm;
        let curve = || key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let algorithm: &'static dyn keys::VerificationAlgorithm = if *kind == oid!(1.2.840.113549.1.1.1) {
            let bits = self.rsa_bits().filter(|bits| RSA_BITS.contains(bits))?;
            match digest {
                // Signatures of the years before 2012 have keys of 1024 bits.
                Hash::Sha1 => &keys::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                Hash::Sha256 => &keys::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                Hash::Sha384 if bits < RSA_BITS_SHA_384_MIN => return None,
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

    /// How long its key is, in bits up to a whole byte, if it is one of RSA with a usual exponent.
    fn rsa_bits(&self) -> Option<usize> {
        let Ok(PublicKey::RSA(key)) = self.parsed.tbs_certificate.subject_pki.parsed() else { return None };
        let significant = |number: &[u8]| number.iter().skip_while(|byte| **byte == 0).count() * 8;
        let exponent = key.exponent.iter().skip_while(|byte| **byte == 0);
        let exponent = exponent.fold(0_u64, |number, byte| number.saturating_mul(256).saturating_add((*byte).into()));
        let usual = exponent >= 3 && exponent % 2 == 1 && exponent >> EXPONENT_BITS_MAX == 0;
        usual.then(|| significant(key.modulus))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Self-signed, with a key of RSA of 1024 bits, made for this test by `openssl req -x509 -subj /CN=Test`.
    const RSA_1024: &str = "\
        308201fa30820163a00302010202143c7b53cf67a87639dc54e74ae678f4e9086bb879300d06092a864886f70d01010b\
        0500300f310d300b06035504030c0454657374301e170d3236313132363138333830385a170d32363132323631383338\
        30385a300f310d300b06035504030c045465737430819f300d06092a864886f70d010101050003818d00308189028181\
        00e1c77531736e8c1dd187a2c17a530e6271c6f5833e6456b10867ce5558d3acaa9b9ce38bc1971e1dda203c4b11d38c\
        502b615385b121df8145d90e626d68bf60a834cde153fb6a12edcfaad65026081552b694ba6c21667443965eee9e03a3\
        d22df49e434dce30b1c419a74d3b8b61f3cc5764177e74f774802f94a8294113730203010001a3533051301d0603551d\
        0e04160414d1701cbc1aafb2088aa32c88eca720b4b99c9d29301f0603551d23041830168014d1701cbc1aafb2088aa3\
        2c88eca720b4b99c9d29300f0603551d130101ff040530030101ff300d06092a864886f70d01010b05000381810046eb\
        2ee9e7269c6634899670cec141d8d0bd1f989c69fdd8cebf1d4fab68c9010bc44d4c5754089c56274f22fbe9f78d46f3\
        e07d4a20e5c3e47076df683b929ae37f8970ddb9539dfae6bc644b1d092392f2d49165056fa4b330ce67286429af3397\
        ef6dbad8b024c4b0d1db618f53275d31f71271f4268c6be49f4983094b18\
        ";

    #[test]
    fn a_key_that_cannot_be_checked_is_no_wrong_signature() {
        let digits = RSA_1024.trim();
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        let read = certificates(&[&bytes]);
        let certificate = read.first().unwrap();
        assert_eq!((certificate.subject().as_str(), certificate.is_self_issued()), ("CN=Test", true));
        assert_eq!(certificate.rsa_bits(), Some(1024));
        let can = |hash| certificate.key(hash).is_some();
        assert_eq!([Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Md5].map(can), [true, true, false, false]);
    }
}
