//! Captures: read into session records and findings, which are stored as they come.
//!
//! The sensor works on threads of its own and hands records over in batches through a short queue: when the store is
//! slower, reading waits. A capture is known by its digest, and reading it again replaces what it gave, so that a job
//! that was interrupted simply reads again.

use crate::files;
use crate::jobs::{Stop, Work};
use api::captures::{file_of, folder_of};
use api::routes::imports::{ImportParams, UPLOADS};
use api::state::App;
use api::upload::{Upload, UploadedFile};
use api::wire::jobs::Notice;
use jiff::Timestamp;
use model::{Finding, Message, SessionRecord};
use sensor::output::{Output, Sessions};
use sensor::reading::{self, Progress, Reading};
use sensor::source::{self, Ending};
use sensor::{Counts, Options};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::{Act, CaptureId, CaptureState, JobOutcome, NewCapture, Outcome, Quota};
use tokio::sync::mpsc;
use wire::capture::Damage;

/// Records that are stored at a time, and batches that wait for the store.
const BATCH_RECORDS: usize = 4000;
const BATCHES_WAITING: usize = 4;
/// Between two looks at how far reading is, and at whether it is to stop.
const LOOK: Duration = Duration::from_millis(500);
/// Records after which the quota is looked at; counting rows costs more the more there are.
const ROOM_EVERY: u64 = 100_000;
/// Entries of an archive that are looked at.
const ENTRIES_MAX: usize = 100_000;

/// A capture as it is being stored.
pub struct Intake {
    app: App,
    pub id: CaptureId,
    batches: mpsc::Receiver<Vec<SessionRecord>>,
    sessions: u64,
    seen: Option<(Timestamp, Timestamp)>,
}

/// Where the workers of the sensor put records; when the last one is gone, the intake has everything.
#[derive(Clone)]
pub struct Feed {
    send: mpsc::Sender<Vec<SessionRecord>>,
}

/// What the sensor says of a capture once it is over.
#[derive(Default)]
pub struct Told {
    pub counts: Counts,
    pub findings: Vec<Finding>,
    pub dropped: u64,
    pub ending: Option<Message>,
}

/// What a capture gave.
#[derive(Debug, Clone)]
pub struct Taken {
    pub id: CaptureId,
    pub outcome: Outcome,
}

impl Intake {
    pub async fn begin(app: &App, new: &NewCapture, act: &Act) -> Result<(Intake, Feed), store::Error> {
        let id = app.store.traffic().begin(new, act).await?;
        let (send, batches) = mpsc::channel(BATCHES_WAITING);
        Ok((Intake { app: app.clone(), id, batches, sessions: 0, seen: None }, Feed { send }))
    }

    /// Stores batches until all feeds are gone, or until `watch` says to stop.
    pub async fn receive(&mut self, watch: &Watch<'_>, progress: &Progress) -> Result<(), Stop> {
        let mut looked = Instant::now();
        loop {
            let batch = tokio::time::timeout(LOOK, self.batches.recv()).await;
            match batch {
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => self.store(&batch).await?,
                Err(_) => {}
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                watch.look(progress.bytes.load(Ordering::Relaxed)).await?;
            }
        }
    }

