//! A capture as it is being stored: session records in batches as they come, what was found with every beat, and what
//! was learned of the hosts.

use super::delivery::Delivery;
use super::feed::{Feed, Gathered, feed};
use super::{Taken, Watch, make_file_room};
use crate::jobs::Stop;
use crate::learned;
use api::captures::folder_of;
use api::indicators::Watched;
use api::state::App;
use api::wire::jobs::Notice;
use jiff::Timestamp;
use model::{Message, Notable, SessionRecord};
use records::SessionRow;
use sensor::profiles::BehaviourFinding;
use sensor::{Counts, Sighting};
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::{Act, Capture, CaptureId, CaptureState, NewCapture, Outcome, ProfileQuota, Quota};
use tokio::sync::mpsc;

/// Between two looks at how far reading is, and at whether it is to stop.
const LOOK: Duration = Duration::from_millis(500);
/// Between two times that the figures are told to the store.
const BEAT: Duration = Duration::from_secs(2);
/// Between two times that a live capture's profiles are merged into what is known, and judged.
const JUDGE: Duration = Duration::from_secs(30);
/// Records after which the quota is looked at; counting rows costs more the more there are.
const ROOM_EVERY: u64 = 100_000;
/// Bytes by which the file of a live capture grows before older files make room for it.
const FILE_ROOM_EVERY: u64 = 64 << 20;
/// Somebody who reads a capture says so every [`BEAT`]; one who was silent for so long is gone.
const SILENCE_SECONDS: i64 = 60;
/// After which the lock of one who seems gone is looked at once more.
const LOCK_LOOKED_AT_AGAIN: Duration = Duration::from_millis(100);

/// A capture as it is being stored.
pub struct Intake {
    app: App,
    pub id: CaptureId,
    /// Of the file; absent for what was captured live, which is learned as it goes.
    digest: Option<String>,
    batches: mpsc::Receiver<Vec<SessionRow>>,
    /// The way of its rows into the lake.
    delivery: Delivery,
    gathered: Gathered,
    sessions: u64,
    seen: Option<(Timestamp, Timestamp)>,
    evidence_bytes: u64,
    /// How large the file was when others last made room for it.
    room_made_at: u64,
    judged: Instant,
    /// Held as long as somebody reads.
    _lock: Option<Lock>,
}

/// The counters of a reading at some moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    pub frames: u64,
    /// Bytes on the wire.
    pub volume: u64,
    pub flows: u64,
    pub evicted: u64,
    pub odd: u64,
    pub dropped: u64,
    pub shed: u64,
    /// Bytes of evidence written so far.
    pub evidence_bytes: u64,
    /// Frames of evidence that were not written: the disk was too slow.
    pub evidence_shed: u64,
}

/// What the sensor says of a capture once it is over.
#[derive(Default)]
pub struct Told {
    pub figures: Figures,
    pub ending: Option<Message>,
}

impl Figures {
    pub fn of(counts: &Counts) -> Figures {
        Figures {
            frames: counts.frames,
            volume: counts.bytes,
            flows: counts.flows,
            evicted: counts.evicted,
            odd: counts.odd.values().sum(),
            ..Figures::default()
        }
    }
}

impl Intake {
    pub async fn begin(app: &App, new: &NewCapture, act: &Act) -> Result<(Intake, Feed), store::Error> {
        let id = app.store.traffic().begin(new, act).await?;
        let (feed, batches, gathered) = feed();
        let intake = Intake {
            app: app.clone(),
            id,
            digest: Some(new.digest.clone()).filter(|_| new.kind == "file"),
            batches,
            delivery: Delivery::begin(app, id)?,
            gathered,
            sessions: 0,
            seen: None,
            evidence_bytes: 0,
            room_made_at: 0,
            judged: Instant::now(),
            _lock: Lock::take(app, id),
        };
        Ok((intake, feed))
    }

