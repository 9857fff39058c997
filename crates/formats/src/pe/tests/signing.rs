//! Programs that are signed with certificates made for the test, as those who sign for a living do, and as others do.

use super::build::{item, sequence};
use crate::cms::{Hash, certificates};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber, date_time_ymd,
};

pub const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const CONTENT_TYPE: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const TOKEN: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 3, 3, 1];
const TOKEN_CONTENT: &[u8] = &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
pub const SHA_256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_SHA_256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// A key with its certificate, and what the certificate was made of.
pub struct Identity {
    pub certificate: Vec<u8>,
    parameters: CertificateParams,
    key: KeyPair,
}

/// What a certificate says, valid from the first of January of one year to that of another.
pub fn parameters(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.serial_number = Some(SerialNumber::from_slice(&[0x12, 0x34]));
    (parameters.not_before, parameters.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
    parameters
}

/// Of an issuer of certificates.
pub fn authority(name: &str) -> CertificateParams {
    let mut parameters = parameters(name, (2010, 2040));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

pub fn leaf(name: &str, years: (i32, i32), purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut parameters = parameters(name, years);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![purpose];
    parameters
}

impl Identity {
    pub fn self_made(parameters: CertificateParams) -> Identity {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Identity { certificate: parameters.self_signed(&key).unwrap().der().to_vec(), parameters, key }
    }

    pub fn made_by(issuer: &Identity, parameters: CertificateParams) -> Identity {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let by = Issuer::from_params(&issuer.parameters, &issuer.key);
        Identity { certificate: parameters.signed_by(&key, &by).unwrap().der().to_vec(), parameters, key }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = ring::rand::SystemRandom::new();
        let algorithm = &ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = ring::signature::EcdsaKeyPair::from_pkcs8(algorithm, &self.key.serialize_der(), &random).unwrap();
        key.sign(&random, message).unwrap().as_ref().to_vec()
    }
}

/// Who signs something, the certificates that go with it, and who says when.
pub struct Signing<'i> {
    pub by: &'i Identity,
    pub with: Vec<&'i Identity>,
    pub stamp: Option<Stamping<'i>>,
}

/// Who says when something was signed.
pub struct Stamping<'i> {
    pub by: &'i Identity,
    pub with: Vec<&'i Identity>,
    /// Such as `20200601120000Z`.
    pub time: &'static str,
}

/// A signed message over some content, which is an item of that type; `more` are further signed attributes.
pub fn message(signing: &Signing, kind: &[u8], content: &[u8], more: &[u8]) -> Vec<u8> {
    let algorithm = sequence(&[SHA_256, &[5, 0]]);
    let inner = crate::cms::der::item(content).unwrap().0.content;
    let attributes = [
        sequence(&[CONTENT_TYPE, &item(0x31, kind)]),
        sequence(&[MESSAGE_DIGEST, &item(0x31, &item(4, &Hash::Sha256.of(&[inner])))]),
        more.to_vec(),
    ]
    .concat();
    let signature = signing.by.sign(&item(0x31, &attributes));
    let issuer = certificates(&[&signing.by.certificate]).pop().unwrap().issuer_der().to_vec();
    let unsigned = signing.stamp.as_ref().map(|stamp| {
        let token = token(stamp, &signature);
        item(0xa1, &sequence(&[TOKEN, &item(0x31, &token)]))
    });
    let signer = sequence(&[
        &[2, 1, 1],
        &sequence(&[&issuer, &[2, 2, 0x12, 0x34]]),
        &algorithm,
        &item(0xa0, &attributes),
        &sequence(&[ECDSA_SHA_256]),
        &item(4, &signature),
        &unsigned.unwrap_or_default(),
    ]);
    let with: Vec<u8> = signing.with.iter().flat_map(|identity| identity.certificate.clone()).collect();
    let data = sequence(&[
        &[2, 1, 1],
        &item(0x31, &algorithm),
        &sequence(&[kind, &item(0xa0, content)]),
        &item(0xa0, &[signing.by.certificate.clone(), with].concat()),
        &item(0x31, &signer),
    ]);
    sequence(&[SIGNED_DATA, &item(0xa0, &data)])
}

/// A token that says when a signature was made (RFC 3161, section 2.4.2).
fn token(stamp: &Stamping, of: &[u8]) -> Vec<u8> {
    let imprint = sequence(&[&sequence(&[SHA_256, &[5, 0]]), &item(4, &Hash::Sha256.of(&[of]))]);
    let info = sequence(&[&[2, 1, 1], &[6, 2, 0x2a, 3], &imprint, &[2, 1, 7], &item(0x18, stamp.time.as_bytes())]);
    let signing = Signing { by: stamp.by, with: stamp.with.clone(), stamp: None };
    message(&signing, TOKEN_CONTENT, &item(4, &info), &[])
}
