//! Isolation as a part of serving: put into the kernel where orders ask for it, looked at each few seconds, put back
//! when somebody took it away, and ended when orders ask for it no more.
//!
//! What is known of the server's address lies in the endpoint's folder: after a restart the machine is isolated again
//! before anything of it speaks with anybody. Without orders that can be read nothing is set or ended.

mod server;

use super::Parts;
use super::held::Held;
use super::home::{self, Home};
use super::situation::Part;
use crate::args;
use crate::signals::STOP;
use crate::voice;
use endpoint::isolation::{self, Allowed, Failed, Standing};
use model::Message;
use policy::orders::{Isolation, Orders};
use policy::telling::Isolated;
use serde::{Deserialize, Serialize};
use serde_json::json;
use server::ServerAt;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};
use words::Language;

const NAME: &str = "isolation.json";
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const LOOK_EVERY: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(100);
/// Where the server could not be reached with the rules in force it is tried again after that.
const TRY_AGAIN: Duration = Duration::from_mins(10);
const REACHED_WITHIN: Duration = Duration::from_secs(3);
const TRIES: usize = 3;

/// What orders say of it; none while there are no orders.
type Asked = Option<Option<Isolation>>;

pub struct Isolating {
    shared: Arc<Shared>,
    /// Until there is a thread for it.
    keeper: Option<Keeper>,
    parts: Parts,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Asked>,
    told: Mutex<Option<Isolated>>,
    connected: AtomicBool,
}

impl Isolating {
    pub fn new(parts: Parts, home: Home, server: &str) -> Isolating {
        let shared = Arc::new(Shared::default());
        let keeper = Keeper::new(parts.clone(), home, server, shared.clone());
        Isolating { shared, keeper: Some(keeper), parts }
    }

    /// Sees to it that what is ordered is so. The first time it is put back as it was before this returns.
    pub fn put(&mut self, orders: Option<&Orders>) {
        let asked = orders.map(|orders| orders.isolation);
        *locked(&self.shared.asked) = asked;
        let Some(mut keeper) = self.keeper.take() else { return };
        keeper.begin(&asked);
        let keep = move || keeper.run();
        if let Err(error) = Builder::new().name("isolation".to_owned()).spawn(keep) {
            self.parts.situation.degraded(Part::Isolation, super::no_thread(&error));
        }
    }

    pub fn connected(&self, connected: bool) {
        self.shared.connected.store(connected, Ordering::Relaxed);
    }

    /// How it is, while it is to be isolated or still is.
    pub fn told(&self) -> Option<Isolated> {
        locked(&self.shared.told).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was put, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    id: u64,
    /// Seconds since 1970: when it was put first.
    since: u64,
    /// The start of the machine in which it was put last: it does not outlast that.
    boot: String,
    server: BTreeSet<IpAddr>,
    port: u16,
    resolvers: BTreeSet<IpAddr>,
    /// How often it was put back since somebody else had taken it away or changed it.
    repaired: u64,
}

struct Keeper {
    parts: Parts,
    home: Home,
    server: ServerAt,
    shared: Arc<Shared>,
    boot: String,
    kept: Option<Kept>,
    /// Nothing of ours was left when it was looked last, and nothing is asked for.
    is_over: bool,
    /// Isolated by which orders the server could not be reached, and when that was.
    cut_off: Option<(u64, Instant)>,
}

impl Keeper {
    fn new(parts: Parts, home: Home, server: &str, shared: Arc<Shared>) -> Keeper {
        let kept = load(&home);
        let known = kept.as_ref().map(|kept| kept.server.clone()).unwrap_or_default();
        let server = ServerAt::new(server, known);
        Keeper { parts, home, server, shared, boot: boot(), kept, is_over: false, cut_off: None }
    }

    /// What was isolated before is isolated again, as far as that needs nobody else.
    fn begin(&mut self, asked: &Asked) {
        if let Some(Some(isolation)) = asked {
            self.tell(isolation, None);
            if self.kept.as_ref().is_some_and(|kept| kept.id == isolation.id) {
                self.isolate(*isolation);
            }
        }
    }

    fn run(mut self) {
        let (mut done, mut looked) = (None, None::<Instant>);
        while !STOP.load(Ordering::Relaxed) {
            let asked = *locked(&self.shared.asked);
            if done != Some(asked) {
                self.is_over = false;
            }
            if done != Some(asked) || looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) || self.server.is_news() {
                match asked {
                    None => {}
                    Some(None) => self.release(),
                    Some(Some(isolation)) => self.isolate(isolation),
                }
                (done, looked) = (Some(asked), Some(Instant::now()));
            }
            std::thread::sleep(TICK);
        }
    }

