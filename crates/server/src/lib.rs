//! Wires the rooms together: opens the store, serves the API and the console, runs the jobs.

mod analysis;
mod assess;
mod backup;
pub mod captures;
mod console;
pub mod demo;
mod endpoints;
mod files;
mod hunts;
mod import;
pub mod ingest;
pub mod jobs;
pub mod lake;
pub mod learn;
pub mod learned;
mod link;
mod move_plans;
mod tables;
mod tls;

pub use api::state::{App, Clock};

use api::state::{KnowledgeHandle, Place};
use axum_server::Handle;
use jiff::Timestamp;
use model::Message;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{Options, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Time that running requests get when the server goes down.
const GRACE_SECONDS: u64 = 10;
/// A client that sends its request's head slower than this is no client.
const HEAD_SECONDS: u64 = 20;

/// How the server is started.
#[derive(Clone)]
pub struct Config {
    pub data_directory: PathBuf,
    pub listen: SocketAddr,
    /// Where collectors on other machines are served; nowhere when absent.
    pub link: Option<SocketAddr>,
    /// `postgres://…`; SQLite in the data directory when absent.
    pub database: Option<String>,
    pub tls: Tls,
    /// Further names and addresses the certificate is good for.
    pub names: Vec<String>,
    /// Load the demo network when the database holds no host.
    pub demo: bool,
    /// Largest upload in bytes.
    pub upload_bytes_max: u64,
    /// Kept capture files together, in bytes; the oldest make room.
    pub captures_bytes_max: u64,
    /// Files that were analysed together, in bytes; the oldest make room, the bad ones last.
    pub files_bytes_max: u64,
    /// `s3://…`: where the tables of the lake are, when several servers share them. The data directory remembers it.
    pub lake: Option<String>,
    /// `s3://…`: where the bytes of files are, when several servers share them. The data directory remembers it.
    pub files: Option<String>,
    /// Where the storage of a bucket is and who asks, as it stands in the environment: `AWS_ENDPOINT_URL` and others.
    pub bucket_settings: Vec<(String, String)>,
    /// The lake in bytes; the oldest records make room. And how many days they stay, for ever when absent.
    pub lake_bytes_max: u64,
    pub lake_days: Option<u32>,
    /// Files that this server opens at a time; other machines may open more.
    pub file_slots: usize,
    /// The model that tells types of text, where there is one.
    pub type_model: Option<PathBuf>,
    /// Folders whose files are analysed as they come.
    pub watched_folders: Vec<PathBuf>,
    /// What questions in SQL may cost.
    pub questions: query::DeskOptions,
    pub clock: Clock,
}

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Beyond loopback, yes.
    Auto,
    Always,
    /// Only for a server behind a proxy on the same machine; refused beyond loopback.
    Never,
}

impl Config {
    pub fn new(data_directory: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Config {
            data_directory: data_directory.into(),
            listen,
            link: None,
            database: None,
            tls: Tls::Auto,
            names: Vec::new(),
            demo: false,
            upload_bytes_max: 4 << 30,
            captures_bytes_max: 20 << 30,
            files_bytes_max: 50 << 30,
            lake: None,
            files: None,
            bucket_settings: std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect(),
            lake_bytes_max: 200 << 30,
            lake_days: None,
            file_slots: default_slots(),
            type_model: None,
            watched_folders: Vec::new(),
            questions: query::DeskOptions::default(),
            clock: Arc::new(Timestamp::now),
        }
    }

