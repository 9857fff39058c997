//! The collector's end: it enrols once, and from then on a courier delivers what is in the spool.

mod attend;
mod call;
mod run;

pub use attend::Led;

use crate::certificate::Fingerprint;
use crate::error::{Error, NotEnrolled};
use crate::identity::{self, Identity};
use crate::proto::enrolment_client::EnrolmentClient;
use crate::proto::{EnrolRequest, Issued, RenewRequest};
use crate::server::reason;
use crate::spool::{Counts, Spool, lock_of};
use crate::tls::{self, Clock};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use model::Message;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What a collector is told so that it can enrol.
#[derive(Clone)]
pub struct Invitation {
    /// Host and port of the server.
    pub address: String,
    /// By which it knows the server, from the first connection on.
    pub authority: Fingerprint,
    pub token: String,
}

/// How a courier behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Between two attempts: this after the first that failed, twice as long after each further one up to the other, and
    /// each time at random between half of it and all of it.
    pub again_after_min: Duration,
    pub again_after_max: Duration,
    /// A server that says nothing for so long, although it owes an answer, is gone.
    pub answer_within: Duration,
    /// Batches and bytes that are on their way unanswered.
    pub in_flight_max: usize,
    pub in_flight_bytes_max: usize,
    /// How often it is looked at whether the certificate is to be renewed.
    pub look_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            again_after_min: Duration::from_millis(500),
            again_after_max: Duration::from_secs(60),
            answer_within: Duration::from_secs(60),
            in_flight_max: 32,
            in_flight_bytes_max: 16 << 20,
            look_every: Duration::from_secs(3600),
        }
    }
}

/// Delivers what is in a spool, for as long as it is there; dropped, it ends.
pub struct Courier {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// How delivering goes. Counts are since the courier began, those of the spool since it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    pub collector: String,
    /// Whether the server has welcomed it and the stream goes on.
    pub connected: bool,
    pub certificate_ends: Timestamp,
    pub spool: Counts,
    /// Streams that were welcomed.
    pub welcomes: u64,
    pub sent_batches: u64,
    /// Refusals by code, as in [`crate::server::Status::refused`].
    pub refused: BTreeMap<&'static str, u64>,
    /// Why the last batch was set aside that the server refused for good.
    pub set_aside: Option<Message>,
    /// What keeps it from delivering, or from renewing its certificate; absent when nothing does.
    pub trouble: Option<Message>,
}

struct Shared {
    spool: Spool,
    told: Mutex<Told>,
}

#[derive(Clone)]
struct Told {
    collector: String,
    connected: bool,
    certificate_ends: Timestamp,
    welcomes: u64,
    sent_batches: u64,
    refused: BTreeMap<&'static str, u64>,
    set_aside: Option<Message>,
    trouble: Option<Message>,
}

impl Courier {
    /// Begins to deliver, on the runtime that this is called on. `address` is the server's host and port.
    pub fn start(spool: Spool, identity: Identity, address: &str, clock: Clock, options: Options) -> Courier {
        Courier::start_led(spool, identity, address, clock, options, None)
    }

    /// The same for an endpoint, which is led on the connection that it delivers on.
    pub fn start_led(
        spool: Spool,
        identity: Identity,
        address: &str,
        clock: Clock,
        options: Options,
        led: Option<Led>,
    ) -> Courier {
        let told = Told {
            collector: identity.collector().to_owned(),
            connected: false,
            certificate_ends: identity.not_after(),
            welcomes: 0,
            sent_batches: 0,
            refused: BTreeMap::new(),
            set_aside: None,
            trouble: None,
        };
        let shared = Arc::new(Shared { spool, told: Mutex::new(told) });
        let (stop, stopped) = watch::channel(false);
        let run = run::Run::new(shared.clone(), identity, address.to_owned(), clock, options, led, stopped);
        Courier { shared, stop, task: tokio::spawn(run.run()) }
    }

    pub fn figures(&self) -> Figures {
        let told = lock_of(&self.shared.told).clone();
        Figures {
            collector: told.collector,
            connected: told.connected,
            certificate_ends: told.certificate_ends,
            spool: self.shared.spool.counts(),
            welcomes: told.welcomes,
            sent_batches: told.sent_batches,
            refused: told.refused,
            set_aside: told.set_aside,
            trouble: told.trouble,
        }
    }

