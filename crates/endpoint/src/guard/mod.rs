//! The guard of files: before somebody who is not trusted changes a file in a protected place, what is in it is kept; what
//! he does is judged file by file; when it is too much he is stopped, and all of it is undone.
//!
//! One thread reads what the kernel asks and opens nothing ([`asked`]), so that whatever the others open is let through. A
//! second one decides ([`Guard::run`]), and a third one undoes. What the second one does stands in rooms of its own: what it
//! lets through and keeps ([`deciding`]), what it makes of it ([`judging`]), of names that come and go ([`names`]), files of
//! its own that tell who goes through everything ([`canaries`]), how it ends ([`undoing`]), and how it takes over from another
//! ([`catching_up`]).

mod asked;
mod canaries;
mod case;
mod catching_up;
mod deciding;
mod directories;
mod judging;
mod links;
mod names;
mod places;
mod settings;
mod undoing;

pub use settings::{Culprit, Error, Figures, Settings, Told};

use crate::keeping::{Kind, Lent};
use crate::kernel::callers::Callers;
use crate::kernel::fan::{Event, Group, Handle, Purpose};
use crate::kernel::files::FileKey;
use crate::kernel::freezer;
use crate::kernel::processes::{self, Connector, Program};
use crate::kernel::threads::{Moment, Threads};
use crate::lineage::{LineageId, Look, Tree};
use crate::packages::Packages;
use crate::trust::Trust;
use crate::undo::{Entry, Images, Journal};
use asked::{Asked, Asking, Own, Who};
use canaries::Canaries;
use case::{Case, ProgramKey};
use links::Bare;
use model::Message;
use places::{Places, Trouble};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};
use undoing::Undoing;

/// Questions that are decided before one looks at anything else.
const EVENTS_AT_ONCE: usize = 64;
/// What happened to names is heard in so many bytes at a time, a few names: somebody may wait meanwhile.
const NOTICES_BYTES: usize = 512;
/// Between two looks at what nobody tells.
const TICK: Duration = Duration::from_millis(20);

