//! What the threads of execution control share.

use super::pending::{Pending, Question, Running};
use super::places::{Keeper, Places};
use super::rules::{Book, InForce};
use super::seen::Seen;
use super::settings::{Counts, Error, Ruled, Settings, Told};
use super::writers::Writers;
use super::{keeps, lanes::Need};
use crate::keeping::Lent;
use crate::kernel::facts::Facts;
use crate::kernel::fan::{self, FileEvent, Group};
use crate::packages::Stock;
use model::Message;
use policy::orders::ReputationTable;
use policy::{Kind, Mode, Origin, Outcome, Rules, Subject, Verdict};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

pub struct Desk {
    pub settings: Settings,
    pub group: Arc<Lent<Group>>,
    pub places: Places,
    pub book: Book,
    pub stock: Stock,
    pub seen: Seen,
    pub pending: Pending,
    pub writers: Writers,
    pub running: Running,
    pub stop: AtomicBool,
    told: mpsc::SyncSender<Told>,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    asked: AtomicU64,
    at_once: AtomicU64,
    blocked: AtomicU64,
    undecided: AtomicU64,
    overflows: AtomicU64,
    /// Since somebody was told so: overflows, and what nobody was told since nobody heard.
    overflows_untold: AtomicU64,
    unheard: AtomicU64,
}

impl Desk {
    pub fn new(
        settings: Settings,
        group: Arc<Lent<Group>>,
        places: Places,
        book: Book,
        told: mpsc::SyncSender<Told>,
    ) -> Result<Desk, Error> {
        let stock = Stock::open(&settings.packages);
        let desk = Desk {
            settings,
            group,
            places,
            book,
            stock,
            seen: Seen::default(),
            pending: Pending::default(),
            writers: Writers::default(),
            running: Running::default(),
            stop: AtomicBool::new(false),
            told,
            counters: Counters::default(),
        };
        desk.group.put_safe_answer(desk.may_undecided());
        Ok(desk)
    }

    /// What is asked about: who wrote a file only where that counts.
    pub fn mask(&self) -> u64 {
        let written = if self.book.current().rules.deployers.is_empty() { 0 } else { fan::CLOSED };
        fan::RUN | fan::OPEN | written
    }

    /// Reads the rules anew, and forgets what came of the old ones.
    pub fn reload(&self) -> Told {
        match self.book.reload() {
            Ok(in_force) => self.follow(&in_force),
            Err(why) => Told::Degraded { why },
        }
    }

    /// The same with rules that are handed in.
    pub fn put(&self, rules: Rules, reputation: Arc<ReputationTable>) -> Told {
        self.follow(&self.book.put(rules, reputation))
    }

    fn follow(&self, in_force: &InForce) -> Told {
        self.seen.begin_again(in_force.number);
        self.group.put_safe_answer(self.may_undecided());
        self.ask_all();
        for trouble in self.places.watch_all(self.mask()) {
            self.tell(Told::Degraded { why: trouble.message() });
        }
        Told::Rules { mode: in_force.rules.mode }
    }

    /// Whoever lets a file pass looks at the number of the rules after that: none is left of the old ones.
    fn ask_all(&self) {
        if let Err(error) = self.group.ask_all() {
            tracing::error!(cause = %error, "files may go on that were let pass");
        }
    }

    /// From now on everything is news again, when it is met.
    pub fn tell_anew(&self) {
        self.seen.tell_anew();
        self.ask_all();
    }

    /// Takes in packages that came, went or changed.
    pub fn look_at_packages(&self) {
        if self.stock.refresh() {
            self.seen.forget_what_was_kept();
        }
    }

    /// Answers a question that nobody works on.
    pub fn at_once(&self, event: &FileEvent, may: bool) {
        self.counters.at_once.fetch_add(1, Ordering::Relaxed);
        self.answer(event, may);
    }

    /// Answers one that waits, unless it was answered. False when it was.
    pub fn settle(&self, number: u64, may: bool) -> bool {
        let Some(question) = self.pending.take(number) else { return false };
        self.answer_waiting(&question, may);
        true
    }

    fn answer_waiting(&self, question: &Question, may: bool) {
        if may && question.need == Need::Run {
            self.running.put(question.event.thread, question.facts.version);
        }
        self.answer(&question.event, may);
    }

    fn answer(&self, event: &FileEvent, may: bool) {
        if !may {
            self.counters.blocked.fetch_add(1, Ordering::Relaxed);
        }
        if let Err(error) = self.group.answer(event, may) {
            tracing::debug!(cause = %error, "nobody waits for an answer any more");
        }
    }

