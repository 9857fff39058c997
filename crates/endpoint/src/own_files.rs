//! The agent's own files. Nobody opens them to change them but the agent itself and whoever deploys software here; that a name
//! of one goes, or another file gets it, is told afterwards, since no kernel asks before.

use crate::keeping::{Kept, Kind, Lent};
use crate::kernel::calls::{self, Wanted};
use crate::kernel::facts::Facts;
use crate::kernel::fan::{self, Event, FileEvent, Group, Handle, Purpose, Scope};
use crate::kernel::processes;
use crate::packages::Packages;
use crate::trust::Trust;
use model::Message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const NAME: &str = "own files";
const TICK: Duration = Duration::from_millis(50);
const NAMES: u64 = fan::CREATED | fan::DELETED | fan::MOVED_FROM | fan::MOVED_TO | fan::DIRECTORIES;
/// Folders that are watched below the agent's own.
const FOLDERS_MAX: usize = 1000;
/// Whose files are another's as well, which has a guard of its own.
const SHADOW: &str = "shadow";
/// What one program does to one file is told once in this time.
const SAME_AFTER: Duration = Duration::from_mins(1);
const SAME_MAX: usize = 1024;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Single files, by their real paths: the program, the unit that starts it.
    pub files: Vec<PathBuf>,
    /// Folders with all below them, where nobody else has any business.
    pub folders: Vec<PathBuf>,
    pub dpkg: PathBuf,
    pub kept: Kept,
}

/// Somebody who is not the agent, at a file that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Somebody {
    pub path: PathBuf,
    pub process: i32,
    /// None when it is gone by now.
    pub program: Option<PathBuf>,
}

#[derive(Debug)]
pub enum Told {
    /// Was kept from opening one to change it.
    Denied(Somebody),
    /// Took a name away, or gave it to another file.
    Replaced(Somebody),
    Degraded {
        why: Message,
    },
}

/// Programs that deploy software here, by their paths. They count when they are as their packages have them.
pub type Deployers = Arc<Mutex<BTreeSet<String>>>;

pub struct OwnFiles {
    settings: Settings,
    deployers: Deployers,
    asking: Lent<Group>,
    noticing: Lent<Group>,
    /// Folders by the handles under which the kernel speaks of them.
    folders: HashMap<Handle, PathBuf>,
    trust: Option<Trust>,
    told: HashMap<(PathBuf, Option<PathBuf>), Instant>,
}

impl OwnFiles {
    /// # Errors
    /// When the kernel cannot.
    pub fn new(settings: Settings, deployers: Deployers) -> io::Result<OwnFiles> {
        let name = Path::new(NAME);
        let asking = settings.kept.lend(Kind::Deciding, name, || Group::new(Purpose::Deciding))?;
        let noticing = settings.kept.lend(Kind::Noticing, name, || Group::new(Purpose::Noticing))?;
        let (folders, told) = (HashMap::new(), HashMap::new());
        Ok(OwnFiles { settings, deployers, asking, noticing, folders, trust: None, told })
    }

    /// Protects until it is told to stop.
    pub fn run(mut self, stop: &AtomicBool, tell: &mut dyn FnMut(Told)) {
        let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        self.asking.take_over().into_iter().for_each(|event| self.take(event, tell));
        self.watch(tell);
        while !stop.load(Ordering::Relaxed) {
            let mut waits = [PollFd::new(&*self.asking, PollFlags::IN), PollFd::new(&*self.noticing, PollFlags::IN)];
            // Interrupted or not, one looks.
            let _ = poll(&mut waits, Some(&tick));
            self.asking.beat();
            // Questions first: somebody waits.
            for events in [self.asking.read(), self.noticing.read()] {
                events.unwrap_or_default().into_iter().for_each(|event| self.take(event, tell));
            }
        }
    }

    /// Marks all there is by now.
    fn watch(&mut self, tell: &mut dyn FnMut(Told)) {
        let mut trouble = |path: &Path, cause: &io::Error| {
            if cause.kind() != io::ErrorKind::NotFound {
                let why = Message::new("agent.own-unprotected").with("path", path.display()).reason("cause", cause);
                tell(Told::Degraded { why });
            }
        };
        for file in &self.settings.files {
            // Before it is cut by its path as well, where the kernel can say so.
            let watched = self.asking.watch(file, Scope::Inode, fan::OPEN | fan::CONTENT);
            if let Err(cause) = watched.or_else(|_| self.asking.watch(file, Scope::Inode, fan::OPEN)) {
                trouble(file, &cause);
            }
            let Some(folder) = file.parent() else { continue };
            if let Err(cause) = notice(&self.noticing, folder, &mut self.folders) {
                trouble(folder, &cause);
            }
        }
        let mut left = self.settings.folders.clone();
        let mut count = 0;
        while let Some(folder) = left.pop().filter(|_| count < FOLDERS_MAX) {
            count += 1;
            let watched = self.asking.watch(&folder, Scope::Inode, fan::OPEN | fan::CHILDREN);
            let noticed = notice(&self.noticing, &folder, &mut self.folders);
            if let Err(cause) = watched.and(noticed) {
                trouble(&folder, &cause);
            }
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
            left.extend(entries.filter(is_folder).map(|entry| entry.path()).filter(|path| !path.ends_with(SHADOW)));
        }
    }

