//! The guard of files: before somebody who is not trusted changes a file in a protected place, what is in it is kept; what
//! he does is judged file by file; when it is too much he is stopped, and all of it is undone.
//!
//! One thread reads what the kernel asks and opens nothing ([`asked`]), so that whatever the others open is let through. A
//! second one decides ([`Guard::run`]), and a third one undoes.

mod asked;
mod case;
mod places;

pub use places::Trouble;

use crate::damage::{Act, Damage, Sketch, Tripped, compare};
use crate::kernel::calls::{self, Wanted};
use crate::kernel::fan::{self, Event, FileEvent, Group, Handle, Purpose};
use crate::kernel::processes::{self, Connector, ProcessId, Program};
use crate::lineage::{LineageId, Look, Standing, Tree};
use crate::trust::{Packages, Trust};
use crate::undo::{Entry, Found, Images, Journal, PathBytes, Restored, images, restore};
use asked::{Asking, Own};
use case::{Case, Open};
use model::Message;
use places::Places;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Programs of the system that refuse a file which has another link.
const LINK_COUNTERS: &[&str] = &["gzip", "bzip2", "xz", "lzma", "lzip", "zstd", "pigz", "pbzip2", "lbzip2", "compress"];
/// How long they are given to count.
const BARE: Duration = Duration::from_secs(1);
/// Questions that are decided before one looks at anything else.
const EVENTS_AT_ONCE: usize = 64;
/// Between two looks at what nobody tells.
const TICK: Duration = Duration::from_millis(20);
/// Files that a lineage may have open for changing before those before are looked at.
const OPEN_MAX: usize = 6;
/// Files that are looked at as long as nobody tells that they are closed.
const LOOKED_MAX: usize = 256;
/// Such a look is put off so often, so long each, while nothing can be said of any.
const WAITS_MAX: u32 = 10;
const WAIT: Duration = Duration::from_millis(15);

/// What a guard is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folders whose files are protected, with all below them.
    pub protected: Vec<PathBuf>,
    /// Where it keeps what it needs to undo: on the same filesystem, and in none of them.
    pub state: PathBuf,
    /// What is kept at most, in bytes.
    pub undo_bytes_max: u64,
    /// Programs that are trusted for what is in them.
    pub allowed: Vec<PathBuf>,
    /// Where dpkg has the sums of what it installed.
    pub dpkg: PathBuf,
    /// How long what a lineage changed is kept when nothing was wrong with it.
    pub kept_for: Duration,
}

impl Settings {
    pub fn new(protected: Vec<PathBuf>, state: PathBuf) -> Settings {
        Settings {
            protected,
            state,
            undo_bytes_max: 4 << 30,
            allowed: Vec::new(),
            dpkg: PathBuf::from("/var/lib/dpkg/info"),
            kept_for: Duration::from_hours(24),
        }
    }
}

/// What a guard tells.
#[derive(Debug)]
pub enum Told {
    /// It protects from now on.
    Ready {
        files: u64,
        directories: u64,
    },
    /// One before it was stopped, and left things to judge or to undo.
    Resumed {
        lineages: usize,
    },
    Tripped {
        lineage: LineageId,
        program: Option<PathBuf>,
        processes: Vec<i32>,
        why: Tripped,
    },
    Restored {
        lineage: LineageId,
        restored: Restored,
    },
    /// It does less than it should.
    Degraded {
        why: Message,
    },
    Ended {
        lineages: u64,
        events: u64,
        overflows: u64,
    },
}

/// Why a guard cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the kernel does not let this process watch files")]
    Kernel(#[source] io::Error),
    #[error("cannot use `{path}`")]
    Path { path: PathBuf, source: io::Error },
    #[error("`{0}` is in a protected folder, or a protected folder is in it")]
    Inside(PathBuf),
    #[error("`{0}` is on another filesystem than what is protected")]
    Elsewhere(PathBuf),
}

