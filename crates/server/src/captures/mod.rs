//! Captures: read into session records and findings, which are stored as they come.
//!
//! The sensor works on threads of its own and hands records over in batches through a short queue: when the store is
//! slower, reading waits. A capture is known by its digest, and reading it again replaces what it gave, so that a job
//! that was interrupted simply reads again.

mod carried;
mod delivery;
mod feed;
mod intake;
mod spooling;
mod upload;

pub(crate) use carried::sweep as sweep_carried;
pub use feed::Feed;
pub use intake::{Figures, Intake, Told, tell_broken_off};
pub use spooling::{Gave, Spooling, WhenFull};
pub use upload::{Found, find};

use crate::files;
use crate::jobs::{Stop, Work};
use api::captures::{ReadAgain, file_of, folder_of};
use api::indicators::Watched;
use api::routes::imports::{ImportParams, UPLOADS};
use api::state::App;
use api::upload::Upload;
use carried::Carried;
use model::Message;
use sensor::output::{Eve, Output};
use sensor::profiles::BehaviourFinding;
use sensor::reading::{self, Progress, Reading, Shared};
use sensor::source::{self, Ending};
use sensor::{Options, Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Act, CaptureId, CaptureState, JobOutcome, NewCapture, Outcome};
use wire::capture::Damage;

/// What a capture gave.
#[derive(Debug, Clone)]
pub struct Taken {
    pub id: CaptureId,
    pub outcome: Outcome,
    /// What stands out in how hosts behave, with everything that is known of them.
    pub behaviour: Vec<BehaviourFinding>,
}

/// How captures are read.
#[derive(Default)]
pub struct How {
    /// The product's own choice when absent.
    pub options: Option<Options>,
    /// All processors when absent.
    pub workers: Option<usize>,
    pub filter: Option<wire::filter::Filter>,
    /// EVE records go here as well.
    pub eve: Option<Shared>,
    /// Where files are kept that were sent, and which.
    pub files: Option<(PathBuf, Policy)>,
    /// What is looked for instead of what the server looks for.
    pub indicators: Option<Arc<Watched>>,
}

