//! How what a lineage did is undone, or let be; also what was left by a guard before this one.

use super::case::{Case, Open};
use super::judging::{is_noise, what_became};
use super::{Guard, Told};
use crate::damage::Act;
use crate::kernel::fan::Handle;
use crate::kernel::files::{FileKey, Spot, open_regular};
use crate::kernel::freezer::Freezer;
use crate::kernel::processes;
use crate::lineage::LineageId;
use crate::undo::journal::NOBODY;
use crate::undo::shadow::inode;
use crate::undo::{self, Entry, Others, PathBytes, Ranges, Restored, Written, restore};
use model::Message;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// So often it is looked whether files that came back have their names still.
const LOOKS_MAX: usize = 4;
/// Files of lineages that are undone, and which are remembered.
const SPOILS_MAX: usize = 100_000;

/// What another thread is undoing.
pub(super) struct Undoing {
    lineage: LineageId,
    /// What is undone.
    entries: Vec<Entry>,
    done: mpsc::Receiver<Restored>,
}

impl Guard<'_> {
    /// Undoes what stopped lineages did, one after the other, when all their processes are gone.
    pub(super) fn go_on_undoing(&mut self) {
        if let Some(undoing) = &self.undoing {
            if let Ok(restored) = undoing.done.try_recv() {
                self.finish_undoing(restored);
            }
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
        let others = Others { handed: self.hand_on(lineage), made: self.made_by_others(lineage) };
        let entries = self.journal.of(lineage.0);
        let images = self.images.clone();
        let evidence = self.settings.evidence(lineage);
        let (sender, done) = mpsc::channel();
        let own = self.own.clone();
        let undone = entries.clone();
        let undo = move || {
            own.join();
            drop(sender.send(restore(&undone, &images, &evidence, &others)));
        };
        match std::thread::Builder::new().name("undo".to_owned()).spawn(undo) {
            Ok(_) => self.undoing = Some(Undoing { lineage, entries, done }),
            Err(error) => tracing::error!(cause = %error, "nothing can be undone for now"),
        }
    }

    /// Takes in what was undone, and lets go of what was kept for it.
    fn finish_undoing(&mut self, restored: Restored) {
        // What others did meanwhile; what was done here itself is looked at now. Who takes a name in this very moment is
        // heard the next time.
        self.hear();
        let Some(Undoing { lineage, entries, .. }) = self.undoing.take() else { return };
        for _ in 0..LOOKS_MAX {
            self.look_at_restored(&entries, &restored);
            // Also to those who began while it was undone.
            self.hand_on(lineage);
            if self.nameless(&entries).is_empty() {
                break;
            }
            self.hear();
        }
        // Told first: who is stopped in between does it again, which does no harm.
        (self.tell)(Told::Restored { lineage, restored });
        self.save_nameless(&entries);
        self.remember_spoils(&entries);
        self.close(lineage);
        self.renew_canaries();
    }

    fn remember_spoils(&mut self, entries: &[Entry]) {
        if self.spoils.len() >= SPOILS_MAX {
            self.spoils.clear();
        }
        self.spoils.extend(entries.iter().filter_map(|entry| match entry {
            Entry::Made { handle, .. } => handle.clone(),
            _ => None,
        }));
    }

    /// Has those who changed files after a lineage that is undone put back what it found, and not what it made of that.
    fn hand_on(&mut self, lineage: LineageId) -> BTreeSet<u64> {
        let (at, evidence) = (self.now().as_secs(), self.settings.evidence(lineage));
        let is_stopped =
            |other: u64| self.cases.get(&LineageId(other)).is_some_and(|case| case.stopped && !case.closed);
        let handed = undo::hand_on(lineage.0, &mut self.journal, at, &mut self.images, &evidence, is_stopped);
        handed.unwrap_or_else(|error| {
            (self.tell)(Told::Degraded { why: Message::new("guard.journal").reason("cause", &error) });
            BTreeSet::new()
        })
    }

    /// What other lineages made, also those that are undone by now. One of these that is gone altogether, and kept by nobody,
    /// was thrown away by its own program.
    fn made_by_others(&self, lineage: LineageId) -> HashSet<Handle> {
        let made = self.journal.all().iter().filter_map(|written| match &written.entry {
            Entry::Made { lineage: other, handle, .. } if *other != lineage.0 => handle.clone(),
            _ => None,
        });
        made.chain(self.spoils.iter().cloned()).collect()
    }

    /// Makes the second links of files that came back, and lets go of those of files that went. What is no doing of the one
    /// that undid it, one hears of.
    fn look_at_restored(&mut self, entries: &[Entry], restored: &Restored) {
        let paths = entries.iter().filter_map(Entry::path).map(PathBytes::path).chain(restored.beside.iter().cloned());
        for path in paths.collect::<BTreeSet<PathBuf>>() {
            let (Some(place), Some(name)) = (self.places.around(&path), path.file_name()) else { continue };
            if matches!(inode(&path), Ok(there) if there.is_none_or(|inode| restored.placed.contains(&inode))) {
                self.look_at(&place, name, None, None);
            }
        }
    }

    /// Whether a file has the name that it had, since what was done to it is being undone.
    pub(super) fn is_back(&self, path: &Path, inode_there: u64) -> bool {
        let path = PathBytes::of(path);
        let entries = self.undoing.as_ref().map(|undoing| undoing.entries.as_slice()).unwrap_or_default();
        entries.iter().any(|entry| match entry {
            Entry::Gone { number, path: gone, .. } => {
                *gone == path && inode(&self.images.path(*number)).is_ok_and(|kept| kept == Some(inode_there))
            }
            _ => false,
        })
    }

    /// Files that have no name but the one under which they are kept, and the one that they had.
    fn nameless(&self, entries: &[Entry]) -> Vec<(u64, PathBuf)> {
        let has_none = |number: u64| fs::symlink_metadata(self.images.path(number)).is_ok_and(|kept| kept.nlink() == 1);
        let gone = entries.iter().filter_map(|entry| match entry {
            Entry::Gone { number, path, .. } if has_none(*number) => Some((*number, path.path())),
            _ => None,
        });
        gone.collect()
    }

    /// Files that came back, and whose names somebody took before they were protected again: they come back once more, and
    /// where that cannot be they stay for as long as what programs changed.
    fn save_nameless(&mut self, entries: &[Entry]) {
        for (number, path) in self.nameless(entries) {
            let kept = self.images.path(number);
            let back = Spot::of(&path).and_then(|spot| spot.link(&kept));
            if let (Ok(()), Some(place), Some(name)) = (&back, self.places.around(&path), path.file_name()) {
                self.look_at(&place, name, None, None);
            }
            let unclaimed = self.settings.unclaimed();
            let saved = back.or_else(|_| {
                fs::create_dir_all(&unclaimed)?;
                fs::hard_link(&kept, unclaimed.join(self.images.new_number().to_string()))
            });
            if let Err(error) = saved {
                tracing::warn!(cause = %error, path = %path.display(), "a file without a name is let go");
            }
        }
    }

    /// Lets go of what is kept of a lineage.
    fn close(&mut self, lineage: LineageId) {
        let numbers: Vec<u64> = self.journal.of(lineage.0).iter().filter_map(Entry::number).collect();
        self.note(Entry::Closed { lineage: lineage.0 });
        for number in numbers {
            // One that has its name again goes on being protected.
            let kept = self.images.path(number);
            if fs::symlink_metadata(&kept).is_ok_and(|kept| kept.nlink() == 1) {
                self.places.forget(&kept, &self.deciding);
            }
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
