//! Who a collector is: its key and certificate, and by which authority it knows the server. Kept in one file, so that a
//! crash leaves the one before or the new one, and never a key beside another's certificate.

use crate::certificate::{CERTIFICATE_BYTES_MAX, Fingerprint, Peer, hex, unhex};
use crate::disk::{self, Disk};
use crate::error::Error;
use crate::tls::check_collector;
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A collector that enrolled.
pub struct Identity {
    path: PathBuf,
    key: KeyPair,
    certificate: CertificateDer<'static>,
    authority: Fingerprint,
    peer: Peer,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    /// DER in hexadecimal.
    certificate: String,
    authority: String,
}

impl Identity {
    /// What is kept in a folder; `None` before a collector enrolled.
    pub fn load(folder: &Path) -> Result<Option<Identity>, Error> {
        let path = folder.join("identity.json");
        let length = match path.metadata() {
            Ok(data) => data.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::disk(&path)(error)),
        };
        let damaged = |cause: String| Error::Damaged { path: path.clone(), cause };
        if length > FILE_BYTES_MAX {
            return Err(damaged(format!("{length} bytes are too many")));
        }
        let bytes = std::fs::read(&path).map_err(Error::disk(&path))?;
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let key = KeyPair::from_pem(&kept.key).map_err(|error| damaged(error.to_string()))?;
        let certificate = unhex(&kept.certificate).ok_or_else(|| damaged("certificate".to_owned()))?;
        let authority = kept.authority.parse().map_err(|error: Error| damaged(error.to_string()))?;
        let peer = Peer::read(&certificate).map_err(|error| damaged(error.to_string()))?;
        Ok(Some(Identity { path, key, certificate: certificate.into(), authority, peer }))
    }

    /// Its name, as the server gave it.
    pub fn collector(&self) -> &str {
        &self.peer.collector
    }

    pub fn authority(&self) -> Fingerprint {
        self.authority
    }

    /// When the certificate ends.
    pub fn not_after(&self) -> Timestamp {
        self.peer.not_after
    }

    /// Whether a third or less of the certificate's life is left.
    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        let life = self.peer.not_after.duration_since(self.peer.not_before);
        self.peer.not_after.duration_since(now) <= life / 3
    }

    pub(crate) fn shown(&self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        (self.certificate.clone(), PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der())))
    }

    /// Keeps what the server answered, after a look at whether it is what was asked for.
    pub(crate) fn keep(
        folder: &Path,
        key: KeyPair,
        certificate: &[u8],
        authority_certificate: &[u8],
        authority: Fingerprint,
        now: Timestamp,
    ) -> Result<Identity, Error> {
        if authority_certificate.len() > CERTIFICATE_BYTES_MAX || Fingerprint::of(authority_certificate) != authority {
            return Err(Error::certificate("the authority is another one"));
        }
        let peer = Peer::read(certificate)?;
        if peer.key != crate::certificate::key_digest(&key.subject_public_key_info()) {
            return Err(Error::certificate("it is for another key"));
        }
        let certificate = CertificateDer::from(certificate.to_vec());
        check_collector(&CertificateDer::from(authority_certificate.to_vec()), &certificate, now)?;
        disk::private_folder(folder).map_err(Error::disk(folder))?;
        let path = folder.join("identity.json");
        let kept = Kept { key: key.serialize_pem(), certificate: hex(&certificate), authority: authority.to_string() };
        let bytes = serde_json::to_vec(&kept).map_err(Error::certificate)?;
        Disk::default().put(&path, &bytes).map_err(Error::disk(&path))?;
        let _ = std::fs::remove_file(asked_path(folder));
        Ok(Identity { path, key, certificate, authority, peer })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

fn asked_path(folder: &Path) -> PathBuf {
    folder.join("asked.key")
}

/// The key that a certificate is asked for. It is kept until there is one: asked again after an answer that did not
/// arrive, the server sees that it is the same collector.
pub(crate) fn asked_key(folder: &Path) -> Result<KeyPair, Error> {
    disk::private_folder(folder).map_err(Error::disk(folder))?;
    let path = asked_path(folder);
    let length = path.metadata().map_or(0, |data| data.len());
    let known = if (1..FILE_BYTES_MAX).contains(&length) { std::fs::read_to_string(&path).ok() } else { None };
    if let Some(key) = known.and_then(|text| KeyPair::from_pem(&text).ok()) {
        return Ok(key);
    }
    let key = KeyPair::generate().map_err(Error::certificate)?;
    Disk::default().put(&path, key.serialize_pem().as_bytes()).map_err(Error::disk(&path))?;
    Ok(key)
}

/// A request for a certificate (DER).
pub(crate) fn request(key: &KeyPair) -> Result<Vec<u8>, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    Ok(params.serialize_request(key).map_err(Error::certificate)?.der().to_vec())
}
