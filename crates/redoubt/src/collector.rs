//! A collector's folder on this machine: who it is, which server it delivers to, and its spool; and delivering while
//! something else goes on.
//!
//! One process has the spool at a time. It writes its figures beside it, for whoever asks meanwhile.

use crate::output::{Failure, Output};
use anyhow::Context;
use jiff::Timestamp;
use link::{Courier, CourierOptions, Identity, Spool};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

const SPOOL_MIB: u64 = 1024;
/// Between two looks at how delivering goes.
const LOOK: Duration = Duration::from_millis(500);
/// Looks between two times that the figures are written down.
const LOOKS_A_TELL: u32 = 4;
/// A server that took nothing for so long, with something waiting, is away.
const AWAY_AFTER: Duration = Duration::from_secs(5);
/// Bytes of a file of ours.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A collector's folder.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// Where it delivers to, and with how much room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    pub server: String,
    #[serde(default = "spool_mib")]
    pub spool_mib: u64,
}

fn spool_mib() -> u64 {
    SPOOL_MIB
}

/// How delivering goes, as it is shown and kept for others to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub collector: String,
    pub server: String,
    pub at: Timestamp,
    /// Whether a process delivers.
    pub delivering: bool,
    pub connected: bool,
    pub certificate_until: Timestamp,
    pub waiting_batches: u64,
    pub used_bytes: u64,
    pub limit_bytes: u64,
    pub delivered_batches: u64,
    pub shed_batches: u64,
    pub shed_rows: u64,
    pub lost_batches: u64,
    pub aside_batches: u64,
    /// Refusals since the process began, by their code.
    pub refused: BTreeMap<String, u64>,
    /// Why the last batch was set aside, and what keeps it from delivering.
    pub set_aside: Option<Message>,
    pub trouble: Option<Message>,
}

/// A collector that delivers.
pub struct Delivering {
    pub spool: Spool,
    courier: Arc<Courier>,
    home: Home,
    server: String,
    telling: JoinHandle<()>,
}

impl Home {
    /// The folder as asked, else the user's.
    pub fn of(asked: Option<&Path>) -> anyhow::Result<Home> {
        if let Some(folder) = asked {
            return Ok(Home { folder: folder.to_owned() });
        }
        let place = crate::args::Place { data: None, database: None };
        Ok(Home { folder: crate::commands::data_directory(&place)?.join("collector") })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn identity(&self) -> anyhow::Result<Identity> {
        let missing = || {
            let what = Message::new("cli.collector-not-enrolled").with("path", self.folder.display());
            Failure::new(what).hint(Message::new("cli.collector-not-enrolled-hint"))
        };
        Ok(Identity::load(&self.folder).map_err(told)?.ok_or_else(missing)?)
    }

    pub fn setup(&self) -> anyhow::Result<Setup> {
        self.read("collector.json")
    }

    pub fn put_setup(&self, setup: &Setup) -> anyhow::Result<()> {
        self.write("collector.json", setup)
    }

    /// The figures that the process which has the spool wrote down last.
    pub fn figures(&self) -> anyhow::Result<Figures> {
        self.read("figures.json")
    }

    pub fn spool(&self, setup: &Setup) -> Result<Spool, link::Error> {
        let limit_bytes = setup.spool_mib.saturating_mul(1 << 20);
        Spool::open(&self.folder.join("spool"), link::spool::Options { limit_bytes, ..Default::default() })
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, name: &str) -> anyhow::Result<T> {
        let path = self.folder.join(name);
        let cannot = || Failure::new(Message::new("cli.cannot-read").with("path", path.display()));
        let damaged = || Failure::new(Message::new("cli.collector-damaged").with("path", path.display()));
        if path.metadata().with_context(cannot)?.len() > FILE_BYTES_MAX {
            return Err(damaged().into());
        }
        Ok(serde_json::from_slice(&std::fs::read(&path).with_context(cannot)?).map_err(|_| damaged())?)
    }

    /// A crash leaves the file before or this one.
    fn write(&self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        let beside = path.with_extension("new");
        let cannot = || Failure::new(Message::new("cli.cannot-write").with("path", path.display()));
        std::fs::write(&beside, serde_json::to_vec(value)?).with_context(cannot)?;
        std::fs::rename(&beside, &path).with_context(cannot)
    }
}

impl Delivering {
    /// Begins to deliver what is in the spool, on the runtime this is called on. What keeps it from that is told as it
    /// changes.
    pub fn begin(home: Home, output: &Output) -> anyhow::Result<Delivering> {
        let (identity, setup) = (home.identity()?, home.setup()?);
        let spool = home.spool(&setup).map_err(told)?;
        for notice in spool.notices() {
            output.note(&Message::new("cli.collector-notice").with("path", notice.path.display()));
        }
        let clock: link::Clock = Arc::new(Timestamp::now);
        let courier = Courier::start(spool.clone(), identity, &setup.server, clock, CourierOptions::default());
        let courier = Arc::new(courier);
        let telling = tokio::spawn(tell(home.clone(), courier.clone(), setup.server.clone(), output.clone()));
        Ok(Delivering { spool, courier, home, server: setup.server, telling })
    }