    fn isolate(&mut self, isolation: Isolation) {
        let allowed = match self.server.allowed(self.shared.connected.load(Ordering::Relaxed)) {
            Ok(Some(allowed)) => allowed,
            // Its address is being looked up.
            Ok(None) => return self.tell(&isolation, None),
            Err(why) => return self.fails(&isolation, why),
        };
        let standing = match isolation::look(&allowed) {
            Ok(standing) => standing,
            Err(why) => return self.fails(&isolation, said(&why, "isolation.unread")),
        };
        match (&self.kept, standing) {
            (Some(kept), Standing::Holds) if kept.id == isolation.id && kept.is_of(&allowed, &self.boot) => {
                self.holds(&isolation);
            }
            (_, Standing::Holds) => self.keep(&isolation, &allowed, 0),
            (Some(kept), _) if kept.id == isolation.id => {
                // Somebody else did that, unless the machine was started anew or there is another address.
                let repaired = u64::from(kept.is_of(&allowed, &self.boot));
                self.put(&isolation, &allowed, repaired);
            }
            (_, _) => self.put_first(&isolation, &allowed),
        }
    }

    /// Isolates the machine, unless that cuts off the server: over a tunnel of its own the server cannot be reached any
    /// more.
    fn put_first(&mut self, isolation: &Isolation, allowed: &Allowed) {
        let cut_off = || Message::new("isolation.cut-off").with("server", self.server.name());
        if allowed.server.iter().any(|address| server::is_own(*address)) {
            let why = Message::new("isolation.own-server").with("server", self.server.name());
            return self.fails(isolation, why);
        }
        if self.cut_off.is_some_and(|(id, at)| id == isolation.id && at.elapsed() < TRY_AGAIN) {
            return self.fails(isolation, cut_off());
        }
        let was_reached = server::is_reached(allowed, 1, REACHED_WITHIN);
        if let Err(why) = isolation::put(allowed) {
            return self.fails(isolation, said(&why, "isolation.failed"));
        }
        if was_reached && !server::is_reached(allowed, TRIES, REACHED_WITHIN) {
            let why = match isolation::release() {
                Ok(()) => cut_off(),
                Err(why) => said(&why, "isolation.not-released"),
            };
            self.cut_off = Some((isolation.id, Instant::now()));
            return self.fails(isolation, why);
        }
        self.keep(isolation, allowed, 0);
    }

    fn put(&mut self, isolation: &Isolation, allowed: &Allowed, repaired: u64) {
        match isolation::put(allowed) {
            Ok(()) => self.keep(isolation, allowed, repaired),
            Err(why) => self.fails(isolation, said(&why, "isolation.failed")),
        }
    }

    /// Writes down that it is so from now on, and says so.
    fn keep(&mut self, isolation: &Isolation, allowed: &Allowed, repaired: u64) {
        let before = self.kept.take().filter(|kept| kept.id == isolation.id);
        let kept = Kept {
            id: isolation.id,
            since: before.as_ref().map_or_else(super::herald::now, |kept| kept.since),
            boot: self.boot.clone(),
            server: allowed.server.clone(),
            port: allowed.port,
            resolvers: allowed.resolvers.clone(),
            repaired: before.map_or(0, |kept| kept.repaired).saturating_add(repaired),
        };
        let path = self.home.path(NAME);
        let bytes = serde_json::to_vec(&kept).map_err(io::Error::from);
        let written = bytes.and_then(|bytes| home::put(&path, &bytes));
        let times = i64::try_from(kept.repaired).unwrap_or(i64::MAX);
        self.kept = Some(kept);
        self.holds(isolation);
        if let Err(error) = written {
            let why = Message::new("isolation.unwritten").reason("cause", home::unwritten(&path, &error));
            self.parts.situation.degraded(Part::Isolation, why);
        }
        if repaired > 0 {
            let why = Message::new("isolation.repaired").number("times", times);
            let object = || json!({ "event": "isolation", "holds": true, "repaired": times });
            self.parts.out.say(true, object, || why.clone());
            self.parts.situation.degraded(Part::Isolation, why);
        }
    }

    fn holds(&mut self, isolation: &Isolation) {
        let Some(kept) = &self.kept else { return };
        let told =
            Isolated { id: isolation.id, holds: true, since: Some(kept.since), why: None, repaired: kept.repaired };
        let before = locked(&self.shared.told).replace(told);
        if before.is_none_or(|before| !before.holds || before.why.is_some()) {
            self.parts.situation.begins(&Part::Isolation);
            let object = || json!({ "event": "isolation", "holds": true });
            let server = self.server.name();
            self.parts.out.say(true, object, || Message::new("isolation.begun").with("server", server));
        }
    }

    /// It is to be isolated, and is not as far as anybody knows.
    fn fails(&mut self, isolation: &Isolation, why: Message) {
        let is_news = locked(&self.shared.told).as_ref().is_none_or(|told| told.why.as_ref() != Some(&why));
        let gap = Message::new("isolation.not").reason("why", why.clone());
        if is_news {
            let object = || json!({ "event": "isolation", "holds": false, "why": why });
            self.parts.out.say(true, object, || gap.clone());
        }
        self.tell(isolation, Some(why));
        self.parts.situation.put(Part::Isolation, vec![gap]);
    }

