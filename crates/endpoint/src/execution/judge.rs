//! What is known of a file, and what the rules make of it.

use super::content::{self, Form, HEAD_BYTES};
use super::desk::{Asker, Desk, Met, elsewhere, shown};
use super::lanes::Need;
use super::pending::Question;
use super::places::Keeper;
use super::{keeps, opener};
use crate::kernel::facts::{self, Facts};
use crate::kernel::fan;
use crate::packages::Packages;
use crate::sums::Sums;
use policy::{Digest, Kind, Origin, Outcome, Rules, Subject, Verdict};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

/// What came of a file.
pub struct Ruling {
    pub subject: Subject,
    pub verdict: Verdict,
    pub outcome: Outcome,
    /// It is kept from running.
    pub kept: bool,
}

/// What is in a file, as far as that can be relied on.
struct Content {
    sums: Option<Sums>,
    /// What was read, relied on or not: it is told all the same.
    read: Option<Digest>,
    /// It is the same as long as its version is.
    steady: bool,
}

impl Desk {
    /// Finds out what was asked, and answers.
    pub fn judge(&self, question: &Question) {
        self.places.was_asked(question.facts.mount, &question.event.file);
        let may = match question.need {
            Need::Run => self.decide(question, Kind::Program),
            Need::Load => self.load(question),
            Need::Script => self.script(question),
            Need::Peek => self.peek(question),
        };
        self.settle(question.number, may);
    }

    fn peek(&self, question: &Question) -> bool {
        let mut head = [0; HEAD_BYTES];
        // What cannot be read cannot be loaded.
        let Ok(head) = facts::read_at(&question.event.file, &mut head, 0) else { return true };
        match content::form(head) {
            Form::Shared => self.load(question),
            _ if opener::is_interpreter(question.event.thread) => self.script(question),
            _ => true,
        }
    }

    fn load(&self, question: &Question) -> bool {
        let ruling = self.rule(&question.event.file, &question.facts, &question.path, Kind::Library);
        // Whoever only reads it, to copy it or to look what it is, may.
        if ruling.outcome != Outcome::Ran && !opener::loads(question.event.thread) {
            return true;
        }
        self.conclude(question, ruling)
    }

    fn script(&self, question: &Question) -> bool {
        if !opener::is_script_of(question.event.thread, &question.facts.version) {
            return true;
        }
        self.decide(question, Kind::Script)
    }

    fn decide(&self, question: &Question, kind: Kind) -> bool {
        let ruling = self.rule(&question.event.file, &question.facts, &question.path, kind);
        self.conclude(question, ruling)
    }

    fn conclude(&self, question: &Question, ruling: Ruling) -> bool {
        let Ruling { subject, verdict, outcome, kept } = ruling;
        let asker = Asker::of(question.event.thread);
        // The answer before what is told: somebody waits for it.
        self.settle(question.number, !kept);
        let met = Met { facts: &question.facts, path: &question.path, after: false };
        self.tell_ruled(&met, subject, verdict, outcome, asker);
        !kept
    }

    /// What the rules make of an open file.
    pub fn rule(&self, file: &File, facts: &Facts, path: &Path, kind: Kind) -> Ruling {
        let in_force = self.book.current();
        let rules = &in_force.rules;
        let (mut subject, content) = self.subject(rules, file, facts, path, kind);
        let verdict = in_force.reputation.decide(rules, &subject);
        subject.sha256 = content.read;
        let outcome = verdict.outcome(rules.mode);
        let kept = keeps(outcome, rules.mode);
        if content.steady {
            self.seen.keep_outcome(facts.version, path, outcome, in_force.number);
            if !kept {
                self.let_pass(file, facts, fan::RUN | fan::OPEN, Some(in_force.number));
            }
        }
        Ruling { subject, verdict, outcome, kept }
    }

    fn subject(&self, rules: &Rules, file: &File, facts: &Facts, path: &Path, kind: Kind) -> (Subject, Content) {
        // A name counts where this process finds the same file under it: another may see other folders, of his own making.
        let is_here = facts.links > 0 && is_at(facts, path);
        let mut packages = self.stock.current();
        let content = self.content(rules, file, facts, path, &packages);
        let mut origin = origin(&packages, path, is_here, content.sums.as_ref());
        if !matches!(origin, Origin::Package { .. }) && rules.trust_packages && self.stock.refresh() {
            packages = self.stock.current();
            origin = self::origin(&packages, path, is_here, content.sums.as_ref());
        }
        let name = if is_here || facts.links == 0 { shown(path) } else { shown(&elsewhere(path)) };
        let kind = match kind {
            Kind::Program if facts.links == 0 => Kind::Nameless,
            Kind::Program if is_script(file) => Kind::Script,
            kind => kind,
        };
        let writer = self.writer(rules, facts);
        let sha256 = content.sums.map(|sums| sums.sha256);
        (Subject { kind, path: name, sha256, origin, writer }, content)
    }

