//! What a sensor on another machine records, on its way into the spool of its collector: sessions as they come, what was
//! found with every beat. Behaviour is judged here by what this sensor saw; the server has only what is told.

use super::delivery::Grown;
use super::feed::{Feed, Gathered, feed};
use arrow_array::RecordBatch;
use lake::Table;
use link::{BATCH_BYTES_MAX, Refused, Spool};
use model::{Message, Notable};
use records::{Batch, FINDINGS, Kind, NOTABLES, SESSIONS, SessionRow};
use sensor::Sighting;
use sensor::profiles::{BehaviourFinding, Profiles};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const LOOK: Duration = Duration::from_millis(500);
/// Between two times that findings and meetings are told.
const BEAT: Duration = Duration::from_secs(2);
/// Between two times that behaviour is judged while traffic goes on.
const JUDGE: Duration = Duration::from_secs(30);

/// What is done with records when the spool is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// They are counted and let go: traffic does not wait.
    Shed,
    /// Reading waits until the server has taken some: a file stays.
    Wait,
}

/// Puts what a sensor records into a spool.
pub struct Spooling {
    spool: Spool,
    when_full: WhenFull,
    batches: mpsc::Receiver<Vec<SessionRow>>,
    gathered: Gathered,
    grown: Grown,
    /// Everything that was seen of how hosts behave.
    profiles: Profiles,
    judged: Instant,
    gave: Gave,
}

/// What a sensor gave.
#[derive(Debug, Default)]
pub struct Gave {
    pub batches: u64,
    pub sessions: u64,
    pub behaviour: Vec<BehaviourFinding>,
    /// The first thing that kept records from being spooled; they are counted by the spool.
    pub refused: Option<Message>,
}

impl Spooling {
    pub fn begin(spool: Spool, when_full: WhenFull) -> (Spooling, Feed) {
        let (feed, batches, gathered) = feed();
        let spooling = Spooling {
            spool,
            when_full,
            batches,
            gathered,
            grown: Grown::default(),
            profiles: Profiles::default(),
            judged: Instant::now(),
            gave: Gave::default(),
        };
        (spooling, feed)
    }

    /// Spools what comes until all feeds are gone, or, where it waits for room, until `stop`.
    pub async fn run(mut self, stop: &AtomicBool) -> Gave {
        let mut beaten = Instant::now();
        loop {
            match tokio::time::timeout(LOOK, self.batches.recv()).await {
                Ok(None) => break,
                Ok(Some(rows)) => {
                    self.gave.sessions += rows.len() as u64;
                    self.put(&SESSIONS, &rows, stop).await;
                }
                Err(_) => {}
            }
            if beaten.elapsed() >= BEAT {
                beaten = Instant::now();
                self.beat(stop).await;
            }
            if self.when_full == WhenFull::Shed && self.judged.elapsed() >= JUDGE {
                self.judge(stop).await;
            }
        }
        self.beat(stop).await;
        self.judge(stop).await;
        self.gave
    }

    async fn beat(&mut self, stop: &AtomicBool) {
        let (findings, sightings) = self.gathered.take();
        let findings = self.grown.since(&findings);
        let met: Vec<Notable> = sightings.iter().map(Sighting::notable).collect();
        self.put(&FINDINGS, &findings, stop).await;
        self.put(&NOTABLES, &met, stop).await;
    }

    async fn judge(&mut self, stop: &AtomicBool) {
        self.judged = Instant::now();
        self.profiles.merge(&self.gathered.profiles.take());
        let profiles = std::mem::take(&mut self.profiles);
        let Ok(behaviour) = tokio::task::spawn_blocking(move || profiles.judge()).await else { return };
        self.profiles = behaviour.profiles;
        let notables: Vec<Notable> = behaviour.findings.iter().map(BehaviourFinding::notable).collect();
        self.gave.behaviour = behaviour.findings;
        self.put(&NOTABLES, &notables, stop).await;
    }

    async fn put<R>(&mut self, kind: &'static Kind<R>, rows: &[R], stop: &AtomicBool) {
        let Some(table) = Table::named(kind.name).filter(|_| !rows.is_empty()) else { return };
        let mut batch = Batch::new(kind);
        rows.iter().for_each(|row| batch.push(row));
        match batch.take() {
            Ok(columns) => self.put_columns(table, columns, stop).await,
            Err(error) => self.refused(Message::new("link.unpacked").with("cause", error)),
        }
    }

    async fn put_columns(&mut self, table: &'static Table, columns: RecordBatch, stop: &AtomicBool) {
        let mut waiting = vec![columns];
        while let Some(columns) = waiting.pop() {
            let rows = columns.num_rows();
            let packed = lake::pack(table, &columns);
            match packed {
                Ok(bytes) if bytes.len() <= BATCH_BYTES_MAX => self.append(table, rows, bytes, stop).await,
                // Too much for one batch: its halves, the first of them first.
                _ if rows > 1 => {
                    let half = rows / 2;
                    waiting.push(columns.slice(half, rows - half));
                    waiting.push(columns.slice(0, half));
                }
                Ok(bytes) => self.refused(Refused::TooLarge { bytes: bytes.len(), max: BATCH_BYTES_MAX }.message()),
                Err(error) => self.refused(Message::new("link.unpacked").with("cause", error)),
            }
        }
    }

