//! What became of files, and who is stopped for it.

use super::asked::Own;
use super::case::Open;
use super::{Culprit, Guard, Told};
use crate::damage::{Act, Sketch, Tripped, compare};
use crate::kernel::fan::FileEvent;
use crate::kernel::files::{FileKey, open_regular};
use crate::kernel::freezer::Freezer;
use crate::kernel::processes;
use crate::lineage::LineageId;
use crate::undo::Entry;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Files that a lineage may have open for changing before those before are looked at.
const OPEN_MAX: usize = 6;
/// Such a look is put off so often, so long each, while nothing can be said of any.
const WAITS_MAX: u32 = 10;
const WAIT: Duration = Duration::from_millis(15);
/// So often it is looked for more processes of one that is stopped, before the rest waits.
const ROUNDS_MAX: usize = 1000;
/// Programs that are told of those that one which is stopped comes from.
const ANCESTORS_MAX: usize = 16;
const LOOK_WITHIN: Duration = Duration::from_millis(500);

impl Guard<'_> {
    /// Somebody who might have written closed a file.
    pub(super) fn closed(&mut self, event: &FileEvent, lineage: LineageId) {
        let Ok(metadata) = event.file.metadata() else { return };
        let key = FileKey::of(&metadata);
        let case = self.case(lineage);
        if case.made.contains(&key) {
            if !case.noise.contains(&key) && is_noise(&event.file) {
                case.noise.insert(key);
                self.add(lineage, key.number(), Act::NoiseMade);
            }
            return;
        }
        if let Some(open) = self.case(lineage).open.remove(&key) {
            let _ = self.deciding.care(open.file.as_fd());
            self.judge(lineage, key, &open);
        }
    }

    /// Looks at what a lineage has open, before it opens more. True when it was stopped for what was seen.
    pub(super) fn judge_open(&mut self, lineage: LineageId, but: Option<FileKey>) -> bool {
        for wait in 0..WAITS_MAX {
            let open = &self.case(lineage).open;
            let many = open.values().filter(|open| open.surely).count() >= OPEN_MAX;
            let others: Vec<FileKey> = open.keys().copied().filter(|key| Some(*key) != but).collect();
            for key in others {
                let Some(mut open) = self.case(lineage).open.remove(&key) else { continue };
                let changed = open.file.metadata().ok().map(|now| (now.ctime(), now.ctime_nsec()));
                if changed.is_none() || changed != open.changed {
                    open.changed = changed;
                    self.judge(lineage, key, &open);
                }
                // It may still be changed.
                self.case(lineage).open.insert(key, open);
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

    /// Compares a file with what it was, and adds what was done to it. Where one of the two cannot be read nothing is added:
    /// what was in it is kept all the same.
    pub(super) fn judge(&mut self, lineage: LineageId, key: FileKey, open: &Open) {
        if self.canaries.has(key) {
            return self.judge_canary(lineage, key, &open.file);
        }
        let (Some(before), Some(after)) = (self.sketch_of_kept(lineage, key, open), sketch(&open.file)) else { return };
        let damage = compare(&before, &after);
        let known = self.case(lineage).damage.insert(key, damage);
        // What was counted is not counted again, unless it got worse.
        if known.is_none_or(|known| damage > known) {
            self.add(lineage, key.number(), Act::Changed(damage));
        }
    }

    /// What a file was, as far as that is kept; the rest is as it is.
    fn sketch_of_kept(&self, lineage: LineageId, key: FileKey, open: &Open) -> Option<Sketch> {
        let image = File::open(self.images.path(open.number));
        match self.cases.get(&lineage).and_then(|case| case.ranges.get(&key)) {
            Some(ranges) => {
                let log = image.ok()?;
                Sketch::read(ranges.size(), |at, buffer| ranges.read_at(&log, &open.file, at, buffer)).ok()
            }
            None => sketch(&image.ok()?),
        }
    }

    /// Holds something against a lineage that it did to a file.
    pub(super) fn add(&mut self, lineage: LineageId, file: u64, act: Act) {
        self.add_at(lineage, file, act, self.now());
    }

    /// The same that it did at another time.
    pub(super) fn add_at(&mut self, lineage: LineageId, file: u64, act: Act, at: Duration) {
        let case = self.case(lineage);
        case.last = Instant::now();
        if let Some(why) = case.account.add(file, act, at)
            && !case.stopped
        {
            self.stop(lineage, why);
        }
    }

    /// Stops all processes of a lineage: first where they are, so that none starts another while one looks, then for good.
    /// It is written down before: whoever comes after a guard that is killed in between goes on with it.
    pub(super) fn stop(&mut self, lineage: LineageId, why: Tripped) {
        self.note(Entry::Stopped { lineage: lineage.0, why: why.clone(), told: false });
        let freezer = Freezer::new().inspect_err(|error| tracing::debug!(cause = %error, "stopped by signals alone"));
        let case = self.case(lineage);
        case.stopped = true;
        case.freezer = freezer.ok();
        let all = self.hold(lineage);
        let program = all.first().and_then(|number| processes::program(*number).ok()).map(|program| program.path);
        let culprit = all.first().and_then(|number| culprit(*number, &self.own)).map(Box::new);
        self.end(lineage, &all);
        (self.tell)(Told::Tripped { lineage, program, culprit, processes: all, why: why.clone() });
        self.note(Entry::Stopped { lineage: lineage.0, why, told: true });
    }

    /// Holds all processes of a lineage still, until none is new: those that are held start nothing.
    fn hold(&mut self, lineage: LineageId) -> Vec<i32> {
        let mine = std::process::id();
        let mut all = Vec::new();
        for _ in 0..ROUNDS_MAX {
            self.hear_of_processes();
            let freezer = self.cases.get(&lineage).and_then(|case| case.freezer.as_ref());
            let mut there = self.tree.members(lineage);
            there.extend(freezer.map(Freezer::processes).unwrap_or_default());
            there.retain(|number| !all.contains(number) && number.cast_unsigned() != mine);
            there.sort_unstable();
            there.dedup();
            if there.is_empty() {
                break;
            }
            // The signal is there at once; the group keeps it from going on by another.
            there.iter().for_each(|number| processes::signal(*number, libc::SIGSTOP));
            if let Some(freezer) = freezer {
                there.iter().for_each(|number| drop(freezer.hold(*number)));
            }
            all.extend(there);
        }
        all
    }

    fn end(&mut self, lineage: LineageId, all: &[i32]) {
        if let Some(freezer) = self.cases.get(&lineage).and_then(|case| case.freezer.as_ref()) {
            let _ = freezer.end();
        }
        all.iter().for_each(|number| processes::signal(*number, libc::SIGKILL));
    }

    /// Ends what is left of a lineage that was stopped, as long as there is anything: it may have been faster.
    pub(super) fn end_rest(&mut self, lineage: LineageId) {
        let rest = self.hold(lineage);
        self.end(lineage, &rest);
    }
}

/// What a process is, before it is ended. Whoever keeps its program or its memory may be one of those that stand still:
/// then nobody answers, and one goes on without.
fn culprit(process: i32, own: &Own) -> Option<Culprit> {
    let (sender, seen) = mpsc::channel();
    let own = own.clone();
    let look = move || {
        own.join();
        let mut ancestors = Vec::new();
        let mut next = processes::stat(process).ok();
        while let Some(stat) = next.filter(|stat| stat.parent > 0 && ancestors.len() < ANCESTORS_MAX) {
            ancestors.extend(processes::program(stat.parent).map(|program| program.path));
            next = processes::stat(stat.parent).ok();
        }
        let image = File::open(format!("/proc/{process}/exe")).ok();
        let arguments = processes::arguments(process).unwrap_or_default();
        drop(sender.send(Culprit { image, arguments, ancestors }));
    };
    std::thread::Builder::new().name("culprit".to_owned()).spawn(look).ok()?;
    seen.recv_timeout(LOOK_WITHIN).ok()
}

/// What was done to a file whose name is gone, and which is kept aside, by what stands there now.
pub(super) fn what_became(aside: &Path, real: &Path) -> Act {
    let kept = fs::symlink_metadata(aside);
    // It has another name somewhere, or there was nothing in it.
    if kept.is_ok_and(|kept| kept.nlink() > 1 || kept.len() == 0) {
        return Act::Renamed;
    }
    let open = |path: &Path| sketch(&open_regular(path).ok()?);
    match (open(aside), open(real)) {
        // A new file that takes the place of an old one is how careful programs change it.
        (Some(before), Some(after)) => Act::Changed(compare(&before, &after)),
        _ => Act::Removed,
    }
}

/// Reads a file from places of it, without moving anything for whoever has it as well.
pub(super) fn sketch(file: &File) -> Option<Sketch> {
    let size = file.metadata().ok()?.len();
    Sketch::read(size, |at, buffer| file.read_at(buffer, at)).ok()
}

/// Whether a file is noise that nothing tells from noise.
pub(super) fn is_noise(file: &File) -> bool {
    const NOISE_MIN: f64 = 0.75;
    let has_form = |sketch: &Sketch| sketch.kind.is_some_and(|kind| !kind.is_text());
    sketch(file).is_some_and(|sketch| sketch.noise() >= NOISE_MIN && !has_form(&sketch))
}