    async fn store(&mut self, batch: &[SessionRecord]) -> Result<(), store::Error> {
        self.app.store.traffic().put(self.id, batch).await?;
        let before = self.sessions;
        self.sessions += batch.len() as u64;
        for record in batch {
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

    /// Stores the findings and the figures.
    pub async fn finish(self, state: CaptureState, told: Told, act: &Act) -> Result<Taken, store::Error> {
        let Told { counts, findings, dropped, ending } = told;
        let outcome = Outcome {
            frames: counts.frames,
            flows: counts.flows,
            evicted: counts.evicted,
            odd: counts.odd.values().sum(),
            dropped,
            sessions: self.sessions,
            findings: findings.len() as u64,
            first_seen: self.seen.map(|(first, _)| first),
            last_seen: self.seen.map(|(_, last)| last),
            ending,
        };
        let traffic = self.app.store.traffic();
        traffic.finish(self.id, state, &outcome, &findings, act).await?;
        traffic.make_room(Quota::default()).await?;
        self.app.notify(Notice::Traffic { capture: self.id });
        Ok(Taken { id: self.id, outcome })
    }
}

impl Feed {
    /// The outputs of one worker.
    pub fn outputs(&self) -> Vec<Box<dyn Output>> {
        let mut batches = Batches { records: Vec::new(), send: self.send.clone() };
        vec![Box::new(Sessions::new(move |record| batches.push(record)))]
    }
}

struct Batches {
    records: Vec<SessionRecord>,
    send: mpsc::Sender<Vec<SessionRecord>>,
}

impl Batches {
    fn push(&mut self, record: SessionRecord) {
        self.records.push(record);
        if self.records.len() >= BATCH_RECORDS {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        // Nobody takes them any more once the intake has stopped; then reading is about to stop too.
        let _ = self.send.blocking_send(std::mem::take(&mut self.records));
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        if !self.records.is_empty() {
            self.hand_over();
        }
    }
}

/// Who is told how far reading is, and says when it is to stop.
pub enum Watch<'a> {
    /// A job that reads captures: progress in bytes.
    Job { work: &'a Work, before: u64, total: u64, phase: Message },
    /// A job of which the capture is one file: progress in files.
    File { work: &'a Work, done: u64, total: u64, phase: Message },
    /// The command line: progress in bytes; it says whether to go on.
    Call(&'a (dyn Fn(u64) -> bool + Sync)),
}

impl Watch<'_> {
    async fn look(&self, bytes: u64) -> Result<(), Stop> {
        match self {
            Watch::Job { work, before, total, phase } => {
                work.step((before + bytes).min(*total), *total, Some(phase.clone())).await
            }
            Watch::File { work, done, total, phase } => work.step(*done, *total, Some(phase.clone())).await,
            Watch::Call(call) if call(bytes) => Ok(()),
            Watch::Call(_) => Err(Stop::Cancelled),
        }
    }

    fn job(&self) -> i64 {
        match self {
            Watch::Job { work, .. } | Watch::File { work, .. } => work.job.id,
            Watch::Call(_) => 0,
        }
    }
}

/// Tells the sensor to stop when whoever waits for it is gone.
struct StopWhenGone(Arc<Progress>);

impl Drop for StopWhenGone {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// Reads one capture file into the store. The file itself is kept as far as there is room, for the evidence in it.
pub async fn take_in(
    app: &App,
    path: &Path,
    name: &str,
    owner: &str,
    filter: Option<wire::filter::Filter>,
    watch: &Watch<'_>,
) -> Result<Taken, Stop> {
    let (digest, bytes) = {
        let path = path.to_owned();
        api::rooms::blocking(move || digest(&path)).await?.map_err(|error| unreadable(name, &error))?
    };
    let job = watch.job();
    // A job that was interrupted leaves out what it has done.
    if let Some(known) = app.store.traffic().capture_of(&digest).await?
        && job != 0
        && known.job == job
        && known.state == CaptureState::Done
    {
        return Ok(Taken { id: known.id, outcome: known.outcome });
    }
    let new =
        NewCapture { digest, name: name.to_owned(), kind: "file".to_owned(), owner: owner.to_owned(), job, bytes };
    let act = Act::at(app.now()).recorded(owner, "capture.read", &format!("capture:{name}"), json!({ "bytes": bytes }));
    let (mut intake, feed) = Intake::begin(app, &new, &act).await?;
    keep_file(app, intake.id, &new.digest, path, bytes).await?;

    let progress = Arc::new(Progress::default());
    let guard = StopWhenGone(progress.clone());
    let reading = Reading {
        paths: vec![path.to_owned()],
        options: Options { sessions: true, ..Options::default() },
        workers: std::thread::available_parallelism().map_or(1, usize::from),
        merged: false,
        eve: None,
        files: None,
        filter,
        indicators: None,
    };
    let sensor = {
        let progress = progress.clone();
        tokio::task::spawn_blocking(move || reading::read_into(&reading, &|_| feed.outputs(), &progress))
    };
    let received = intake.receive(watch, &progress).await;
    if received.is_err() {
        drop(guard);
        // What waits in the queue is taken out, so that no worker waits for room in it.
        intake.batches.close();
        while intake.batches.recv().await.is_some() {}
    }
    let summary = sensor.await.map_err(api::Problem::internal)?;
    let act = Act::at(app.now());
    match (received, summary) {
        (Ok(()), Ok(mut summary)) => {
            let ending = summary.captures.pop().and_then(|(_, outcome)| ending_of(outcome));
            let state =
                if summary.counts.frames == 0 && ending.is_some() { CaptureState::Failed } else { CaptureState::Done };
            let told = Told { counts: summary.counts, findings: summary.findings, dropped: 0, ending };
            Ok(intake.finish(state, told, &act).await?)
        }
        (Ok(()), Err(error)) => {
            tracing::error!(cause = %error, "cannot read a capture");
            let ending = Message::new("api.capture-unreadable").with("path", name).with("cause", &error);
            let told = Told { ending: Some(ending.clone()), ..Told::default() };
            intake.finish(CaptureState::Failed, told, &act).await?;
            Err(Stop::Failed(ending))
        }
        (Err(Stop::Cancelled), summary) => {
            let summary = summary.unwrap_or_default();
            let told = Told { counts: summary.counts, findings: summary.findings, dropped: 0, ending: None };
            intake.finish(CaptureState::Cancelled, told, &act).await?;
            Err(Stop::Cancelled)
        }
        (Err(Stop::Failed(why)), _) => {
            let told = Told { ending: Some(why.clone()), ..Told::default() };
            // The store may be what failed; what is told then is the first cause.
            if let Err(error) = intake.finish(CaptureState::Failed, told, &act).await {
                tracing::error!(cause = %error, "cannot end a capture");
            }
            Err(Stop::Failed(why))
        }
        // The next start reads it again.
        (Err(Stop::Shutdown), _) => Err(Stop::Shutdown),
    }
}

fn unreadable(name: &str, error: &io::Error) -> Stop {
    Stop::Failed(Message::new("api.capture-unreadable").with("path", name).with("cause", error))
}

fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
        bytes += read as u64;
    }
    Ok((wire::json::hex(&hash.finalize()), bytes))
}

/// How a capture that is not whole ended.
fn ending_of(outcome: Result<Ending, source::Error>) -> Option<Message> {
    let at = |message: Message, at: u64| message.number("at", i64::try_from(at).unwrap_or(i64::MAX));
    match outcome {
        Ok(Ending::Whole) => None,
        Ok(Ending::CutOff { at: byte }) => Some(at(Message::new("api.capture-cut-off"), byte)),
        Ok(Ending::Broken { at: byte, damage }) => Some(at(Message::new(damage_code(damage)), byte)),
        Err(source::Error::Open { source, .. }) => Some(Message::new("api.capture-broken-read").with("cause", source)),
        Err(source::Error::Read { source, .. }) => Some(Message::new("api.capture-broken-read").with("cause", source)),
    }
}

fn damage_code(damage: Damage) -> &'static str {
    match damage {
        Damage::NotACapture => "api.capture-none",
        Damage::RecordTooLong(_) => "api.capture-too-long",
        Damage::BadBlock(_) => "api.capture-block",
        Damage::NoSuchInterface(_) | Damage::TooManyInterfaces => "api.capture-interface",
    }
}

/// Keeps the file under its digest; the oldest ones make room.
async fn keep_file(app: &App, id: CaptureId, digest: &str, path: &Path, bytes: u64) -> Result<(), Stop> {
    let quota = app.place.captures_bytes_max;
    let traffic = app.store.traffic();
    if bytes > quota {
        tracing::warn!(bytes, quota, "a capture is larger than all captures may be; its file is not kept");
        return Ok(traffic.keep(id, false, &Act::at(app.now())).await?);
    }
    let (folder, to, from) = (folder_of(&app.place), file_of(&app.place, digest), path.to_owned());
    let put = move || {
        files::private_folder(&folder)?;
        if to.exists() { Ok(()) } else { link_or_copy(&from, &to) }
    };
    // A capture whose file cannot be kept is read all the same: detection does not depend on a disk with room.
    match api::rooms::blocking(put).await? {
        Ok(()) => traffic.keep(id, true, &Act::at(app.now())).await?,
        Err(error) => tracing::error!(cause = %error, "cannot keep the file of a capture"),
    }
    let kept = traffic.kept_captures().await?;
    let mut all: u64 = kept.iter().map(|capture| capture.bytes).sum();
    for old in kept.into_iter().filter(|old| old.id != id) {
        if all <= quota {
            break;
        }
        all -= old.bytes;
        let _ = tokio::fs::remove_file(file_of(&app.place, &old.digest)).await;
        traffic.keep(old.id, false, &Act::at(app.now())).await?;
    }
    Ok(())
}

/// An upload lies on the same disk and is thrown away after the job: a second name costs nothing. What a person named
/// on the command line is copied, since it may be changed in its place.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    let beside = to.with_extension("new");
    let uploaded = from.components().any(|part| part.as_os_str() == UPLOADS);
    if !(uploaded && std::fs::hard_link(from, &beside).is_ok()) {
        std::fs::copy(from, &beside)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))?;
    }
    std::fs::rename(&beside, to)
}