pub struct Guard<'t> {
    settings: Settings,
    deciding: Arc<Lent<Group>>,
    own: Own,
    places: Places,
    connector: Option<Lent<Connector>>,
    tree: Tree,
    look: Proc,
    callers: Callers,
    threads: Threads<Who>,
    images: Images,
    journal: Journal,
    cases: BTreeMap<LineageId, Case>,
    canaries: Canaries,
    /// Files by the program that made them.
    made_by: HashMap<FileKey, ProgramKey>,
    /// Files without a second link for a moment.
    bare: Vec<Bare>,
    undoing: Option<Undoing>,
    /// What those made who are undone.
    spoils: HashSet<Handle>,
    figures: Arc<Figures>,
    /// When it began: by the calendar, and by a clock that nobody sets.
    began: (Duration, Instant),
    events: u64,
    overflows: u64,
    lineages: u64,
    /// Who is taken for whoever nobody knows, while one catches up.
    suspect: Option<LineageId>,
    tell: &'t mut dyn FnMut(Told),
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
        let packages = Packages::read(&settings.packages);
        let mut trust = Trust::new(packages);
        for program in &settings.allowed {
            trust.allow(program).map_err(at(program))?;
        }
        let state = places::state(&settings.state, &settings.protected)?;
        let settings = Settings { state, ..settings };
        let state = &settings.state;
        let journal = Journal::open(&state.join("journal")).map_err(at(state))?;
        let images = Images::open(&state.join("images"), settings.undo_bytes_max, &journal, &settings.unclaimed());
        let images = images.map_err(at(state))?;
        let deciding = settings.kept.lend(Kind::Deciding, state, || Group::new(Purpose::Deciding));
        let deciding = Arc::new(deciding.map_err(Error::Kernel)?);
        let places = Places::new(&settings)?;
        let connector = settings.kept.lend(Kind::Processes, state, Connector::new);
        if let Err(error) = &connector {
            tell(Told::Degraded { why: Message::new("guard.no-processes").reason("cause", error) });
        }
        if let Some(why) = deciding.trouble() {
            tell(Told::Degraded { why });
        }
        let mut tree = Tree::default();
        tree.begin_after(journal.last_lineage());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Guard {
            settings,
            deciding,
            own: Own::default(),
            places,
            connector: connector.ok(),
            tree,
            look: Proc(RefCell::new(trust)),
            callers: Callers::default(),
            threads: Threads::begin(),
            images,
            journal,
            cases: BTreeMap::new(),
            canaries: Canaries::default(),
            made_by: HashMap::new(),
            bare: Vec::new(),
            undoing: None,
            spoils: HashSet::new(),
            figures: Arc::default(),
            began: (now, Instant::now()),
            events: 0,
            overflows: 0,
            lineages: 0,
            suspect: None,
            tell,
        })
    }

    pub fn figures(&self) -> Arc<Figures> {
        self.figures.clone()
    }

    /// Protects until it is told to stop.
    pub fn run(mut self, stop: &AtomicBool) {
        freezer::end_abandoned();
        self.adopt_canaries();
        self.resume();
        self.own.join();
        let asking = Asking {
            group: self.deciding.clone(),
            own: self.own.clone(),
            process_is_own: self.settings.process_is_own,
            threads: self.threads.clone(),
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
        match self.places.were_left() {
            true => self.catch_up(),
            false => self.follow(),
        }
        self.find_leftovers();
        let (files, directories) = self.places.counts();
        self.count();
        self.put_canaries();
        (self.tell)(Told::Ready { files, directories });
        if let Some(over) = self.deciding.taken_over() {
            (self.tell)(Told::TakenOver(over));
        }
        let mut is_behind = false;
        while !stop.load(Ordering::Relaxed) {
            let first = if is_behind { asked.try_recv().ok() } else { asked.recv_timeout(TICK).ok() };
            // Somebody waits for these, and for what comes while one hears of others.
            for Asked { event, as_of } in first.into_iter().chain(asked.try_iter().take(EVENTS_AT_ONCE)) {
                self.decide(event, as_of);
            }
            is_behind = self.hear_some();
            self.go_on_undoing();
            self.let_go();
            self.cover();
            self.count();
        }
        self.hear();
        self.remove_canaries();
        asking.stop.store(true, Ordering::Relaxed);
        drop(asked);
        let _ = reader.join();
        // Whoever waits for an answer is let through when the group is closed.
        let events = self.events + asking.answered.load(Ordering::Relaxed);
        (self.tell)(Told::Ended { lineages: self.lineages, events, overflows: self.overflows });
    }

    fn count(&self) {
        let (files, _) = self.places.counts();
        self.figures.files.store(files, Ordering::Relaxed);
        self.figures.undo_bytes.store(self.images.bytes(), Ordering::Relaxed);
        self.figures.overflows.store(self.overflows, Ordering::Relaxed);
    }

    /// The time, as it would be had nobody set a clock since the guard began.
    fn now(&self) -> Duration {
        self.began.0 + self.began.1.elapsed()
    }

    /// What is held against a lineage.
    fn case(&mut self, lineage: LineageId) -> &mut Case {
        if !self.cases.contains_key(&lineage) {
            self.lineages += 1;
        }
        self.cases.entry(lineage).or_insert_with(|| Case::new(Instant::now()))
    }

    /// Writes something down that was done.
    fn note(&mut self, entry: Entry) {
        if let Err(error) = self.journal.write(self.now().as_secs(), entry) {
            (self.tell)(Told::Degraded { why: Message::new("guard.journal").reason("cause", &error) });
        }
    }

    /// Marks every protected directory, and looks at everything in it.
    fn watch_all(&mut self) {
        let troubles = self.places.walk(&self.deciding, Some(&mut self.images));
        self.tell_all(&troubles);
    }

    fn tell_all(&mut self, troubles: &[Trouble]) {
        for trouble in troubles {
            (self.tell)(Told::Degraded { why: trouble.message() });
        }
    }

    /// Takes in everything that happened: of processes first, so that one knows who it was.
    fn hear(&mut self) {
        while self.hear_some() {}
    }

    /// Takes in some of it, a few names, and all of processes; tells whether there may be more.
    fn hear_some(&mut self) -> bool {
        let events = match self.places.group().read_some(NOTICES_BYTES) {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(cause = %error, "what happens in folders cannot be read");
                return false;
            }
        };
        // Whoever did that was told of before he did.
        self.hear_of_processes();
        let is_more = !events.is_empty();
        for event in events {
            self.events += 1;
            match event {
                Event::Entry { mask, directory, name, thread } => self.entry(mask, &directory, &name, thread),
                Event::Overflow => self.overflow(),
                Event::File(_) => {}
            }
        }
        is_more
    }

    fn hear_of_processes(&mut self) {
        let changes = self.connector.as_ref().map(|connector| connector.read()).unwrap_or_default();
        for change in changes {
            self.tree.changed(change, &self.look);
        }
    }

    fn overflow(&mut self) {
        self.overflows += 1;
        (self.tell)(Told::Degraded { why: Message::new("guard.overflow") });
        self.watch_all();
    }

    fn decide(&mut self, event: Event, as_of: Moment) {
        self.events += 1;
        match event {
            Event::File(event) => {
                self.hear_of_processes();
                self.file(event, as_of);
            }
            Event::Overflow => self.overflow(),
            Event::Entry { .. } => {}
        }
    }
}
