//! What is let through, and what is kept before that.

use super::asked::Who;
use super::case::{Open, ProgramKey};
use super::{Guard, Told, places};
use crate::kernel::callers::Callers;
use crate::kernel::calls::{self, Part, Wanted};
use crate::kernel::facts::has_writers;
use crate::kernel::fan::{self, FileEvent};
use crate::kernel::files::FileKey;
use crate::kernel::processes::{self, ProcessId};
use crate::kernel::threads::Moment;
use crate::lineage::{LineageId, Standing};
use crate::undo::ranges::LARGE_BYTES_MIN;
use crate::undo::{Entry, PathBytes, Ranges, Was, images};
use model::Message;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

/// Files that are looked at as long as nobody tells that they are closed.
const LOOKED_MAX: usize = 256;

impl Guard<'_> {
    /// Answers a question, or hears that a file was closed.
    pub(super) fn file(&mut self, event: FileEvent, as_of: Moment) {
        let (process, standing) = match self.tree.standing(event.thread, &self.look) {
            Some((process, standing)) => (Some(process), Some(standing)),
            None => (None, self.tree.standing_of_gone(event.thread, &self.look)),
        };
        if !event.is_question() {
            if let Some(Standing::Of(lineage)) = standing {
                // What he made is looked at before what he removed since: that may be what he made it of.
                let key = event.file.metadata().ok().map(|metadata| FileKey::of(&metadata));
                if !key.is_some_and(|key| self.case(lineage).made.contains(&key)) {
                    self.hear();
                }
                self.closed(&event, lineage);
            }
            return;
        }
        let may = match standing {
            Some(Standing::Of(lineage)) => {
                // What he did before he asks.
                self.hear();
                self.may(lineage, process, &event)
            }
            Some(Standing::Trusted) => {
                if !self.bare_for(process, &event) {
                    self.threads.put(event.thread, Who::Trusted, as_of);
                }
                true
            }
            // A process that nobody knows anything of does not exist any more, and waits for nothing.
            None => true,
        };
        if let Err(error) = self.deciding.answer(&event, may) {
            tracing::debug!(cause = %error, "nobody waits for an answer any more");
        }
    }

    /// Whether a lineage may do what it asks for; what it would change is kept then.
    fn may(&mut self, lineage: LineageId, process: Option<ProcessId>, event: &FileEvent) -> bool {
        let wanted = wanted(event, &mut self.callers);
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
        let key = FileKey::of(&metadata);
        if case.made.contains(&key) {
            return true;
        }
        // One that is being written into asks for each write, and is looked at when another is opened or it is closed.
        let is_in_hand = case.ranges.contains_key(&key) && case.open.contains_key(&key) && event.range.is_some();
        if !is_in_hand && self.judge_open(lineage, Some(key)) {
            return false;
        }
        self.write_down(lineage, process);
        match self.keep(lineage, event, &metadata, wanted) {
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

    /// Writes down who acts for a lineage, so that another guard knows it again.
    pub(super) fn write_down(&mut self, lineage: LineageId, process: Option<ProcessId>) {
        if let Some(process) = process
            && self.case(lineage).program.is_none()
        {
            let program = processes::program(process.number).ok();
            self.case(lineage).program = program.as_ref().map(ProgramKey::of);
        }
        if let Some(ProcessId { number: process, began }) = process
            && self.case(lineage).members.insert(process)
        {
            self.note(Entry::Member { lineage: lineage.0, process, began });
            // Those that belong to it and did nothing yet: what they start next does as well.
            for process in self.tree.members(lineage) {
                if self.case(lineage).members.insert(process)
                    && let Ok(stat) = processes::stat(process)
                {
                    self.note(Entry::Member { lineage: lineage.0, process, began: stat.began });
                }
            }
        }
    }

    /// Keeps what is in a file, unless it is kept already.
    fn keep(
        &mut self,
        lineage: LineageId,
        event: &FileEvent,
        metadata: &Metadata,
        wanted: Wanted,
    ) -> Result<(), Message> {
        let (key, file) = (FileKey::of(metadata), &event.file);
        let case = self.case(lineage);
        case.last = Instant::now();
        let number = match case.kept.get(&key).copied() {
            Some(number) => number,
            // Nobody misses it.
            None if self.canaries.has(key) => {
                self.spoil_canary(lineage, key);
                0
            }
            // There is nothing in it to lose.
            None if metadata.len() == 0 => return Ok(()),
            None => self.begin_keeping(lineage, file, metadata)?,
        };
        self.keep_part(lineage, key, file, part(wanted, event.range.as_ref()))?;
        // What is in it may be changed by this lineage as it likes from now on. Others ask when they open it; where of one of
        // them only parts are kept he is asked each time.
        let surely = matches!(wanted, Wanted::Changing(_));
        let in_parts = self.is_kept_in_parts(key);
        if surely
            && !in_parts
            && let Err(error) = self.deciding.let_be(file.as_fd())
        {
            tracing::debug!(cause = %error, "a file goes on being asked about");
        }
        let case = self.case(lineage);
        // When it was looked at last stays with one that is asked about again and again.
        if in_parts && let Some(open) = case.open.get_mut(&key) {
            open.surely |= surely;
        } else if let Ok(file) = file.try_clone() {
            // Files that were only read are many, and nobody tells when they are closed.
            if case.open.len() >= LOOKED_MAX {
                case.open.retain(|_, open| open.surely);
            }
            let changed = Some((metadata.ctime(), metadata.ctime_nsec()));
            case.open.insert(key, Open { file, number, surely, changed });
        }
        Ok(())
    }

    /// Keeps all that is in a file, or prepares to keep parts of it as they are changed.
    fn begin_keeping(&mut self, lineage: LineageId, file: &File, metadata: &Metadata) -> Result<u64, Message> {
        let (number, key) = (self.images.new_number(), FileKey::of(metadata));
        let failed = |error: &io::Error| why(file, error);
        let was = Was::of(file).map_err(|error| failed(&error))?;
        let (lineage_number, path) = (lineage.0, PathBytes::of(&places::path_of(file)));
        let in_parts = metadata.len() >= LARGE_BYTES_MIN
            && was.handle.is_some()
            && self.places.is_asked_about(key)
            && !self.is_cloned(file, number).map_err(|error| failed(&error))?;
        let entry = if in_parts {
            // Nothing of it is kept yet.
            File::create_new(self.images.path(number)).map_err(|error| failed(&error))?;
            Entry::Ranges { lineage: lineage_number, number, path, was }
        } else {
            self.image(file, number).map_err(|error| failed(&error))?;
            Entry::Image { lineage: lineage_number, number, path, was }
        };
        self.journal.write(self.now().as_secs(), entry).map_err(|error| failed(&error))?;
        let case = self.case(lineage);
        case.kept.insert(key, number);
        if in_parts {
            case.ranges.insert(key, Ranges::new(metadata.len()));
            // Another may have been let be.
            let _ = self.deciding.care(file.as_fd());
        }
        Ok(number)
    }

    /// Whether some of what is in a file is still to be kept before somebody changes it.
    fn is_kept_in_parts(&self, key: FileKey) -> bool {
        self.cases.values().any(|case| case.ranges.get(&key).is_some_and(|ranges| !ranges.is_whole()))
    }

    /// Whether all that is in a large file can be kept by a clone, which is there then.
    fn is_cloned(&mut self, file: &File, number: u64) -> io::Result<bool> {
        let has_room = self.images.has_room(file.metadata()?.len());
        Ok(has_room && images::keep_clone(file, &self.images.path(number))?)
    }

    fn image(&mut self, file: &File, number: u64) -> io::Result<()> {
        let path = self.images.path(number);
        if path.exists() {
            return Ok(());
        }
        if !self.images.has_room(file.metadata()?.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let copied = images::keep(file, &path)?;
        self.images.count(copied, 0);
        Ok(())
    }

    /// Keeps a part of a file of which parts are kept.
    fn keep_part(&mut self, lineage: LineageId, key: FileKey, file: &File, part: Range<u64>) -> Result<(), Message> {
        let Some(case) = self.cases.get_mut(&lineage) else { return Ok(()) };
        let (Some(ranges), Some(number)) = (case.ranges.get_mut(&key), case.kept.get(&key)) else { return Ok(()) };
        ranges.keep(file, part, &mut self.images, *number).map_err(|error| why(file, &error))
    }
}

/// What somebody wants who waits.
fn wanted(event: &FileEvent, callers: &mut Callers) -> Wanted {
    match calls::wanted(event.mask & fan::CONTENT != 0, event.thread, callers) {
        // While nobody has it open for writing, nobody can make it writable.
        Wanted::Sharing if has_writers(&event.file) == Some(false) => Wanted::Reading,
        Wanted::Sharing => Wanted::Changing(Part::All),
        wanted => wanted,
    }
}

/// The bytes that may be changed. The kernel asks about whole pages, and of a cut about no more than the first.
fn part(wanted: Wanted, range: Option<&Range<u64>>) -> Range<u64> {
    match (wanted, range) {
        (Wanted::Changing(Part::None), _) => 0..0,
        (Wanted::Changing(Part::Range), Some(range)) => range.clone(),
        (Wanted::Changing(Part::Rest), Some(range)) => range.start..u64::MAX,
        _ => 0..u64::MAX,
    }
}

/// Why nothing of a file can be kept.
fn why(file: &File, error: &io::Error) -> Message {
    let path = places::path_of(file);
    match error.kind() {
        io::ErrorKind::StorageFull => Message::new("guard.undo-full").with("path", path.display()),
        _ => Message::new("guard.undo-failed").with("path", path.display()).with("cause", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_changed_is_kept_and_where_nobody_knows_all_of_it() {
        let range = 8192..12_288;
        let of = |part_of| part(Wanted::Changing(part_of), Some(&range));
        assert_eq!(of(Part::None), 0..0);
        assert_eq!(of(Part::Range), range);
        assert_eq!(of(Part::Rest), 8192..u64::MAX);
        assert_eq!(of(Part::All), 0..u64::MAX);
        assert_eq!(part(Wanted::Changing(Part::Range), None), 0..u64::MAX);
        assert_eq!(part(Wanted::Perhaps, Some(&range)), 0..u64::MAX);
    }
}