/// What of an uploaded file is a capture.
pub struct Found {
    /// As people know it: `upload.zip!folder/a.pcap`.
    pub name: String,
    pub place: PlaceOf,
}

pub enum PlaceOf {
    File(PathBuf),
    /// An entry of an archive, unpacked when its turn comes.
    Entry {
        archive: PathBuf,
        index: usize,
    },
}

/// The captures in an uploaded file: itself, or entries of an archive.
pub async fn find(folder: &Path, file: &UploadedFile) -> Result<Vec<Found>, Stop> {
    let (path, name) = (folder.join(&file.stored), file.path.clone());
    let found = api::rooms::blocking(move || {
        if source::is_capture(&path) {
            return vec![Found { name, place: PlaceOf::File(path) }];
        }
        entries(&path, &name).unwrap_or_default()
    });
    Ok(found.await?)
}

fn entries(path: &Path, name: &str) -> io::Result<Vec<Found>> {
    let mut head = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut head)?;
    if head != b"PK\x03\x04" {
        return Ok(Vec::new());
    }
    let mut archive = zip::ZipArchive::new(io::BufReader::new(File::open(path)?))?;
    let mut found = Vec::new();
    if archive.len() > ENTRIES_MAX {
        tracing::warn!(entries = archive.len(), "an archive has more entries than are looked at for captures");
    }
    for index in 0..archive.len().min(ENTRIES_MAX) {
        let Ok(entry) = archive.by_index(index) else { continue };
        let inner = String::from_utf8_lossy(entry.name_raw()).replace(char::is_control, " ");
        let mut head = Vec::new();
        let told = entry.is_file() && entry.take(source::TELLING_BYTES as u64).read_to_end(&mut head).is_ok();
        if told && source::begins_as_capture(io::Cursor::new(head)) {
            let place = PlaceOf::Entry { archive: path.to_owned(), index };
            found.push(Found { name: format!("{name}!{inner}"), place });
        }
    }
    Ok(found)
}

