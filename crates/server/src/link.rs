//! The link of a server: collectors enrol here, and what they deliver goes into the lake and, of findings and what stands
//! out, into the tables that the pages are made from.

use api::link::{Linked, Source};
use api::state::App;
use api::wire::jobs::Notice;
use jiff::{SignedDuration, Timestamp};
use lake::{Lake, Refused, Table};
use link::spool::Why;
use link::{Authority, Batch, Clock, Lost, Outcome, Refusal, Register, Take};
use model::{Finding, Message, Notable};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Act, CollectorSource, Delivered, Quota};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Batches that are unpacked at a time: each may take 64 MiB for a moment.
const UNPACKED_AT_ONCE: usize = 4;
/// What endpoints tell is written by so many at a time: the store has one writer.
const TOLD_AT_ONCE: usize = 2;
/// Clocks may differ by a day, and a record may be of the last moment of it.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(48);
/// A collector that has to wait asks again after this, and waits longer each time.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Between two times that figures are written down.
const TELL: Duration = Duration::from_secs(5);
/// Batches with findings after which it is looked whether there are too many.
const ROOM_EVERY: u64 = 200;
/// Up to which collector it was written down that it enrolled.
const ENROLMENTS_TOLD: &str = "link.enrolments-told";

/// A link that is served.
pub struct Link {
    listen: SocketAddr,
    taking: Arc<Taking>,
    server: link::Server<Taking>,
}

/// Keeps what collectors deliver.
pub struct Taking {
    app: App,
    register: Arc<Register>,
    turns: Semaphore,
    telling: Semaphore,
    activities: crate::endpoints::Activities,
    sources: Mutex<BTreeMap<String, Kept>>,
    with_findings: AtomicU64,
}

/// What is known of a spool.
struct Kept {
    source: Source,
    /// Its figures changed since they were written down.
    changed: bool,
}

/// What a batch is when it is unpacked.
struct Unpacked {
    rows: lake::Batch,
    findings: Vec<Finding>,
    notables: Vec<Notable>,
}

impl Link {
    /// Opens the register, whose authority is that of the server's other certificates.
    pub async fn open(app: &App, folder: &Path, listen: SocketAddr) -> Result<Arc<Link>, crate::Error> {
        let authority = Authority::open(folder, app.now())?;
        let register = Arc::new(Register::open(&app.place.data_directory, Arc::new(authority))?);
        let sources =
            app.store.collector_sources().await?.into_iter().map(|figures| {
                (figures.source.clone(), Kept { source: Source { figures, waits: None }, changed: false })
            });
        let taking = Arc::new(Taking {
            app: app.clone(),
            register: register.clone(),
            turns: Semaphore::new(UNPACKED_AT_ONCE),
            telling: Semaphore::new(TOLD_AT_ONCE),
            activities: crate::endpoints::Activities::default(),
            sources: Mutex::new(sources.collect()),
            with_findings: AtomicU64::new(0),
        });
        let clock: Clock = app.clock.clone();
        let lead: Arc<dyn link::Lead> = Arc::new(crate::endpoints::Leading::new(app.clone()));
        let server =
            link::Server::leading(register, taking.clone(), Some(lead), clock, link::server::Options::default());
        Ok(Arc::new(Link { listen, taking, server }))
    }

    /// Serves collectors until the server goes down, and writes down from time to time how they deliver.
    pub async fn run(self: Arc<Link>, listener: TcpListener, mut shutdown: watch::Receiver<bool>) {
        let serving = self.server.clone();
        let served = tokio::spawn(async move { serving.serve(listener).await });
        while !*shutdown.borrow() {
            self.tell().await;
            tokio::select! {
                () = tokio::time::sleep(TELL) => {}
                _ = shutdown.changed() => {}
            }
        }
        self.server.stop();
        match served.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(cause = %error, "collectors are not served any more"),
            Err(error) => tracing::error!(cause = %error, "serving collectors broke down"),
        }
        self.tell().await;
    }

    async fn tell(&self) {
        let outcome = async {
            self.taking.tell_figures().await?;
            self.taking.tell_enrolments().await
        };
        if let Err(error) = outcome.await {
            tracing::error!(cause = %error, "how collectors deliver was not written down; it is tried again");
        }
    }
}