    /// Ends it. What was not acknowledged stays in the spool.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

/// Enrols a collector and keeps who it is in a folder. Asked again after a failure, it is the same collector.
pub async fn enrol(folder: &Path, invitation: &Invitation, machine: &str, clock: &Clock) -> Result<Identity, Error> {
    let Invitation { address, authority, token } = invitation;
    check_address(address)?;
    let key = identity::asked_key(folder)?;
    let request = identity::request(&key)?;
    let mut client = enrolment(connect(address, *authority, None, clock).await?);
    let asked = EnrolRequest { token: token.trim().to_owned(), request: request.into(), machine: machine.to_owned() };
    let answer = within(address, client.enrol(asked)).await?;
    let Issued { certificate, authority: shown } = answer;
    Identity::keep(folder, key, &certificate, &shown, *authority, clock())
}

/// Another certificate for another key, with the one that is to end.
async fn renew(identity: &Identity, address: &str, clock: &Clock) -> Result<Identity, Error> {
    let folder = identity.folder().to_owned();
    let key = identity::asked_key(&folder)?;
    let request = identity::request(&key)?;
    let mut client = enrolment(connect(address, identity.authority(), Some(identity), clock).await?);
    let Issued { certificate, authority } =
        within(address, client.renew(RenewRequest { request: request.into() })).await?;
    let new = Identity::keep(&folder, key, &certificate, &authority, identity.authority(), clock())?;
    if new.collector() != identity.collector() {
        return Err(Error::certificate("it is for another collector"));
    }
    Ok(new)
}

fn enrolment(channel: Channel) -> EnrolmentClient<Channel> {
    EnrolmentClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// How long one question may take.
const ASK_WITHIN: Duration = Duration::from_secs(30);

async fn within<R>(
    address: &str,
    call: impl Future<Output = Result<tonic::Response<R>, tonic::Status>>,
) -> Result<R, Error> {
    let broken = |cause: String| Error::BrokenOff { address: address.to_owned(), cause };
    let answer = tokio::time::timeout(ASK_WITHIN, call).await.map_err(|_| broken("no answer".to_owned()))?;
    let why = |status: tonic::Status| match reason(&status) {
        Some(why) => Error::NotEnrolled(why),
        None if status.code() == tonic::Code::Unauthenticated => Error::NotEnrolled(NotEnrolled::NoCertificate),
        None => broken(cause(&status)),
    };
    Ok(answer.map_err(why)?.into_inner())
}

/// What a status and what is behind it say, in one line.
fn cause(status: &tonic::Status) -> String {
    let mut text = crate::take::short(status.message());
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        text = format!("{text}: {}", crate::take::short(&error.to_string()));
        source = error.source();
    }
    // The library adds a page to read about it, which nobody in an isolated network can.
    text.split(": https://").next().unwrap_or_default().to_owned()
}

fn check_address(address: &str) -> Result<(), Error> {
    let wrong = || Error::Address(address.chars().take(120).collect());
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    Ok(())
}

/// A channel over one connection: when that is gone, so is the channel.
pub async fn connect(
    address: &str,
    authority: Fingerprint,
    identity: Option<&Identity>,
    clock: &Clock,
) -> Result<Channel, Error> {
    let broken = |cause: String| Error::BrokenOff { address: address.to_owned(), cause };
    let connecting = async {
        let stream = tls::connect(address, authority, identity.map(Identity::shown), clock).await?;
        over(stream).await.map_err(|error| broken(error.to_string()))
    };
    let connected = tokio::time::timeout(ASK_WITHIN, connecting).await;
    connected
        .map_err(|_| Error::Connect { address: address.to_owned(), source: std::io::ErrorKind::TimedOut.into() })?
}

async fn over(stream: TlsStream<TcpStream>) -> Result<Channel, tonic::transport::Error> {
    let once = Arc::new(Mutex::new(Some(stream)));
    let connector = tower::service_fn(move |_: tonic::codegen::http::Uri| {
        let stream = lock_of(&once).take();
        let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        std::future::ready(stream.map(TokioIo::new).ok_or_else(gone))
    });
    Endpoint::from_static("http://link.redoubt")
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .keep_alive_while_idle(true)
        .connect_with_connector(connector)
        .await
}
