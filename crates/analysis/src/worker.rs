//! A worker: takes files that wait from wherever they are queued, has them opened, and gives back what came of them.

use crate::crew::{Crew, Opened};
use crate::opener::{Costs, Request};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks into a queue that was empty, or that could not be asked; the second grows.
const EMPTY: Duration = Duration::from_millis(500);
const UNREACHED_MAX: Duration = Duration::from_secs(30);

/// A file that a worker has by a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileTask))]
pub struct Task {
    pub lease: String,
    pub sha256: String,
    pub size: u64,
    pub name: String,
    /// How long the lease lasts, unless it is extended.
    pub lasts_seconds: u64,
    pub costs: Costs,
    /// Tried on what is encrypted.
    pub passwords: Vec<String>,
    /// The digest of the rules of YARA that it is matched with; empty when there are none.
    #[serde(default)]
    pub rules: String,
}

/// What became of telling a queue something about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileLeaseStanding))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It was this worker's.
    Mine,
    /// It is somebody else's by now, or over.
    Lost,
}

/// Where files wait: the store of this process, or a server.
pub trait Queue: Send + Sync + 'static {
    type Error: std::fmt::Display + Send;

    /// Up to so many files; none when none waits, after having waited a little for one.
    fn lease(&self, most: u32) -> impl Future<Output = Result<Vec<Task>, Self::Error>> + Send;
    /// The bytes of a file, or as many as are read of one, as a file in memory.
    fn content(&self, task: &Task) -> impl Future<Output = Result<File, Self::Error>> + Send;
    /// The compiled rules of a digest, or none when it has no such rules any more.
    fn rules(&self, digest: &str) -> impl Future<Output = Result<Option<PathBuf>, Self::Error>> + Send;
    fn extend(&self, task: &Task) -> impl Future<Output = Result<Standing, Self::Error>> + Send;
    fn finish(&self, task: &Task, opened: Opened) -> impl Future<Output = Result<Standing, Self::Error>> + Send;
    /// The worker goes down before it analysed this.
    fn give_back(&self, task: &Task) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a worker did since it began.
#[derive(Debug, Default)]
pub struct Figures {
    pub finished: AtomicU64,
    /// Files whose process broke down, or ran out of time.
    pub broken: AtomicU64,
    /// Results that nobody wanted any more.
    pub lost: AtomicU64,
}

pub struct Worker<Q> {
    queue: Arc<Q>,
    crew: Arc<Crew>,
    rules: Arc<tokio::sync::Mutex<String>>,
    pub figures: Arc<Figures>,
}

impl<Q: Queue> Worker<Q> {
    pub fn new(queue: Arc<Q>, crew: Arc<Crew>) -> Worker<Q> {
        Worker { queue, crew, rules: Arc::default(), figures: Arc::default() }
    }

    /// Works on so many files at a time until it is told to stop.
    pub async fn run(&self, slots: usize, stop: watch::Receiver<bool>) {
        let slots = (0..slots.max(1)).map(|_| {
            let slot = Slot {
                queue: self.queue.clone(),
                crew: self.crew.clone(),
                rules: self.rules.clone(),
                figures: self.figures.clone(),
                stop: stop.clone(),
            };
            tokio::spawn(slot.run())
        });
        for slot in slots.collect::<Vec<_>>() {
            if let Err(error) = slot.await {
                tracing::error!(cause = %error, "a worker broke down");
            }
        }
    }
}

struct Slot<Q> {
    queue: Arc<Q>,
    crew: Arc<Crew>,
    /// The digest of the rules that the crew has, the same for all slots.
    rules: Arc<tokio::sync::Mutex<String>>,
    figures: Arc<Figures>,
    stop: watch::Receiver<bool>,
}

impl<Q: Queue> Slot<Q> {
    async fn run(mut self) {
        let mut unreached = EMPTY;
        while !*self.stop.borrow() {
            let wait = match self.queue.lease(1).await {
                Ok(tasks) if tasks.is_empty() => {
                    unreached = EMPTY;
                    EMPTY
                }
                Ok(tasks) => {
                    unreached = EMPTY;
                    for task in tasks {
                        self.one(&task).await;
                    }
                    continue;
                }
                Err(error) => {
                    tracing::warn!(cause = %error, "cannot ask for files to analyse");
                    unreached = (unreached * 2).min(UNREACHED_MAX);
                    unreached
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = self.stop.changed() => {}
            }
        }
    }

    async fn one(&self, task: &Task) {
        if let Err(error) = self.analyse(task).await {
            // It comes back when the lease runs out.
            tracing::error!(cause = %error, sha256 = task.sha256, "a file was not analysed");
        }
    }

    async fn analyse(&self, task: &Task) -> Result<(), String> {
        self.have_rules(&task.rules).await?;
        let file = self.queue.content(task).await.map_err(|error| error.to_string())?;
        let opened = tokio::select! {
            opened = self.open(task, file) => opened?,
            lost = self.keep_lease(task) => return lost,
            () = stopped(self.stop.clone()) => {
                return self.queue.give_back(task).await.map_err(|error| error.to_string());
            }
        };
        let broken = opened.report.broken.is_some();
        match self.told(task, opened).await? {
            Standing::Mine => {
                self.figures.finished.fetch_add(1, Ordering::Relaxed);
                self.figures.broken.fetch_add(u64::from(broken), Ordering::Relaxed);
            }
            Standing::Lost => {
                self.figures.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Has files opened with other rules, when the queue has others by now. One slot sees to it while the others wait.
    async fn have_rules(&self, digest: &str) -> Result<(), String> {
        let mut current = self.rules.lock().await;
        if *current == digest {
            return Ok(());
        }
        let rules =
            if digest.is_empty() { None } else { self.queue.rules(digest).await.map_err(|error| error.to_string())? };
        self.crew.change_rules(rules);
        digest.clone_into(&mut current);
        Ok(())
    }

    async fn open(&self, task: &Task, file: File) -> Result<Opened, String> {
        let crew = self.crew.clone();
        let request = Request {
            name: task.name.clone(),
            passwords: task.passwords.clone(),
            costs: task.costs,
            only_identify: false,
        };
        let opening = tokio::task::spawn_blocking(move || crew.open(&request, &file));
        let mut opened = opening.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        opened.report.is_of(&task.sha256, task.size);
        Ok(opened)
    }

    /// Says now and then that this is being worked on; ends when it is not this worker's any more.
    async fn keep_lease(&self, task: &Task) -> Result<(), String> {
        let every = Duration::from_secs((task.lasts_seconds / 3).max(1));
        loop {
            tokio::time::sleep(every).await;
            match self.queue.extend(task).await {
                Ok(Standing::Mine) => {}
                Ok(Standing::Lost) => return Err("it is somebody else's by now".to_owned()),
                Err(error) => tracing::warn!(cause = %error, "cannot say that a file is worked on"),
            }
        }
    }

    /// Tells what came of a file; a queue that cannot be reached for a moment does not cost the work.
    async fn told(&self, task: &Task, opened: Opened) -> Result<Standing, String> {
        const TRIES: u32 = 5;
        let mut wait = EMPTY;
        for _ in 1..TRIES {
            match self.queue.finish(task, opened.clone()).await {
                Ok(standing) => return Ok(standing),
                Err(error) => tracing::warn!(cause = %error, "cannot tell what came of a file"),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.queue.finish(task, opened).await.map_err(|error| error.to_string())
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}