impl Linked for Link {
    fn listen(&self) -> SocketAddr {
        self.listen
    }

    fn register(&self) -> &Arc<Register> {
        self.server.register()
    }

    fn status(&self) -> link::server::Status {
        self.server.status()
    }

    fn sources(&self) -> Vec<Source> {
        self.taking.kept().values().map(|kept| kept.source.clone()).collect()
    }
}

impl Take for Taking {
    async fn take(&self, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
        let records = batch.rows;
        let taken = match crate::endpoints::is_of_endpoints(&batch.kind) {
            true => self.keep_told(source, batch).await,
            false => self.keep(source, batch).await,
        };
        match &taken {
            Ok(outcome) => self.note(source, |kept| {
                kept.source.waits = None;
                if *outcome == Outcome::Taken {
                    kept.source.figures.batches += 1;
                    kept.source.figures.records += u64::from(records);
                }
            }),
            Err(refusal) => self.refused(source, refusal),
        }
        taken
    }

    async fn lost(&self, source: &str, lost: Lost) -> Result<Outcome, Refusal> {
        let told = self.app.store.endpoints().reached(source).await.map_err(|error| cannot(source, &error))?;
        let outcome = match told {
            Some(_) => self.pass_told(source, lost).await?,
            None => {
                let (lake, name) = (self.lake()?, source.to_owned());
                let skipped = tokio::task::spawn_blocking(move || {
                    in_order(&lake, &name, lost.first)?;
                    lake.skip(&name, lost.last).map_err(refusal)
                });
                outcome(skipped.await.map_err(|_| busy())??)
            }
        };
        let batches = (lost.last - lost.first + 1).unsigned_abs();
        self.note(source, |kept| match lost.why {
            // Set aside by the collector, after it was refused or since it is too large to be sent.
            Why::Refused => kept.source.figures.refused += batches,
            Why::Damaged | Why::LetGo => kept.source.figures.lost += batches,
        });
        Ok(outcome)
    }

    async fn reached(&self, source: &str) -> Result<Option<i64>, Refusal> {
        self.note(source, |_| {});
        let told = self.app.store.endpoints().reached(source).await.map_err(|error| cannot(source, &error))?;
        let (lake, name) = (self.lake()?, source.to_owned());
        let mark = tokio::task::spawn_blocking(move || lake.mark(&name)).await.map_err(|_| busy())?;
        Ok(mark.map_err(|error| refusal(error.into()))?.max(told))
    }
}

impl Taking {
    /// What an endpoint tells goes into the lake and the store; an inventory waits for another, since judging a host takes a while.
    async fn keep_told(&self, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
        let _turn = self.telling.acquire().await.map_err(|_| busy())?;
        let expected = self.reached(source).await?.map_or(0, |mark| mark + 1);
        if expected > 0 && batch.sequence > expected {
            return Err(Refusal::OutOfOrder { expected });
        }
        crate::endpoints::take(&self.app, &self.activities, source, batch).await
    }

    /// Batches that an endpoint no longer has.
    async fn pass_told(&self, source: &str, lost: Lost) -> Result<Outcome, Refusal> {
        let expected = self.reached(source).await?.map_or(0, |mark| mark + 1);
        if lost.first > expected {
            return Err(Refusal::OutOfOrder { expected });
        }
        let act = Act::at(self.app.now());
        let passed = self.app.store.endpoints().pass(source, lost.last, &act).await;
        Ok(outcome(passed.map_err(|error| cannot(source, &error))?))
    }

    /// First into the tables of the pages, each batch once by its number, and then into the lake, after which the
    /// collector lets go of it: whatever ends in between, it is sent again and missing nowhere.
    async fn keep(&self, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
        let lake = self.lake()?;
        let _turn = self.turns.acquire().await.map_err(|_| busy())?;
        let (name, until) = (source.to_owned(), self.app.now().checked_add(AHEAD_MAX).unwrap_or(Timestamp::MAX));
        let (due, keeping) = (lake.clone(), name.clone());
        let unpacked = tokio::task::spawn_blocking(move || {
            in_order(&due, &name, batch.sequence)?;
            unpack(name, &batch, until)
        });
        let Unpacked { rows, findings, notables } = unpacked.await.map_err(|_| busy())??;
        if !(findings.is_empty() && notables.is_empty()) {
            self.put_in_tables(&keeping, rows.sequence, &findings, &notables).await?;
        }
        let kept = tokio::task::spawn_blocking(move || lake.append(rows).map_err(refusal)).await;
        Ok(outcome(kept.map_err(|_| busy())??))
    }

