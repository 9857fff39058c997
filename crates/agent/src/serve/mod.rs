//! `redoubt-agent serve`: the agent that belongs to a server. It follows what the server told it, with the server or without,
//! and tells what happens.
//!
//! One thread keeps it all in order ([`Serving`]): it takes what was told ([`held`]), and sees to it that execution control
//! ([`executing`]), guards ([`guarding`]) and hearing ([`watching`]) do what is held to. Those hand over what happens to the
//! [`herald`], which writes it into the spool; the [`leash`] delivers it. Whoever protects waits for none of these.

mod calm;
mod checking;
mod documents;
pub mod enrol;
mod essentials;
mod executing;
mod guarding;
mod happened;
mod held;
mod herald;
mod home;
mod incidents;
pub mod isolating;
mod leash;
mod machine;
mod out;
mod report;
mod searching;
mod situation;
pub mod status;
mod tell;
mod updating;
mod watching;

use crate::args;
use crate::signals::{self, STOP};
use crate::voice;
use checking::Checking;
use endpoint::execution::Filesystem;
use endpoint::keeping::Kept;
use endpoint::packages::Databases;
use executing::Executing;
use guarding::Guarding;
use held::{Held, Taken};
use herald::{Herald, News};
use home::Home;
use incidents::Incidents;
use isolating::Isolating;
use jiff::Timestamp;
use leash::Leash;
use link::{Guide, Identity, Spool};
use model::Message;
use out::Out;
use policy::groups::Telemetry;
use policy::telling::{Counts, RELEASE_GUIDE, Report};
use policy::{Mode, Rules};
use report::Reporter;
use searching::Searching;
use serde_json::json;
use situation::{Part, Situation};
use status::Status;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use updating::Updating;
use watching::Watching;
use words::Language;

const TICK: Duration = Duration::from_millis(100);
/// Between two looks at how it is, and two at what is there by now that was not.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const PLAN_EVERY: Duration = Duration::from_secs(30);
/// What may be taken later is tried again after that.
const TRY_AGAIN: Duration = Duration::from_secs(10);
const STATUS_EVERY: Duration = Duration::from_secs(5);
const LOCK_WITHIN: Duration = Duration::from_secs(1);
/// What is said last is waited for no longer: perhaps nobody reads it.
const SAID_WITHIN: Duration = Duration::from_secs(1);
/// No glass is broken for longer.
const GLASS_SECONDS_MAX: u64 = 24 * 60 * 60;
/// As a group that says nothing has it.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// What every part has.
#[derive(Clone)]
pub struct Parts {
    pub out: Out,
    pub herald: Herald,
    pub situation: Arc<Situation>,
    pub kept: Kept,
}

pub fn run(task: args::Serve, only: Vec<Filesystem>, kept: Kept, language: Language) -> ExitCode {
    if let Err(error) = signals::listen() {
        return voice::failed(&Message::new("guard.signals").reason("cause", &error), language);
    }
    match Serving::begin(task, only, kept, language) {
        Ok(serving) => match serving.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => voice::failed(&why, language),
        },
        Err(why) => voice::failed(&why, language),
    }
}

struct Serving {
    home: Home,
    server: String,
    parts: Parts,
    held: Held,
    refused: Option<Message>,
    /// What was told and may be taken later, by its kind.
    waiting: BTreeMap<String, Guide>,
    executing: Executing,
    guarding: Guarding,
    watching: Watching,
    searching: Searching,
    checking: Checking,
    isolating: Isolating,
    updating: Updating,
    /// To begin to be led with.
    identity: Option<Identity>,
    spool: Spool,
    /// Rows that the spool had shed before this began.
    shed_before: u64,
    reporter: Reporter,
    followed: Followed,
    out_thread: JoinHandle<()>,
    herald_thread: Option<JoinHandle<()>>,
    _lock: File,
}

/// What is followed now, and when things were looked at last.
#[derive(Default)]
struct Followed {
    /// Versions of orders and reputation, and the mode with a broken glass.
    rules: Option<(Option<u64>, Option<u64>, Mode)>,
    /// By a clock that nobody sets, when a broken glass is over at the latest; with the version of its orders.
    glass: Option<(u64, Instant)>,
    connected: bool,
    shed: u64,
    looked: Option<Instant>,
    planned: Option<Instant>,
    tried: Option<Instant>,
    shown: Option<Instant>,
    /// Nobody wants more of what another worker left.
    settled: bool,
}

