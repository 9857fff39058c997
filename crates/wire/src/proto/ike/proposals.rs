//! What is offered and what is chosen: the transforms of a security association (RFC 2408, section 3.6, with the numbers
//! of RFC 2409, appendix A; RFC 7296, section 3.3).

use crate::bytes::Bytes;

/// Transforms of one message that are kept, and attributes of each.
const TRANSFORMS_MAX: usize = 64;
const ATTRIBUTES_MAX: usize = 16;
/// The key length of version 2.
const KEY_LENGTH: u16 = 14;

/// One property that both sides must agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// What it is about, as EVE calls it.
    pub key: &'static str,
    /// What its number means, where that has a name.
    pub name: &'static str,
    pub value: u32,
}

/// The transforms of version 1: each is a whole offer with all its attributes.
pub fn offers(association: &[u8]) -> Vec<Vec<Attribute>> {
    let mut offers = Vec::new();
    let mut bytes = Bytes::new(association);
    // The domain of interpretation and the situation come first.
    if bytes.skip(8).is_some() {
        each(bytes, |proposal| {
            let transforms = transforms(proposal)?;
            each(transforms, |mut transform| {
                transform.skip(4)?;
                let mut attributes = Vec::new();
                while let Some((kind, value)) = attribute(&mut transform).filter(|_| attributes.len() < ATTRIBUTES_MAX)
                {
                    attributes.extend(named(kind, value));
                }
                (offers.len() < TRANSFORMS_MAX).then(|| offers.push(attributes))
            });
            Some(())
        });
    }
    offers
}

/// The transforms of version 2: each is one attribute of its proposal.
pub fn proposals(association: &[u8]) -> Vec<Vec<Attribute>> {
    let mut proposals = Vec::new();
    each(Bytes::new(association), |proposal| {
        let mut attributes = Vec::new();
        each(transforms(proposal)?, |mut transform| {
            let kind = transform.u8()?;
            transform.skip(1)?;
            let id = transform.u16_be()?;
            attributes.push(transform_2(kind, id)?);
            while let Some((kind, value)) = attribute(&mut transform) {
                if kind == KEY_LENGTH {
                    attributes.push(Attribute { key: "sa_key_length", name: "Unknown", value });
                }
            }
            (attributes.len() < TRANSFORMS_MAX).then_some(())
        });
        (proposals.len() < TRANSFORMS_MAX).then(|| proposals.push(attributes))
    });
    proposals
}

/// Hands on the bodies of a chain whose links begin with two bytes and their length.
fn each<'a>(mut bytes: Bytes<'a>, mut link: impl FnMut(Bytes<'a>) -> Option<()>) {
    let mut next = || {
        bytes.skip(2)?;
        let length = usize::from(bytes.u16_be()?);
        link(Bytes::new(bytes.take(length.checked_sub(4)?)?))
    };
    while next().is_some() {}
}

/// What follows the head of a proposal.
fn transforms(mut proposal: Bytes<'_>) -> Option<Bytes<'_>> {
    proposal.skip(2)?;
    let index = usize::from(proposal.u8()?);
    proposal.skip(1 + index)?;
    Some(proposal)
}

/// An attribute with a value of two bytes, or a longer one of which the last four count.
fn attribute(bytes: &mut Bytes<'_>) -> Option<(u16, u32)> {
    let (kind, value) = (bytes.u16_be()?, bytes.u16_be()?);
    if kind & 0x8000 != 0 {
        return Some((kind & 0x7fff, value.into()));
    }
    let long = bytes.take(value.into())?;
    Some((kind, long.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))))
}