    async fn put_in_tables(
        &self,
        source: &str,
        sequence: i64,
        findings: &[Finding],
        notables: &[Notable],
    ) -> Result<(), Refusal> {
        let collector = collector_of(source);
        let machine = self.register.collector(collector).map(|known| known.machine).unwrap_or_default();
        let name = if machine.is_empty() { collector } else { &machine };
        let batch = Delivered { source, collector, name, sequence, findings, notables };
        let failed = |error: store::Error| {
            tracing::error!(cause = %error, source, "what a collector found cannot be stored; it is sent again");
            busy()
        };
        let traffic = self.app.store.traffic();
        let added = traffic.put_delivered(batch, &Act::at(self.app.now())).await.map_err(failed)?;
        let Some(capture) = added else { return Ok(()) };
        if self.with_findings.fetch_add(1, Ordering::Relaxed).is_multiple_of(ROOM_EVERY) {
            traffic.make_room(Quota::default()).await.map_err(failed)?;
        }
        self.app.notify(Notice::Traffic { capture });
        Ok(())
    }

    fn lake(&self) -> Result<Arc<Lake>, Refusal> {
        self.app.lake.get().map_err(|_| busy())
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, source: &str, change: impl FnOnce(&mut Kept)) {
        let now = self.app.now();
        let mut sources = self.kept();
        let kept = sources.entry(source.to_owned()).or_insert_with(|| Kept::new(source, now));
        kept.source.figures.heard = now;
        kept.changed = true;
        change(kept);
    }

    fn refused(&self, source: &str, refusal: &Refusal) {
        let (why, at) = (words_of(refusal), self.app.now());
        self.note(source, |kept| match refusal {
            Refusal::Busy { .. } | Refusal::OutOfOrder { .. } => kept.source.waits = Some(why),
            Refusal::Malformed(_) | Refusal::UnknownKind => {
                kept.source.waits = None;
                kept.source.figures.trouble = Some((why, at));
            }
        });
    }

    async fn tell_figures(&self) -> Result<(), store::Error> {
        let take = |kept: &mut Kept| std::mem::take(&mut kept.changed).then(|| kept.source.figures.clone());
        let changed: Vec<CollectorSource> = self.kept().values_mut().filter_map(take).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let told = self.app.store.put_collector_sources(&changed, &Act::at(self.app.now())).await;
        if told.is_err() {
            let mut sources = self.kept();
            for figures in &changed {
                if let Some(kept) = sources.get_mut(&figures.source) {
                    kept.changed = true;
                }
            }
        }
        told
    }

    /// Writes into the audit log who enrolled: nobody of this server did it, so no request has.
    async fn tell_enrolments(&self) -> Result<(), store::Error> {
        let told: Option<(Timestamp, String)> =
            self.app.store.setting(ENROLMENTS_TOLD).await?.and_then(|value| serde_json::from_value(value).ok());
        let mut new: BTreeMap<(Timestamp, String), link::Collector> = BTreeMap::new();
        for collector in self.register.collectors() {
            let key = (collector.enrolled, collector.collector.clone());
            if told.as_ref().is_none_or(|told| key > *told) {
                new.insert(key, collector);
            }
        }
        for (key, collector) in new {
            let detail = json!({ "machine": collector.machine, "token": collector.token });
            let object = format!("collector:{}", collector.collector);
            let act = Act::at(self.app.now()).recorded("link", "collector.enrol", &object, detail);
            let key: Value = json!(key);
            self.app.store.set_setting(ENROLMENTS_TOLD, &key, &act).await?;
        }
        Ok(())
    }
}