impl Serving {
    fn begin(task: args::Serve, only: Vec<Filesystem>, kept: Kept, language: Language) -> Result<Serving, Message> {
        let home = Home::of(&task.home)?;
        let (identity, setup) = (home.identity()?, home.setup()?);
        let lock = lock(&home)?;
        let spool = home.spool(&setup)?;
        let (out, out_thread) = Out::start(task.json, language).map_err(|error| no_thread(&error))?;
        let (herald, heard) = Herald::new();
        let packages = Databases::from(task.packages);
        let situation = Arc::new(Situation::new(herald.clone()));
        let parts = Parts { out, herald, situation, kept };
        let incidents = Incidents::load(home.path("incidents.json"));
        let herald_thread =
            heard.start(spool.clone(), incidents, packages.clone()).map_err(|error| no_thread(&error))?;
        let (held, gaps) = Held::load(&home, &identity);
        parts.situation.put(Part::Home, gaps);
        tell_absence(&home, &parts);
        let endpoint = identity.collector().to_owned();
        let identity = Some(identity);
        let serving = Serving {
            executing: Executing::new(parts.clone(), only, packages.clone()),
            guarding: Guarding::new(parts.clone(), home.clone(), packages.clone()),
            watching: Watching::new(parts.clone(), packages.clone()),
            searching: Searching::new(parts.clone(), packages),
            checking: Checking::new(parts.clone(), home.clone()),
            isolating: Isolating::new(parts.clone(), home.clone(), &setup.server),
            updating: Updating::new(parts.clone(), home.clone()),
            reporter: Reporter::new(herald::now()),
            shed_before: spool.counts().shed_rows,
            server: setup.server,
            home,
            parts,
            held,
            refused: None,
            waiting: BTreeMap::new(),
            identity,
            spool,
            followed: Followed::default(),
            out_thread,
            herald_thread: Some(herald_thread),
            _lock: lock,
        };
        serving.parts.out.say(
            true,
            || json!({ "event": "serving", "endpoint": endpoint, "server": serving.server }),
            || Message::new("agent.serving").with("endpoint", &endpoint).with("server", &serving.server),
        );
        Ok(serving)
    }

    fn run(mut self) -> Result<(), Message> {
        // What is held to is in force before anything else is done, and said from the first moment on.
        self.follow();
        self.say();
        let Some(identity) = self.identity.take() else { return Ok(()) };
        let leash = Leash::start(self.spool.clone(), identity, &self.server, self.reporter.listen());
        let mut leash = leash.map_err(|error| no_thread(&error))?;
        if let Err(error) = documents::start(self.parts.clone(), self.spool.clone()) {
            self.parts.situation.degraded(Part::Inventory, no_thread(&error));
        }
        while !STOP.load(Ordering::Relaxed) {
            if self.parts.kept.is_relieved() {
                self.make_room();
            }
            while let Some(guide) = leash.told() {
                self.take(guide);
            }
            if is_due(&mut self.followed.tried, TRY_AGAIN) {
                self.try_again();
            }
            self.follow();
            if is_due(&mut self.followed.looked, LOOK_EVERY) {
                self.look(&leash);
            }
            std::thread::sleep(TICK);
        }
        self.end(leash);
        Ok(())
    }

    /// Takes what the server told.
    fn take(&mut self, guide: Guide) {
        let kind = guide.kind.clone();
        let taken = match kind.as_str() {
            RELEASE_GUIDE => self.updating.take(&guide.bytes, &self.held),
            _ => self.held.take(&guide, herald::now()),
        };
        self.waiting.remove(&kind);
        match taken {
            Taken::Nothing => {}
            Taken::Release => self.refused = None,
            Taken::Keys => {
                self.refused = None;
                // What came before them can be checked now.
                self.try_again();
            }
            Taken::Orders | Taken::Reputation => {
                self.refused = None;
                // What could not be read when this began has something in its place.
                self.parts.situation.begins(&Part::Home);
                self.followed.planned = None;
            }
            Taken::Refused(why) => self.refuse(why),
            Taken::NotYet(why) => {
                self.refuse(why);
                self.waiting.insert(kind, guide);
            }
        }
    }

    fn refuse(&mut self, why: Message) {
        if self.refused.as_ref() != Some(&why) {
            let object = || json!({ "event": "refused", "why": why });
            self.parts.out.say(true, object, || Message::new("agent.refused").reason("why", why.clone()));
        }
        self.refused = Some(why);
    }