    fn tell(&self, isolation: &Isolation, why: Option<Message>) {
        let repaired = self.kept.as_ref().map_or(0, |kept| kept.repaired);
        let told = Isolated { id: isolation.id, holds: false, since: None, why, repaired };
        *locked(&self.shared.told) = Some(told);
    }

    /// Ends it, if there is anything to end.
    fn release(&mut self) {
        if self.is_over {
            return;
        }
        let was_there = isolation::is_there();
        match isolation::release() {
            Ok(()) => {
                self.is_over = true;
                let was_told = locked(&self.shared.told).take().is_some();
                if self.kept.take().is_some() {
                    let path = self.home.path(NAME);
                    let _ = fs::remove_file(home::before(&path)).and_then(|()| fs::remove_file(&path));
                    let _ = fs::remove_file(&path);
                }
                self.parts.situation.begins(&Part::Isolation);
                if was_told || was_there == Ok(true) {
                    let object = || json!({ "event": "isolation", "holds": false });
                    self.parts.out.say(true, object, || Message::new("isolation.over"));
                }
            }
            Err(why) => self.is_not_released(&why),
        }
    }

    fn is_not_released(&mut self, why: &Failed) {
        // One that never isolated this machine, and may not ask, has nothing to end.
        let Some(kept) = &self.kept else { return };
        let why = said(why, "isolation.not-released");
        let (id, since) = (kept.id, Some(kept.since));
        let told = Isolated { id, holds: true, since, why: Some(why.clone()), repaired: kept.repaired };
        *locked(&self.shared.told) = Some(told);
        self.parts.situation.put(Part::Isolation, vec![why]);
    }
}

impl Kept {
    /// Whether this is what was put since the machine began.
    fn is_of(&self, allowed: &Allowed, boot: &str) -> bool {
        let same = (&self.server, self.port, &self.resolvers) == (&allowed.server, allowed.port, &allowed.resolvers);
        same && self.boot == boot
    }
}

fn said(why: &Failed, code: &str) -> Message {
    let cause = match why {
        Failed::Missing(error) => {
            return Message::new("isolation.no-such-kernel").reason("cause", io::Error::from(*error));
        }
        Failed::Refused(error) => io::Error::from(*error).into(),
        Failed::NotSo => Message::new("isolation.not-so"),
        Failed::NoAddress => Message::new("isolation.not-resolved"),
    };
    Message::new(code).reason("cause", cause)
}

/// Of a file that cannot be read nothing is known: what it was for is found out again.
fn load(home: &Home) -> Option<Kept> {
    let path = home.path(NAME);
    home.read(NAME).ok().or_else(|| {
        let bytes = home::read(&home::before(&path), 1 << 20).ok()?;
        serde_json::from_slice(&bytes).ok()
    })
}

fn boot() -> String {
    fs::read_to_string(BOOT).unwrap_or_default().trim().to_owned()
}

/// `redoubt-agent restore-isolation`: isolates the machine as its orders say, with what is known of the server. It
/// waits for nobody, and begins no agent: it is there for the moment before there is a network.
pub fn restore(task: &args::RestoreIsolation, language: Language) -> ExitCode {
    match restored(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => voice::failed(&why, language),
    }
}

fn restored(task: &args::RestoreIsolation) -> Result<(), Message> {
    let home = Home::of(&task.home)?;
    let (held, _) = Held::load(&home, &home.identity()?);
    let isolation = held.orders().and_then(|orders| orders.isolation);
    let (Some(isolation), Some(kept)) = (isolation, load(&home)) else { return Ok(()) };
    if kept.id != isolation.id {
        return Ok(());
    }
    let allowed = Allowed { server: kept.server, port: kept.port, resolvers: kept.resolvers };
    isolation::put(&allowed).map_err(|why| said(&why, "isolation.failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_known_again_until_the_machine_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::make(&folder.path().join("home")).unwrap();
        assert_eq!(load(&home), None);
        let kept = Kept {
            id: 4,
            since: 5,
            boot: boot(),
            server: [IpAddr::from([10, 0, 0, 5])].into(),
            port: 7312,
            resolvers: BTreeSet::new(),
            repaired: 1,
        };
        home::put(&home.path(NAME), &serde_json::to_vec(&kept).unwrap()).unwrap();
        assert_eq!(load(&home), Some(kept.clone()));
        // Cut off in the middle of a write: the one before it counts.
        home::put(&home.path(NAME), &serde_json::to_vec(&kept).unwrap()).unwrap();
        fs::write(home.path(NAME), "{").unwrap();
        assert_eq!(load(&home), Some(kept.clone()));
        let allowed = Allowed { server: kept.server.clone(), port: 7312, resolvers: BTreeSet::new() };
        assert!(!boot().is_empty() && kept.is_of(&allowed, &boot()));
        assert!(!kept.is_of(&allowed, "another") && !kept.is_of(&Allowed { port: 7313, ..allowed }, &boot()));
    }
}
