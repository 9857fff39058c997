//! How what a lineage did is undone, or let be; also what was left by a guard before this one.

use super::case::{Case, Open};
use super::judging::{is_noise, what_became};
use super::{Guard, Told};
use crate::damage::Act;
use crate::kernel::files::{FileKey, open_regular};
use crate::kernel::freezer::Freezer;
use crate::kernel::processes;
use crate::lineage::LineageId;
use crate::undo::journal::NOBODY;
use crate::undo::{Entry, Ranges, Restored, Written, restore};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// What another thread is undoing.
pub(super) struct Undoing {
    lineage: LineageId,
    done: mpsc::Receiver<Restored>,
}

impl Guard<'_> {
    /// Undoes what stopped lineages did, one after the other, when all their processes are gone.
    pub(super) fn go_on_undoing(&mut self) {
        if let Some(undoing) = &self.undoing {
            let Ok(restored) = undoing.done.try_recv() else { return };
            let lineage = undoing.lineage;
            self.undoing = None;
            // Told first: who is stopped in between does it again, which does no harm.
            (self.tell)(Told::Restored { lineage, restored });
            self.close(lineage);
            self.renew_canaries();
            return;
        }
        let is_gone = |case: &Case, lineage: &LineageId| {
            let held = case.freezer.as_ref().map(Freezer::processes).unwrap_or_default();
            let mut all = self.tree.members(*lineage).into_iter().chain(held);
            all.all(|number| processes::program(number).is_err())
        };
        let stopped = self.cases.iter().filter(|(_, case)| case.stopped && !case.closed);
        let (gone, rest): (Vec<_>, Vec<_>) = stopped.partition(|(lineage, case)| is_gone(case, lineage));
        let next = gone.first().map(|(lineage, _)| **lineage);
        let rest: Vec<LineageId> = rest.into_iter().map(|(lineage, _)| *lineage).collect();
        rest.into_iter().for_each(|lineage| self.end_rest(lineage));
        let Some(lineage) = next else { return };
        // What it did last, before it was stopped.
        self.hear();
        let entries = self.journal.of(lineage.0);
        let images = self.images.clone();
        let evidence = self.settings.evidence(lineage);
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
        for number in numbers {
            self.places.forget(&self.images.path(number), &self.deciding);
            self.images.remove(number);
        }
        if let Some(case) = self.cases.get_mut(&lineage) {
            case.closed = true;
            case.freezer = None;
            case.open.clear();
            case.ranges.clear();
        }
    }

    /// Lets go of what is kept of lineages that are gone, when nothing was wrong with them for long enough.
    pub(super) fn let_go(&mut self) {
        let there: BTreeSet<LineageId> = self.tree.lineages().collect();
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
    pub(super) fn resume(&mut self) {
        let mut lineages: BTreeMap<u64, Vec<Written>> = BTreeMap::new();
        for written in self.journal.all().iter().filter(|written| written.entry.lineage() != NOBODY) {
            lineages.entry(written.entry.lineage()).or_default().push(written.clone());
        }
        if lineages.is_empty() {
            return;
        }
        (self.tell)(Told::Resumed { lineages: lineages.len() });
        let all = processes::all().unwrap_or_default();
        for (lineage, entries) in lineages {
            let lineage = LineageId(lineage);
            // Those that are still there first: they are stopped with it.
            for written in &entries {
                if let Entry::Member { process, began, .. } = written.entry {
                    self.case(lineage).members.insert(process);
                    self.tree.adopt(process, began, lineage, &all, &self.look);
                }
            }
            let decided = entries.iter().rev().find_map(|written| match &written.entry {
                Entry::Stopped { why, told, .. } => Some((why.clone(), *told)),
                _ => None,
            });
            self.case(lineage).stopped = decided.is_some();
            for written in entries {
                self.judge_again(lineage, &written);
            }
            self.judge_canaries_again(lineage);
            // What is left of it is ended before anything is undone.
            if let Some((why, false)) = decided {
                self.stop(lineage, why);
            }
        }
    }

    /// Judges something that was written down, by what is there now. Nobody is asked yet, so that files can be opened.
    fn judge_again(&mut self, lineage: LineageId, written: &Written) {
        let at = Duration::from_secs(written.at);
        match &written.entry {
            Entry::Image { number, path, was, .. } => {
                let Some((file, key)) = still(&path.path(), was.inode) else { return };
                self.case(lineage).kept.insert(key, *number);
                // Whoever has it open may have been let be; he is asked again when he goes on.
                let _ = self.deciding.care(file.as_fd());
                self.judge(lineage, key, &Open { file, number: *number, surely: true, changed: None });
            }
            Entry::Ranges { number, path, was, .. } => {
                let Some((file, key)) = still(&path.path(), was.inode) else { return };
                let log = File::open(self.images.path(*number)).and_then(|log| Ranges::read(&log, was.size));
                let Ok(ranges) = log else { return };
                let case = self.case(lineage);
                case.kept.insert(key, *number);
                case.ranges.insert(key, ranges);
                self.judge(lineage, key, &Open { file, number: *number, surely: true, changed: None });
            }
            Entry::Made { path, inode, .. } => {
                let Some((file, key)) = still(&path.path(), *inode) else { return };
                self.case(lineage).made.insert(key);
                if is_noise(&file) {
                    self.add_at(lineage, key.number(), Act::NoiseMade, at);
                }
            }
            Entry::Gone { number, path, .. } => {
                let became = what_became(&self.images.path(*number), &path.path());
                self.add_at(lineage, *number, became, at);
            }
            Entry::Held { file, act, .. } => self.add_at(lineage, *file, *act, at),
            Entry::Member { .. } | Entry::Canary { .. } | Entry::Stopped { .. } | Entry::Closed { .. } => {}
        }
    }

    /// Puts away second links to files that are gone since nobody guarded them. Who removed them nobody can say, so that they
    /// stay for as long as what programs changed.
    pub(super) fn find_leftovers(&mut self) {
        let unclaimed = self.settings.unclaimed();
        self.places.put_away_leftovers(&unclaimed, &mut self.images);
        let Ok(entries) = fs::read_dir(&unclaimed) else { return };
        for entry in entries.flatten() {
            let age =
                entry.metadata().map(|metadata| self.now().as_secs().saturating_sub(metadata.ctime().unsigned_abs()));
            if age.is_ok_and(|age| age > self.settings.kept_for.as_secs()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A file that still has the inode that it had.
fn still(path: &Path, inode: u64) -> Option<(File, FileKey)> {
    let file = open_regular(path).ok()?;
    let metadata = file.metadata().ok()?;
    (metadata.ino() == inode).then(|| (file, FileKey::of(&metadata)))
}