impl Found {
    /// Where its bytes lie as a file, and whether that is to be removed afterwards.
    async fn file(&self, folder: &Path, bytes_max: u64) -> Result<(PathBuf, bool), Stop> {
        match &self.place {
            PlaceOf::File(path) => Ok((path.clone(), false)),
            PlaceOf::Entry { archive, index } => {
                let to = folder.join(format!("entry-{index}"));
                let (archive, index, target) = (archive.clone(), *index, to.clone());
                let unpacked = api::rooms::blocking(move || unpack(&archive, index, &target, bytes_max)).await?;
                unpacked.map_err(|error| unreadable(&self.name, &error))?;
                Ok((to, true))
            }
        }
    }

    /// Reads it into the store; `folder` is the upload's.
    pub async fn take_in(&self, app: &App, folder: &Path, owner: &str, watch: &Watch<'_>) -> Result<Taken, Stop> {
        let (path, for_now) = self.file(folder, app.place.upload_bytes_max).await?;
        let taken = take_in(app, &path, &self.name, owner, None, watch).await;
        if for_now {
            let _ = tokio::fs::remove_file(&path).await;
        }
        taken
    }
}

fn unpack(archive: &Path, index: usize, to: &Path, bytes_max: u64) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(io::BufReader::new(File::open(archive)?))?;
    let entry = archive.by_index(index)?;
    let mut out = File::create(to)?;
    // One byte more than allowed tells that there is more.
    let written = io::copy(&mut entry.take(bytes_max + 1), &mut out)?;
    if written > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {} MiB", bytes_max >> 20)));
    }
    Ok(())
}

