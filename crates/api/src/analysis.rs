//! Files that are analysed: where they lie, who works on them, and what is like what.

use crate::shelf::InBucket;
use crate::state::App;
use crate::wire::jobs::Notice;
use crate::{Problem, secret};
use analysis::likeness::{Likeness, Tlsh};
use analysis::{Costs, Opened, Report, Standing, Task, Vault, Versions};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use store::{FileResult, FileRow, FileStage, LeaseOf, NewSighting, PartRow, Seen, SightingSource};
use tokio::sync::Notify;

/// A worker that has not come back for so long has lost what it took.
pub const LEASE_SECONDS: i64 = 30;
/// A file that took down its worker so many times is set aside.
pub const ATTEMPTS_MAX: i64 = 4;
/// Bytes of a report as it is kept.
const REPORT_BYTES_MAX: u64 = 2 * analysis::REPORT_BYTES_MAX as u64;
/// Files that are told as being like another one.
const ALIKE_MAX: usize = 10;
/// Files that are looked up at a time to make room.
const FILES_AT_ONCE: u32 = 100;
/// A worker that has not asked for so long is away.
const AWAY: SignedDuration = SignedDuration::from_secs(90);
/// Workers that are remembered.
const WORKERS_MAX: usize = 1000;
/// The setting that has the passwords that are tried on what is encrypted.
pub const PASSWORDS: &str = "files.passwords";

/// Files that the server has.
#[derive(Default)]
pub struct AnalysisOfServer {
    vaults: RwLock<Option<Vaults>>,
    /// By the number of their row.
    likeness: RwLock<Likeness<i64>>,
    /// Rung when a file waits.
    waiting: Notify,
    workers: Mutex<BTreeMap<String, Known>>,
    /// Why nothing is opened on this machine.
    trouble: RwLock<Option<Message>>,
    /// The digest of the model of types that is asked here.
    model: RwLock<String>,
}

#[derive(Clone)]
pub struct Vaults {
    /// Bytes of files.
    pub files: Vault,
    pub reports: Vault,
}

/// What is known of a worker that asked for files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub last: Timestamp,
    pub finished: u64,
}

/// A file whose bytes were kept, and where it comes from.
pub struct Arrived<'a> {
    pub kept: &'a analysis::vault::Kept,
    pub name: &'a str,
    pub source: SightingSource,
    pub host: Option<String>,
    pub at: Timestamp,
    pub priority: i64,
}