impl Kept {
    fn new(source: &str, heard: Timestamp) -> Kept {
        let figures = CollectorSource {
            source: source.to_owned(),
            collector: collector_of(source).to_owned(),
            heard,
            batches: 0,
            records: 0,
            lost: 0,
            refused: 0,
            trouble: None,
        };
        Kept { source: Source { figures, waits: None }, changed: true }
    }
}

/// A source is a collector and its spool.
fn collector_of(source: &str) -> &str {
    source.rsplit_once('/').map_or(source, |(collector, _)| collector)
}

fn unpack(source: String, batch: &Batch, until: Timestamp) -> Result<Unpacked, Refusal> {
    let table = Table::of_kind(&batch.kind).ok_or(Refusal::UnknownKind)?;
    let rows = lake::unpack(table, &batch.bytes).map_err(refusal)?;
    let values = |bad: records::read::BadValue| Refusal::Malformed(format!("values: {bad}"));
    let findings = if table.name == records::FINDINGS.name { records::read::findings(&rows) } else { Ok(Vec::new()) };
    let notables = if table.name == records::NOTABLES.name { records::read::notables(&rows) } else { Ok(Vec::new()) };
    let (findings, notables) = (findings.map_err(values)?, notables.map_err(values)?);
    let times = findings.iter().map(|finding| finding.last).chain(notables.iter().map(|notable| notable.last));
    let latest = lake::latest_us(table, &rows).into_iter().chain(times.map(Timestamp::as_microsecond)).max();
    if let Some(latest) = latest.filter(|latest| *latest > until.as_microsecond()) {
        let latest = Timestamp::from_microsecond(latest).unwrap_or(Timestamp::MAX);
        return Err(Refusal::Malformed(format!("future: {latest}")));
    }
    let rows = lake::Batch { table, source, sequence: batch.sequence, rows };
    Ok(Unpacked { rows, findings, notables })
}

/// The link asks for batches in order; whoever lets one pass that is not would lose what lies between.
fn in_order(lake: &Lake, source: &str, sequence: i64) -> Result<(), Refusal> {
    match lake.mark(source).map_err(|error| refusal(error.into()))? {
        Some(mark) if sequence > mark + 1 => Err(Refusal::OutOfOrder { expected: mark + 1 }),
        _ => Ok(()),
    }
}

fn outcome(is_new: bool) -> Outcome {
    if is_new { Outcome::Taken } else { Outcome::Known }
}

fn cannot(source: &str, cause: &store::Error) -> Refusal {
    tracing::error!(%cause, source, "the store does not answer; the collector is asked to wait");
    busy()
}

fn busy() -> Refusal {
    Refusal::Busy { again_after: AGAIN_AFTER }
}

/// What the lake says as the collector is told it; a text begins with what it is about, in one word.
fn refusal(refused: Refused) -> Refusal {
    let malformed = |what: &str| Refusal::Malformed(format!("{what}: {refused}"));
    match &refused {
        Refused::UnknownTable(_) => Refusal::UnknownKind,
        Refused::Columns { .. } => malformed("columns"),
        Refused::Damaged(_) => malformed("damaged"),
        Refused::TooLarge { .. } | Refused::TooManyRows { .. } => malformed("large"),
        Refused::BadSource { .. } => malformed("source"),
        Refused::BadTime(_) => malformed("values"),
        Refused::Gap { expected, .. } => Refusal::OutOfOrder { expected: *expected },
        Refused::Full { .. } => busy(),
        Refused::Failed(error) => {
            tracing::error!(cause = %error, "the lake cannot keep what a collector sent; it is sent again");
            busy()
        }
    }
}