    fn try_again(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_values().for_each(|guide| self.take(guide));
    }

    /// Sees to it that what is held to is done.
    fn follow(&mut self) {
        let mode = self.mode();
        let orders = self.held.orders();
        let rules = (orders.map(|orders| orders.version), self.held.reputation_version(), mode);
        if self.followed.rules != Some(rules) || self.executing.is_due() {
            let mut of = orders.map(|orders| orders.execution.clone()).unwrap_or_default();
            // The program that this one is to be has to run, whoever else knows it.
            let agent = orders.and_then(|orders| orders.agent.as_ref());
            of.allowed.extend(agent.into_iter().flat_map(|agent| agent.programs.values()));
            self.executing.put(Rules { mode, ..of }, self.held.reputation());
            if self.followed.rules != Some(rules) {
                self.tell_followed(mode);
            }
            self.followed.rules = Some(rules);
        }
        if is_due(&mut self.followed.planned, PLAN_EVERY) {
            let orders = self.held.orders();
            self.isolating.put(orders);
            self.guarding.put(orders.map(|orders| &orders.guard));
            let wanted = orders.map(|orders| orders.telemetry.clone()).unwrap_or_default();
            self.watching.put(&wanted);
            self.searching.put(wanted.contains(&Telemetry::Processes));
            self.checking.put(self.held.orders());
        }
    }

    fn tell_followed(&self, mode: Mode) {
        let Some(orders) = self.held.orders() else { return };
        let object = || json!({ "event": "following", "orders": orders.version, "mode": mode });
        let number = i64::try_from(orders.version).unwrap_or(i64::MAX);
        let message =
            || Message::new("agent.following").number("version", number).reason("mode", crate::run::mode(mode));
        self.parts.out.say(true, object, message);
    }

    /// The mode that holds now. A broken glass is over when its time is, by the calendar or by a clock that nobody sets.
    fn mode(&mut self) -> Mode {
        let now = herald::now();
        let Some(orders) = self.held.orders() else { return Mode::default() };
        let Some(glass) = &orders.break_glass else { return orders.execution.mode };
        let over = match self.followed.glass {
            Some((version, over)) if version == orders.version => over,
            _ => {
                let left = Duration::from_secs(glass.until.saturating_sub(now).min(GLASS_SECONDS_MAX));
                let over = Instant::now() + left;
                self.followed.glass = Some((orders.version, over));
                over
            }
        };
        if Instant::now() >= over { orders.execution.mode } else { orders.mode_at(now) }
    }

    /// Says how it is, if that is another thing than before.
    fn say(&mut self) -> Report {
        let heartbeat =
            self.held.orders().map_or(HEARTBEAT, |orders| Duration::from_secs(orders.heartbeat_seconds.into()));
        let report = self.report();
        self.tell_shed(report.counts.shed);
        if self.reporter.put(&report, heartbeat, Instant::now()) {
            self.followed.shown = None;
        }
        report
    }

    fn look(&mut self, leash: &Leash) {
        if !self.followed.settled && self.guarding.have_begun() {
            self.followed.settled = true;
            self.parts.kept.settle();
        }
        let figures = leash.figures();
        self.isolating.connected(figures.connected);
        let works = self.followed.settled && figures.connected && self.executing.is_running();
        self.updating.put(&mut self.held, works);
        let report = self.say();
        if figures.connected != self.followed.connected {
            self.followed.connected = figures.connected;
            self.followed.shown = None;
            let code = if figures.connected { "agent.connected" } else { "agent.disconnected" };
            let object = || json!({ "event": "link", "connected": figures.connected });
            self.parts.out.say(true, object, || Message::new(code).with("server", &self.server));
        }
        if is_due(&mut self.followed.shown, STATUS_EVERY) {
            self.status(&figures, report, true).show(&self.home);
        }
    }

    fn tell_shed(&mut self, shed: u64) {
        if shed > std::mem::replace(&mut self.followed.shed, shed) {
            let lines = i64::try_from(shed).unwrap_or(i64::MAX);
            self.parts.situation.degraded(Part::Herald, Message::new("agent.unheard").number("lines", lines));
        }
    }