fn named(kind: u16, value: u32) -> Option<Attribute> {
    let (key, names): (_, &[(u32, &'static str)]) = match kind {
        1 => ("alg_enc", ENCRYPTION),
        2 => ("alg_hash", HASH),
        3 => ("alg_auth", AUTHENTICATION),
        4 => ("alg_dh", GROUP),
        5 => ("sa_group_type", &[]),
        11 => ("sa_life_type", &[(1, "LifeTypeSeconds"), (2, "LifeTypeKilobytes")]),
        12 => ("sa_life_duration", &[]),
        13 => ("alg_prf", &[]),
        14 => ("sa_key_length", &[]),
        15 => ("sa_field_size", &[]),
        _ => return None,
    };
    Some(Attribute { key, name: name(names, value), value })
}

fn transform_2(kind: u8, id: u16) -> Option<Attribute> {
    let (key, names) = match kind {
        1 => ("alg_enc", ENCRYPTION_2),
        2 => ("alg_prf", PRF_2),
        3 => ("alg_auth", INTEGRITY_2),
        4 => ("alg_dh", GROUP_2),
        5 => ("alg_esn", ESN_2),
        _ => return None,
    };
    Some(Attribute { key, name: name(names, id.into()), value: id.into() })
}

fn name(names: &[(u32, &'static str)], value: u32) -> &'static str {
    names.iter().find(|(number, _)| *number == value).map_or("Unknown", |(_, name)| name)
}

const ENCRYPTION: &[(u32, &str)] = &[
    (1, "EncDesCbc"),
    (2, "EncIdeaCbc"),
    (3, "EncBlowfishCbc"),
    (4, "EncRc5R16B64Cbc"),
    (5, "Enc3DesCbc"),
    (6, "EncCastCbc"),
    (7, "EncAesCbc"),
    (8, "EncCamelliaCbc"),
];
const HASH: &[(u32, &str)] =
    &[(1, "HashMd5"), (2, "HashSha"), (3, "HashTiger"), (4, "HashSha2_256"), (5, "HashSha2_384"), (6, "HashSha2_512")];
const AUTHENTICATION: &[(u32, &str)] = &[
    (1, "AuthPreSharedKey"),
    (2, "AuthDssSignatures"),
    (3, "AuthRsaSignatures"),
    (4, "AuthEncryptionWithRsa"),
    (5, "AuthRevisedEncryptionWithRsa"),
];
const GROUP: &[(u32, &str)] = &[
    (1, "GroupDefault768BitModpGroup"),
    (2, "GroupAlternate1024BitModpGroup"),
    (5, "GroupModp1536Bit"),
    (14, "GroupModp2048Bit"),
    (15, "GroupModp3072Bit"),
    (16, "GroupModp4096Bit"),
    (17, "GroupModp6144Bit"),
    (18, "GroupModp8192Bit"),
];
const ENCRYPTION_2: &[(u32, &str)] = &[
    (1, "ENCR_DES_IV64"),
    (2, "ENCR_DES"),
    (3, "ENCR_3DES"),
    (4, "ENCR_RC5"),
    (5, "ENCR_IDEA"),
    (6, "ENCR_CAST"),
    (7, "ENCR_BLOWFISH"),
    (11, "ENCR_NULL"),
    (12, "ENCR_AES_CBC"),
    (13, "ENCR_AES_CTR"),
    (14, "ENCR_AES_CCM_8"),
    (15, "ENCR_AES_CCM_12"),
    (16, "ENCR_AES_CCM_16"),
    (18, "ENCR_AES_GCM_8"),
    (19, "ENCR_AES_GCM_12"),
    (20, "ENCR_AES_GCM_16"),
    (23, "ENCR_CAMELLIA_CBC"),
    (28, "ENCR_CHACHA20_POLY1305"),
];
const PRF_2: &[(u32, &str)] = &[
    (1, "PRF_HMAC_MD5"),
    (2, "PRF_HMAC_SHA1"),
    (3, "PRF_HMAC_TIGER"),
    (4, "PRF_AES128_XCBC"),
    (5, "PRF_HMAC_SHA2_256"),
    (6, "PRF_HMAC_SHA2_384"),
    (7, "PRF_HMAC_SHA2_512"),
    (8, "PRF_AES128_CMAC"),
];
const INTEGRITY_2: &[(u32, &str)] = &[
    (0, "NONE"),
    (1, "AUTH_HMAC_MD5_96"),
    (2, "AUTH_HMAC_SHA1_96"),
    (3, "AUTH_DES_MAC"),
    (5, "AUTH_AES_XCBC_96"),
    (8, "AUTH_AES_CMAC_96"),
    (12, "AUTH_HMAC_SHA2_256_128"),
    (13, "AUTH_HMAC_SHA2_384_192"),
    (14, "AUTH_HMAC_SHA2_512_256"),
];
const GROUP_2: &[(u32, &str)] = &[
    (0, "None"),
    (1, "Modp768"),
    (2, "Modp1024"),
    (5, "Modp1536"),
    (14, "Modp2048"),
    (15, "Modp3072"),
    (16, "Modp4096"),
    (17, "Modp6144"),
    (18, "Modp8192"),
    (19, "Ecp256"),
    (20, "Ecp384"),
    (21, "Ecp521"),
    (31, "Curve25519"),
    (32, "Curve448"),
];
const ESN_2: &[(u32, &str)] = &[(0, "NoESN"), (1, "ESN")];