pub struct Guard<'t> {
    settings: Settings,
    deciding: Arc<Group>,
    own: Own,
    places: Places,
    connector: Option<Connector>,
    tree: Tree,
    look: Proc,
    images: Images,
    journal: Journal,
    cases: BTreeMap<LineageId, Case>,
    /// Files by the program that made them, which is told by its device, inode and last change.
    made_by: HashMap<u64, ProgramKey>,
    /// Files without a second link for a moment.
    bare: Vec<Bare>,
    undoing: Option<Undoing>,
    began: Instant,
    events: u64,
    overflows: u64,
    lineages: u64,
    tell: &'t mut dyn FnMut(Told),
}

/// Files of which it is known which program made them.
const MADE_MAX: usize = 100_000;

/// A file of a program, as it is now.
pub type ProgramKey = (u64, u64, (i64, i64));

/// A file whose second link was taken away for one who counts links.
struct Bare {
    directory: u64,
    path: PathBuf,
    since: Instant,
}

/// What another thread is undoing.
struct Undoing {
    lineage: LineageId,
    done: mpsc::Receiver<Restored>,
}

/// `/proc`, and who is trusted.
struct Proc(RefCell<Trust>);

impl Look for Proc {
    fn process(&self, number: i32) -> Option<(i32, u64)> {
        processes::stat(number).ok().map(|stat| (stat.parent, stat.began))
    }
    fn process_of(&self, thread: i32) -> Option<i32> {
        processes::process_of(thread).ok()
    }
    fn program(&self, number: i32) -> Option<Program> {
        processes::program(number).ok()
    }
    fn is_trusted(&self, number: i32, program: &Program) -> bool {
        self.0.borrow_mut().is_trusted(number, program)
    }
}