    fn database_url(&self) -> String {
        let file = || format!("sqlite:{}", self.data_directory.join("redoubt.db").display());
        self.database.clone().unwrap_or_else(file)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot use the data directory `{path}`")]
    DataDirectory { path: PathBuf, source: io::Error },
    #[error("cannot listen on `{address}`")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("without TLS the server listens on loopback only, not on `{0}`")]
    Unencrypted(SocketAddr),
    #[error("cannot open the store")]
    Store(#[from] store::Error),
    #[error("cannot set up TLS")]
    Tls(#[from] tls::Error),
    #[error("cannot prepare the first start: {0}")]
    Prepare(String),
    #[error("cannot open the lake")]
    Lake(#[source] ::lake::Error),
    /// Its message says all there is.
    #[error("cannot use the bucket of the lake")]
    Bucket(::lake::Unusable),
    #[error("cannot serve collectors")]
    Link(#[from] ::link::Error),
    #[error("the server stopped")]
    Serve(#[source] io::Error),
}

impl Error {
    /// What a person is told; the cause below has words of its own.
    pub fn message(&self) -> Message {
        match self {
            Error::DataDirectory { path, .. } => Message::new("server.data-directory").with("path", path.display()),
            Error::Listen { address, .. } => Message::new("server.listen").with("address", address),
            Error::Unencrypted(address) => Message::new("server.unencrypted").with("address", address),
            Error::Store(_) => Message::new("server.store"),
            Error::Tls(_) => Message::new("server.tls"),
            Error::Prepare(cause) => Message::new("server.prepare").with("cause", cause),
            Error::Lake(::lake::Error::InUse(path)) => Message::new("server.lake-in-use").with("path", path.display()),
            Error::Bucket(unusable) => lake::unusable(unusable),
            Error::Lake(_) => Message::new("server.lake"),
            Error::Link(error) => Message::new("server.link").reason("cause", error.message()),
            Error::Serve(_) => Message::new("server.serve"),
        }
    }
}

/// A server that runs.
pub struct Running {
    pub ready: Ready,
    handle: Handle<SocketAddr>,
    shutdown: watch::Sender<bool>,
    served: JoinHandle<io::Result<()>>,
    jobs: JoinHandle<()>,
    /// Absent when the lake cannot be read.
    lake: Option<JoinHandle<()>>,
    /// Absent when collectors are not served.
    link: Option<JoinHandle<()>>,
    files: JoinHandle<()>,
    endpoints: JoinHandle<()>,
}

/// What whoever started the server tells the person.
pub struct Ready {
    pub app: App,
    pub address: SocketAddr,
    /// `https://127.0.0.1:8443`
    pub url: String,
    /// The token of the first start, while nobody has an account. Only its digest is kept: this is the one time to
    /// show it.
    pub setup_token: Option<String>,
    /// The authority's certificate to import into browsers, under TLS.
    pub authority: Option<PathBuf>,
    /// Where collectors are served.
    pub link: Option<SocketAddr>,
}

/// Runs a server until the process is asked to end (Ctrl-C, SIGTERM).
pub async fn run(config: Config, on_ready: impl AsyncFnOnce(&Ready)) -> Result<(), Error> {
    let mut running = start(config).await?;
    on_ready(&running.ready).await;
    tokio::select! {
        () = asked_to_end() => running.stop().await,
        served = &mut running.served => flatten(served),
    }
}

/// Starts a server; it runs until [`Running::stop`].
pub async fn start(config: Config) -> Result<Running, Error> {
    let loopback = config.listen.ip().is_loopback();
    if config.tls == Tls::Never && !loopback {
        return Err(Error::Unencrypted(config.listen));
    }
    let now = (config.clock)();
    let data = &config.data_directory;
    files::private_folder(data).map_err(|source| Error::DataDirectory { path: data.clone(), source })?;
    let (listener, address) = listen(config.listen)?;
    let for_collectors = config.link.map(listen).transpose()?;
    let encrypted = config.tls == Tls::Always || (config.tls == Tls::Auto && !loopback);
    let identity = if encrypted { Some(tls::identity(&data.join("tls"), address, &config.names, now)?) } else { None };

    let certificate = identity.as_ref().map(|identity| identity.certificate.clone());
    let app = open_at(&config, address, certificate).await?;
    // Before anybody can upload: what lies there now was left behind.
    import::sweep(&app).await.map_err(prepare)?;
    captures::tell_broken_off(&app).await?;
    analysis::open(&app);
    let kept = lake::open(&app).await?;
    endpoints::open(&app).await.map_err(prepare)?;
    let linked = match &for_collectors {
        Some((_, address)) => Some(link::Link::open(&app, &data.join("tls"), *address).await?),
        None => None,
    };
    let setup_token = first_start(&app, config.demo).await.map_err(prepare)?;

    let service = api::surround(api::router(app.clone()).fallback(console::serve), app.clone())
        .into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let scheme = if identity.is_some() { "https" } else { "http" };
    let authority = identity.as_ref().map(|identity| identity.authority.clone());
    let serving = handle.clone();
    let served = match identity {
        Some(identity) => {
            let mut server = axum_server::from_tcp_rustls(listener, identity.config).map_err(Error::Serve)?;
            limit_heads(server.http_builder());
            tokio::spawn(async move { server.handle(serving).serve(service).await })
        }
        None => {
            let mut server = axum_server::from_tcp(listener).map_err(Error::Serve)?;
            limit_heads(server.http_builder());
            tokio::spawn(async move { server.handle(serving).serve(service).await })
        }
    };
    let (shutdown, watched) = watch::channel(false);
    // With SQLite no other process works on this database.
    let alone = config.database.as_deref().is_none_or(|url| url.starts_with("sqlite:"));
    let lake = match kept {
        Some(kept) => Some(tokio::spawn(lake::run(app.clone(), kept, watched.clone()))),
        // A bucket that cannot be reached now can be later.
        None if app.place.bucket.is_some() => Some(tokio::spawn(lake::run_when_reached(app.clone(), watched.clone()))),
        None => None,
    };
    let link_address = for_collectors.as_ref().map(|(_, address)| *address);
    let link = match linked.zip(for_collectors) {
        Some((link, (listener, _))) => {
            app.link.open(link.clone());
            let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Serve)?;
            Some(tokio::spawn(link.run(listener, watched.clone())))
        }
        None => None,
    };
    let endpoints = tokio::spawn(endpoints::run(app.clone(), watched.clone()));
    let opening = analysis::Opening { slots: config.file_slots, model: config.type_model.clone() };
    let files = tokio::spawn(analysis::run(app.clone(), opening, config.watched_folders.clone(), watched.clone()));
    let jobs = tokio::spawn(jobs::run(app.clone(), alone, watched));
    let url = format!("{scheme}://{address}");
    let ready = Ready { app, address, url, setup_token, authority, link: link_address };
    Ok(Running { ready, handle, shutdown, served, jobs, lake, link, files, endpoints })
}

/// One processor is left to what records and answers, where there are several.
fn default_slots() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().saturating_sub(1).max(1))
}

/// Opens a port; gives its address too, since port 0 is any.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let opened = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    opened().map_err(|source| Error::Listen { address, source })
}

/// Opens the data of a server without serving it: for the command line.
pub async fn open(config: &Config) -> Result<App, Error> {
    let data = &config.data_directory;
    files::private_folder(data).map_err(|source| Error::DataDirectory { path: data.clone(), source })?;
    open_at(config, config.listen, None).await
}

async fn open_at(
    config: &Config,
    address: SocketAddr,
    tls: Option<api::wire::system::Certificate>,
) -> Result<App, Error> {
    let now = (config.clock)();
    let data = &config.data_directory;
    let options = Options { now, backups: Some(data.join("backups")) };
    let store = Store::open(&config.database_url(), &options).await?;
    let bucket = lake::bucket(config).map_err(Error::Bucket)?;
    let files_bucket = analysis::bucket(config).map_err(Error::Bucket)?;
    let place = Place {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: bucket.as_ref().map_or_else(String::new, |bucket| bucket.writer().to_owned()),
        data_directory: data.clone(),
        listen: address.to_string(),
        started: now,
        tls,
        loopback: config.listen.ip().is_loopback(),
        upload_bytes_max: config.upload_bytes_max,
        captures_bytes_max: config.captures_bytes_max,
        files_bytes_max: config.files_bytes_max,
        bucket,
        files_bucket,
        lake_bytes_max: config.lake_bytes_max,
        lake_days: config.lake_days,
        questions: query::DeskOptions { bucket_settings: config.bucket_settings.clone(), ..config.questions.clone() },
    };
    let knowledge = KnowledgeHandle::Builtin(knowledge::Knowledge::builtin());
    let app = App::new(store, knowledge, config.clock.clone(), place);
    learn::restore(&app).await.map_err(prepare)?;
    Ok(app)
}

impl Running {
    /// Lets running requests end, stops the jobs where they are, and closes the store.
    pub async fn stop(self) -> Result<(), Error> {
        let _ = self.shutdown.send(true);
        self.handle.graceful_shutdown(Some(Duration::from_secs(GRACE_SECONDS)));
        self.ready.app.ring();
        let served = flatten(self.served.await);
        // A job looks up between its steps; one long step must not keep the machine from going down.
        let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), self.jobs).await;
        let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), self.files).await;
        self.ready.app.link.close();
        // What a collector is being answered is kept before the lake is closed.
        if let Some(link) = self.link {
            let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), link).await;
        }
        let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), self.endpoints).await;
        self.ready.app.lake.close();
        if let Some(lake) = self.lake {
            let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), lake).await;
        }
        self.ready.app.store.close().await;
        served
    }
}

