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
        let instead_of = found.put_aside().then(|| key_of(&aside)).flatten();
        if found.put_aside() {
            self.gone(of, number, &aside, &real);
        }
        if let (Found::New { inode, .. }, Some(lineage)) = (&found, of) {
            if self.follow_canary(&real, instead_of) {
                return None;
            }
            self.note(Entry::Made { lineage: lineage.0, path: PathBytes::of(&real), inode: *inode });
        }
        // Last: what went aside stands in the journal as soon as can be, for whoever comes after a guard that is killed.
        if let Some(trouble) = self.places.ask_about(place.inode, name, &self.deciding) {
            (self.tell)(Told::Degraded { why: trouble.message() });
        }
        Some(found)
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

    /// What had a name has it no more, and lies aside.
    fn gone(&mut self, of: Option<LineageId>, number: u64, aside: &Path, real: &Path) {
        let (Some(lineage), Some(key)) = (of, key_of(aside)) else {
            // Whoever may do so let go of it.
            return self.let_go_of(aside);
        };
        if self.is_its_own(lineage, key) {
            return self.let_go_of(aside);
        }
        if self.canaries.has(key) {
            self.canary_was(lineage, key, what_became(aside, real));
            return self.let_go_of(aside);
        }
        self.note(Entry::Gone { lineage: lineage.0, number, path: PathBytes::of(real) });
        self.add(lineage, key.number(), what_became(aside, real));
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