fn words_of(refusal: &Refusal) -> Message {
    match refusal {
        Refusal::Busy { .. } => Message::new("link.refused-busy"),
        Refusal::Malformed(detail) => link::malformed(detail),
        Refusal::UnknownKind => Message::new("link.refused-unknown-kind"),
        Refusal::OutOfOrder { expected } => Message::new("link.refused-out-of-order").number("expected", *expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Confidence, FindingOutcome, WeaponId};

    const SOURCE: &str = "sensors/0123456789abcdef/00000000000000aa";

    async fn taking(folder: &Path) -> Arc<Taking> {
        let app = crate::captures::tests::house(folder, 1 << 20, 100).await;
        let place = folder.join("lake");
        // It has a runtime of its own, which neither begins nor ends within another.
        let lake = tokio::task::spawn_blocking(move || Lake::open(&place, lake::Options::default()).unwrap());
        app.lake.open(Arc::new(lake.await.unwrap()));
        let link = Link::open(&app, &folder.join("tls"), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        link.taking.clone()
    }

    async fn end(taking: Arc<Taking>) {
        taking.app.store.close().await;
        tokio::task::spawn_blocking(move || taking.app.lake.close()).await.unwrap();
    }

    fn batch(sequence: i64, count: u64) -> Batch {
        let finding = Finding {
            weapon: WeaponId("eternalblue".to_owned()),
            sign: "eternalblue.trans2-secondary".to_owned(),
            outcome: FindingOutcome::Attempt,
            confidence: Confidence::Known,
            originator: [10, 0, 0, 1].into(),
            responder: [10, 0, 0, 2].into(),
            count,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            community_ids: Vec::new(),
            frames: Vec::new(),
        };
        let mut rows = records::Batch::new(&records::FINDINGS);
        rows.push(&finding);
        let table = Table::named("finding").unwrap();
        let bytes = lake::pack(table, &rows.take().unwrap()).unwrap();
        Batch { sequence, kind: table.kind(), rows: 1, bytes: bytes.into() }
    }

    async fn times(taking: &Taking) -> u64 {
        let (groups, _) = taking.app.store.traffic().findings(None, None, None, 10).await.unwrap();
        groups.first().map_or(0, |group| group.times)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_batch_that_comes_again_or_too_early_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let taking = taking(folder.path()).await;
        assert_eq!(taking.reached(SOURCE).await, Ok(None));
        assert_eq!(taking.take(SOURCE, batch(0, 3)).await, Ok(Outcome::Taken));
        assert_eq!(taking.take(SOURCE, batch(0, 3)).await, Ok(Outcome::Known));
        assert_eq!(taking.take(SOURCE, batch(5, 9)).await, Err(Refusal::OutOfOrder { expected: 1 }));
        assert_eq!(times(&taking).await, 3);
        let gone = Lost { first: 1, last: 4, why: Why::Damaged };
        assert_eq!(taking.lost(SOURCE, Lost { first: 2, ..gone }).await, Err(Refusal::OutOfOrder { expected: 1 }));
        assert_eq!(taking.lost(SOURCE, gone).await, Ok(Outcome::Taken));
        assert_eq!(taking.lost(SOURCE, gone).await, Ok(Outcome::Known));
        assert_eq!(taking.take(SOURCE, batch(5, 9)).await, Ok(Outcome::Taken));
        assert_eq!((taking.reached(SOURCE).await, times(&taking).await), (Ok(Some(5)), 12));
        end(taking).await;
    }

    /// The server goes down after the tables of the pages have a batch and before the lake has it.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_only_the_tables_have_is_taken_again_and_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let taking = taking(folder.path()).await;
        let Unpacked { findings, .. } = unpack(SOURCE.to_owned(), &batch(0, 3), Timestamp::MAX).unwrap();
        taking.put_in_tables(SOURCE, 0, &findings, &[]).await.unwrap();
        assert_eq!(taking.reached(SOURCE).await, Ok(None));
        assert_eq!(taking.take(SOURCE, batch(0, 3)).await, Ok(Outcome::Taken));
        assert_eq!((taking.reached(SOURCE).await, times(&taking).await), (Ok(Some(0)), 3));
        end(taking).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_lake_the_collector_is_asked_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let taking = taking(folder.path()).await;
        let closing = taking.clone();
        tokio::task::spawn_blocking(move || closing.app.lake.close()).await.unwrap();
        assert_eq!(taking.take(SOURCE, batch(0, 3)).await, Err(busy()));
        let waits = taking.kept().get(SOURCE).unwrap().source.waits.clone();
        assert_eq!(waits.map(|why| why.code).as_deref(), Some("link.refused-busy"));
        end(taking).await;
    }
}