    async fn append(&mut self, table: &'static Table, rows: usize, bytes: Vec<u8>, stop: &AtomicBool) {
        if self.when_full == WhenFull::Wait {
            self.room(bytes.len() as u64, stop).await;
        }
        let (spool, rows) = (self.spool.clone(), u32::try_from(rows).unwrap_or(u32::MAX));
        let added = tokio::task::spawn_blocking(move || spool.append(&table.kind(), rows, &bytes)).await;
        match added {
            Ok(Ok(_)) => self.gave.batches += 1,
            Ok(Err(refused)) => self.refused(refused.message()),
            Err(error) => self.refused(Message::new("link.unpacked").with("cause", error)),
        }
    }

    async fn room(&self, bytes: u64, stop: &AtomicBool) {
        loop {
            let counts = self.spool.counts();
            let is_full = counts.used_bytes + bytes + HEAD_BYTES > counts.limit_bytes;
            if !is_full || counts.waiting_batches == 0 || stop.load(Ordering::Relaxed) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn refused(&mut self, why: Message) {
        if self.gave.refused.is_none() {
            tracing::warn!(code = why.code, params = ?why.params, "records were not spooled");
            self.gave.refused = Some(why);
        }
    }
}

/// Bytes that a spool puts before a batch, and more than that.
const HEAD_BYTES: u64 = 256;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use link::spool::Entry;
    use records::Observed;

    fn session(n: u64, detail: &str) -> SessionRow {
        let record = serde_json::json!({
            "community_id": format!("1:{n}"), "originator": "10.0.0.1", "originator_port": 1000,
            "responder": "10.0.0.2", "responder_port": 445, "transport": "tcp", "start": "2017-06-01T00:00:00Z",
            "duration_us": 5, "state": "closed", "midstream": false, "originator_packets": 1, "originator_bytes": 2,
            "responder_packets": 3, "responder_bytes": 4,
        });
        let session = serde_json::from_value(record).unwrap();
        SessionRow { session, detail: Some(detail.to_owned()), observed: Observed::default() }
    }

    /// Text that cannot be packed.
    fn noise(bytes: usize, seed: u64) -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(33 + ((state >> 33) % 90) as u8)
        };
        (0..bytes).map(|_| next()).collect()
    }

    fn spooled(spool: &Spool) -> Vec<RecordBatch> {
        let mut reader = spool.reader(0);
        let mut found = Vec::new();
        while let Some(Entry::Batch(batch)) = reader.next().unwrap() {
            let table = Table::of_kind(&batch.kind).unwrap();
            let rows = lake::unpack(table, &batch.bytes).unwrap();
            assert_eq!(rows.num_rows(), batch.rows as usize);
            found.push(rows);
        }
        found
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_too_much_for_one_batch_goes_in_several_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), link::spool::Options::default()).unwrap();
        let (spooling, feed) = Spooling::begin(spool.clone(), WhenFull::Shed);
        let rows: Vec<SessionRow> = (0..20).map(|n| session(n, &noise(1 << 20, n))).collect();
        feed.send.send(rows).await.unwrap();
        drop(feed);
        let gave = spooling.run(&AtomicBool::new(false)).await;
        assert_eq!((gave.sessions, gave.refused), (20, None));
        let found = spooled(&spool);
        assert!(found.len() > 1);
        let ids = found.iter().flat_map(|rows| {
            let column = rows.column_by_name("community_id").unwrap();
            arrow_array::cast::AsArray::as_string::<i32>(column).iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        });
        assert_eq!(ids.collect::<Vec<_>>(), (0..20).map(|n| format!("1:{n}")).collect::<Vec<_>>());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_spool_sheds_what_is_live_and_lets_a_file_wait() {
        let folder = tempfile::tempdir().unwrap();
        let options = link::spool::Options { limit_bytes: 64 << 10, ..link::spool::Options::default() };
        let spool = Spool::open(folder.path(), options).unwrap();
        let full = async |when_full| {
            let (spooling, feed) = Spooling::begin(spool.clone(), when_full);
            for n in 0..4 {
                feed.send.send(vec![session(n, &noise(30 << 10, n))]).await.unwrap();
            }
            drop(feed);
            spooling
        };
        let gave = full(WhenFull::Shed).await.run(&AtomicBool::new(false)).await;
        assert_eq!((gave.batches, gave.refused.unwrap().code.as_str()), (2, "link.full"));
        let shed = spool.counts().shed_batches;
        assert_eq!(shed, 2);
        let waiting = full(WhenFull::Wait).await;
        let delivering = spool.clone();
        let server = tokio::spawn(async move {
            for number in 0..6 {
                while *delivering.lasts().borrow() < number {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                delivering.acknowledge(number).unwrap();
            }
        });
        let gave = waiting.run(&AtomicBool::new(false)).await;
        server.await.unwrap();
        assert_eq!((gave.batches, gave.refused), (4, None));
        assert_eq!(spool.counts().shed_batches, shed);
    }
}