    /// Stores what comes until all feeds are gone, or until `watch` says to stop.
    pub async fn receive(
        &mut self,
        watch: &Watch<'_>,
        indicators: &Watched,
        figures: &(dyn Fn() -> (Figures, u64) + Sync),
    ) -> Result<(), Stop> {
        let (mut looked, mut beaten) = (Instant::now(), Instant::now());
        loop {
            let batch = tokio::time::timeout(LOOK, self.batches.recv()).await;
            match batch {
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => self.store(batch).await?,
                Err(_) => {}
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                watch.look(figures().1).await?;
            }
            if beaten.elapsed() >= BEAT {
                beaten = Instant::now();
                self.beat(figures().0).await?;
                indicators.refresh(&self.app).await?;
            }
        }
    }

    /// Stores what waits, when reading was stopped: no worker must wait for room in the queue.
    pub async fn drain(&mut self) {
        self.batches.close();
        while self.batches.recv().await.is_some() {}
    }

    async fn store(&mut self, batch: Vec<SessionRow>) -> Result<(), store::Error> {
        self.delivery.sessions(&batch)?;
        let batch: Vec<SessionRecord> = batch.into_iter().map(|row| row.session).collect();
        self.app.store.traffic().put(self.id, &batch).await?;
        let before = self.sessions;
        self.sessions += batch.len() as u64;
        for record in &batch {
            let end = record.start.checked_add(jiff::SignedDuration::from_micros(record.duration_us));
            let end = end.unwrap_or(record.start);
            let (first, last) = self.seen.unwrap_or((record.start, end));
            self.seen = Some((first.min(record.start), last.max(end)));
        }
        if before / ROOM_EVERY != self.sessions / ROOM_EVERY {
            self.app.store.traffic().make_room(Quota::default()).await?;
        }
        Ok(())
    }

    async fn beat(&mut self, figures: Figures) -> Result<(), store::Error> {
        let (findings, sightings) = self.gathered.take();
        let act = Act::at(self.app.now());
        let traffic = self.app.store.traffic();
        match traffic.beat(self.id, &self.outcome(figures, None), &findings, &act).await {
            // Forgotten while it is being read, or told as broken off: then what was found is stored at the end.
            Err(store::Error::NotFound { .. }) => {
                self.gathered.put_back(findings);
                return Ok(());
            }
            outcome => outcome?,
        }
        self.delivery.findings(&findings)?;
        let met: Vec<Notable> = sightings.iter().map(Sighting::notable).collect();
        if !met.is_empty() {
            self.delivery.notables(&met)?;
            traffic.put_notables(self.id, &met, &act).await?;
        }
        if figures.evidence_bytes > self.evidence_bytes {
            self.evidence_bytes = figures.evidence_bytes;
            traffic.grown(self.id, figures.evidence_bytes, &act).await?;
            if self.evidence_bytes - self.room_made_at >= FILE_ROOM_EVERY {
                self.room_made_at = self.evidence_bytes;
                make_file_room(&self.app, self.id).await?;
            }
        }
        if self.digest.is_none() {
            // What is captured live is found soon.
            self.delivery.deliver()?;
            if self.judged.elapsed() >= JUDGE {
                self.learn().await?;
            }
        }
        if !(findings.is_empty() && met.is_empty()) {
            self.app.notify(Notice::Traffic { capture: self.id });
        }
        Ok(())
    }

    /// Merges what was seen of the hosts into what is known of them; gives what stands out.
    async fn learn(&mut self) -> Result<Vec<BehaviourFinding>, store::Error> {
        self.judged = Instant::now();
        let act = Act::at(self.app.now());
        let seen = self.gathered.profiles.take();
        let findings = learned::learn(&self.app, self.digest.as_deref(), seen, &act).await?;
        let notables: Vec<Notable> = findings.iter().map(BehaviourFinding::notable).collect();
        if !notables.is_empty() {
            self.delivery.notables(&notables)?;
            self.app.store.traffic().put_notables(self.id, &notables, &act).await?;
            self.app.notify(Notice::Traffic { capture: self.id });
        }
        Ok(findings)
    }