    fn content(&self, rules: &Rules, file: &File, facts: &Facts, path: &Path, packages: &Packages) -> Content {
        let with_md5 = packages.of(path).is_some_and(|packaged| packaged.asks_md5());
        let known = self.seen.sums(&facts.version).filter(|sums| sums.md5.is_some() || !with_md5);
        if let Some(sums) = known {
            return Content { sums: Some(sums), read: Some(sums.sha256), steady: true };
        }
        let Some((sums, read)) = content::sums(file, with_md5) else {
            return Content { sums: None, read: None, steady: false };
        };
        let in_memory = facts.links == 0 && path.as_os_str().as_encoded_bytes().starts_with(b"/memfd:");
        let unreliable = self.places.keeper_of(facts.mount, file) == Keeper::Program
            || in_memory && content::can_change_in_memory(file);
        if unreliable {
            // Who keeps it may say something else next time: what he says counts against it only.
            let against = rules.denied.contains(&sums.sha256).then_some(sums);
            return Content { sums: against, read: Some(sums.sha256), steady: false };
        }
        let steady = read.version == facts.version && !read.is_young();
        if steady {
            self.seen.keep_sums(facts.version, sums);
        }
        Content { sums: Some(sums), read: Some(sums.sha256), steady }
    }

    /// The deployer that wrote a file, if it is one and itself what it says.
    fn writer(&self, rules: &Rules, facts: &Facts) -> Option<String> {
        if rules.deployers.is_empty() {
            return None;
        }
        let writer = self.writers.of(facts)?;
        let file = File::open(&writer.path).ok()?;
        let facts = Facts::of(&file).ok().filter(|facts| facts.version == writer.version)?;
        let packages = self.stock.current();
        let content = self.content(rules, &file, &facts, &writer.path, &packages);
        let sums = content.sums?;
        let packaged = matches!(origin(&packages, &writer.path, true, Some(&sums)), Origin::Package { .. });
        let is_itself = rules.allowed.contains(&sums.sha256) || packaged && rules.trust_packages;
        (is_itself && !rules.denied.contains(&sums.sha256)).then(|| shown(&writer.path))
    }

    /// Asks no more about a file that only the administrator can change, until somebody writes into it. Others might change
    /// it through a mapping, of which nobody tells. Where that follows from rules, only as long as those are in force.
    pub fn let_pass(&self, file: &File, facts: &Facts, mask: u64, rules: Option<u64>) {
        if !facts.is_administrators() || facts.links == 0 || self.places.keeper(facts.mount) != Some(Keeper::Local) {
            return;
        }
        if let Err(error) = self.group.pass(file.as_fd(), mask) {
            tracing::debug!(cause = %error, "a file goes on being asked about");
            return;
        }
        // Whoever changed it, or the rules, before that is seen here; who does so after it ends it.
        let same = Facts::of(file).is_ok_and(|found| found == *facts)
            && facts::has_writers(file) != Some(true)
            && rules.is_none_or(|number| self.book.current().number == number);
        if !same {
            let _ = self.group.ask(file.as_fd(), mask);
        }
    }
}

/// Whether a path leads this process to a file.
fn is_at(facts: &Facts, path: &Path) -> bool {
    let same =
        |found: Facts| found.version.device == facts.version.device && found.version.inode == facts.version.inode;
    path.is_absolute() && Facts::at(path).is_ok_and(same)
}

fn is_script(file: &File) -> bool {
    let mut head = [0; 2];
    facts::read_at(file, &mut head, 0).is_ok_and(|head| content::form(head) == Form::Script)
}

fn origin(packages: &Packages, path: &Path, is_here: bool, sums: Option<&Sums>) -> Origin {
    let Some(packaged) = packages.of(path) else { return Origin::Nobody };
    let name = packaged.package.to_owned();
    match sums.and_then(|sums| packaged.is(sums)) {
        Some(true) => Origin::Package { name },
        // Elsewhere somebody else's file has that name.
        Some(false) if is_here => Origin::ChangedPackage { name },
        _ => Origin::Nobody,
    }
}
