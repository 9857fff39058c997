//! The console's certificate, made at the first start by the house's own authority and kept in the data directory.

use api::wire::system::Certificate;
use axum_server::tls_rustls::RustlsConfig;
use jiff::{SignedDuration, Timestamp};
use link::Authority;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Browsers refuse longer server certificates.
const SERVER_DAYS: i64 = 397;
/// A certificate that ends sooner is replaced at the next start.
const RENEW_BEFORE_DAYS: i64 = 30;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {attempt} `{path}`")]
    File { attempt: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot make the certificate")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot use the authority")]
    Authority(#[from] link::Error),
    #[error("cannot use the certificate")]
    Tls(#[from] rustls::Error),
    #[error("cannot read the certificate: {0}")]
    Pem(String),
    #[error("cannot reckon the certificate's time")]
    Time(#[from] jiff::Error),
}

/// What TLS needs to run, and what the system page shows of it.
pub struct Identity {
    pub config: RustlsConfig,
    pub certificate: Certificate,
    /// The authority's certificate, for people to import into their browsers.
    pub authority: PathBuf,
}

/// What the kept server certificate was made for; another set of names makes a new one.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Made {
    names: BTreeSet<String>,
    not_after: Timestamp,
}

/// Loads what is kept below `folder`, or makes it.
pub fn identity(folder: &Path, listen: SocketAddr, names: &[String], now: Timestamp) -> Result<Identity, Error> {
    make_private_folder(folder)?;
    let authority = Authority::open(folder, now)?;
    let names = all_names(listen, names);
    let (chain, key, not_after) = server(folder, authority.issuer(), &names, now)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let subject = names.into_iter().next().unwrap_or_default();
    Ok(Identity {
        config: RustlsConfig::from_config(Arc::new(config)),
        certificate: Certificate { subject, not_after, authority_sha256: authority.fingerprint().to_string() },
        authority: authority.path().to_owned(),
    })
}

type Chain = (Vec<CertificateDer<'static>>, Vec<u8>, Timestamp);

fn server(
    folder: &Path,
    issuer: &Issuer<'_, KeyPair>,
    names: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Chain, Error> {
    let (certificate_path, key_path, made_path) =
        (folder.join("server.crt"), folder.join("server.key"), folder.join("server.json"));
    let renew_at = now.checked_add(days(RENEW_BEFORE_DAYS))?;
    let made = std::fs::read(&made_path).ok().and_then(|bytes| serde_json::from_slice::<Made>(&bytes).ok());
    if let Some(made) = made.filter(|made| made.names == *names && made.not_after > renew_at) {
        let chain = chain(&read(&certificate_path)?)?;
        let key = KeyPair::from_pem(&read(&key_path)?)?;
        return Ok((chain, key.serialize_der(), made.not_after));
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "Redoubt");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, now, SERVER_DAYS)?;
    let pem = params.signed_by(&key, issuer)?.pem();
    let not_after = now.checked_add(days(SERVER_DAYS))?;
    let made = Made { names: names.clone(), not_after };
    write_private(&key_path, &key.serialize_pem())?;
    write_private(&certificate_path, &pem)?;
    write_private(&made_path, &serde_json::to_string(&made).map_err(|error| Error::Pem(error.to_string()))?)?;
    Ok((chain(&pem)?, key.serialize_der(), not_after))
}

/// A day earlier than now: clocks in isolated networks differ.
fn set_validity(params: &mut CertificateParams, now: Timestamp, last_day: i64) -> Result<(), Error> {
    let date = |at: Timestamp| {
        let date = jiff::tz::Offset::UTC.to_datetime(at).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = date(now.checked_sub(days(1))?);
    params.not_after = date(now.checked_add(days(last_day))?);
    Ok(())
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(days * 24)
}

/// Names the certificate is good for: what was asked for, loopback, this machine, and the address it listens on.
fn all_names(listen: SocketAddr, names: &[String]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    all.extend(names.iter().cloned());
    if !listen.ip().is_unspecified() {
        all.insert(listen.ip().to_string());
    }
    let own = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let own = own.trim();
    if !own.is_empty()
        && own.parse::<IpAddr>().is_err()
        && own.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
    {
        all.insert(own.to_owned());
    }
    all
}

fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map_err(|error| Error::Pem(error.to_string())))
        .collect()
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File { attempt: "read", path: path.to_owned(), source })
}

fn make_private_folder(folder: &Path) -> Result<(), Error> {
    crate::files::private_folder(folder).map_err(|source| Error::File {
        attempt: "make",
        path: folder.to_owned(),
        source,
    })
}

fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    crate::files::write_private(path, text.as_bytes()).map_err(|source| Error::File {
        attempt: "write",
        path: path.to_owned(),
        source,
    })
}
