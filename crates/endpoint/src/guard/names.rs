//! Names in protected directories that come and go.

use super::judging::what_became;
use super::places::Place;
use super::{Guard, Told};
use crate::kernel::fan::{self, Handle};
use crate::kernel::files::FileKey;
use crate::kernel::processes::{self, ProcessId};
use crate::lineage::{LineageId, Standing};
use crate::undo::{Entry, Found, PathBytes};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Files of which it is known which program made them.
const MADE_MAX: usize = 100_000;

/// A file that lost its name by a lineage's doing.
struct Lost {
    lineage: LineageId,
    key: FileKey,
    was_canary: bool,
}

impl Guard<'_> {
    /// A name in a protected directory is not what it was.
    pub(super) fn entry(&mut self, mask: u64, directory: &Handle, name: &[u8], process: i32) {
        let name = OsStr::from_bytes(name);
        if mask & fan::DIRECTORIES != 0 {
            for trouble in self.places.directory_changed(directory, name, &self.deciding, &mut self.images) {
                (self.tell)(Told::Degraded { why: trouble.message() });
            }
            return;
        }
        let Some(place) = self.places.of(directory) else { return };
        // What the guard itself does, as when it undoes something, is on nobody's account.
        let mine = process.cast_unsigned() == std::process::id() || self.places.left_by() == Some(process);
        if mine && self.undoing.is_some() {
            // Somebody else may have taken the name by now, and it would be on nobody's account.
            return;
        }
        let of = match if mine { Some(Standing::Trusted) } else { self.tree.standing_of_gone(process, &self.look) } {
            Some(Standing::Of(lineage)) => Some(lineage),
            Some(Standing::Trusted) => None,
            None => self.suspect,
        };
        let Some(found) = self.look_at(&place, name, of, Some(process)) else { return };
        // One that it only gave another name is not its own.
        if let (Found::New { .. }, Some(lineage), true) = (found, of, mask & fan::CREATED != 0) {
            self.made(lineage, &place.path.join(name));
        }
    }

    /// Looks what has a name by now, and holds it against a lineage.
    pub(super) fn look_at(
        &mut self,
        place: &Place,
        name: &OsStr,
        of: Option<LineageId>,
        process: Option<i32>,
    ) -> Option<Found> {
        let real = place.path.join(name);
        let number = self.images.new_number();
        let aside = self.images.path(number);
        let found = match self.places.shadow().look(place.inode, name, &real, &aside) {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(cause = %error, path = %real.display(), "a name cannot be looked at");
                return None;
            }
        };
        if let (Some(lineage), true) = (of, found != Found::Same) {
            let began = |number| processes::stat(number).ok().map(|stat| ProcessId { number, began: stat.began });
            self.write_down(lineage, process.and_then(began));
        }
        // All that is to be undone stands in the journal before anybody is judged for it, for whoever comes after a guard that
        // is killed.
        let lost = found.put_aside().then(|| self.gone(of, number, &aside, &real)).flatten();
        let mut is_canary = false;
        if let (Found::New { inode, .. }, Some(lineage)) = (&found, of)
            && !self.is_back(&real, *inode)
        {
            is_canary = self.follow_canary(lineage, &real, lost.as_ref().map(|lost| lost.key));
            if !is_canary {
                let (path, handle) = (PathBytes::of(&real), Handle::of(&real).ok());
                self.note(Entry::Made { lineage: lineage.0, path, inode: *inode, handle });
            }
        }
        if let Some(lost) = lost {
            self.judge_lost(&lost, &aside, &real);
        }
        if let Some(trouble) = self.places.ask_about(place.inode, name, &self.deciding) {
            (self.tell)(Told::Degraded { why: trouble.message() });
        }
        (!is_canary).then_some(found)
    }

    /// There is a file that a lineage made.
    fn made(&mut self, lineage: LineageId, real: &Path) {
        let Ok(metadata) = fs::symlink_metadata(real) else { return };
        let key = FileKey::of(&metadata);
        let case = self.case(lineage);
        case.made.insert(key);
        if let Some(program) = case.program {
            if self.made_by.len() >= MADE_MAX {
                self.made_by.clear();
            }
            self.made_by.insert(key, program);
        }
    }

    /// What had a name has it no more, and lies aside. Tells whose doing that is, where it is to be judged.
    fn gone(&mut self, of: Option<LineageId>, number: u64, aside: &Path, real: &Path) -> Option<Lost> {
        let (Some(lineage), Some(key)) = (of, key_of(aside)) else {
            // Whoever may do so let go of it.
            self.let_go_of(aside);
            return None;
        };
        if self.is_its_own(lineage, key) {
            self.let_go_of(aside);
            return None;
        }
        let was_canary = self.canaries.has(key);
        if !was_canary {
            self.note(Entry::Gone { lineage: lineage.0, number, path: PathBytes::of(real) });
        }
        Some(Lost { lineage, key, was_canary })
    }

    fn judge_lost(&mut self, lost: &Lost, aside: &Path, real: &Path) {
        let Lost { lineage, key, was_canary } = *lost;
        let became = what_became(aside, real);
        if was_canary {
            self.let_go_of(aside);
            self.canary_was(lineage, key, became);
        } else {
            self.add(lineage, key.number(), became);
        }
    }

    /// A file that had a name is not protected any more, unless it has another protected one.
    fn let_go_of(&mut self, aside: &Path) {
        if fs::symlink_metadata(aside).is_ok_and(|metadata| metadata.nlink() <= 2) {
            self.places.forget(aside, &self.deciding);
        }
        let _ = fs::remove_file(aside);
    }

    /// Whether a file was made by a lineage, or by another of the same program: that tidies up after itself.
    fn is_its_own(&mut self, lineage: LineageId, key: FileKey) -> bool {
        let case = self.case(lineage);
        let program = case.program;
        case.made.contains(&key) || (program.is_some() && self.made_by.get(&key) == program.as_ref())
    }
}

fn key_of(path: &Path) -> Option<FileKey> {
    fs::symlink_metadata(path).ok().map(|metadata| FileKey::of(&metadata))
}