    fn outcome(&self, figures: Figures, ending: Option<Message>) -> Outcome {
        Outcome {
            frames: figures.frames,
            volume: figures.volume,
            flows: figures.flows,
            evicted: figures.evicted,
            odd: figures.odd,
            dropped: figures.dropped,
            shed: figures.shed,
            evidence_shed: figures.evidence_shed,
            sessions: self.sessions,
            findings: 0,
            first_seen: self.seen.map(|(first, _)| first),
            last_seen: self.seen.map(|(_, last)| last),
            ending,
        }
    }

    /// Stores what was found and learned, and the figures.
    pub async fn finish(mut self, state: CaptureState, told: Told, act: &Act) -> Result<Taken, store::Error> {
        let Told { figures, ending } = told;
        self.beat(figures).await?;
        // What a reading that broke off saw is not learned: read again, it would count twice.
        let whole = self.digest.is_none() || state == CaptureState::Done;
        let behaviour = if whole { self.learn().await? } else { Vec::new() };
        let traffic = self.app.store.traffic();
        let outcome = self.outcome(figures, ending);
        // There are some when no beat was heard any more.
        let (findings, _) = self.gathered.take();
        self.delivery.findings(&findings)?;
        traffic.finish(self.id, state, &outcome, &findings, act).await?;
        self.delivery.deliver()?;
        traffic.make_room(Quota::default()).await?;
        if self.evidence_bytes > 0 {
            make_file_room(&self.app, self.id).await?;
        }
        traffic.make_profile_room(ProfileQuota::default()).await?;
        self.app.notify(Notice::Traffic { capture: self.id });
        let findings = traffic.capture(self.id).await?.outcome.findings;
        Ok(Taken { id: self.id, outcome: Outcome { findings, ..outcome }, behaviour })
    }
}

