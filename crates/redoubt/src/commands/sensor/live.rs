//! `redoubt sensor live`: from a network interface, until somebody says stop.

use crate::args::SensorLive;
use crate::output::{Exit, Output};

#[cfg(not(target_os = "linux"))]
pub fn run(_task: &SensorLive, _output: &Output) -> anyhow::Result<Exit> {
    Err(crate::output::Failure::new(model::Message::new("cli.sensor-unsupported")).into())
}

#[cfg(target_os = "linux")]
pub fn run(task: &SensorLive, output: &Output) -> anyhow::Result<Exit> {
    linux::run(task, output)
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use crate::collector::{Delivering, Home};
    use crate::commands::sensor::{filter, listed, print, print_json, told, workers};
    use crate::commands::{collector, open};
    use crate::output::Failure;
    use api::captures::file_of;
    use api::indicators::Watched;
    use jiff::Timestamp;
    use model::Message;
    use rules::Indicators;
    use sensor::live::{self, Evidence, Gauge, Live};
    use sensor::output::{Eve, Output as Records};
    use sensor::profiles::Merged;
    use sensor::reading::{Shared, Summary};
    use sensor::{LiveIndicators, Options, live::Error};
    use serde_json::json;
    use server::captures::{self, Feed, Figures, Gave, Intake, Spooling, Told, Watch, WhenFull};
    use server::jobs::Stop;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::{Arc, OnceLock};
    use std::time::{Duration, Instant};
    use store::{Act, CaptureState, NewCapture};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    /// Between two lines of counters.
    const TELL: Duration = Duration::from_secs(5);
    /// Between two looks at whether a file of indicators changed.
    const FOLLOW: Duration = Duration::from_secs(2);
    /// How long what was captured last may take to be delivered, when the capture is over.
    const DELIVER: Duration = Duration::from_secs(10);
    /// Frames of one capture that are kept as evidence.
    const EVIDENCE_BYTES_MAX: u64 = 256 << 20;

    pub fn run(task: &SensorLive, output: &Output) -> anyhow::Result<Exit> {
        let mut live = asked(task)?;
        let listed = listed(&task.indicators, output)?;
        let bad_lines = listed.as_ref().map_or(0, |listed| listed.bad_lines);
        let looked_for = listed.map(|listed| listed.all);
        let watched = Arc::new(Watched::with(looked_for.clone().unwrap_or_default()));
        let eve = task.eve.as_deref().map(Shared::create).transpose().map_err(told)?;
        open::runtime()?.block_on(async {
            let app = match task.into.place() {
                Some(place) => Some(open::app(&place).await?),
                None => None,
            };
            let begins = match &app {
                Some(app) => {
                    captures::tell_broken_off(app).await?;
                    watched.refresh(app).await.map_err(|problem| Failure::new(problem.message))?;
                    let begins = new_capture(app, &live.interface);
                    let file = file_of(&app.place, &begins.digest);
                    live.evidence = Some(Arc::new(Evidence::new(file, EVIDENCE_BYTES_MAX)));
                    Some((app, begins))
                }
                None => None,
            };
            live.indicators = match &app {
                Some(_) => Some(watched.live()),
                None => looked_for.map(|list| Arc::new(LiveIndicators::new(Indicators::new(list)))),
            };
            let delivering = match &task.collector {
                Some(home) => Some(Delivering::begin(Home::of(Some(home))?, output)?),
                None => None,
            };
            // Judged where profiles are kept, with everything that is known; else at the end, by what was seen.
            let alone = (begins.is_none() && delivering.is_none()).then(Merged::default);
            let (gauge, stop) = (Arc::new(Gauge::default()), Arc::new(AtomicBool::new(false)));
            let changed = tokio::spawn(follow(
                task.indicators.clone(),
                output.clone(),
                app.is_some().then(|| watched.clone()),
                live.indicators.clone(),
            ));
            let (ready, opened) = oneshot::channel();
            let (give, given) = oneshot::channel();
            let outputs = Outputs { feed: OnceLock::new(), eve, alone: alone.clone() };
            let capturing = capture(live.clone(), outputs, gauge.clone(), stop.clone(), ready, given);
            let (mut storing, mut spooling) = (None, None);
            // An error means that it could not be opened, which the capture itself tells.
            if opened.await.is_ok() {
                // Stored from here on: what cannot be captured leaves no trace of a capture.
                if let Some((app, new)) = begins {
                    let (intake, feed) = begin(app, &new).await.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                    let _ = give.send(feed);
                    let (gauge, evidence) = (gauge.clone(), live.evidence.clone());
                    storing = Some(tokio::spawn(receive(intake, watched.clone(), gauge, evidence, stop.clone())));
                } else if let Some(delivering) = &delivering {
                    let (begun, feed) = Spooling::begin(delivering.spool.clone(), WhenFull::Shed);
                    let _ = give.send(feed);
                    spooling = Some(tokio::spawn(begun.run(crate::interrupt::flag())));
                } else {
                    drop(give);
                }
                output.note(&Message::new("cli.sensor-live-begin").with("name", &live.interface));
            }
            let summary = wait(task, capturing, &gauge, &stop, output).await;
            changed.abort();
            let mut behaviour = alone.map(|merged| merged.take().judge()).unwrap_or_default();
            let mut exit = if bad_lines == 0 { Exit::Done } else { Exit::Partly };
            if let Some(storing) = storing {
                let (intake, stored) = storing.await?;
                // However it ended, what was found until then is stored, and the capture says why it ended.
                let failed = stored.as_ref().err().or(summary.as_ref().err());
                let state = if failed.is_some() { CaptureState::Failed } else { CaptureState::Done };
                let told = Told { figures: figures(&gauge, live.evidence.as_deref()), ending: failed.map(ending) };
                let taken = intake.finish(state, told, &Act::at(Timestamp::now())).await;
                stored?;
                behaviour.findings = taken?.behaviour;
            }
            if let Some(spooling) = spooling {
                let Gave { behaviour: found, refused, .. } = spooling.await?;
                behaviour.findings = found;
                if let Some(why) = refused {
                    exit = Exit::Partly;
                    output.note(&Message::new("cli.collector-unspooled").reason("why", why));
                }
            }
            if let Some(delivering) = delivering {
                // Who stopped it does not wait for all that piled up; it stays in the spool.
                let _ = tokio::time::timeout(DELIVER, delivering.delivered()).await;
                collector::report(&delivering.end().await, output);
            }
            let summary = summary?;
            if let Some(error) = live.evidence.as_ref().and_then(|evidence| evidence.take_error()) {
                output.note(&Message::new("cli.sensor-evidence-failed").reason("cause", error));
            }
            let evidence_shed = figures(&gauge, live.evidence.as_deref()).evidence_shed;
            if evidence_shed > 0 {
                exit = Exit::Partly;
                output.note(&Message::new("cli.sensor-evidence-shed").number("frames", number(evidence_shed)));
            }
            if let Some(app) = app {
                app.store.close().await;
            }
            if summary.kernel.dropped > 0 {
                exit = Exit::Partly;
                output.note(&Message::new("cli.sensor-kernel").number("dropped", number(summary.kernel.dropped)));
            }
            // Records on standard output must stay alone there.
            if task.eve.as_deref().is_none_or(|path| path.as_os_str() != "-") {
                let (counts, findings) = (summary.counts, summary.findings);
                let sightings = summary.sightings;
                let shown = Summary { counts, findings, sightings, behaviour, ..Summary::default() };
                if task.json { print_json(&shown, output)? } else { print(&shown, output)? }
            }
            Ok(exit)
        })
    }

    fn asked(task: &SensorLive) -> anyhow::Result<Live> {
        let program = match filter(task.filter.as_deref())? {
            Some(filter) => {
                wire::filter::compile(&filter).ok_or_else(|| Failure::new(Message::new("cli.sensor-long-filter")))?
            }
            None => Vec::new(),
        };
        Ok(Live {
            interface: task.interface.clone(),
            options: Options { sessions: true, ..Options::default() },
            indicators: None,
            evidence: None,
            workers: workers(task.workers),
            ring_bytes: usize::from(task.ring) << 20,
            promiscuous: true,
            filter: program,
        })
    }

    /// A live capture has no file; it is known by where and when it began.
    fn new_capture(app: &server::App, interface: &str) -> NewCapture {
        NewCapture {
            digest: format!("live:{interface}:{}", app.now().as_microsecond()),
            name: interface.to_owned(),
            kind: "live".to_owned(),
            owner: "cli".to_owned(),
            job: 0,
            bytes: 0,
        }
    }

    async fn begin(app: &server::App, new: &NewCapture) -> anyhow::Result<(Intake, Feed)> {
        let object = format!("capture:{}", new.name);
        let act = Act::at(app.now()).recorded("cli", "capture.live", &object, json!({ "interface": new.name }));
        Ok(Intake::begin(app, new, &act).await?)
    }

    /// Stores what comes. What cannot be stored is not captured: an error stops the capture.
    async fn receive(
        mut intake: Intake,
        watched: Arc<Watched>,
        gauge: Arc<Gauge>,
        evidence: Option<Arc<Evidence>>,
        stop: Arc<AtomicBool>,
    ) -> (Intake, anyhow::Result<()>) {
        let told = move || (figures(&gauge, evidence.as_deref()), 0);
        let never = AtomicBool::new(false);
        let stored = intake.receive(&Watch::Call(&|_| {}, &never), &watched, &told).await;
        if stored.is_err() {
            stop.store(true, Ordering::Relaxed);
            intake.drain().await;
        }
        let told = |stop: Stop| stop.message().unwrap_or_else(|| Message::new("cli.sensor-worker"));
        (intake, stored.map_err(|stop| Failure::new(told(stop)).into()))
    }

    /// Why a capture failed, as it is shown with it.
    fn ending(error: &anyhow::Error) -> Message {
        match error.downcast_ref::<Failure>() {
            // The command line's own words are not known where captures are listed.
            Some(failure) if !failure.what.code.starts_with("cli.") => failure.what.clone(),
            _ => {
                let message = Message::new("api.capture-live-failed");
                match error.root_cause().downcast_ref::<std::io::Error>() {
                    Some(system) => message.reason("cause", system),
                    None => message.with("cause", error.root_cause()),
                }
            }
        }
    }

    fn figures(gauge: &Gauge, evidence: Option<&Evidence>) -> Figures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Figures {
            frames: of(&gauge.frames),
            volume: of(&gauge.bytes),
            flows: of(&gauge.flows),
            evicted: of(&gauge.evicted),
            odd: of(&gauge.odd),
            dropped: of(&gauge.dropped),
            shed: of(&gauge.shed),
            evidence_bytes: evidence.map_or(0, |evidence| of(&evidence.bytes)),
            evidence_shed: evidence.map_or(0, |evidence| of(&evidence.shed)),
        }
    }

    /// Reads the files of indicators again whenever one of them changes. The capture does not wait for it.
    async fn follow(
        files: Vec<PathBuf>,
        output: Output,
        watched: Option<Arc<Watched>>,
        live: Option<Arc<LiveIndicators>>,
    ) {
        if files.is_empty() {
            return;
        }
        let changed = |files: &[PathBuf]| -> Vec<_> {
            files.iter().map(|file| file.metadata().and_then(|of| Ok((of.modified()?, of.len()))).ok()).collect()
        };
        let mut known = changed(&files);
        loop {
            tokio::time::sleep(FOLLOW).await;
            let now = changed(&files);
            // One that is being replaced may not be there for a moment.
            if now == known || now.contains(&None) {
                continue;
            }
            known = now;
            let (again, words) = (files.clone(), output.clone());
            let read = tokio::task::spawn_blocking(move || {
                listed(&again, &words).map(|listed| listed.unwrap_or_default().all)
            });
            match read.await {
                Ok(Ok(list)) => {
                    let count = number(list.len() as u64);
                    match (&watched, &live) {
                        (Some(watched), _) => watched.replace_more(list).await,
                        (None, Some(live)) => live.replace(Indicators::new(list)),
                        (None, None) => {}
                    }
                    output.note(&Message::new("cli.sensor-indicators-changed").number("count", count));
                }
                // The last list that could be read stays.
                Ok(Err(error)) => output.failure(&error),
                Err(_) => return,
            }
        }
    }

    /// Where what is captured goes.
    struct Outputs {
        /// Set once all rings are open, before the first worker asks for its outputs.
        feed: OnceLock<Feed>,
        eve: Option<Shared>,
        alone: Option<Merged>,
    }

    impl Outputs {
        fn of(&self, worker: usize) -> Vec<Box<dyn Records>> {
            let mut told: Vec<Box<dyn Records>> = self.feed.get().map(|feed| feed.outputs(worker)).unwrap_or_default();
            told.extend(self.eve.clone().map(|eve| Box::new(Eve::new(eve)) as Box<dyn Records>));
            told.extend(self.alone.as_ref().map(Merged::output));
            told
        }
    }

    type Capturing = JoinHandle<Result<live::Summary, Error>>;

    fn capture(
        live: Live,
        outputs: Outputs,
        gauge: Arc<Gauge>,
        stop: Arc<AtomicBool>,
        ready: oneshot::Sender<()>,
        feed: oneshot::Receiver<Feed>,
    ) -> Capturing {
        tokio::task::spawn_blocking(move || {
            let opened = || {
                // Nobody waits for it when the person interrupted already.
                let _ = ready.send(());
                // Frames that come meanwhile wait in the rings.
                if let Ok(feed) = feed.blocking_recv() {
                    let _ = outputs.feed.set(feed);
                }
            };
            live::capture(&live, &|worker| outputs.of(worker), &gauge, &stop, opened)
        })
    }

    /// Tells the counters until the capture is over: somebody interrupted it, or its time is up.
    async fn wait(
        task: &SensorLive,
        mut capturing: Capturing,
        gauge: &Gauge,
        stop: &AtomicBool,
        output: &Output,
    ) -> anyhow::Result<live::Summary> {
        let begun = Instant::now();
        let time_is_up = async {
            match task.seconds {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        let interrupted = interrupted();
        tokio::pin!(time_is_up, interrupted);
        let (mut told_at, mut told_bytes) = (begun, 0);
        loop {
            tokio::select! {
                summary = &mut capturing => return summary?.map_err(|error| cannot(error, &task.interface)),
                () = &mut time_is_up, if !stop.load(Ordering::Relaxed) => stop.store(true, Ordering::Relaxed),
                () = &mut interrupted, if !stop.load(Ordering::Relaxed) => stop.store(true, Ordering::Relaxed),
                () = tokio::time::sleep_until((told_at + TELL).into()) => {
                    let bytes = gauge.bytes.load(Ordering::Relaxed);
                    let rate = (bytes - told_bytes) as f64 * 8e-6 / told_at.elapsed().as_secs_f64();
                    (told_at, told_bytes) = (Instant::now(), bytes);
                    output.note(
                        &Message::new("cli.sensor-live")
                            .number("seconds", number(begun.elapsed().as_secs()))
                            .number("frames", number(gauge.frames.load(Ordering::Relaxed)))
                            .number("bytes", number(bytes))
                            .with("rate", format!("{rate:.1}"))
                            .number("dropped", number(gauge.dropped.load(Ordering::Relaxed))),
                    );
                }
            }
        }
    }

    async fn interrupted() {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = async {
            match signal(SignalKind::terminate()) {
                Ok(mut signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            }
        };
        let interrupt = async {
            match tokio::signal::ctrl_c().await {
                Ok(()) => {}
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }

    fn cannot(error: Error, interface: &str) -> anyhow::Error {
        let name = |code: &str| Message::new(code).with("name", interface);
        match error {
            Error::NoInterface(_) => Failure::new(name("cli.sensor-no-interface")).into(),
            Error::Capture { step, source, .. } => {
                let what = Failure::new(name("cli.sensor-cannot-capture").with("step", step));
                let denied = source.kind() == std::io::ErrorKind::PermissionDenied;
                let hint = || Message::new("cli.sensor-cannot-capture-hint");
                anyhow::Error::new(source).context(if denied { what.hint(hint()) } else { what })
            }
            Error::Worker => Failure::new(Message::new("cli.sensor-worker")).into(),
            Error::Write(source) => anyhow::Error::new(source),
        }
    }

    fn number(value: u64) -> i64 {
        i64::try_from(value).unwrap_or(i64::MAX)
    }
}
