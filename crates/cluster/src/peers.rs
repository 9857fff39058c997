//! Who may speak to scheduler and executors.
//!
//! Whoever can give an executor a plan reads the lake, and whoever can be an executor reads parts of questions. So all
//! that listen and all that connect show a certificate of the cluster's own authority, made by `certify`; it is not that
//! of the collectors, which deliver and do not ask. Without certificates nobody listens but on the machine itself.

use crate::failed;
use ballista_core::extension::EndpointOverrideFn;
use model::Message;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};

/// What every machine of a cluster is called in its certificate, wherever it is.
const NAME: &str = "redoubt-cluster";
const DAYS: i64 = 825;
const CONNECT: Duration = Duration::from_secs(5);
const ALIVE: Duration = Duration::from_secs(20);

/// By what the machines of a cluster know each other.
#[derive(Clone, Default)]
pub struct Peers(Option<Arc<Certificates>>);

struct Certificates {
    authority: Certificate,
    own: Identity,
}

impl Peers {
    pub fn open(folder: Option<&Path>) -> Result<Peers, Message> {
        let Some(folder) = folder else { return Ok(Peers(None)) };
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| {
                Message::new("query.cluster-certificates").with("path", path.display()).reason("cause", &error)
            })
        };
        let own = Identity::from_pem(read("peer.crt")?, read("peer.key")?);
        let authority = Certificate::from_pem(read("authority.crt")?);
        Ok(Peers(Some(Arc::new(Certificates { authority, own }))))
    }

    /// Refuses to listen where others reach it who need not say who they are.
    pub fn may_listen(&self, address: SocketAddr, trusted_network: bool) -> Result<(), Message> {
        if self.0.is_some() || trusted_network || address.ip().is_loopback() {
            return Ok(());
        }
        Err(Message::new("query.cluster-open").with("address", address))
    }

    /// A server that listens to nobody else.
    pub fn server(&self) -> Result<Server, Message> {
        let server = Server::builder().tcp_nodelay(true).http2_keepalive_interval(Some(ALIVE));
        match &self.0 {
            None => Ok(server),
            Some(known) => {
                let tls = ServerTlsConfig::new().identity(known.own.clone()).client_ca_root(known.authority.clone());
                server.tls_config(tls).map_err(|error| failed("query.cluster-service")(&error))
            }
        }
    }

    /// Where one of them is.
    pub fn at(&self, address: &str) -> Result<Endpoint, Message> {
        let named = |error: &dyn std::fmt::Display| {
            Message::new("query.cluster-address").with("address", address).with("cause", error)
        };
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|error| named(&error))?;
        let endpoint = endpoint.connect_timeout(CONNECT).tcp_nodelay(true);
        match self.endpoint() {
            None => Ok(endpoint),
            Some(secure) => secure(endpoint).map_err(|error| named(&error)),
        }
    }

    /// Makes of the way to one of them one on which both say who they are; none where nobody does.
    pub fn endpoint(&self) -> Option<EndpointOverrideFn> {
        let known = self.0.clone()?;
        Some(Arc::new(move |endpoint: Endpoint| {
            let address = endpoint.uri().to_string().replacen("http://", "https://", 1);
            let tls = ClientTlsConfig::new()
                .domain_name(NAME)
                .ca_certificate(known.authority.clone())
                .identity(known.own.clone());
            let endpoint = Endpoint::from_shared(address)?
                .connect_timeout(CONNECT)
                .tcp_nodelay(true)
                .http2_keep_alive_interval(ALIVE)
                .keep_alive_while_idle(true);
            Ok(endpoint.tls_config(tls)?)
        }))
    }
}

/// Makes an authority, or takes the one that is there, and a certificate of it for the machines of a cluster.
pub fn certify(folder: &Path) -> Result<(), Message> {
    let damaged = |cause: &dyn std::fmt::Display| {
        Message::new("query.cluster-certificates").with("path", folder.display()).with("cause", cause)
    };
    let now = jiff::Timestamp::now();
    let authority = link::Authority::open(folder, now).map_err(|error| damaged(&error))?;
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).map_err(|error| damaged(&error))?;
    params.distinguished_name.push(DnType::CommonName, "Redoubt cluster");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let date = |days: i64| {
        let day = now.checked_add(jiff::SignedDuration::from_hours(24 * days)).map_err(|error| damaged(&error))?;
        let day = jiff::tz::Offset::UTC.to_datetime(day).date();
        let (month, of_month) = (day.month().unsigned_abs(), day.day().unsigned_abs());
        Ok::<_, Message>(rcgen::date_time_ymd(i32::from(day.year()), month, of_month))
    };
    // Clocks in isolated networks differ.
    (params.not_before, params.not_after) = (date(-1)?, date(DAYS)?);
    let key = KeyPair::generate().map_err(|error| damaged(&error))?;
    let made = params.signed_by(&key, authority.issuer()).map_err(|error| damaged(&error))?;
    private(&folder.join("peer.key"), key.serialize_pem().as_bytes()).map_err(|error| damaged(&error))?;
    std::fs::write(folder.join("peer.crt"), made.pem()).map_err(|error| damaged(&error))
}

/// Writes what nobody else on the machine reads.
fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}
