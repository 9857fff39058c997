//! What all handlers share: the store, the knowledge, the clock, and the wires to the job runner.

use crate::analysis::AnalysisOfServer;
use crate::endpoints::EndpointsOfServer;
use crate::file_rules::RulesOfServer;
use crate::fleet::FleetCache;
use crate::indicators::Watched;
use crate::lake::LakeOfServer;
use crate::link::LinkOfServer;
use crate::questions::Beside;
use crate::wire::{jobs::Notice, system::Certificate};
use jiff::{Timestamp, civil::Date, tz::Offset};
use knowledge::Knowledge;
use query::{Desk, DeskOptions};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use store::{Act, Store};
use tokio::sync::{Mutex, Notify, Semaphore, broadcast};

/// Where time comes from; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A slow listener of notices loses the oldest and is told how many; 256 notices are seconds of a busy import.
const NOTICES_KEPT: usize = 256;
/// Jobs that are worked on at one time: a hunt does not wait for an import of hours.
pub const LANES: usize = 2;
/// Passwords hashed at one time. Each takes 19 MiB for some 30 ms; more at once would only starve the rest.
const PASSWORDS_AT_ONCE: usize = 2;

/// What the server tells the handlers about itself.
#[derive(Debug, Clone)]
pub struct Place {
    pub version: String,
    /// What this server is called among several that share a database and a lake; nothing when it is alone.
    pub name: String,
    pub data_directory: PathBuf,
    pub listen: String,
    pub started: Timestamp,
    pub tls: Option<Certificate>,
    /// Bound to loopback only: then a request must name a loopback host, against DNS rebinding.
    pub loopback: bool,
    /// Largest upload in bytes, over all files of a request.
    pub upload_bytes_max: u64,
    /// Kept capture files together, in bytes.
    pub captures_bytes_max: u64,
    /// Kept files that were analysed together, in bytes.
    pub files_bytes_max: u64,
    /// Where the tables of the lake are, when not in the data directory.
    pub bucket: Option<lake::Bucket>,
    /// Where the bytes of files are, and what was made of them, when not in the data directory.
    pub files_bucket: Option<lake::Bucket>,
    /// The lake in bytes, and how many days its records stay; for ever when absent.
    pub lake_bytes_max: u64,
    pub lake_days: Option<u32>,
    /// What questions in SQL may cost.
    pub questions: DeskOptions,
}

/// The knowledge in use: what the product ships, or that with imported parts in its place.
#[derive(Clone)]
pub enum KnowledgeHandle {
    Builtin(&'static Knowledge),
    Loaded(Arc<Knowledge>),
}

impl std::ops::Deref for KnowledgeHandle {
    type Target = Knowledge;
    fn deref(&self) -> &Knowledge {
        match self {
            KnowledgeHandle::Builtin(knowledge) => knowledge,
            KnowledgeHandle::Loaded(knowledge) => knowledge,
        }
    }
}

/// The shared state; clones are one.
#[derive(Clone)]
pub struct App(Arc<Inner>);

pub struct Inner {
    pub store: Store,
    pub place: Place,
    pub clock: Clock,
    knowledge: RwLock<KnowledgeHandle>,
    notices: broadcast::Sender<Notice>,
    /// One for each lane of jobs, rung when a job is queued or cancelled.
    bells: [Notify; LANES],
    pub(crate) passwords: Semaphore,
    pub(crate) fleet: Mutex<FleetCache>,
    /// What traffic is watched for.
    pub indicators: Watched,
    /// Everything the sensor recorded.
    pub lake: LakeOfServer,
    /// Files, and what they are compared by.
    pub analysis: AnalysisOfServer,
    /// Rules that files are matched with.
    pub file_rules: RulesOfServer,
    /// Collectors on other machines.
    pub link: LinkOfServer,
    /// Machines with an agent, and what they are held to.
    pub endpoints: EndpointsOfServer,
    /// Where questions in SQL are asked, and the tables of hosts for them.
    pub desk: query::Desk,
    pub(crate) beside: Mutex<Beside>,
    /// Held between a look into the lake for a hunt and writing what it saw: a later look is never written first.
    pub hunting: Mutex<()>,
    /// Held while room for the file of a capture is made and taken: of two at once the second counts the first.
    pub keeping: Mutex<()>,
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    pub fn new(store: Store, knowledge: KnowledgeHandle, clock: Clock, place: Place) -> Self {
        let desk = Desk::new(
            place.data_directory.join("questions"),
            place.data_directory.join("lake"),
            place.questions.clone(),
        );
        App(Arc::new(Inner {
            store,
            place,
            clock,
            knowledge: RwLock::new(knowledge),
            notices: broadcast::channel(NOTICES_KEPT).0,
            bells: [const { Notify::const_new() }; LANES],
            passwords: Semaphore::new(PASSWORDS_AT_ONCE),
            fleet: Mutex::default(),
            indicators: Watched::default(),
            lake: LakeOfServer::default(),
            analysis: AnalysisOfServer::default(),
            file_rules: RulesOfServer::default(),
            link: LinkOfServer::default(),
            endpoints: EndpointsOfServer::default(),
            desk,
            beside: Mutex::default(),
            hunting: Mutex::default(),
            keeping: Mutex::default(),
        }))
    }
}

impl Inner {
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The day judgements are made for: UTC, like everything inside.
    pub fn day(&self) -> Date {
        Offset::UTC.to_datetime(self.now()).date()
    }

    pub fn knowledge(&self) -> KnowledgeHandle {
        self.knowledge.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace_knowledge(&self, knowledge: KnowledgeHandle) {
        *self.knowledge.write().unwrap_or_else(PoisonError::into_inner) = knowledge;
        self.notify(Notice::Knowledge);
    }

    /// Tells everybody who listens; nobody listening is fine.
    pub fn notify(&self, notice: Notice) {
        let _ = self.notices.send(notice);
    }

    /// Tells whoever works on jobs to look: each lane at once, or when it is done with what it has.
    pub fn ring(&self) {
        self.bells.iter().for_each(Notify::notify_one);
    }

    /// Waits until somebody rings for a lane.
    pub async fn rung(&self, lane: usize) {
        match self.bells.get(lane) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }

    pub fn listen_to_notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// A change that leaves no audit entry.
    pub fn act(&self) -> Act {
        Act::at(self.now())
    }
}
