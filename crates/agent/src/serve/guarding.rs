//! Guards of files as a part of serving: one for each filesystem on which something is protected, begun again when what it is
//! to do becomes another thing.

use super::Parts;
use super::herald::News;
use super::home::Home;
use super::situation::Part;
use crate::guard;
use endpoint::guard::{Figures, Guard, Settings, Told};
use endpoint::kernel::facts::Facts;
use endpoint::packages::Databases;
use model::Message;
use policy::orders::GuardOrders;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

const BEGIN_AGAIN: Duration = Duration::from_mins(1);
/// Below the highest folder of a filesystem on which the endpoint's own folder does not lie.
const STATE_NAME: &str = ".redoubt-agent";

/// What one guard is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub protected: Vec<PathBuf>,
    pub allowed: Vec<PathBuf>,
    pub undo_bytes_max: u64,
    pub kept_for: Duration,
}

/// By their state folders.
type Plans = BTreeMap<PathBuf, Plan>;

pub struct Guarding {
    parts: Parts,
    home: Home,
    packages: Databases,
    running: BTreeMap<PathBuf, Running>,
}

struct Running {
    plan: Plan,
    begun: Instant,
    stop: Arc<AtomicBool>,
    figures: Arc<OnceLock<Arc<Figures>>>,
    thread: JoinHandle<()>,
}

/// What all guards have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub files: u64,
    pub undo_bytes: u64,
    pub undo_bytes_max: u64,
    pub overflows: u64,
}

impl Guarding {
    pub fn new(parts: Parts, home: Home, packages: Databases) -> Guarding {
        Guarding { parts, home, packages, running: BTreeMap::new() }
    }

    /// Sees to it that what is ordered is protected, as far as it is there. Folders that come later are found when this is
    /// called again.
    pub fn put(&mut self, orders: Option<&GuardOrders>) {
        let (plans, gaps) = orders.map(|orders| plans(orders, &self.home.path("guard"))).unwrap_or_default();
        self.parts.situation.put(Part::Folders, gaps);
        let is_over = |state: &PathBuf, running: &Running| {
            plans.get(state) != Some(&running.plan)
                || running.thread.is_finished() && running.begun.elapsed() >= BEGIN_AGAIN
        };
        let over: Vec<PathBuf> = self
            .running
            .iter()
            .filter(|(state, running)| is_over(state, running))
            .map(|(state, _)| state.clone())
            .collect();
        for state in over {
            self.end_one(&state);
        }
        for (state, plan) in plans {
            if !self.running.contains_key(&state) {
                self.begin(state, plan);
            }
        }
    }

    /// Each one has what it needs, or cannot be.
    pub fn have_begun(&self) -> bool {
        self.running.values().all(|running| running.figures.get().is_some() || running.thread.is_finished())
    }

    pub fn sum(&self) -> Sum {
        self.running.values().fold(Sum::default(), |sum, running| {
            let of = |count: fn(&Figures) -> &std::sync::atomic::AtomicU64| {
                running.figures.get().map_or(0, |figures| count(figures).load(Ordering::Relaxed))
            };
            Sum {
                files: sum.files + of(|figures| &figures.files),
                undo_bytes: sum.undo_bytes + of(|figures| &figures.undo_bytes),
                undo_bytes_max: sum.undo_bytes_max.saturating_add(running.plan.undo_bytes_max),
                overflows: sum.overflows + of(|figures| &figures.overflows),
            }
        })
    }

    fn begin(&mut self, state: PathBuf, plan: Plan) {
        let settings = Settings {
            undo_bytes_max: plan.undo_bytes_max,
            allowed: plan.allowed.clone(),
            packages: self.packages.clone(),
            kept_for: plan.kept_for,
            process_is_own: true,
            kept: self.parts.kept.clone(),
            ..Settings::new(plan.protected.clone(), state.clone())
        };
        let (stop, figures) = (Arc::new(AtomicBool::new(false)), Arc::new(OnceLock::new()));
        let (stopped, shown, parts, place) = (stop.clone(), figures.clone(), self.parts.clone(), state.clone());
        let protect = move || {
            let mut tell = |told| tell(&parts, &place, told);
            match Guard::new(settings, &mut tell) {
                Ok(guard) => {
                    let _ = shown.set(guard.figures());
                    guard.run(&stopped);
                }
                Err(error) => parts.situation.degraded(Part::Guard(place.clone()), guard::why(&error)),
            }
        };
        match Builder::new().name("guard".to_owned()).spawn(protect) {
            Ok(thread) => {
                let running = Running { plan, begun: Instant::now(), stop, figures, thread };
                self.running.insert(state, running);
            }
            Err(error) => self.parts.situation.degraded(Part::Guard(state), super::no_thread(&error)),
        }
    }