    fn report(&mut self) -> Report {
        let mode = if self.executing.is_running() { self.mode() } else { Mode::Observe };
        let mut telemetry = std::collections::BTreeSet::new();
        if self.executing.is_running() {
            telemetry.extend([Telemetry::Executions, Telemetry::Libraries]);
        }
        telemetry.extend(self.watching.heard());
        if self.checking.is_asked() {
            telemetry.insert(Telemetry::Baseline);
        }
        Report {
            now: herald::now(),
            orders: self.held.orders_version(),
            reputation: self.held.reputation_version(),
            group: self.held.group(),
            mode,
            refused: self.refused.clone(),
            gaps: self.parts.situation.now(),
            version: self.updating.version(),
            program: self.updating.program(),
            update: self.updating.now(),
            telemetry,
            isolation: self.isolating.told(),
            counts: self.counts(),
            ..self.reporter.blank()
        }
    }

    fn counts(&self) -> Counts {
        let (decided, guards, spool) = (self.executing.counts(), self.guarding.sum(), self.spool.counts());
        Counts {
            decided: decided.asked,
            blocked: decided.blocked,
            undecided: decided.undecided,
            overflows: decided.overflows + guards.overflows,
            protected: guards.files,
            undo_bytes: guards.undo_bytes,
            undo_bytes_max: guards.undo_bytes_max,
            waiting: self.parts.herald.waiting(spool.acknowledged, spool.waiting_batches),
            shed: self.parts.herald.shed() + spool.shed_rows.saturating_sub(self.shed_before),
        }
    }

    fn status(&self, figures: &link::Figures, report: Report, running: bool) -> Status {
        Status {
            running,
            at: Timestamp::now(),
            endpoint: figures.collector.clone(),
            server: self.server.clone(),
            connected: figures.connected && running,
            certificate_until: figures.certificate_ends,
            waiting_batches: figures.spool.waiting_batches,
            delivered_batches: figures.spool.delivered_batches,
            shed_batches: figures.spool.shed_batches,
            lost_batches: figures.spool.lost_batches,
            aside_batches: figures.spool.aside_batches,
            trouble: figures.trouble.clone(),
            report,
        }
    }

    /// Ends as it stands, since whoever takes over is there: nothing is let go of, and what happened is told.
    fn make_room(&mut self) -> ! {
        self.parts.herald.end();
        let _ = self.herald_thread.take().map(JoinHandle::join);
        std::process::exit(i32::from(endpoint::keeping::MADE_ROOM))
    }

    /// Ends all of it.
    fn end(mut self, leash: Leash) {
        self.watching.end();
        self.searching.end();
        self.guarding.end();
        self.parts.herald.end();
        let _ = self.herald_thread.take().map(JoinHandle::join);
        let (figures, report) = (leash.figures(), self.report());
        self.status(&figures, report, false).show(&self.home);
        leash.end();
        // Last: once nobody answers, this process itself would wait for whatever it opens.
        self.executing.end();
        self.parts.out.end();
        let until = Instant::now() + SAID_WITHIN;
        while !self.out_thread.is_finished() && Instant::now() < until {
            std::thread::sleep(TICK / 10);
        }
    }
}

/// True once in a while.
fn is_due(last: &mut Option<Instant>, every: Duration) -> bool {
    let is_due = last.is_none_or(|last| last.elapsed() >= every);
    if is_due {
        *last = Some(Instant::now());
    }
    is_due
}

/// Tells for how long nobody protected this machine.
fn tell_absence(home: &Home, parts: &Parts) {
    let Ok(last) = Status::read(home) else { return };
    let seconds = Timestamp::now().duration_since(last.at).as_secs();
    if let Ok(seconds) = u64::try_from(seconds)
        && seconds >= STATUS_EVERY.as_secs() * 2
    {
        parts.herald.tell(News::Gap { why: Message::new("agent.absent"), seconds });
    }
}

/// The lock of the folder. One who only looks whether somebody has it lets go of it at once.
fn lock(home: &Home) -> Result<File, Message> {
    let until = Instant::now() + LOCK_WITHIN;
    loop {
        match home.lock()? {
            Some(lock) => return Ok(lock),
            None if Instant::now() >= until => return Err(in_use(home)),
            None => std::thread::sleep(TICK),
        }
    }
}

fn in_use(home: &Home) -> Message {
    Message::new("agent.in-use").with("path", home.folder().display())
}

fn no_thread(error: &io::Error) -> Message {
    Message::new("agent.no-thread").reason("cause", error)
}
