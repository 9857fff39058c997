//! The agent becomes another release of itself: the one that orders name, from a bundle that its maker signed.
//!
//! The program is written beside this one (`redoubt-agent.next`), tried, and started as the next worker while this one
//! answers until it is there ([`endpoint::keeping::Renewal`]). It is on trial until it protects and reached the server; then
//! it takes this one's place on the disk (`redoubt-agent.before` stays) and as the keeper. Otherwise the program before goes
//! on, which was there all the time, and why is told. How far it is lies in a file, so that who comes after a crash knows.

use super::Parts;
use super::held::{Held, Taken};
use super::home::{self, Home};
use endpoint::keeping::{End, Renewal};
use model::Message;
use policy::Digest;
use policy::orders::{AgentOrders, BadRelease, KeyChange, open_release, sum_of, this_target};
use policy::telling::{Update, UpdateState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

const NAME: &str = "update.json";
/// Times that a release is tried when the agent ends meanwhile, by whatever it was.
const TRIES_MAX: u32 = 3;
/// A program that only says its version.
const SAYS_WITHIN: Duration = Duration::from_secs(10);
/// What is on trial lives at least so long.
const LIVES: Duration = Duration::from_secs(2);
const MODE: u32 = 0o755;

pub struct Updating {
    parts: Parts,
    home: Home,
    /// Where this program lies, whichever of its names it was started by.
    program: PathBuf,
    /// What runs, once somebody asked.
    own: Option<Digest>,
    stored: Option<Stored>,
    /// Whether orders name a release now.
    is_ordered: bool,
    trying: Option<JoinHandle<Result<(), Message>>>,
    began: Instant,
}

/// How far it is, as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stored {
    /// What was ordered. One that failed is tried again when that is something else.
    #[serde(default)]
    ordered: Option<AgentOrders>,
    version: String,
    sha256: Digest,
    step: UpdateState,
    #[serde(default)]
    why: Option<Message>,
    #[serde(default)]
    tries: u32,
    /// What its maker says of keys, which counts once it runs.
    #[serde(default)]
    keys: KeyChange,
    /// The release that ran when this one was ordered, by its content.
    #[serde(default)]
    before: Option<(Digest, String)>,
}

impl Updating {
    pub fn new(parts: Parts, home: Home) -> Updating {
        let stored: Option<Stored> = home.read(NAME).ok();
        let (program, is_ordered, trying) = (program(), false, None);
        let mut updating =
            Updating { parts, home, program, own: None, stored, is_ordered, trying, began: Instant::now() };
        if updating.stored.is_some() {
            updating.learn_own();
        }
        updating
    }

    /// The version that runs: of the release that this program is, else the one that it was built as.
    pub fn version(&self) -> String {
        let known = self.stored.as_ref().and_then(|stored| match &stored.before {
            _ if self.own == Some(stored.sha256) => Some(stored.version.clone()),
            Some((sha256, version)) if self.own == Some(*sha256) => Some(version.clone()),
            _ => None,
        });
        known.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
    }

    pub fn program(&self) -> Option<Digest> {
        self.own
    }

    /// How far it is, for the server.
    pub fn now(&self) -> Option<Update> {
        let stored = self.stored.as_ref().filter(|_| self.is_ordered)?;
        let (version, why) = (stored.version.clone(), stored.why.clone());
        Some(Update { version, target: this_target(), state: stored.step, why })
    }

    /// Does what is to be done next. `works` is whether this program does all that it should, as far as can be seen.
    pub fn put(&mut self, held: &mut Held, works: bool) {
        if self.is_on_trial() {
            // Whatever is ordered by now: it is this one that has to prove itself, and the next one only then.
            if works && self.began.elapsed() >= LIVES {
                self.prove(held);
            }
            return;
        }
        let Some(agent) = held.orders().and_then(|orders| orders.agent.clone()) else {
            self.is_ordered = false;
            return self.forget_failure();
        };
        self.is_ordered = true;
        self.learn_own();
        let target = this_target();
        let Some(sha256) = agent.programs.get(&target).copied() else {
            let why = Message::new("agent.update-no-target").with("version", &agent.version).with("target", target);
            // There is no program by that digest, so that nothing is taken for it.
            self.is_about(&agent, Digest([0; 32]));
            return self.fail(why);
        };
        self.is_about(&agent, sha256);
        let Some(step) = self.stored.as_ref().map(|stored| stored.step) else { return };
        let renewal = self.parts.kept.renewal();
        if self.own == Some(sha256) {
            return match (step, renewal) {
                (UpdateState::Done, _) | (_, Renewal::Begun | Renewal::OnTrial) => {}
                // It was there already, or somebody ended it when it had proved itself.
                _ => self.is_done(held),
            };
        }
        match (step, renewal) {
            // What was before runs again.
            (UpdateState::Done, _) => self.step(UpdateState::Wanted),
            (UpdateState::Tried, Renewal::Failed(end)) => self.fail(said(end)),
            (UpdateState::Tried, Renewal::Nothing | Renewal::OnTrial) => self.try_after_interruption(),
            (UpdateState::Fetched, _) => self.try_out(sha256),
            (UpdateState::Tried, Renewal::Begun) | (UpdateState::Wanted | UpdateState::Failed, _) => {}
        }
    }