/// Who is told how far reading is, and says when it is to stop.
pub enum Watch<'a> {
    /// A job that reads captures: progress in bytes.
    Job { work: &'a Work, before: u64, total: u64, phase: Message },
    /// A job of which the capture is one file: progress in files.
    File { work: &'a Work, done: u64, total: u64, phase: Message },
    /// The command line: progress in bytes, and whether somebody asked to stop.
    Call(&'a (dyn Fn(u64) + Sync), &'a AtomicBool),
}

impl Watch<'_> {
    async fn look(&self, bytes: u64) -> Result<(), Stop> {
        match self {
            Watch::Job { work, before, total, phase } => {
                work.step((before + bytes).min(*total), *total, Some(phase.clone())).await
            }
            Watch::File { work, done, total, phase } => work.step(*done, *total, Some(phase.clone())).await,
            Watch::Call(call, stop) => {
                call(bytes);
                if stop.load(Ordering::Relaxed) { Err(Stop::Cancelled) } else { Ok(()) }
            }
        }
    }

    fn job(&self) -> i64 {
        match self {
            Watch::Job { work, .. } | Watch::File { work, .. } => work.job.id,
            Watch::Call(..) => 0,
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
    how: &How,
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
        return Ok(Taken { id: known.id, outcome: known.outcome, behaviour: Vec::new() });
    }
    let new =
        NewCapture { digest, name: name.to_owned(), kind: "file".to_owned(), owner: owner.to_owned(), job, bytes };
    let act = Act::at(app.now()).recorded(owner, "capture.read", &format!("capture:{name}"), json!({ "bytes": bytes }));
    let (mut intake, feed) = Intake::begin(app, &new, &act).await?;
    keep_file(app, intake.id, &new.digest, path, bytes).await?;

    let indicators = how.indicators.as_deref().unwrap_or(&app.indicators);
    indicators.refresh(app).await?;
    let progress = Arc::new(Progress::default());
    let guard = StopWhenGone(progress.clone());
    // Whoever says himself where files go has them there.
    let carried = if how.files.is_none() { Carried::of(app, intake.id) } else { None };
    let reading = Reading {
        paths: vec![path.to_owned()],
        // Profiles come together in the intake, with those that are known.
        options: Options { sessions: true, behaviour: false, ..how.options.unwrap_or_default() },
        workers: how.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        merged: false,
        eve: None,
        files: how.files.clone().or_else(|| carried.as_ref().map(Carried::kept_in)),
        filter: how.filter.clone(),
        indicators: Some(indicators.live()),
    };
    let sensor = {
        let (progress, eve, carried) = (progress.clone(), how.eve.clone(), carried.clone());
        tokio::task::spawn_blocking(move || {
            let outputs = |number: usize| {
                let mut told = feed.outputs(number);
                told.extend(carried.as_ref().map(Carried::output));
                told.extend(eve.clone().map(|eve| Box::new(Eve::new(eve)) as Box<dyn Output>));
                told
            };
            reading::read_into(&reading, &outputs, &progress)
        })
    };
    let figures = {
        let progress = progress.clone();
        move || {
            let frames = progress.frames.load(Ordering::Relaxed);
            (Figures { frames, ..Figures::default() }, progress.bytes.load(Ordering::Relaxed))
        }
    };
    let received = intake.receive(watch, indicators, &figures).await;
    if received.is_err() {
        drop(guard);
        intake.drain().await;
    }
    let summary = sensor.await.map_err(api::Problem::internal)?;
    let act = Act::at(app.now());
    // What was read until then was told already, and is not taken back.
    let failed = |ending: Message| Told { figures: figures().0, ending: Some(ending) };
    match (received, summary) {
        (Ok(()), Ok(mut summary)) => {
            let ending = summary.captures.pop().and_then(|(_, outcome)| ending_of(outcome));
            let state =
                if summary.counts.frames == 0 && ending.is_some() { CaptureState::Failed } else { CaptureState::Done };
            let told = Told { figures: Figures::of(&summary.counts), ending };
            // Before the capture counts as read: a job that is taken up again leaves out what counts as read.
            if let Some(carried) = &carried {
                carried.hand_over(app).await?;
            }
            let taken = intake.finish(state, told, &act).await?;
            if let Some(eve) = &how.eve {
                tell_behaviour(&taken.behaviour, eve.clone()).await?;
            }
            if let Some(error) = summary.keeping_failed {
                tracing::error!(cause = %error, "some files of a capture could not be kept");
            }
            Ok(taken)
        }
        (Ok(()), Err(error)) => {
            tracing::error!(cause = %error, "cannot read a capture");
            let ending = Message::new("api.capture-unreadable").with("path", name).reason("cause", cause_of(&error));
            intake.finish(CaptureState::Failed, failed(ending.clone()), &act).await?;
            Err(Stop::Failed(ending))
        }
        (Err(Stop::Cancelled), summary) => {
            let summary = summary.unwrap_or_default();
            let ending = Some(Message::new("api.capture-cancelled"));
            let told = Told { figures: Figures::of(&summary.counts), ending };
            intake.finish(CaptureState::Cancelled, told, &act).await?;
            Err(Stop::Cancelled)
        }
        (Err(Stop::Failed(why)), _) => {
            // The store may be what failed; what is told then is the first cause.
            if let Err(error) = intake.finish(CaptureState::Failed, failed(why.clone()), &act).await {
                tracing::error!(cause = %error, "cannot end a capture");
            }
            Err(Stop::Failed(why))
        }
        // The next start reads it again.
        (Err(Stop::Shutdown), _) => Err(Stop::Shutdown),
    }
}

/// Behaviour is judged when everything was seen, and so comes last.
async fn tell_behaviour(found: &[BehaviourFinding], eve: Shared) -> Result<(), Stop> {
    let found = found.to_vec();
    let told = api::rooms::blocking(move || {
        let mut eve = Eve::new(eve);
        found.iter().for_each(|finding| eve.behaviour(finding));
        eve.finish()
    });
    told.await?.map_err(|error| Stop::Failed(Message::new("api.records-unwritten").reason("cause", error)))
}

fn unreadable(name: &str, error: &io::Error) -> Stop {
    Stop::Failed(Message::new("api.capture-unreadable").with("path", name).reason("cause", error))
}

/// What the operating system said of a reading, else that the sensor itself failed.
fn cause_of(error: &reading::Error) -> Message {
    match error {
        reading::Error::Source(source::Error::Open { source, .. } | source::Error::Read { source, .. })
        | reading::Error::Write { source, .. } => source.into(),
        reading::Error::NoCapture(_) => Message::new("api.capture-none").number("at", 0),
        reading::Error::Worker => Message::new("api.capture-worker"),
    }
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
        Ok(Ending::CutOff { at: 0 }) => Some(Message::new("api.capture-cut-header")),
        Ok(Ending::CutOff { at: byte }) => Some(at(Message::new("api.capture-cut-off"), byte)),
        Ok(Ending::Broken { at: byte, damage }) => Some(at(Message::new(damage_code(damage)), byte)),
        Err(source::Error::Open { source, .. } | source::Error::Read { source, .. }) => {
            Some(Message::new("api.capture-broken-read").reason("cause", source))
        }
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
    // Room is taken before the file is copied: two captures that come at once do not both take what is left.
    let has_room = {
        let _alone = app.keeping.lock().await;
        let has_room = make_room_for(app, id, bytes).await?;
        traffic.keep(id, has_room, &Act::at(app.now())).await?;
        has_room
    };
    if !has_room {
        tracing::warn!(bytes, quota, "captures that are being read leave no room; the file of this one is not kept");
        return Ok(());
    }
    let (folder, to, from) = (folder_of(&app.place), file_of(&app.place, digest), path.to_owned());
    let put = move || {
        files::private_folder(&folder)?;
        if to.exists() { Ok(()) } else { link_or_copy(&from, &to) }
    };
    // A capture whose file cannot be kept is read all the same: detection does not depend on a disk with room.
    if let Err(error) = api::rooms::blocking(put).await? {
        tracing::error!(cause = %error, "cannot keep the file of a capture");
        traffic.keep(id, false, &Act::at(app.now())).await?;
    }
    Ok(())
}

/// Lets go of the oldest files beyond the quota. Those that somebody reads or writes stay, and so does that of `except`.
async fn make_file_room(app: &App, except: CaptureId) -> Result<(), store::Error> {
    let _alone = app.keeping.lock().await;
    make_room_for(app, except, 0).await.map(drop)
}

/// The same for so many bytes of `own`; false when there is no room for them.
async fn make_room_for(app: &App, own: CaptureId, bytes: u64) -> Result<bool, store::Error> {
    let traffic = app.store.traffic();
    let kept = traffic.kept_captures().await?;
    let own_bytes = kept.iter().find(|capture| capture.id == own).map_or(0, |capture| capture.bytes);
    let mut all: u64 = kept.iter().filter(|capture| capture.id != own).map(|capture| capture.bytes).sum();
    all = all.saturating_add(own_bytes.max(bytes));
    for old in kept.into_iter().filter(|old| old.id != own && old.state != CaptureState::Reading) {
        if all <= app.place.captures_bytes_max {
            break;
        }
        all -= old.bytes;
        let _ = tokio::fs::remove_file(file_of(&app.place, &old.digest)).await;
        traffic.keep(old.id, false, &Act::at(app.now())).await?;
    }
    Ok(all <= app.place.captures_bytes_max)
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

/// The job that reads captures: uploaded ones, or one again whose file is kept.
pub async fn run(work: &Work) -> Result<Value, Stop> {
    if let Ok(ReadAgain { capture }) = serde_json::from_value(work.job.params.clone()) {
        return again(work, capture).await;
    }
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

/// Reads the kept file of a capture again.
async fn again(work: &Work, id: CaptureId) -> Result<Value, Stop> {
    let capture = work.app.store.traffic().capture(id).await?;
    let path = file_of(&work.app.place, &capture.digest);
    let phase = Message::new("api.capture-reading").with("path", &capture.name);
    let watch = Watch::Job { work, before: 0, total: capture.bytes, phase };
    let taken = take_in(&work.app, &path, &capture.name, &work.job.owner, &How::default(), &watch).await?;
    work.log(&[told_of(&capture.name, &taken.outcome)]).await?;
    let done = Message::new("api.capture-done").number("count", 1);
    work.step(capture.bytes, capture.bytes, Some(done)).await?;
    Ok(json!({ "captures": [taken.id] }))
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const BYTES: usize = 4096;

    pub(crate) async fn house(folder: &Path, captures_bytes_max: u64, seconds: i64) -> App {
        let now = jiff::Timestamp::from_second(seconds).unwrap();
        let url = format!("sqlite:{}", folder.join("redoubt.db").display());
        let store = store::Store::open(&url, &store::Options::at(now)).await.unwrap();
        let place = api::state::Place {
            name: String::new(),
            bucket: None,
            files_bucket: None,
            version: String::new(),
            data_directory: folder.to_owned(),
            listen: String::new(),
            started: now,
            tls: None,
            loopback: true,
            upload_bytes_max: 1 << 20,
            captures_bytes_max,
            files_bytes_max: 1 << 30,
            lake_bytes_max: 1 << 30,
            lake_days: None,
            questions: query::DeskOptions::default(),
        };
        let knowledge = api::state::KnowledgeHandle::Builtin(knowledge::Knowledge::builtin());
        App::new(store, knowledge, Arc::new(move || now), place)
    }

    /// A capture of nothing but a header and one long frame of zeros.
    fn capture(number: u8) -> Vec<u8> {
        let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
        let length = (BYTES - file.len() - 16) as u32;
        for value in [u32::from(number), 0, length, length] {
            file.extend(value.to_le_bytes());
        }
        file.resize(BYTES, 0);
        file
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn captures_that_come_at_once_do_not_take_more_room_together_than_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let app = house(folder.path(), BYTES as u64 * 2, 0).await;
        let mut ids = Vec::new();
        for number in 0..6 {
            let path = folder.path().join(format!("{number}.pcap"));
            std::fs::write(&path, capture(number)).unwrap();
            let (digest, bytes) = digest(&path).unwrap();
            let text = |text: &str| text.to_owned();
            let new = NewCapture { digest, name: text("x"), kind: text("file"), owner: text("x"), job: 0, bytes };
            let id = app.store.traffic().begin(&new, &Act::at(app.now())).await.unwrap();
            ids.push((id, new.digest, path));
        }
        let keeping: Vec<_> = (ids.into_iter())
            .map(|(id, digest, path)| {
                let app = app.clone();
                tokio::spawn(async move { keep_file(&app, id, &digest, &path, BYTES as u64).await.is_ok() })
            })
            .collect();
        for kept in keeping {
            assert!(kept.await.unwrap());
        }
        let files = std::fs::read_dir(folder_of(&app.place)).unwrap().flatten();
        let bytes: u64 = files.map(|file| file.metadata().unwrap().len()).sum();
        assert_eq!(bytes, BYTES as u64 * 2, "all are being read, so none makes room for another");
        assert_eq!(app.store.traffic().kept_captures().await.unwrap().len(), 2);
        app.store.close().await;
    }
}