impl AnalysisOfServer {
    /// Opens the vaults below the data directory, or in a bucket.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(&self, data_directory: &Path, bucket: Option<&lake::Bucket>) -> std::io::Result<()> {
        let folder = data_directory.join("files");
        let vault = |name: &'static str| match bucket {
            None => Vault::open(&folder.join(name)),
            Some(bucket) => {
                let shelf = InBucket { bucket: bucket.clone(), folder: name };
                Vault::on(Arc::new(shelf), &folder.join("incoming").join(name))
            }
        };
        let vaults = Vaults { files: vault("bytes")?, reports: vault("reports")? };
        *self.vaults.write().unwrap_or_else(PoisonError::into_inner) = Some(vaults);
        Ok(())
    }

    /// The vaults, where this process has them.
    pub fn vaults(&self) -> Result<Vaults, Problem> {
        let vaults = self.vaults.read().unwrap_or_else(PoisonError::into_inner).clone();
        vaults.ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, Message::new("api.files-absent")))
    }

    /// Says why files are not opened on this machine, or that they are.
    pub fn set_trouble(&self, why: Option<Message>) {
        *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub fn trouble(&self) -> Option<Message> {
        self.trouble.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says which model of types is asked from now on; what was analysed with another is outdated.
    pub fn set_model(&self, digest: String) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = digest;
    }

    fn model(&self) -> String {
        self.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells whoever waits for a file that there is one.
    pub fn ring(&self) {
        self.waiting.notify_waiters();
    }

    /// Keeps by what a file is compared.
    pub fn compare_by(&self, tlsh: &str, row: i64) {
        if let Some(tlsh) = Tlsh::read(tlsh) {
            self.likeness.write().unwrap_or_else(PoisonError::into_inner).add(tlsh, row);
        }
    }

    /// The rows of files that are like one, with how far each is from it, the nearest first.
    pub fn alike(&self, tlsh: &str, but: i64) -> Vec<(u32, i64)> {
        let Some(tlsh) = Tlsh::read(tlsh) else { return Vec::new() };
        // A file that was analysed again is there twice.
        let most = (ALIKE_MAX + 1) * 2;
        let mut near = self.likeness.read().unwrap_or_else(PoisonError::into_inner).nearest(&tlsh, most);
        near.retain(|(_, row)| *row != but);
        let mut told = std::collections::BTreeSet::new();
        near.retain(|(_, row)| told.insert(*row));
        near.truncate(ALIKE_MAX);
        near
    }

    /// Workers that asked for files lately, by name.
    pub fn workers(&self, now: Timestamp) -> BTreeMap<String, Known> {
        let mut workers = self.known();
        workers.retain(|_, known| now.duration_since(known.last) < AWAY);
        workers.clone()
    }

    fn note(&self, worker: &str, now: Timestamp, finished: u64) {
        let mut workers = self.known();
        if workers.len() < WORKERS_MAX || workers.contains_key(worker) {
            let known = workers.entry(worker.to_owned()).or_insert(Known { last: now, finished: 0 });
            known.last = now;
            known.finished += finished;
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps that a file was seen whose bytes lie in the vault; one that is new is analysed.
pub async fn arrived(app: &App, file: Arrived<'_>, act: &store::Act) -> Result<Seen, Problem> {
    let new = NewSighting {
        sha256: file.kept.sha256.clone(),
        size: file.kept.size,
        name: file.name.to_owned(),
        source: file.source,
        host: file.host,
        at: file.at,
        kept: true,
        priority: file.priority,
    };
    let seen = app.store.files().see(&new, act).await?;
    app.notify(Notice::File { sha256: new.sha256 });
    app.analysis.ring();
    Ok(seen)
}

/// Gives files that wait to a worker, after having waited a while for one.
pub async fn lease(app: &App, worker: &str, most: u32, wait: Duration) -> Result<Vec<Task>, Problem> {
    app.analysis.vaults()?;
    app.analysis.note(worker, app.now(), 0);
    let until = tokio::time::Instant::now() + wait;
    loop {
        // Before looking, so that what comes in between is not missed.
        let rung = app.analysis.waiting.notified();
        let token = secret::token()?;
        let of = lease_of(app, worker, &token);
        let leased = app.store.files().lease(of, most).await?;
        if !leased.is_empty() {
            let (rules, passwords) = (app.file_rules.digest(), passwords(app).await?);
            return Ok(leased.into_iter().map(|leased| task(leased, &rules, &passwords)).collect());
        }
        if tokio::time::timeout_at(until, rung).await.is_err() {
            return Ok(Vec::new());
        }
    }
}

fn lease_of<'a>(app: &App, worker: &'a str, lease: &'a str) -> LeaseOf<'a> {
    let lasts = SignedDuration::from_secs(LEASE_SECONDS);
    LeaseOf { worker, stage: FileStage::Static, lease, lasts, now: app.now() }
}

fn task(leased: store::FileLease, rules: &str, passwords: &[String]) -> Task {
    Task {
        lease: leased.lease,
        sha256: leased.sha256,
        size: leased.size,
        name: leased.name,
        lasts_seconds: LEASE_SECONDS.unsigned_abs(),
        costs: Costs::default(),
        passwords: passwords.to_vec(),
        rules: rules.to_owned(),
    }
}

/// The passwords that are tried on what is encrypted: the usual ones, until somebody changes them.
pub async fn passwords(app: &App) -> Result<Vec<String>, Problem> {
    let kept = app.store.setting(PASSWORDS).await?;
    kept.map_or_else(
        || Ok(analysis::passwords::usual()),
        |kept| serde_json::from_value(kept).map_err(Problem::internal),
    )
}

/// The bytes of a file that a worker has by a lease, as many as are read, as a file in memory.
pub async fn content(app: &App, lease: &str, sha256: &str) -> Result<File, Problem> {
    if !app.store.files().is_leased(sha256, lease).await? {
        return Err(lost());
    }
    let (vault, digest) = (app.analysis.vaults()?.files, sha256.to_owned());
    let read = move || vault.in_memory(&digest, Costs::default().file_bytes + 1);
    crate::rooms::blocking(read).await?.map_err(|error| gone(sha256, &error))
}

/// That a lease is somebody else's by now.
pub fn lost() -> Problem {
    Problem::conflict(Message::new("api.file-lease-lost"))
}

fn gone(sha256: &str, error: &std::io::Error) -> Problem {
    if error.kind() == std::io::ErrorKind::NotFound {
        Problem::new(StatusCode::GONE, Message::new("api.file-gone").with("sha256", sha256))
    } else {
        Problem::internal(error)
    }
}

pub async fn extend(app: &App, worker: &str, lease: &str, sha256: &str) -> Result<Standing, Problem> {
    app.analysis.note(worker, app.now(), 0);
    let of = lease_of(app, worker, lease);
    Ok(if app.store.files().extend_lease(sha256, of).await? { Standing::Mine } else { Standing::Lost })
}

/// Takes what came of a file from whoever has it: the report first, so that what the store names is there.
pub async fn finish(app: &App, worker: &str, lease: &str, sha256: &str, opened: Opened) -> Result<Standing, Problem> {
    if !app.store.files().is_leased(sha256, lease).await? {
        return Ok(Standing::Lost);
    }
    let mut report = opened.report;
    let row = app.store.files().file(sha256).await?;
    report.is_of(sha256, row.size);
    let result = keep(app, report, opened.ended.cpu_ms).await?;
    if !app.store.files().finish(sha256, lease, &result, &app.act()).await? {
        return Ok(Standing::Lost);
    }
    app.analysis.note(worker, app.now(), 1);
    done(app, &row, &result);
    Ok(Standing::Mine)
}

/// Looks after files whose workers did not come back: they wait again, or are set aside.
pub async fn look_after(app: &App) -> Result<(), Problem> {
    for row in app.store.files().requeue_expired(ATTEMPTS_MAX, app.now()).await? {
        let why = Message::new("analysis.set-aside").number("attempts", row.attempts);
        let known = analysis::report::File::unread(&row.sha256, row.size);
        let report = Report::broken(&row.name, Some(known), why, Versions::default());
        let result = keep(app, report, 0).await?;
        app.store.files().set_aside(&row.sha256, &result, &app.act()).await?;
        done(app, &row, &result);
    }
    Ok(())
}

/// Lets go of the bytes of files beyond the room there is; what is known of them stays. Gives how many went.
pub async fn make_room(app: &App) -> Result<u64, Problem> {
    let mut over = app.store.files().kept_bytes().await?.saturating_sub(app.place.files_bytes_max);
    let vault = app.analysis.vaults()?.files;
    let mut gone = 0;
    while over > 0 {
        let first = app.store.files().first_to_go(FILES_AT_ONCE).await?;
        if first.is_empty() {
            break;
        }
        for row in first {
            if over == 0 {
                break;
            }
            // The row first: bytes without a row are in nobody's way, a row without its bytes would promise them.
            app.store.files().let_go(&row.sha256, &app.act()).await?;
            let (vault, sha256) = (vault.clone(), row.sha256);
            crate::rooms::blocking(move || vault.remove(&sha256)).await?.map_err(Problem::internal)?;
            over = over.saturating_sub(row.size);
            gone += 1;
        }
    }
    Ok(gone)
}

fn done(app: &App, row: &FileRow, result: &FileResult) {
    app.analysis.compare_by(&result.tlsh, row.id);
    app.notify(Notice::File { sha256: row.sha256.clone() });
}

/// Keeps a report, and makes of it what files are searched by.
async fn keep(app: &App, report: Report, took_ms: u64) -> Result<FileResult, Problem> {
    let vault = app.analysis.vaults()?.reports;
    let (report, kept) = crate::rooms::blocking(move || {
        let bytes = serde_json::to_vec(&report).map_err(std::io::Error::other)?;
        let kept = vault.keep(&bytes)?;
        Ok::<_, std::io::Error>((report, kept))
    })
    .await?
    .map_err(Problem::internal)?;
    Ok(result(&report, kept.sha256, took_ms))
}

fn result(report: &Report, kept_as: String, took_ms: u64) -> FileResult {
    let file = report.root().and_then(|root| root.file.as_ref());
    let text = |of: fn(&analysis::report::File) -> &str| file.map(|file| of(file).to_owned()).unwrap_or_default();
    let parts = report.parts.iter().filter_map(|part| {
        let file = part.file.as_ref()?;
        Some(PartRow { number: part.number, sha256: file.sha256.clone(), path: part.path.clone() })
    });
    FileResult {
        verdict: report.verdict.state.label().to_owned(),
        score: report.verdict.score,
        kind: text(|file| &file.kind),
        group: text(|file| &file.group),
        mime: text(|file| &file.mime),
        report: kept_as,
        versions: versions(report),
        took_ms,
        tlsh: file.and_then(|file| file.tlsh.clone()).unwrap_or_default(),
        parts: parts.collect(),
        pivots: analysis::pivots::pivots(report),
    }
}

/// With what a report was made, in one text.
fn versions(report: &Report) -> String {
    let Versions { readers, rules, model } = &report.versions;
    in_one(readers, &report.verdict.ledger, rules, model)
}

/// With what a report is made now.
pub fn versions_now(app: &App) -> String {
    let (ledger, rules) = (verdict::Ledger::builtin().version(), app.file_rules.digest());
    in_one(env!("CARGO_PKG_VERSION"), ledger, &rules, &app.analysis.model())
}

fn in_one(readers: &str, ledger: &str, rules: &str, model: &str) -> String {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    format!("{readers}/{ledger}/{}/{}", short(rules), short(model))
}

/// The report of a file, if it was analysed.
pub async fn report(app: &App, row: &FileRow) -> Result<Option<Report>, Problem> {
    let Some(kept_as) = row.report.clone() else { return Ok(None) };
    let vault = app.analysis.vaults()?.reports;
    let read = move || vault.bytes(&kept_as, REPORT_BYTES_MAX);
    let bytes = match crate::rooms::blocking(read).await? {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Problem::internal(error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(Problem::internal)
}