    /// Takes a bundle, if it is the one that is wanted.
    pub fn take(&mut self, bytes: &[u8], held: &Held) -> Taken {
        let Some(agent) = held.orders().and_then(|orders| orders.agent.clone()) else { return Taken::Nothing };
        match self.stored.as_ref().map(|stored| (stored.step, stored.sha256)) {
            Some((UpdateState::Wanted, sha256)) if self.is_ordered => {
                match self.put_beside(bytes, held, &agent, sha256) {
                    // It was on its way when something else was ordered.
                    Ok(None) => Taken::Nothing,
                    Ok(Some(keys)) => {
                        self.stored.iter_mut().for_each(|stored| stored.keys = keys.clone());
                        self.step(UpdateState::Fetched);
                        Taken::Release
                    }
                    Err(BadRelease::Unwritten { why }) => {
                        let cause = Message::new("policy.release-unwritten").with("why", why);
                        Taken::NotYet(cause)
                    }
                    Err(why) => self.refuse(why.message()),
                }
            }
            _ => Taken::Nothing,
        }
    }

    fn refuse(&mut self, why: Message) -> Taken {
        self.fail(why.clone());
        Taken::Refused(why)
    }

    /// Checks a bundle, and writes its program beside this one; none when it is of another version than the wanted one.
    fn put_beside(
        &self,
        bytes: &[u8],
        held: &Held,
        agent: &AgentOrders,
        sha256: Digest,
    ) -> Result<Option<KeyChange>, BadRelease> {
        let bundle = open_release(bytes, held.release_keys())?;
        let release = &bundle.release;
        if release.version != agent.version {
            return Ok(None);
        }
        if release.sha256 != sha256 {
            return Err(BadRelease::OtherProgram);
        }
        release.may_follow(&self.version(), &this_target(), agent.older)?;
        let unwritten = |error: io::Error| BadRelease::Unwritten { why: error.to_string() };
        let next = self.next();
        let _ = fs::remove_file(&next);
        let mode = fs::metadata(&self.program).map_or(MODE, |metadata| metadata.permissions().mode() & 0o7777);
        // It is nobody's to run before all of it is there.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next).map_err(unwritten)?;
        let written = bundle.unpack(&mut file).and_then(|()| {
            file.set_permissions(Permissions::from_mode(mode)).map_err(unwritten)?;
            file.sync_all().map_err(unwritten)?;
            self.sync_folder().map_err(unwritten)
        });
        if let Err(why) = written {
            let _ = fs::remove_file(&next);
            return Err(why);
        }
        Ok(Some(release.keys.clone()))
    }