/// A file that is locked as long as the process that reads a capture lives: the kernel lets go of it however that ends.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn path(app: &App, id: CaptureId) -> PathBuf {
        folder_of(&app.place).join(format!("{id}.reading"))
    }

    /// Without one, for lack of a folder that can be written, what was last heard of the reader has to do. The file gets
    /// its name when it is locked: nobody who looks finds it between the two.
    fn take(app: &App, id: CaptureId) -> Option<Lock> {
        crate::files::private_folder(&folder_of(&app.place)).ok()?;
        let path = Lock::path(app, id);
        let beside = path.with_extension(format!("reading-{}", std::process::id()));
        let file = File::options().write(true).create(true).truncate(false).open(&beside).ok()?;
        if file.try_lock().is_err() || std::fs::rename(&beside, &path).is_err() {
            let _ = std::fs::remove_file(&beside);
            return None;
        }
        Some(Lock { path, _file: file })
    }

    /// Whether somebody holds the lock of a capture; absent where there is none to tell.
    fn is_held(app: &App, id: CaptureId) -> Option<bool> {
        // Where there is no file the capture may be read on another machine, or began a moment ago.
        let file = File::open(Lock::path(app, id)).ok()?;
        match file.try_lock() {
            Ok(()) => Some(false),
            Err(TryLockError::WouldBlock) => Some(true),
            Err(TryLockError::Error(_)) => None,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Tells of captures whose reader is gone that they broke off; what they gave until then stays. A job's are left to
/// the job, which is taken up again.
pub async fn tell_broken_off(app: &App) -> Result<u64, store::Error> {
    let mut told = 0;
    for capture in app.store.traffic().in_reading().await? {
        if is_read(app, &capture).await {
            continue;
        }
        let ending =
            Message::new(if capture.kind == "live" { "api.capture-live-broken-off" } else { "api.capture-broken-off" });
        if app.store.traffic().break_off(capture.id, &ending, &Act::at(app.now())).await? {
            told += 1;
            let _ = std::fs::remove_file(Lock::path(app, capture.id));
            app.notify(Notice::Traffic { capture: capture.id });
        }
    }
    Ok(told)
}

async fn is_read(app: &App, capture: &Capture) -> bool {
    if capture.job != 0 {
        // A job that is not to be found, or is over, reads nothing any more.
        return app.store.job(capture.job).await.is_ok_and(|job| !job.state.is_over());
    }
    let mut held = Lock::is_held(app, capture.id);
    if held == Some(false) {
        // One who reads it again may be about to put a lock in the place of that of whoever is gone.
        tokio::time::sleep(LOCK_LOOKED_AT_AGAIN).await;
        held = Lock::is_held(app, capture.id);
    }
    held.unwrap_or_else(|| {
        let heard = capture.beat.unwrap_or(capture.added);
        app.now().duration_since(heard).as_secs() < SILENCE_SECONDS
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captures::feed::BATCHES_WAITING;
    use store::TrafficFilter;

    fn session(n: u64) -> SessionRow {
        let record = serde_json::json!({
            "community_id": format!("1:{n}"), "originator": "10.0.0.1", "originator_port": 1000,
            "responder": "10.0.0.2", "responder_port": 445, "transport": "tcp", "start": "2017-06-01T00:00:00Z",
            "duration_us": 5, "state": "closed", "midstream": false, "originator_packets": 1, "originator_bytes": 2,
            "responder_packets": 3, "responder_bytes": 4,
        });
        let session = serde_json::from_value(record).unwrap();
        SessionRow { session, detail: None, observed: records::Observed::default() }
    }

    /// The store goes away in the middle, as a database that is shut down or a disk that fails does.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_that_fails_in_the_middle_ends_the_capture_and_loses_nothing_it_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let app = crate::captures::tests::house(folder.path(), 1 << 20, 0).await;
        let text = |text: &str| text.to_owned();
        let new = NewCapture {
            digest: text("live:eth0:1"),
            name: text("eth0"),
            kind: text("live"),
            owner: text("cli"),
            job: 0,
            bytes: 0,
        };
        let (mut intake, feed) = Intake::begin(&app, &new, &Act::at(app.now())).await.unwrap();
        let id = intake.id;
        let receiving = tokio::spawn(async move {
            let never = std::sync::atomic::AtomicBool::new(false);
            let told = || (Figures::default(), 0);
            let outcome = intake.receive(&Watch::Call(&|_| {}, &never), &Watched::default(), &told).await;
            if outcome.is_err() {
                intake.drain().await;
            }
            (intake, outcome)
        });
        feed.send.send((0..3).map(session).collect()).await.unwrap();
        let stored = async || app.store.traffic().sessions(&TrafficFilter::default(), None, 50).await.unwrap().rows;
        while stored().await.is_empty() {
            tokio::task::yield_now().await;
        }
        app.store.close().await;
        // A worker goes on capturing until it is told to stop: it must neither hang nor fail meanwhile.
        let mut closed = false;
        for _ in 0..BATCHES_WAITING * 100 {
            closed |= feed.send.send(vec![session(9)]).await.is_err();
            if closed {
                break;
            }
        }
        assert!(closed, "nobody takes what cannot be stored");
        let (intake, outcome) = receiving.await.unwrap();
        assert!(matches!(&outcome, Err(Stop::Failed(why)) if why.code.starts_with("store.")), "{outcome:?}");
        let told = Told { ending: outcome.err().and_then(Stop::message), ..Told::default() };
        assert!(intake.finish(CaptureState::Failed, told, &Act::at(app.now())).await.is_err());
        // The process that captured is gone, and whoever opens the data next says so.
        let again = crate::captures::tests::house(folder.path(), 1 << 20, SILENCE_SECONDS).await;
        assert_eq!(tell_broken_off(&again).await.unwrap(), 1);
        let capture = again.store.traffic().capture(id).await.unwrap();
        let ending = capture.outcome.ending.map(|ending| ending.code);
        assert_eq!((capture.state, ending.as_deref()), (CaptureState::BrokenOff, Some("api.capture-live-broken-off")));
        let kept = again.store.traffic().sessions(&TrafficFilter::default(), None, 50).await.unwrap().rows;
        assert_eq!(kept.len(), 3, "what was acknowledged is there, once");
        again.store.close().await;
    }
}
