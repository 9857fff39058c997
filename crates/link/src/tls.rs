//! TLS 1.3 on both ends, by the house's own authority alone.
//!
//! The server shows its certificate and that of the authority; the collector takes it when the authority's has the
//! fingerprint it was given, so that the first connection is as safe as the others. The server's certificate is for one
//! name that only it gets, whatever its address: behind another address it is the same server.

use crate::authority::Authority;
use crate::certificate::Fingerprint;
use crate::error::Error;
use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The name that the server's end of the link has, and nobody else.
pub(crate) const SERVER_NAME: &str = "link.redoubt";
/// The protocol spoken within TLS.
const PROTOCOL: &[u8] = b"h2";

/// What time it is. A test passes another one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

struct Time(Clock);

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        u64::try_from((self.0)().as_second())
            .ok()
            .map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Who connects shows a certificate of the authority, or none: only enrolling does without.
pub(crate) fn server(authority: Arc<Authority>, clock: &Clock) -> Result<ServerConfig, Error> {
    let verifier = collectors(authority.certificate())?;
    let own = Own { authority, clock: clock.clone(), made: Mutex::default() };
    own.now().ok_or_else(|| Error::certificate("the server's own"))?;
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(Time(clock.clone())))
        .with_protocol_versions(&[&TLS13])
        .map_err(Error::certificate)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(own));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // A session that is taken up again would be one whose certificate nobody looked at.
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// Whether a certificate is one that the authority made for a collector, and is good at some time.
pub(crate) fn check_collector(
    authority: &CertificateDer<'static>,
    certificate: &CertificateDer<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    let seconds = u64::try_from(now.as_second()).map_err(Error::certificate)?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    collectors(authority)?.verify_client_cert(certificate, &[], now).map(drop).map_err(Error::certificate)
}

fn collectors(authority: &CertificateDer<'static>) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).map_err(Error::certificate)?;
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    builder.allow_unauthenticated().build().map_err(Error::certificate)
}

/// The server's own certificate, made anew in memory before it ends.
struct Own {
    authority: Arc<Authority>,
    clock: Clock,
    made: Mutex<Option<(Arc<CertifiedKey>, Timestamp)>>,
}

impl Own {
    fn now(&self) -> Option<Arc<CertifiedKey>> {
        let now = (self.clock)();
        let mut made = crate::spool::lock_of(&self.made);
        if let Some((key, _)) = made.as_ref().filter(|(_, until)| now < *until) {
            return Some(key.clone());
        }
        let (certificate, key) = self.authority.server(now).ok()?;
        let left = certificate.not_after.duration_since(now);
        let until = now.checked_add(left * 2 / 3).ok()?;
        let key = provider().key_provider.load_private_key(key).ok()?;
        let chain = vec![certificate.der, self.authority.certificate().clone()];
        let key = Arc::new(CertifiedKey::new(chain, key));
        *made = Some((key.clone(), until));
        Some(key)
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

impl ResolvesServerCert for Own {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.now()
    }
}

/// Takes a server whose authority has the fingerprint.
#[derive(Debug)]
struct Pinned {
    authority: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = intermediates.iter().find(|shown| Fingerprint::of(shown) == self.authority);
        let shown = shown.ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(shown.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, &[], name, &[], now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection to the server whose authority has the fingerprint, with a certificate to show or without.
pub(crate) async fn connect(
    address: &str,
    authority: Fingerprint,
    shown: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    clock: &Clock,
) -> Result<TlsStream<TcpStream>, Error> {
    let provider = provider();
    let verifier = Arc::new(Pinned { authority, provider: provider.clone() });
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Time(clock.clone())))
        .with_protocol_versions(&[&TLS13])
        .map_err(Error::certificate)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match shown {
        Some((certificate, key)) => {
            builder.with_client_auth_cert(vec![certificate], key).map_err(Error::certificate)?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let name = ServerName::try_from(SERVER_NAME).map_err(Error::certificate)?;
    let socket =
        TcpStream::connect(address).await.map_err(|source| Error::Connect { address: address.to_owned(), source })?;
    let _ = socket.set_nodelay(true);
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.map_err(|error| failed(address, &error))
}

fn failed(address: &str, error: &io::Error) -> Error {
    let address = address.to_owned();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. },
        )) => Error::WrongServer { address },
        Some(other) => Error::Tls { address, cause: other.to_string() },
        None => Error::Connect { address, source: io::Error::new(error.kind(), error.to_string()) },
    }
}