    pub fn figures(&self) -> Figures {
        figures(&self.courier.figures(), &self.server)
    }

    /// Waits until nothing waits, or the server is away; true when nothing waits.
    pub async fn delivered(&self) -> bool {
        let (mut left, mut since) = (u64::MAX, std::time::Instant::now());
        loop {
            let waiting = self.spool.counts().waiting_batches;
            if waiting == 0 {
                return true;
            }
            if waiting < left {
                (left, since) = (waiting, std::time::Instant::now());
            }
            if since.elapsed() >= AWAY_AFTER {
                return false;
            }
            tokio::time::sleep(LOOK / 5).await;
        }
    }

    /// Ends it; what waits stays. Gives how things stand.
    pub async fn end(self) -> Figures {
        let figures = Figures { delivering: false, connected: false, ..self.figures() };
        self.telling.abort();
        let _ = self.telling.await;
        // Whoever asks now reads the spool itself; the file is for the time when it cannot.
        let _ = self.home.write("figures.json", &figures);
        if let Ok(courier) = Arc::try_unwrap(self.courier) {
            courier.stop().await;
        }
        figures
    }
}

async fn tell(home: Home, courier: Arc<Courier>, server: String, output: Output) {
    let (mut looks, mut told_trouble, mut told_aside) = (0, None, 0);
    loop {
        let now = figures(&courier.figures(), &server);
        if now.trouble != told_trouble {
            match &now.trouble {
                Some(trouble) => output.note(&Message::new("cli.collector-trouble").reason("why", trouble.clone())),
                None => output.note(&Message::new("cli.collector-goes-on")),
            }
            told_trouble = now.trouble.clone();
        }
        if let Some(why) = now.set_aside.as_ref().filter(|_| now.aside_batches > told_aside) {
            output.note(&Message::new("cli.collector-set-aside").reason("why", why.clone()));
        }
        told_aside = now.aside_batches;
        if looks % LOOKS_A_TELL == 0 {
            // That nobody can read them meanwhile keeps nothing from being delivered.
            let _ = home.write("figures.json", &now);
        }
        looks = looks.wrapping_add(1);
        tokio::time::sleep(LOOK).await;
    }
}

fn figures(of: &link::Figures, server: &str) -> Figures {
    let spool = of.spool;
    Figures {
        collector: of.collector.clone(),
        server: server.to_owned(),
        at: Timestamp::now(),
        delivering: true,
        connected: of.connected,
        certificate_until: of.certificate_ends,
        waiting_batches: spool.waiting_batches,
        used_bytes: spool.used_bytes,
        limit_bytes: spool.limit_bytes,
        delivered_batches: spool.delivered_batches,
        shed_batches: spool.shed_batches,
        shed_rows: spool.shed_rows,
        lost_batches: spool.lost_batches,
        aside_batches: spool.aside_batches,
        refused: of.refused.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect(),
        set_aside: of.set_aside.clone(),
        trouble: of.trouble.clone(),
    }
}

/// How things stand when nobody delivers.
pub fn at_rest(home: &Home, identity: &Identity) -> anyhow::Result<Figures> {
    let setup = home.setup()?;
    let spool = match home.spool(&setup) {
        Ok(spool) => spool,
        // Somebody has it, and wrote down how it goes.
        Err(link::Error::InUse(_)) => return home.figures(),
        Err(error) => return Err(told(error)),
    };
    let of = link::Figures {
        collector: identity.collector().to_owned(),
        connected: false,
        certificate_ends: identity.not_after(),
        spool: spool.counts(),
        welcomes: 0,
        sent_batches: 0,
        refused: BTreeMap::new(),
        set_aside: None,
        trouble: None,
    };
    // What was wrong when somebody delivered last most likely still is.
    let last = home.figures().ok();
    let trouble = last.as_ref().and_then(|last| last.trouble.clone());
    let set_aside = last.and_then(|last| last.set_aside);
    Ok(Figures { delivering: false, trouble, set_aside, ..figures(&of, &setup.server) })
}

/// An error of the link with its words.
pub fn told(error: link::Error) -> anyhow::Error {
    Failure::new(error.message()).into()
}
