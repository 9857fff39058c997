//! The server's end: collectors enrol, renew their certificates, and deliver; endpoints are led.

mod connections;
mod delivery;
mod enrolment;
mod guidance;

pub(crate) use delivery::{VERSION, code_name};
pub(crate) use enrolment::reason;
pub(crate) use guidance::VERSION as GUIDANCE_VERSION;

use crate::batch::BATCH_BYTES_MAX;
use crate::certificate::Peer;
use crate::error::Error;
use crate::lead::{Lead, REPORT_BYTES_MAX};
use crate::proto::delivery_server::DeliveryServer;
use crate::proto::enrolment_server::EnrolmentServer;
use crate::proto::guidance_server::GuidanceServer;
use crate::register::Register;
use crate::spool::lock_of;
use crate::take::Take;
use crate::tls::{self, Clock};
use connections::Shown;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Bytes of a message beside those of its batch.
const MESSAGE_BYTES_SPARE: usize = 16 << 10;
/// Bytes of a message that asks for a certificate.
const ENROL_BYTES_MAX: usize = 8 << 10;
/// Bytes on their way that were not looked at, of one call and of all calls of a connection.
const WINDOW_BYTES: u32 = 1 << 20;
/// Calls of one connection at a time, and bytes of their heads.
const CALLS_MAX: u32 = 4;
const HEAD_BYTES_MAX: u32 = 8 << 10;
/// How long open calls may go on when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Bounds of the server's end.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections of collectors; of those without a certificate, which can only enrol; and those whose handshake is
    /// going on.
    pub collectors_max: usize,
    pub strangers_max: usize,
    pub handshakes_max: usize,
    /// How long a handshake and a greeting may take, and how long somebody without a certificate may stay.
    pub handshake_within: Duration,
    pub greet_within: Duration,
    pub stranger_within: Duration,
    /// How often a connection is asked whether it is there, and how long it may take to answer.
    pub ask_every: Duration,
    /// Bytes of a batch, no more than [`BATCH_BYTES_MAX`], and batches that a collector may send before an answer.
    pub batch_bytes_max: usize,
    pub in_flight_max: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            collectors_max: 20_000,
            strangers_max: 64,
            handshakes_max: 128,
            handshake_within: Duration::from_secs(10),
            greet_within: Duration::from_secs(20),
            stranger_within: Duration::from_secs(30),
            ask_every: Duration::from_secs(20),
            batch_bytes_max: BATCH_BYTES_MAX,
            in_flight_max: 32,
        }
    }
}

/// The server's end of the link. Clones are doors to the same.
pub struct Server<T> {
    inner: Arc<Inner<T>>,
}

impl<T> Clone for Server<T> {
    fn clone(&self) -> Self {
        Server { inner: self.inner.clone() }
    }
}

struct Inner<T> {
    register: Arc<Register>,
    take: Arc<T>,
    lead: Option<Arc<dyn Lead>>,
    clock: Clock,
    options: Options,
    turns: Mutex<HashMap<String, Arc<Turn>>>,
    figures: Mutex<Status>,
    stop: watch::Sender<bool>,
}

/// One collector's turn to deliver: whoever comes later takes over from who came before, whose connection is most likely
/// gone without a word.
struct Turn {
    newest: watch::Sender<u64>,
    held: tokio::sync::Mutex<()>,
}

/// Figures of the server's end since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Who delivers now, by collector.
    pub connected: BTreeMap<String, Connected>,
    pub taken_batches: u64,
    pub taken_rows: u64,
    /// Batches that were sent again.
    pub known_batches: u64,
    /// Batches that collectors no longer had.
    pub lost_batches: u64,
    /// Refusals by code: `busy`, `malformed`, `unknown-kind`, `out-of-order`, `revoked`, `not-yours`, `version`,
    /// `replaced`, `too-large`.
    pub refused: BTreeMap<&'static str, u64>,
    /// Connections that were turned away since there were too many, or whose handshake failed.
    pub turned_away: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The collector and its spool: who numbers batches.
    pub source: String,
    pub since: Timestamp,
    /// The last batch that was taken or known, in this connection.
    pub sequence: Option<i64>,
}

impl<T: Take> Server<T> {
    pub fn new(register: Arc<Register>, take: Arc<T>, clock: Clock, options: Options) -> Server<T> {
        Server::leading(register, take, None, clock, options)
    }

    /// One that also leads endpoints.
    pub fn leading(
        register: Arc<Register>,
        take: Arc<T>,
        lead: Option<Arc<dyn Lead>>,
        clock: Clock,
        options: Options,
    ) -> Server<T> {
        let (stop, _) = watch::channel(false);
        let (turns, figures) = (Mutex::default(), Mutex::default());
        let options = Options { batch_bytes_max: options.batch_bytes_max.min(BATCH_BYTES_MAX), ..options };
        Server { inner: Arc::new(Inner { register, take, lead, clock, options, turns, figures, stop }) }
    }

    /// Serves until [`Server::stop`] is called, or for ever.
    pub async fn serve(&self, listener: TcpListener) -> Result<(), Error> {
        let inner = &self.inner;
        let address = listener.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
        let config = tls::server(inner.register.authority().clone(), &inner.clock)?;
        let connections = connections::accept(listener, config, inner.clone());
        let batch_bytes = inner.options.batch_bytes_max + MESSAGE_BYTES_SPARE;
        let serving = tonic::transport::Server::builder()
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_concurrent_streams(CALLS_MAX)
            .http2_max_header_list_size(HEAD_BYTES_MAX)
            .http2_keepalive_interval(Some(inner.options.ask_every))
            .http2_keepalive_timeout(Some(inner.options.ask_every))
            .add_service(EnrolmentServer::new(self.clone()).max_decoding_message_size(ENROL_BYTES_MAX))
            .add_service(DeliveryServer::new(self.clone()).max_decoding_message_size(batch_bytes))
            .add_service(
                GuidanceServer::new(self.clone()).max_decoding_message_size(REPORT_BYTES_MAX + MESSAGE_BYTES_SPARE),
            )
            .serve_with_incoming_shutdown(connections, inner.stopped());
        let late = async {
            inner.stopped().await;
            tokio::time::sleep(STOP_WITHIN).await;
        };
        tokio::select! {
            served = serving => served.map_err(|error| Error::BrokenOff { address, cause: error.to_string() }),
            () = late => Ok(()),
        }
    }

    /// Ends all streams and lets [`Server::serve`] return. A batch that is being taken is answered first.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    pub fn status(&self) -> Status {
        lock_of(&self.inner.figures).clone()
    }

    pub fn register(&self) -> &Arc<Register> {
        &self.inner.register
    }
}

impl<T> Inner<T> {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn count(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock_of(&self.figures));
    }

    fn stopped(&self) -> impl Future<Output = ()> + Send + use<T> {
        let mut stop = self.stop.subscribe();
        async move { drop(stop.wait_for(|stop| *stop).await) }
    }

    fn turn(&self, collector: &str) -> Arc<Turn> {
        let new = || Arc::new(Turn { newest: watch::channel(0).0, held: tokio::sync::Mutex::default() });
        lock_of(&self.turns).entry(collector.to_owned()).or_insert_with(new).clone()
    }
}

/// The certificate that a request came with.
fn peer<R>(request: &tonic::Request<R>) -> Option<Arc<Peer>> {
    request.extensions().get::<Shown>().and_then(|shown| shown.0.clone())
}