fn flatten(served: Result<io::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
    match served {
        Ok(outcome) => outcome.map_err(Error::Serve),
        Err(error) => Err(Error::Serve(io::Error::other(error))),
    }
}

fn prepare(problem: api::Problem) -> Error {
    Error::Prepare(words::text(&problem.message, words::Language::En))
}

fn limit_heads(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().timer(hyper_util::rt::TokioTimer::new()).header_read_timeout(Duration::from_secs(HEAD_SECONDS));
    builder.http2().timer(hyper_util::rt::TokioTimer::new()).max_concurrent_streams(128);
}

/// What only a start without accounts or hosts does: a setup token, the demo network.
async fn first_start(app: &App, demo: bool) -> Result<Option<String>, api::Problem> {
    app.store.sweep_accounts(app.now()).await?;
    if demo && app.store.host_count().await? == 0 {
        demo::load(app, situation::demo::SIZE, "system", |_| {}).await?;
    }
    if app.store.has_users().await? {
        return Ok(None);
    }
    let token = api::secret::setup_token()?;
    app.store.put_setup_token(&api::secret::digest(&token), app.now()).await?;
    Ok(Some(token))
}

/// Waits until the process is asked to end: by Ctrl-C, or by SIGTERM.
pub async fn asked_to_end() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