    fn end_one(&mut self, state: &Path) {
        let Some(running) = self.running.remove(state) else { return };
        running.stop.store(true, Ordering::Relaxed);
        let _ = running.thread.join();
        self.parts.situation.begins(&Part::Guard(state.to_owned()));
    }

    pub fn end(&mut self) {
        self.running.values().for_each(|running| running.stop.store(true, Ordering::Relaxed));
        let all: Vec<PathBuf> = self.running.keys().cloned().collect();
        all.iter().for_each(|state| self.end_one(state));
    }
}

/// Whoever asks waits while this is told: nothing here waits for anybody.
fn tell(parts: &Parts, state: &Path, told: Told) {
    parts.out.say(true, || guard::object(&told), || guard::message(&told));
    match told {
        Told::TakenOver(over) => {
            parts.situation.taken_over(Part::Guard(state.to_owned()), "guard.taken-over", over);
        }
        Told::Degraded { why } => parts.situation.degraded(Part::Guard(state.to_owned()), why),
        Told::Tripped { .. } | Told::Restored { .. } => {
            parts.herald.tell(News::Guard { state: state.to_owned(), told })
        }
        Told::Ready { .. } | Told::Resumed { .. } | Told::Ended { .. } => {}
    }
}

/// A guard for each filesystem, and the folders that cannot be protected.
fn plans(orders: &GuardOrders, state: &Path) -> (Plans, Vec<Message>) {
    let (mut plans, mut gaps) = (Plans::new(), Vec::new());
    let allowed: Vec<PathBuf> = orders.allowed.iter().map(PathBuf::from).filter(|path| path.is_file()).collect();
    // Of two names of one folder it is protected once.
    let mut folders = BTreeSet::new();
    for path in &orders.protected {
        match std::fs::canonicalize(path) {
            Ok(real) if real.is_dir() => drop(folders.insert(real)),
            Ok(_) => gaps.push(no_folder(path, &io::Error::from(io::ErrorKind::NotADirectory))),
            Err(error) => gaps.push(no_folder(path, &error)),
        }
    }
    for folder in folders {
        match state_for(&folder, state) {
            Ok(state) => {
                let plan = plans.entry(state).or_insert_with(|| Plan {
                    protected: Vec::new(),
                    allowed: allowed.clone(),
                    undo_bytes_max: orders.undo_bytes_max,
                    kept_for: Duration::from_hours(u64::from(orders.kept_hours)),
                });
                plan.protected.push(folder);
            }
            Err(error) => gaps.push(no_folder(&folder.display().to_string(), &error)),
        }
    }
    (plans, gaps)
}

fn no_folder(path: &str, error: &io::Error) -> Message {
    Message::new("agent.unprotected").with("path", path).reason("cause", error)
}

/// Where a guard of a folder keeps what it needs: on the same mount, as links do not lead over to another.
fn state_for(folder: &Path, state: &Path) -> io::Result<PathBuf> {
    let mount = Facts::at(folder)?.mount;
    let home = state.parent().unwrap_or(state);
    if Facts::at(home)?.mount == mount {
        return Ok(state.to_owned());
    }
    let mut highest = folder;
    while let Some(above) = highest.parent().filter(|above| Facts::at(above).is_ok_and(|facts| facts.mount == mount)) {
        highest = above;
    }
    Ok(highest.join(STATE_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_keeps_no_other_from_being_protected() {
        let place = tempfile::tempdir().unwrap();
        let real = place.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("documents")).unwrap();
        std::os::unix::fs::symlink(real.join("documents"), real.join("same")).unwrap();
        std::fs::write(real.join("file"), "").unwrap();
        let path = |name: &str| real.join(name).display().to_string();
        let orders = GuardOrders {
            protected: ["documents", "same", "file", "gone"].map(path).into(),
            allowed: ["gone".to_owned(), path("file")].into(),
            undo_bytes_max: 1 << 30,
            kept_hours: 2,
        };
        let (plans, gaps) = plans(&orders, &real.join("guard"));
        let plan = plans.get(&real.join("guard")).unwrap();
        assert_eq!((plans.len(), &plan.protected), (1, &vec![real.join("documents")]));
        assert_eq!((&plan.allowed, plan.kept_for), (&vec![real.join("file")], Duration::from_hours(2)));
        assert_eq!(gaps.len(), 2);
    }
}
