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
    use crate::commands::open;
    use crate::commands::sensor::{filter, print, print_json, told};
    use crate::output::Failure;
    use jiff::Timestamp;
    use model::Message;
    use sensor::live::{self, Gauge, Live};
    use sensor::output::{Eve, Output as Records};
    use sensor::reading::{self, Shared, Summary};
    use sensor::{Options, live::Error};
    use serde_json::json;
    use server::captures::{Feed, Intake, Told, Watch};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};
    use store::{Act, CaptureState, NewCapture};
    use tokio::task::JoinHandle;

    /// Between two lines of counters.
    const TELL: Duration = Duration::from_secs(5);

    pub fn run(task: &SensorLive, output: &Output) -> anyhow::Result<Exit> {
        let live = asked(task)?;
        let eve = task.eve.as_deref().map(Shared::create).transpose().map_err(told)?;
        open::runtime()?.block_on(async {
            let app = match task.into.place() {
                Some(place) => Some(open::app(&place).await?),
                None => None,
            };
            let stored = match &app {
                Some(app) => Some(begin(app, &live.interface).await?),
                None => None,
            };
            let (intake, feed) = stored.unzip();
            let (gauge, stop) = (Arc::new(Gauge::default()), Arc::new(AtomicBool::new(false)));
            let storing = intake.map(|intake| tokio::spawn(receive(intake)));
            let (ready, opened) = tokio::sync::oneshot::channel();
            let capturing = capture(live.clone(), feed, eve, gauge.clone(), stop.clone(), ready);
            // An error means that it could not be opened, which the capture itself tells.
            if opened.await.is_ok() {
                output.note(&Message::new("cli.sensor-live-begin").with("name", &live.interface));
            }
            let summary = wait(task, capturing, &gauge, &stop, output).await?;
            let mut exit = Exit::Done;
            if let Some(storing) = storing {
                let intake = storing.await??;
                let findings = summary.findings.clone();
                let dropped = summary.kernel.dropped;
                let told = Told { counts: summary.counts.clone(), findings, dropped, ending: None };
                intake.finish(CaptureState::Done, told, &Act::at(Timestamp::now())).await?;
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
                let shown = Summary { counts: summary.counts, findings: summary.findings, ..Summary::default() };
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
            workers: task.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            ring_bytes: usize::from(task.ring) << 20,
            promiscuous: true,
            filter: program,
        })
    }

    /// A live capture has no file; it is known by where and when it began.
    async fn begin(app: &server::App, interface: &str) -> anyhow::Result<(Intake, Feed)> {
        let now = app.now();
        let new = NewCapture {
            digest: format!("live:{interface}:{}", now.as_microsecond()),
            name: interface.to_owned(),
            kind: "live".to_owned(),
            owner: "cli".to_owned(),
            job: 0,
            bytes: 0,
        };
        let object = format!("capture:{interface}");
        let act = Act::at(now).recorded("cli", "capture.live", &object, json!({ "interface": interface }));
        Ok(Intake::begin(app, &new, &act).await?)
    }

    async fn receive(mut intake: Intake) -> anyhow::Result<Intake> {
        let progress = reading::Progress::default();
        let stored = intake.receive(&Watch::Call(&|_| true), &progress).await;
        stored.map_err(|stop| Failure::new(stop.message().unwrap_or_else(|| Message::new("cli.sensor-worker"))))?;
        Ok(intake)
    }

    type Capturing = JoinHandle<Result<live::Summary, Error>>;

    fn capture(
        live: Live,
        feed: Option<Feed>,
        eve: Option<Shared>,
        gauge: Arc<Gauge>,
        stop: Arc<AtomicBool>,
        ready: tokio::sync::oneshot::Sender<()>,
    ) -> Capturing {
        tokio::task::spawn_blocking(move || {
            let outputs = |_: usize| {
                let mut told: Vec<Box<dyn Records>> = feed.as_ref().map(Feed::outputs).unwrap_or_default();
                told.extend(eve.clone().map(|eve| Box::new(Eve::new(eve)) as Box<dyn Records>));
                told
            };
            let opened = || {
                // Nobody waits for it when the person interrupted already.
                let _ = ready.send(());
            };
            live::capture(&live, &outputs, &gauge, &stop, opened)
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