impl<'t> Guard<'t> {
    /// Begins to protect.
    ///
    /// # Errors
    /// When the kernel cannot, or a folder cannot be used.
    pub fn new(settings: Settings, tell: &'t mut dyn FnMut(Told)) -> Result<Guard<'t>, Error> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Path { path, source }
        };
        let packages = Packages::of_dpkg(&settings.dpkg).map_err(at(&settings.dpkg))?;
        let mut trust = Trust::new(packages);
        for program in &settings.allowed {
            trust.allow(program).map_err(at(program))?;
        }
        let state = places::state(&settings.state, &settings.protected)?;
        let images = Images::open(&state.join("images"), settings.undo_bytes_max).map_err(at(&state))?;
        let journal = Journal::open(&state.join("journal")).map_err(at(&state))?;
        let deciding = Arc::new(Group::new(Purpose::Deciding).map_err(Error::Kernel)?);
        let places = Places::new(&state, &settings.protected)?;
        let connector = Connector::new();
        if let Err(error) = &connector {
            tell(Told::Degraded { why: Message::new("guard.no-processes").reason("cause", error) });
        }
        let mut tree = Tree::default();
        tree.begin_after(journal.last_lineage());
        Ok(Guard {
            settings: Settings { state, ..settings },
            deciding,
            own: Own::default(),
            places,
            connector: connector.ok(),
            tree,
            look: Proc(RefCell::new(trust)),
            images,
            journal,
            cases: BTreeMap::new(),
            made_by: HashMap::new(),
            bare: Vec::new(),
            undoing: None,
            began: Instant::now(),
            events: 0,
            overflows: 0,
            lineages: 0,
            tell,
        })
    }

    /// Protects until it is told to stop.
    pub fn run(mut self, stop: &AtomicBool) {
        self.resume();
        self.own.join();
        let asking = Asking {
            group: self.deciding.clone(),
            own: self.own.clone(),
            stop: Arc::default(),
            answered: Arc::default(),
        };
        let (sender, asked) = mpsc::channel();
        let shared = asking.clone();
        let reader = std::thread::Builder::new().name("asked".to_owned()).spawn(move || asked::run(&shared, &sender));
        let reader = match reader {
            Ok(reader) => reader,
            Err(error) => {
                (self.tell)(Told::Degraded { why: Message::new("guard.kernel").reason("cause", &error) });
                return;
            }
        };
        self.watch_all();
        let (files, directories) = self.places.counts();
        (self.tell)(Told::Ready { files, directories });
        while !stop.load(Ordering::Relaxed) {
            let first = asked.recv_timeout(TICK);
            // What led to these questions.
            self.hear();
            for event in first.into_iter().chain(asked.try_iter().take(EVENTS_AT_ONCE)) {
                self.decide(event);
            }
            self.go_on_undoing();
            self.let_go();
            self.cover();
        }
        asking.stop.store(true, Ordering::Relaxed);
        drop(asked);
        let _ = reader.join();
        // Whoever waits for an answer is let through when the group is closed.
        let events = self.events + asking.answered.load(Ordering::Relaxed);
        (self.tell)(Told::Ended { lineages: self.lineages, events, overflows: self.overflows });
    }

    /// Marks every protected directory, and looks at everything in it.
    fn watch_all(&mut self) {
        for trouble in self.places.walk(&self.deciding, &self.images, &self.journal) {
            (self.tell)(Told::Degraded { why: trouble.message() });
        }
    }

    /// Takes in what happened: of processes first, so that one knows who it was.
    fn hear(&mut self) {
        self.hear_of_processes();
        loop {
            let events = match self.places.group().read() {
                Ok(events) if events.is_empty() => return,
                Ok(events) => events,
                Err(error) => {
                    tracing::error!(cause = %error, "what happens in folders cannot be read");
                    return;
                }
            };
            for event in events {
                self.events += 1;
                match event {
                    Event::Entry { mask, directory, name, thread } => self.entry(mask, &directory, &name, thread),
                    Event::Overflow => self.overflow(),
                    Event::File(_) => {}
                }
            }
        }
    }

    fn hear_of_processes(&mut self) {
        let changes = self.connector.as_ref().map(Connector::read).unwrap_or_default();
        for change in changes {
            self.tree.changed(change, &self.look);
        }
    }

    fn overflow(&mut self) {
        self.overflows += 1;
        (self.tell)(Told::Degraded { why: Message::new("guard.overflow") });
        self.watch_all();
    }

    fn decide(&mut self, event: Event) {
        self.events += 1;
        match event {
            Event::File(event) => {
                self.hear();
                self.file(event);
            }
            Event::Overflow => self.overflow(),
            Event::Entry { .. } => {}
        }
    }

    fn file(&mut self, event: FileEvent) {
        let (process, standing) = match self.tree.standing(event.thread, &self.look) {
            Some((process, standing)) => (Some(process), Some(standing)),
            None => (None, self.tree.standing_of_gone(event.thread, &self.look)),
        };
        if !event.is_question() {
            return self.closed(&event, standing);
        }
        let may = match standing {
            Some(Standing::Of(lineage)) => self.may(lineage, process, &event),
            Some(Standing::Trusted) => {
                self.bare_for(process, &event);
                true
            }
            // A process that nobody knows anything of does not exist any more, and waits for nothing.
            None => true,
        };
        if let Err(error) = self.deciding.answer(&event, may) {
            tracing::debug!(cause = %error, "nobody waits for an answer any more");
        }
    }

    /// Takes the second link to a file away from under one who refuses files that have two.
    fn bare_for(&mut self, process: Option<ProcessId>, event: &FileEvent) {
        let counts = |process: ProcessId| {
            let program = processes::program(process.number).ok()?;
            let name = program.path.file_name()?.to_str()?.to_owned();
            LINK_COUNTERS.contains(&name.as_str()).then_some(())
        };
        if event.mask & fan::OPEN == 0 || process.and_then(counts).is_none() {
            return;
        }
        let path = places::path_of(&event.file);
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name())
            && let Ok(metadata) = fs::metadata(folder)
            && fs::remove_file(self.places.shadow().path(metadata.ino(), name)).is_ok()
        {
            self.bare.push(Bare { directory: metadata.ino(), path, since: Instant::now() });
        }
    }

    /// Gives files their second link again, if they are still there.
    fn cover(&mut self) {
        let (old, young) =
            std::mem::take(&mut self.bare).into_iter().partition(|bare: &Bare| bare.since.elapsed() > BARE);
        self.bare = young;
        for Bare { directory, path, .. } in old {
            let aside = self.images.path(self.journal.next_number().max(self.places.next_number()));
            if let Some(name) = path.file_name()
                && let Err(error) = self.places.shadow().look(directory, name, &path, &aside)
            {
                tracing::debug!(cause = %error, path = %path.display(), "a file has no second link");
            }
        }
    }

    /// Whether a lineage may do what it asks for; what it would change is kept then.
    fn may(&mut self, lineage: LineageId, process: Option<ProcessId>, event: &FileEvent) -> bool {
        let wanted = if event.mask & fan::CONTENT != 0 {
            calls::touches_for(event.thread)
        } else {
            calls::opened_for(event.thread)
        };
        let case = self.case(lineage);
        if case.stopped {
            return wanted == Wanted::Reading;
        }
        if wanted == Wanted::Reading {
            return true;
        }
        let Ok(metadata) = event.file.metadata() else { return true };
        if !metadata.is_file() {
            return true;
        }
        let inode = metadata.ino();
        if case.made.contains(&inode) {
            return true;
        }
        if self.judge_open(lineage, Some(inode)) {
            return false;
        }
        self.write_down(lineage, process);
        match self.keep(lineage, &event.file, &metadata, wanted) {
            Ok(()) => true,
            Err(why) => {
                let case = self.case(lineage);
                if !std::mem::replace(&mut case.told_full, true) {
                    (self.tell)(Told::Degraded { why });
                }
                false
            }
        }
    }

    fn case(&mut self, lineage: LineageId) -> &mut Case {
        if !self.cases.contains_key(&lineage) {
            self.lineages += 1;
        }
        self.cases.entry(lineage).or_insert_with(|| Case::new(Instant::now()))
    }

    /// Writes down who acts for a lineage, so that another guard knows it again.
    fn write_down(&mut self, lineage: LineageId, process: Option<ProcessId>) {
        if let Some(process) = process
            && self.case(lineage).program.is_none()
        {
            let program = processes::program(process.number).ok();
            self.case(lineage).program = program.map(|program| (program.device, program.inode, program.changed));
        }
        if let Some(ProcessId { number: process, began }) = process
            && self.case(lineage).members.insert(process)
        {
            self.note(Entry::Member { lineage: lineage.0, process, began });
        }
    }

    /// Keeps what is in a file, unless it is kept already.
    fn keep(
        &mut self,
        lineage: LineageId,
        file: &File,
        metadata: &fs::Metadata,
        wanted: Wanted,
    ) -> Result<(), Message> {
        let inode = metadata.ino();
        let case = self.case(lineage);
        case.last = Instant::now();
        let number = match case.kept.get(&inode) {
            Some(number) => *number,
            // There is nothing in it to lose.
            None if metadata.len() == 0 => 0,
            None => self.image(lineage, file, metadata)?,
        };
        if number > 0 {
            // What is in it may be changed by this lineage as it likes from now on. Others ask when they open it.
            let surely = wanted == Wanted::Changing;
            if surely && let Err(error) = self.deciding.let_be(file.as_fd()) {
                tracing::debug!(cause = %error, "a file goes on being asked about");
            }
            if let Ok(file) = file.try_clone() {
                let case = self.case(lineage);
                // Files that were only read are many, and nobody tells when they are closed.
                if case.open.len() >= LOOKED_MAX {
                    case.open.retain(|_, open| open.surely);
                }
                let changed = Some((metadata.ctime(), metadata.ctime_nsec()));
                case.open.insert(inode, Open { file, number, surely, changed });
            }
        }
        Ok(())
    }

    fn image(&mut self, lineage: LineageId, file: &File, metadata: &fs::Metadata) -> Result<u64, Message> {
        if !self.images.has_room(metadata.len()) {
            return Err(Message::new("guard.undo-full").with("path", places::path_of(file).display()));
        }
        let number = self.journal.next_number().max(self.places.next_number());
        self.places.use_number(number);
        let failed = |error: &dyn std::fmt::Display| {
            Message::new("guard.undo-failed").with("path", places::path_of(file).display()).with("cause", error)
        };
        let kept = images::keep(file, &self.images.path(number)).map_err(|error| failed(&error))?;
        self.images.count(kept.copied, 0);
        let entry = Entry::Image {
            lineage: lineage.0,
            number,
            path: PathBytes::of(&places::path_of(file)),
            inode: kept.inode,
            size: kept.size,
            mode: kept.mode,
            modified: kept.modified,
        };
        self.journal.write(entry).map_err(|error| failed(&error))?;
        self.case(lineage).kept.insert(kept.inode, number);
        Ok(number)
    }

    /// Somebody who might have written closed a file.
    fn closed(&mut self, event: &FileEvent, standing: Option<Standing>) {
        let Ok(metadata) = event.file.metadata() else { return };
        let Some(Standing::Of(lineage)) = standing else { return };
        let inode = metadata.ino();
        let case = self.case(lineage);
        if case.made.contains(&inode) {
            if !case.noise.contains(&inode) && is_noise(&event.file, metadata.len()) {
                case.noise.insert(inode);
                self.add(lineage, inode, Act::NoiseMade);
            }
            return;
        }
        if let Some(open) = self.case(lineage).open.remove(&inode) {
            let _ = self.deciding.care(open.file.as_fd());
            self.judge(lineage, inode, &open);
        }
    }

    /// Looks at what a lineage has open, before it opens more. True when it was stopped for what was seen.
    fn judge_open(&mut self, lineage: LineageId, but: Option<u64>) -> bool {
        for wait in 0..WAITS_MAX {
            let open: Vec<u64> = self.case(lineage).open.keys().copied().filter(|inode| Some(*inode) != but).collect();
            let surely = self.case(lineage).open.values().filter(|open| open.surely).count();
            let many = surely >= OPEN_MAX;
            for inode in open {
                let Some(mut open) = self.case(lineage).open.remove(&inode) else { continue };
                let changed = open.file.metadata().ok().map(|now| (now.ctime(), now.ctime_nsec()));
                if changed.is_some() && changed == open.changed {
                    self.case(lineage).open.insert(inode, open);
                    continue;
                }
                open.changed = changed;
                self.judge(lineage, inode, &open);
                // It may still be changed.
                self.case(lineage).open.insert(inode, open);
                if self.case(lineage).stopped {
                    return true;
                }
            }
            if !many || wait + 1 == WAITS_MAX {
                break;
            }
            std::thread::sleep(WAIT);
        }
        false
    }

    /// Compares a file with what it was, and adds what was done to it.
    fn judge(&mut self, lineage: LineageId, inode: u64, open: &Open) -> Option<Damage> {
        let before = sketch(&File::open(self.images.path(open.number)).ok()?)?;
        let damage = compare(&before, &sketch(&open.file)?);
        let known = self.case(lineage).damage.insert(inode, damage);
        // What was counted is not counted again, unless it got worse.
        if known.is_none_or(|known| damage > known) {
            self.add(lineage, inode, Act::Changed(damage));
        }
        Some(damage)
    }

    fn add(&mut self, lineage: LineageId, inode: u64, act: Act) {
        let at = self.began.elapsed();
        let case = self.case(lineage);
        case.last = Instant::now();
        if let Some(why) = case.account.add(inode, act, at)
            && !case.stopped
        {
            self.stop(lineage, why);
        }
    }

    /// Stops all processes of a lineage: first where they are, so that none starts another while one looks, then for good.
    fn stop(&mut self, lineage: LineageId, why: Tripped) {
        self.case(lineage).stopped = true;
        let mut all = Vec::new();
        loop {
            self.hear_of_processes();
            let mine = std::process::id();
            let is_new = |number: &i32| !all.contains(number) && number.cast_unsigned() != mine;
            let new: Vec<i32> = self.tree.members(lineage).into_iter().filter(is_new).collect();
            if new.is_empty() {
                break;
            }
            new.iter().for_each(|number| processes::signal(*number, libc::SIGSTOP));
            all.extend(new);
        }
        let program = all.first().and_then(|number| processes::program(*number).ok()).map(|program| program.path);
        all.iter().for_each(|number| processes::signal(*number, libc::SIGKILL));
        (self.tell)(Told::Tripped { lineage, program, processes: all, why });
    }

    /// A name in a protected directory is not what it was.
    fn entry(&mut self, mask: u64, directory: &Handle, name: &[u8], process: i32) {
        let name = OsStr::from_bytes(name);
        if mask & fan::DIRECTORIES != 0 {
            for trouble in self.places.directory_changed(directory, name, &self.deciding, &self.images, &self.journal) {
                (self.tell)(Told::Degraded { why: trouble.message() });
            }
            return;
        }
        let Some(place) = self.places.of(directory) else { return };
        let real = place.path.join(name);
        let number = self.journal.next_number().max(self.places.next_number());
        let aside = self.images.path(number);
        let found = match self.places.shadow().look(place.inode, name, &real, &aside) {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(cause = %error, path = %real.display(), "a name cannot be looked at");
                return;
            }
        };
        // What the guard itself does, as when it undoes something, is on nobody's account.
        let mine = process.cast_unsigned() == std::process::id();
        let of = match if mine { None } else { self.tree.standing_of_gone(process, &self.look) } {
            Some(Standing::Of(lineage)) => Some(lineage),
            _ => None,
        };
        if let (Some(lineage), true) = (of, found != Found::Same) {
            let began = processes::stat(process).ok().map(|stat| ProcessId { number: process, began: stat.began });
            self.write_down(lineage, began);
        }
        if matches!(found, Found::Gone | Found::New { instead: true, .. }) {
            self.places.use_number(number);
            self.gone(of, number, &aside, &real, found != Found::Gone);
        }
        if let (Found::New { inode, .. }, Some(lineage)) = (found, of) {
            let entry = Entry::Made { lineage: lineage.0, path: PathBytes::of(&real), inode };
            self.note(entry);
            let case = self.case(lineage);
            // One that it only gave another name is not its own.
            if mask & fan::CREATED != 0 {
                case.made.insert(inode);
                if let Some(program) = case.program {
                    if self.made_by.len() >= MADE_MAX {
                        self.made_by.clear();
                    }
                    self.made_by.insert(inode, program);
                }
            }
        }
    }

    /// What had a name has it no more, and lies aside.
    fn gone(&mut self, of: Option<LineageId>, number: u64, aside: &Path, real: &Path, instead: bool) {
        let metadata = fs::symlink_metadata(aside);
        let (inode, links, size) = metadata.map_or((0, 0, 0), |found| (found.ino(), found.nlink(), found.len()));
        let Some(lineage) = of.filter(|lineage| !self.is_its_own(*lineage, inode)) else {
            // Whoever may do so let go of it.
            let _ = fs::remove_file(aside);
            return;
        };
        self.note(Entry::Gone { lineage: lineage.0, number, path: PathBytes::of(real) });
        let open = |path: &Path| sketch(&File::open(path).ok()?);
        let act = match (links, size) {
            // A new file that takes the place of an old one is how careful programs change it.
            (0 | 1, 1..) if instead => match (open(aside), open(real)) {
                (Some(before), Some(after)) => Act::Changed(compare(&before, &after)),
                _ => Act::Removed,
            },
            (0 | 1, 1..) => Act::Removed,
            _ => Act::Renamed,
        };
        self.add(lineage, inode, act);
    }

    /// Whether a file was made by a lineage, or by another of the same program: that tidies up after itself.
    fn is_its_own(&mut self, lineage: LineageId, inode: u64) -> bool {
        let case = self.case(lineage);
        let program = case.program;
        case.made.contains(&inode) || (program.is_some() && self.made_by.get(&inode) == program.as_ref())
    }

    fn note(&mut self, entry: Entry) {
        if let Err(error) = self.journal.write(entry) {
            (self.tell)(Told::Degraded { why: Message::new("guard.journal").reason("cause", &error) });
        }
    }

    /// Undoes what stopped lineages did, one after the other, when all their processes are gone.
    fn go_on_undoing(&mut self) {
        if let Some(undoing) = &self.undoing {
            let Ok(restored) = undoing.done.try_recv() else { return };
            let lineage = undoing.lineage;
            self.undoing = None;
            // Told first: who is stopped in between does it again, which does no harm.
            (self.tell)(Told::Restored { lineage, restored });
            self.close(lineage);
            return;
        }
        let gone =
            |lineage: &LineageId| self.tree.members(*lineage).iter().all(|number| processes::program(*number).is_err());
        let stopped = self.cases.iter().find(|(lineage, case)| case.stopped && !case.closed && gone(lineage));
        let Some(lineage) = stopped.map(|(lineage, _)| *lineage) else { return };
        // What it did last, before it was stopped.
        self.hear();
        let entries = self.journal.of(lineage.0);
        let images = self.images.clone();
        let evidence = self.settings.state.join("evidence").join(lineage.0.to_string());
        let (sender, done) = mpsc::channel();
        let own = self.own.clone();
        let undo = move || {
            own.join();
            drop(sender.send(restore(&entries, &images, &evidence)));
        };
        match std::thread::Builder::new().name("undo".to_owned()).spawn(undo) {
            Ok(_) => self.undoing = Some(Undoing { lineage, done }),
            Err(error) => tracing::error!(cause = %error, "nothing can be undone for now"),
        }
    }

    /// Lets go of what is kept of a lineage.
    fn close(&mut self, lineage: LineageId) {
        let numbers: Vec<u64> = self.journal.of(lineage.0).iter().filter_map(Entry::number).collect();
        self.note(Entry::Closed { lineage: lineage.0 });
        numbers.into_iter().for_each(|number| self.images.remove(number));
        if let Some(case) = self.cases.get_mut(&lineage) {
            case.closed = true;
            case.open.clear();
        }
    }

    /// Lets go of what is kept of lineages that are gone, when nothing was wrong with them for long enough.
    fn let_go(&mut self) {
        let there: std::collections::BTreeSet<LineageId> = self.tree.lineages().collect();
        let old = |(lineage, case): (&LineageId, &Case)| {
            let over = case.closed || (!case.stopped && case.last.elapsed() > self.settings.kept_for);
            (over && !there.contains(lineage)).then_some(*lineage)
        };
        let over: Vec<LineageId> = self.cases.iter().filter_map(old).collect();
        for lineage in over {
            if self.cases.get(&lineage).is_some_and(|case| !case.closed) {
                self.close(lineage);
            }
            self.cases.remove(&lineage);
        }
    }

    /// Judges what lineages did of which another guard kept something before it was stopped itself.
    fn resume(&mut self) {
        let mut entries: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        for entry in self.journal.all() {
            entries.entry(entry.lineage()).or_default().push(entry.clone());
        }
        if entries.is_empty() {
            return;
        }
        (self.tell)(Told::Resumed { lineages: entries.len() });
        let all = processes::all().unwrap_or_default();
        for (lineage, entries) in entries {
            let lineage = LineageId(lineage);
            // Those that are still there first: they are stopped with it.
            for entry in &entries {
                if let Entry::Member { process, began, .. } = entry {
                    self.case(lineage).members.insert(*process);
                    self.tree.adopt(*process, *began, lineage, &all, &self.look);
                }
            }
            for entry in entries {
                match entry {
                    Entry::Image { number, path, inode, .. } => {
                        self.case(lineage).kept.insert(inode, number);
                        // Nobody is asked yet, so that it can be opened.
                        if let Ok(file) = File::open(path.path()).and_then(|file| {
                            (file.metadata()?.ino() == inode).then_some(file).ok_or(io::ErrorKind::NotFound.into())
                        }) {
                            self.judge(lineage, inode, &Open { file, number, surely: true, changed: None });
                        }
                    }
                    Entry::Made { path, inode, .. } => {
                        self.case(lineage).made.insert(inode);
                        if let Ok(file) = File::open(path.path()).and_then(|file| Ok((file.metadata()?.len(), file)))
                            && is_noise(&file.1, file.0)
                        {
                            self.add(lineage, inode, Act::NoiseMade);
                        }
                    }
                    Entry::Gone { number, .. } => self.add(lineage, number, Act::Removed),
                    Entry::Renamed { inode, .. } => self.add(lineage, inode, Act::Renamed),
                    Entry::Member { .. } | Entry::Closed { .. } => {}
                }
            }
        }
    }
}

/// Reads a file from places of it, without moving anything for whoever has it as well.
fn sketch(file: &File) -> Option<Sketch> {
    let size = file.metadata().ok()?.len();
    Sketch::read(size, |at, buffer| file.read_at(buffer, at)).ok()
}

/// Whether a file is noise that nothing tells from noise.
fn is_noise(file: &File, size: u64) -> bool {
    const NOISE_MIN: f64 = 0.75;
    size > 0
        && sketch(file)
            .is_some_and(|sketch| sketch.noise() >= NOISE_MIN && sketch.kind.is_none_or(|kind| kind.is_text()))
}
