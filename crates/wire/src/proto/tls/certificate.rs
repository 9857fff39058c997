//! What a certificate says, read by `x509-parser`.

use crate::json::hex_digits;
use sha1::{Digest, Sha1};
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};

/// Names of one certificate that are kept.
const NAMES_MAX: usize = 1024;

/// The facts of a certificate, and its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    pub der: Vec<u8>,
    /// SHA-1 of all its bytes, as `aa:bb:…`.
    pub fingerprint: String,
    /// What it says; absent when it could not be read.
    pub facts: Option<Facts>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub subject: String,
    pub issuer: String,
    pub serial: String,
    pub not_before: String,
    pub not_after: String,
    pub names: Vec<String>,
}

impl Certificate {
    pub fn read(der: &[u8]) -> Certificate {
        let fingerprint = colons(&Sha1::digest(der), false);
        Certificate { der: der.to_vec(), fingerprint, facts: facts(der) }
    }
}

fn facts(der: &[u8]) -> Option<Facts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map(|names| names.value.general_names.iter().filter_map(name).take(NAMES_MAX).collect());
    Some(Facts {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: colons(certificate.raw_serial(), true),
        not_before: time(&certificate.validity().not_before),
        not_after: time(&certificate.validity().not_after),
        names: names.unwrap_or_default(),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => bytes.first_chunk::<4>().map(|bytes| std::net::Ipv4Addr::from(*bytes).to_string()),
            16 => bytes.first_chunk::<16>().map(|bytes| std::net::Ipv6Addr::from(*bytes).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn time(time: &ASN1Time) -> String {
    let time = time.to_datetime();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// `AA:BB:…`
pub fn colons(bytes: &[u8], capital: bool) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 {
            text.push(':');
        }
        for digit in hex_digits(*byte) {
            text.push(char::from(if capital { digit.to_ascii_uppercase() } else { digit }));
        }
    }
    text
}