/// The job that reads uploaded captures.
pub async fn run(work: &Work) -> Result<Value, Stop> {
    let params: ImportParams = serde_json::from_value(work.job.params.clone()).map_err(api::Problem::internal)?;
    let folder = work.app.place.data_directory.join(UPLOADS).join(&params.upload);
    let upload = {
        let folder = folder.clone();
        api::rooms::blocking(move || Upload::load(&folder)).await?
    };
    let upload = upload.map_err(|_| Stop::Failed(Message::new("api.upload-gone")))?;
    let total = upload.bytes();
    let (mut before, mut taken) = (0, Vec::new());
    let mut failed = None;
    for file in &upload.files {
        let found = find(&folder, file).await?;
        if found.is_empty() {
            work.log(&[Message::new("api.capture-refused").with("path", &file.path)]).await?;
        }
        for capture in &found {
            let phase = Message::new("api.capture-reading").with("path", &capture.name);
            work.step(before, total, Some(phase.clone())).await?;
            let watch = Watch::Job { work, before, total, phase };
            match capture.take_in(&work.app, &folder, &work.job.owner, &watch).await {
                Ok(one) => {
                    work.log(&[told_of(&capture.name, &one.outcome)]).await?;
                    taken.push(one);
                }
                // One that cannot be read costs only itself.
                Err(Stop::Failed(why)) => {
                    work.log(std::slice::from_ref(&why)).await?;
                    failed = Some(why);
                }
                Err(stop) => return Err(stop),
            }
        }
        before += file.bytes;
    }
    if taken.is_empty() {
        return Err(Stop::Failed(failed.unwrap_or_else(|| Message::new("api.capture-no-capture"))));
    }
    work.step(total, total, Some(Message::new("api.capture-done").number("count", taken.len() as i64))).await?;
    Ok(json!({ "captures": taken.iter().map(|taken| taken.id).collect::<Vec<_>>() }))
}

fn told_of(name: &str, outcome: &Outcome) -> Message {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Message::new("api.capture-read")
        .with("path", name)
        .number("frames", number(outcome.frames))
        .number("sessions", number(outcome.sessions))
        .number("findings", number(outcome.findings))
}

/// Captures that a job left half read when it ended: what they gave stays, and they say so.
pub async fn settle(work: &Work, outcome: &JobOutcome) -> Result<(), store::Error> {
    let state = match outcome {
        JobOutcome::Cancelled => CaptureState::Cancelled,
        JobOutcome::Done(_) | JobOutcome::Failed(_) => CaptureState::Failed,
    };
    let traffic = work.app.store.traffic();
    for capture in traffic.captures_of_job(work.job.id).await? {
        if capture.state == CaptureState::Reading {
            traffic.finish(capture.id, state, &capture.outcome, &[], &Act::at(work.app.now())).await?;
        }
    }
    Ok(())
}
