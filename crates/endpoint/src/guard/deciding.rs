//! What is let through, and what is kept before that.

use super::case::{Open, ProgramKey};
use super::{Guard, Told, places};
use crate::kernel::calls::{self, Wanted};
use crate::kernel::fan::{self, FileEvent};
use crate::kernel::files::FileKey;
use crate::kernel::processes::{self, ProcessId};
use crate::lineage::{LineageId, Standing};
use crate::undo::{Entry, PathBytes, images};
use model::Message;
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

/// Files that are looked at as long as nobody tells that they are closed.
const LOOKED_MAX: usize = 256;

impl Guard<'_> {
    /// Answers a question, or hears that a file was closed.
    pub(super) fn file(&mut self, event: FileEvent) {
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
        let key = FileKey::of(&metadata);
        if case.made.contains(&key) {
            return true;
        }
        if self.judge_open(lineage, Some(key)) {
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
    fn keep(&mut self, lineage: LineageId, file: &File, metadata: &Metadata, wanted: Wanted) -> Result<(), Message> {
        let key = FileKey::of(metadata);
        let case = self.case(lineage);
        case.last = Instant::now();
        let number = match case.kept.get(&key) {
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
                case.open.insert(key, Open { file, number, surely, changed });
            }
        }
        Ok(())
    }

    fn image(&mut self, lineage: LineageId, file: &File, metadata: &Metadata) -> Result<u64, Message> {
        if !self.images.has_room(metadata.len()) {
            return Err(Message::new("guard.undo-full").with("path", places::path_of(file).display()));
        }
        let number = self.images.new_number();
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
        self.journal.write(self.now().as_secs(), entry).map_err(|error| failed(&error))?;
        self.case(lineage).kept.insert(FileKey::of(metadata), number);
        Ok(number)
    }
}
