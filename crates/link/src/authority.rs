//! The house's own authority: a key and a certificate, made at the first start, that sign the server's certificates and
//! those of the collectors.

use crate::certificate::{AskedKey, Fingerprint, hex};
use crate::disk::{self, Disk};
use crate::error::Error;
use crate::tls::SERVER_NAME;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};

const AUTHORITY_DAYS: i64 = 3650;
/// A collector renews its certificate when a third of this is left.
pub const COLLECTOR_DAYS: i64 = 90;
/// The server makes itself another one when a third of this is left.
const SERVER_DAYS: i64 = 90;
/// A certificate counts from a day before it was made: clocks in isolated networks differ.
const EARLIER: SignedDuration = SignedDuration::from_hours(24);

/// The authority: who has its folder can make certificates.
pub struct Authority {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub der: CertificateDer<'static>,
    pub serial: String,
    pub not_after: Timestamp,
}

impl Authority {
    /// Loads what is kept in a folder (`authority.crt` and `authority.key`), or makes it.
    pub fn open(folder: &Path, now: Timestamp) -> Result<Authority, Error> {
        disk::private_folder(folder).map_err(Error::disk(folder))?;
        let (path, key_path) = (folder.join("authority.crt"), folder.join("authority.key"));
        let params = authority_params(now)?;
        let read = |path: &Path| std::fs::read_to_string(path).map_err(Error::disk(path));
        let damaged = |path: &Path, cause: String| Error::Damaged { path: path.to_owned(), cause };
        if path.exists() && key_path.exists() {
            let certificate = CertificateDer::from_pem_slice(read(&path)?.as_bytes())
                .map_err(|error| damaged(&path, error.to_string()))?;
            let key = KeyPair::from_pem(&read(&key_path)?).map_err(|error| damaged(&key_path, error.to_string()))?;
            // Only the name and the key of the authority go into what it signs.
            return Ok(Authority { path, certificate, issuer: Issuer::new(params, key) });
        }
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let made = params.self_signed(&key).map_err(Error::certificate)?;
        let put = |path: &Path, text: &str| Disk::default().put(path, text.as_bytes()).map_err(Error::disk(path));
        put(&key_path, &key.serialize_pem())?;
        put(&path, &made.pem())?;
        Ok(Authority { path, certificate: made.der().clone(), issuer: Issuer::new(params, key) })
    }

    /// Where its certificate is, for people to import.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What collectors are given to know the server by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// To sign what is not of the link, such as the console's certificate.
    pub fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A certificate for this server's end of the link, with its key. It is of no address: collectors know the server by
    /// its authority and by one name, wherever it is.
    pub(crate) fn server(&self, now: Timestamp) -> Result<(Made, PrivateKeyDer<'static>), Error> {
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let mut params = CertificateParams::new(vec![SERVER_NAME.to_owned()]).map_err(Error::certificate)?;
        params.distinguished_name.push(DnType::CommonName, "Redoubt link");
        let made = self.make(params, ExtendedKeyUsagePurpose::ServerAuth, &key, now, SERVER_DAYS)?;
        Ok((made, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))))
    }

    /// A certificate for a collector's key.
    pub(crate) fn collector(&self, asked: &AskedKey, collector: &str, now: Timestamp) -> Result<Made, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, collector);
        self.make(params, ExtendedKeyUsagePurpose::ClientAuth, &asked.key, now, COLLECTOR_DAYS)
    }

    fn make(
        &self,
        mut params: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
        key: &impl rcgen::PublicKeyData,
        now: Timestamp,
        days: i64,
    ) -> Result<Made, Error> {
        let mut serial: [u8; 16] = rand::random();
        // Positive, and as long as all others.
        serial[0] = (serial[0] & 0x3f) | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let not_after = set_validity(&mut params, now, days)?;
        let made = params.signed_by(key, &self.issuer).map_err(Error::certificate)?;
        Ok(Made { der: made.der().clone(), serial: hex(&serial), not_after })
    }
}

fn authority_params(now: Timestamp) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Redoubt local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now, AUTHORITY_DAYS)?;
    Ok(params)
}

/// From the beginning of a day to the beginning of another; gives the last moment.
fn set_validity(params: &mut CertificateParams, now: Timestamp, days: i64) -> Result<Timestamp, Error> {
    let day = |at: Timestamp| jiff::tz::Offset::UTC.to_datetime(at).date();
    let as_is = |day: jiff::civil::Date| {
        rcgen::date_time_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    let first = now.checked_sub(EARLIER).map_err(Error::certificate)?;
    let last = day(now.checked_add(SignedDuration::from_hours(24 * days)).map_err(Error::certificate)?);
    params.not_before = as_is(day(first));
    params.not_after = as_is(last);
    jiff::tz::Offset::UTC.to_timestamp(last.at(0, 0, 0, 0)).map_err(Error::certificate)
}