    /// Answers one that waited too long, with what the rules say of such.
    pub fn undecided(&self, question: &Question) {
        // Most of what is opened is neither run nor loaded. But who keeps a file himself can be as slow as he likes.
        let keeper = self.places.keeper(question.facts.mount);
        if question.need == Need::Peek && keeper.is_some_and(|keeper| keeper != Keeper::Program) {
            return self.answer(&question.event, true);
        }
        self.counters.undecided.fetch_add(1, Ordering::Relaxed);
        let rules = self.book.current().rules;
        let kind = match question.need {
            Need::Load | Need::Peek => Kind::Library,
            Need::Script => Kind::Script,
            Need::Run => Kind::Program,
        };
        let path = shown(&question.path);
        let verdict = Verdict::undecided(&rules, &path);
        let outcome = verdict.outcome(rules.mode);
        let asker = Asker::of(question.event.thread);
        self.answer_waiting(question, !keeps(outcome, rules.mode));
        let subject = Subject { kind, path, sha256: None, origin: Origin::Nobody, writer: None };
        self.tell_ruled(
            &Met { facts: &question.facts, path: &question.path, after: false },
            subject,
            verdict,
            outcome,
            asker,
        );
    }

    /// Whether what nobody decided about goes on.
    pub fn may_undecided(&self) -> bool {
        let rules = self.book.current().rules;
        rules.undecided_may || !keeps(Outcome::Blocked, rules.mode)
    }

    /// Tells what was decided, once for each file and outcome, and again when other rules lead back to one.
    pub fn tell_ruled(&self, met: &Met<'_>, subject: Subject, verdict: Verdict, outcome: Outcome, asker: Asker) {
        let (file, what) = ((&subject.path, subject.sha256), (std::mem::discriminant(&outcome), verdict.rung));
        let Some(count) = self.seen.news(file, what, &met.facts.version, met.path) else { return };
        let (Asker { process, program, user }, bytes, after) = (asker, met.facts.version.bytes, met.after);
        let ruled = Ruled { subject, verdict, outcome, process, program, user, bytes, count, after };
        self.tell(Told::Ruled(Box::new(ruled)));
    }

    /// Never waits for whoever listens.
    pub fn tell(&self, told: Told) {
        if self.told.try_send(told).is_err() {
            self.counters.unheard.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn asked(&self) {
        self.counters.asked.fetch_add(1, Ordering::Relaxed);
    }

    pub fn kept(&self) {
        self.counters.blocked.fetch_add(1, Ordering::Relaxed);
    }

    pub fn overflow(&self) {
        self.counters.overflows.fetch_add(1, Ordering::Relaxed);
        self.counters.overflows_untold.fetch_add(1, Ordering::Relaxed);
    }

    /// What went wrong since this was asked last.
    pub fn missed(&self) -> Vec<Told> {
        let complaint = |count: &AtomicU64, code: &str| {
            let count = i64::try_from(count.swap(0, Ordering::Relaxed)).unwrap_or(i64::MAX);
            (count > 0).then(|| Told::Degraded { why: Message::new(code).number("count", count) })
        };
        let counters = &self.counters;
        [complaint(&counters.overflows_untold, "exec.overflow"), complaint(&counters.unheard, "exec.unheard")]
            .into_iter()
            .flatten()
            .collect()
    }

    pub fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            asked: of(&self.counters.asked),
            at_once: of(&self.counters.at_once),
            blocked: of(&self.counters.blocked),
            undecided: of(&self.counters.undecided),
            overflows: of(&self.counters.overflows),
        }
    }

    pub fn mode(&self) -> Mode {
        self.book.current().rules.mode
    }
}

/// Who asks: what it runs before it gets its answer.
pub struct Asker {
    process: i32,
    program: Option<PathBuf>,
    user: Option<u32>,
}

impl Asker {
    pub fn of(process: i32) -> Asker {
        let user = fs::metadata(format!("/proc/{process}")).ok().map(|folder| folder.uid());
        Asker { process, program: fs::read_link(format!("/proc/{process}/exe")).ok(), user }
    }
}

/// A file as it was met.
pub struct Met<'m> {
    pub facts: &'m Facts,
    pub path: &'m Path,
    /// It ran already.
    pub after: bool,
}

/// A path as it is shown to people.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A path of a file that this process does not find under it: it lies in no folder of this machine.
pub fn elsewhere(path: &Path) -> PathBuf {
    let mut shown = std::ffi::OsString::from("elsewhere:");
    shown.push(path);
    PathBuf::from(shown)
}