    fn take(&mut self, event: Event, tell: &mut dyn FnMut(Told)) {
        match event {
            Event::File(event) if event.is_question() => {
                let denied = self.is_to_be_denied(&event);
                if let Err(error) = self.asking.answer(&event, denied.is_none()) {
                    tracing::debug!(cause = %error, "nobody waits for an answer any more");
                }
                denied.into_iter().for_each(|who| self.tell_once(Told::Denied, who, tell));
            }
            Event::Entry { mask, directory, name, thread } => self.entry(mask, &directory, &name, thread, tell),
            Event::Overflow => self.watch(tell),
            Event::File(_) => {}
        }
    }

    fn is_to_be_denied(&mut self, event: &FileEvent) -> Option<Somebody> {
        if is_itself(event.thread) || !event.file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return None;
        }
        let path = fs::read_link(format!("/proc/self/fd/{}", event.file.as_raw_fd())).unwrap_or_default();
        let wanted = match event.mask & fan::CONTENT {
            0 => calls::opened_for(event.thread),
            _ => calls::touches_for(event.thread),
        };
        let is_read = match wanted {
            Wanted::Reading => true,
            // Others read the unit and the program, by whatever call.
            Wanted::Perhaps | Wanted::Sharing => !self.settings.folders.iter().any(|folder| path.starts_with(folder)),
            Wanted::Changing(_) => false,
        };
        (!is_read && !self.is_deployer(event.thread)).then(|| Somebody::of(event.thread, path))
    }

    /// What happened to a name; the kernel says which process did it, which may be gone.
    fn entry(&mut self, mask: u64, directory: &Handle, name: &[u8], process: i32, tell: &mut dyn FnMut(Told)) {
        let Some(folder) = self.folders.get(directory) else { return };
        let path = folder.join(OsStr::from_bytes(name));
        let is_file = self.settings.files.contains(&path);
        let is_below = self.settings.folders.iter().any(|folder| path.starts_with(folder));
        if !is_file && !is_below {
            return;
        }
        if is_file || mask & fan::DIRECTORIES != 0 {
            // Another file has the name now, or there is another folder.
            self.watch(tell);
        }
        let is_ours = is_itself(process) || self.noticing.left_by() == Some(process);
        if !is_ours && !self.is_deployer(process) {
            self.tell_once(Told::Replaced, Somebody::of(process, path), tell);
        }
    }

    fn is_deployer(&mut self, thread: i32) -> bool {
        let Ok(process) = processes::process_of(thread) else { return false };
        let Ok(program) = processes::program(process) else { return false };
        let deployers = self.deployers.lock().unwrap_or_else(PoisonError::into_inner);
        if !program.path.to_str().is_some_and(|path| deployers.contains(path)) {
            return false;
        }
        drop(deployers);
        let packages = || Packages::of_dpkg(&self.settings.dpkg).unwrap_or_default();
        self.trust.get_or_insert_with(|| Trust::new(packages())).is_trusted(process, &program)
    }

    fn tell_once(&mut self, what: fn(Somebody) -> Told, who: Somebody, tell: &mut dyn FnMut(Told)) {
        let key = (who.path.clone(), who.program.clone());
        if self.told.get(&key).is_some_and(|at| at.elapsed() < SAME_AFTER) {
            return;
        }
        self.told.retain(|_, at| at.elapsed() < SAME_AFTER);
        if self.told.len() < SAME_MAX {
            self.told.insert(key, Instant::now());
            tell(what(who));
        }
    }
}

impl Somebody {
    fn of(thread: i32, path: PathBuf) -> Somebody {
        let process = processes::process_of(thread).unwrap_or(thread);
        Somebody { path, process, program: fs::read_link(format!("/proc/{process}/exe")).ok() }
    }
}

fn notice(noticing: &Group, folder: &Path, folders: &mut HashMap<Handle, PathBuf>) -> io::Result<()> {
    noticing.watch(folder, Scope::Inode, NAMES)?;
    folders.insert(Handle::of(folder)?, folder.to_owned());
    Ok(())
}

/// Whether a thread is of this process, or of another that runs the same file.
fn is_itself(thread: i32) -> bool {
    let version = |process: &str| Facts::at(Path::new(&format!("/proc/{process}/exe"))).map(|facts| facts.version);
    processes::is_own(thread)
        || matches!((version("self"), version(&thread.to_string())), (Ok(mine), Ok(its)) if mine == its)
}
