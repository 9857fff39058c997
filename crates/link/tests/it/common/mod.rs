//! A server's end with its register and somewhere to keep what arrives, and collectors.
#![allow(dead_code, clippy::unwrap_used, reason = "not every test needs everything; one that cannot go on fails")]

use jiff::{SignedDuration, Timestamp};
use link::server::Options;
use link::spool::Options as SpoolOptions;
use link::{
    Authority, Batch, Clock, Courier, CourierOptions, Identity, Invitation, Lost, Outcome, Refusal, Register, Server,
    Spool, Take,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// 2026-03-01 00:00 UTC.
pub const START: i64 = 1_772_323_200;

/// A clock that a test sets.
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    pub fn new() -> Hand {
        Hand(Arc::new(AtomicI64::new(START)))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn pass_days(&self, days: i64) {
        self.0.fetch_add(days * 86_400, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let hand = self.clone();
        Arc::new(move || hand.now())
    }
}

/// Somewhere that keeps what arrives, in memory that outlasts the server.
#[derive(Default)]
pub struct Ledger {
    pub kept: Mutex<Kept>,
}

#[derive(Default)]
pub struct Kept {
    /// What came, in the order it came, by source.
    pub batches: BTreeMap<String, Vec<Batch>>,
    pub lost: Vec<(String, Lost)>,
    pub marks: BTreeMap<String, i64>,
    /// So many calls are answered that it is busy.
    pub busy: u32,
}

impl Take for Ledger {
    async fn take(&self, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
        // Others get their turn in the middle, as they do while a disk is asked.
        tokio::task::yield_now().await;
        let mut kept = self.kept.lock().unwrap();
        if kept.busy > 0 {
            kept.busy -= 1;
            return Err(Refusal::Busy { again_after: Duration::from_millis(1) });
        }
        match batch.kind.as_str() {
            "bad" => return Err(Refusal::Malformed("it is bad".to_owned())),
            "later" => return Err(Refusal::UnknownKind),
            _ => {}
        }
        let mark = kept.marks.get(source).copied();
        assert!(mark.is_none_or(|mark| batch.sequence == mark + 1), "{source}: {} after {mark:?}", batch.sequence);
        kept.marks.insert(source.to_owned(), batch.sequence);
        kept.batches.entry(source.to_owned()).or_default().push(batch);
        Ok(Outcome::Taken)
    }

    async fn lost(&self, source: &str, lost: Lost) -> Result<Outcome, Refusal> {
        let mut kept = self.kept.lock().unwrap();
        kept.marks.insert(source.to_owned(), lost.last);
        kept.lost.push((source.to_owned(), lost));
        Ok(Outcome::Taken)
    }

    async fn reached(&self, source: &str) -> Result<Option<i64>, Refusal> {
        Ok(self.kept.lock().unwrap().marks.get(source).copied())
    }
}

impl Ledger {
    /// The numbers that came, of all sources, in the order they came.
    pub fn sequences(&self) -> Vec<i64> {
        let kept = self.kept.lock().unwrap();
        kept.batches.values().flatten().map(|batch| batch.sequence).collect()
    }

    /// What came, as text.
    pub fn texts(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        let text = |batch: &Batch| String::from_utf8(batch.bytes.to_vec()).unwrap();
        kept.batches.values().flatten().map(text).collect()
    }
}

/// A server that runs.
pub struct House {
    pub folder: TempDir,
    pub hand: Hand,
    pub ledger: Arc<Ledger>,
    pub register: Arc<Register>,
    pub server: Server<Ledger>,
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl House {
    pub async fn new() -> House {
        House::with(Options::default()).await
    }

    pub async fn with(options: Options) -> House {
        let folder = tempfile::tempdir().unwrap();
        let hand = Hand::new();
        let authority = Arc::new(Authority::open(folder.path(), hand.now()).unwrap());
        let register = Arc::new(Register::open(folder.path(), authority).unwrap());
        let ledger = Arc::new(Ledger::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (server, task) = serve(&register, &ledger, &hand, listener, options);
        House { folder, hand, ledger, register, server, address, task }
    }

    /// Ends the server at once and begins another one at the same address.
    pub async fn restart(&mut self) {
        self.task.abort();
        let mut listener = TcpListener::bind(self.address).await;
        // The one before lets go of the address in a moment.
        while listener.is_err() {
            tokio::task::yield_now().await;
            listener = TcpListener::bind(self.address).await;
        }
        let listener = listener.unwrap();
        (self.server, self.task) = serve(&self.register, &self.ledger, &self.hand, listener, Options::default());
    }

    pub fn token(&self, uses: u32) -> String {
        self.register.make_token("sensors", uses, SignedDuration::from_hours(1), self.hand.now()).unwrap()
    }

    pub fn invitation(&self, token: &str) -> Invitation {
        let authority = self.register.authority().fingerprint();
        Invitation { address: self.address.to_string(), authority, token: token.to_owned() }
    }

    pub async fn collector(&self) -> Collector {
        self.collector_at(self.address).await
    }

    /// One that reaches the server at another address.
    pub async fn collector_at(&self, address: SocketAddr) -> Collector {
        let folder = tempfile::tempdir().unwrap();
        let invitation = self.invitation(&self.token(1));
        let identity = link::enrol(folder.path(), &invitation, "machine", &self.hand.clock()).await.unwrap();
        let name = identity.collector().to_owned();
        let spool = open_spool(&folder.path().join("spool"));
        Collector { folder, name, spool, address: address.to_string(), hand: self.hand.clone() }
    }
}

fn serve(
    register: &Arc<Register>,
    ledger: &Arc<Ledger>,
    hand: &Hand,
    listener: TcpListener,
    options: Options,
) -> (Server<Ledger>, JoinHandle<()>) {
    let server = Server::new(register.clone(), ledger.clone(), hand.clock(), options);
    let serving = server.clone();
    let task = tokio::spawn(async move { serving.serve(listener).await.unwrap() });
    (server, task)
}

pub fn open_spool(folder: &Path) -> Spool {
    Spool::open(folder, SpoolOptions { limit_bytes: 4 << 20, ..SpoolOptions::default() }).unwrap()
}

/// A collector that enrolled.
pub struct Collector {
    pub folder: TempDir,
    pub name: String,
    pub spool: Spool,
    pub address: String,
    pub hand: Hand,
}

impl Collector {
    pub fn identity(&self) -> Identity {
        Identity::load(self.folder.path()).unwrap().unwrap()
    }

    pub fn courier(&self) -> Courier {
        Courier::start(self.spool.clone(), self.identity(), &self.address, self.hand.clock(), impatient())
    }

    pub fn source(&self) -> String {
        format!("{}/{}", self.name, self.spool.id())
    }

    /// Adds batches whose content says which they are.
    pub fn add(&self, numbers: std::ops::Range<i64>) {
        for number in numbers {
            self.spool.append("session", 1, format!("{}#{number}", self.name).as_bytes()).unwrap();
        }
    }

    pub fn texts(&self, numbers: std::ops::Range<i64>) -> Vec<String> {
        numbers.map(|number| format!("{}#{number}", self.name)).collect()
    }

    pub fn aside(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("spool/aside");
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

pub fn impatient() -> CourierOptions {
    CourierOptions {
        again_after_min: Duration::from_millis(2),
        again_after_max: Duration::from_millis(50),
        answer_within: Duration::from_secs(10),
        look_every: Duration::from_millis(20),
        in_flight_max: 8,
        ..CourierOptions::default()
    }
}

/// Waits until something is so; a minute is for ever.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