    fn next(&self) -> PathBuf {
        beside(&self.program, NEXT)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.program.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    fn learn_own(&mut self) {
        if self.own.is_none() {
            let sum = File::open("/proc/self/exe").and_then(sum_of);
            self.own = sum
                .inspect_err(|error| tracing::error!(cause = %error, "what runs here cannot be read"))
                .ok()
                .map(|(_, sum)| sum);
        }
    }

    /// This program is a release that has not proved itself yet.
    fn is_on_trial(&self) -> bool {
        let is_this = |stored: &Stored| self.own == Some(stored.sha256) && stored.step == UpdateState::Tried;
        self.parts.kept.renewal() == Renewal::OnTrial && self.stored.as_ref().is_some_and(is_this)
    }

    /// Begins anew when another release is wanted, or the same one otherwise than when it failed.
    fn is_about(&mut self, agent: &AgentOrders, sha256: Digest) {
        let is_same = |stored: &Stored| {
            stored.sha256 == sha256
                && stored.version == agent.version
                && (stored.step != UpdateState::Failed || stored.ordered.as_ref() == Some(agent))
        };
        if self.stored.as_ref().is_some_and(is_same) {
            return;
        }
        let before = self.own.map(|own| (own, self.version()));
        let (version, step, keys) = (agent.version.clone(), UpdateState::Wanted, KeyChange::default());
        let ordered = Some(agent.clone());
        self.trying = None;
        self.stored = Some(Stored { ordered, version, sha256, step, why: None, tries: 0, keys, before });
        self.keep();
    }

    /// Nobody wants it any more: whoever orders it later wants it tried again.
    fn forget_failure(&mut self) {
        if let Some(stored) = &mut self.stored
            && stored.step == UpdateState::Failed
            && stored.ordered.take().is_some()
        {
            self.keep();
        }
    }

    /// Sees whether the program runs at all, and has it begin when it does.
    fn try_out(&mut self, sha256: Digest) {
        match self.trying.take() {
            Some(trying) if !trying.is_finished() => self.trying = Some(trying),
            Some(trying) => match trying.join().unwrap_or_else(|_| Err(Message::new("agent.update-slow"))) {
                Ok(()) => self.begin(),
                Err(why) => self.fail(why),
            },
            None if !self.parts.kept.has_keeper() => self.fail(Message::new("agent.update-no-keeper")),
            None => {
                let next = self.next();
                let work = move || is_program(&next, sha256).and_then(|()| says_its_version(&next));
                match Builder::new().name("update".to_owned()).spawn(work) {
                    Ok(trying) => self.trying = Some(trying),
                    Err(error) => tracing::warn!(cause = %error, "a release cannot be tried yet"),
                }
            }
        }
    }

    fn begin(&mut self) {
        if self.stored.as_ref().is_some_and(|stored| stored.tries >= TRIES_MAX) {
            return self.try_after_interruption();
        }
        self.stored.iter_mut().for_each(|stored| stored.tries += 1);
        // Written down first: who comes after this one learns from it what became of the trial.
        self.step(UpdateState::Tried);
        if let Err(error) = self.parts.kept.renew(&self.next()) {
            self.fail(Message::new("agent.update-unstarted").reason("cause", &error));
        }
    }

    fn try_after_interruption(&mut self) {
        match self.stored.as_ref().map_or(0, |stored| stored.tries) {
            times if times >= TRIES_MAX => self.fail(Message::new("agent.update-interrupted").number("times", times)),
            _ => self.step(UpdateState::Fetched),
        }
    }

    /// This program is the release, and does what it should: it takes the place of the one before.
    fn prove(&mut self, held: &mut Held) {
        if let Err(error) = self.swap() {
            // Tried again until the keeper says that it takes too long.
            return tracing::warn!(cause = %error, "a release that proved itself cannot take its place yet");
        }
        self.is_done(held);
        if self.stored.as_ref().is_some_and(|stored| stored.step == UpdateState::Done)
            && let Err(error) = self.parts.kept.carry_on(&self.program)
        {
            tracing::warn!(cause = %error, "the keeper stays what it was");
        }
    }

    /// Not before what the release says of keys is written down: that is said once.
    fn is_done(&mut self, held: &mut Held) {
        let Some(stored) = &self.stored else { return };
        match held.believe(&stored.keys) {
            Ok(()) => self.step(UpdateState::Done),
            Err(why) => {
                tracing::error!(
                    cause = words::text(&why, words::Language::En),
                    "keys of releases are not written down"
                );
            }
        }
    }

    /// At each moment there is one whole program under the name that everybody starts.
    fn swap(&self) -> io::Result<()> {
        let (next, before) = (self.next(), beside(&self.program, BEFORE));
        let own = self.own.ok_or(io::ErrorKind::NotFound)?;
        // What is before is kept once.
        if is_program(&self.program, own).is_ok() {
            return Ok(());
        }
        // It lies there since it was started; what does not run is no proof of anything.
        is_program(&next, own).map_err(|_| io::ErrorKind::InvalidData)?;
        let _ = fs::remove_file(&before);
        match fs::hard_link(&self.program, &before) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::rename(&next, &self.program)?,
        }
        self.sync_folder()
    }

    fn fail(&mut self, why: Message) {
        let Some(stored) = &mut self.stored else { return };
        if stored.step == UpdateState::Failed && stored.why.as_ref() == Some(&why) {
            return;
        }
        stored.why = Some(why);
        let failed = stored.sha256;
        let _ = fs::remove_file(self.next());
        self.put_back(failed);
        self.step(UpdateState::Failed);
    }

    /// One that was ended right after it took the place of the program before is in it no longer.
    fn put_back(&self, failed: Digest) {
        let before = beside(&self.program, BEFORE);
        if self.own == Some(failed) || !before.exists() || is_program(&self.program, failed).is_err() {
            return;
        }
        if let Err(error) = fs::rename(&before, &self.program).and_then(|()| self.sync_folder()) {
            tracing::error!(cause = %error, "the program before cannot be put back in its place");
        }
    }

    fn step(&mut self, step: UpdateState) {
        let Some(stored) = &mut self.stored else { return };
        stored.step = step;
        if step != UpdateState::Failed {
            stored.why = None;
        }
        let (version, why) = (stored.version.clone(), stored.why.clone());
        self.keep();
        let object = || json!({ "event": "update", "version": version, "state": step, "why": why });
        let message = || match (step, &why) {
            (UpdateState::Failed, Some(why)) => {
                Message::new("agent.update-failed").with("version", &version).reason("why", why.clone())
            }
            (UpdateState::Done, _) => Message::new("agent.updated").with("version", &version),
            _ => Message::new("agent.updating").with("version", &version),
        };
        let is_for_people = !matches!(step, UpdateState::Wanted | UpdateState::Fetched);
        self.parts.out.say(is_for_people, object, message);
    }

    fn keep(&self) {
        let path = self.home.path(NAME);
        let bytes = serde_json::to_vec(&self.stored).unwrap_or_default();
        if let Err(error) = home::put(&path, &bytes) {
            tracing::error!(cause = %error, "how far an update is cannot be written down");
        }
    }
}

const NEXT: &str = ".next";
const BEFORE: &str = ".before";

/// The name of this program on the disk. One that is on trial, or that somebody else has replaced, is called otherwise.
fn program() -> PathBuf {
    let path = fs::read_link("/proc/self/exe").unwrap_or_default();
    let name = path.as_os_str().as_bytes();
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    let name = name.strip_suffix(NEXT.as_bytes()).unwrap_or(name);
    PathBuf::from(std::ffi::OsString::from_vec(name.to_vec()))
}

/// The same program once it took its place, for whoever knows it by its path.
pub fn settled(path: &Path) -> Option<PathBuf> {
    let name = path.as_os_str().as_bytes().strip_suffix(NEXT.as_bytes())?;
    Some(PathBuf::from(std::ffi::OsString::from_vec(name.to_vec())))
}

fn beside(program: &Path, what: &str) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(what);
    PathBuf::from(name)
}

fn is_program(path: &Path, sha256: Digest) -> Result<(), Message> {
    let sum = endpoint::kernel::files::open_regular(path).and_then(sum_of);
    match sum.map_err(|error| home::unread(path, &error))? {
        (_, sum) if sum == sha256 => Ok(()),
        _ => Err(BadRelease::OtherProgram.message()),
    }
}

/// Runs the program for a moment, which changes nothing.
fn says_its_version(program: &Path) -> Result<(), Message> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let unstarted = |error: io::Error| Message::new("agent.update-unstarted").reason("cause", &error);
    let mut child = command.spawn().map_err(unstarted)?;
    let until = Instant::now() + SAYS_WITHIN;
    loop {
        match child.try_wait().map_err(unstarted)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                use std::os::unix::process::ExitStatusExt;
                let end = match (status.code(), status.signal()) {
                    (Some(code), _) => End::Code(code),
                    (None, signal) => End::Signal(signal.unwrap_or(0)),
                };
                return Err(said(end));
            }
            None if Instant::now() >= until => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(said(End::Slow));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn said(end: End) -> Message {
    match end {
        End::Unstarted(number) => {
            Message::new("agent.update-unstarted").reason("cause", io::Error::from_raw_os_error(number))
        }
        End::Code(code) => Message::new("agent.update-code").number("code", code),
        End::Signal(signal) => Message::new("agent.update-signal").number("signal", signal),
        End::Slow => Message::new("agent.update-slow"),
    }
}
