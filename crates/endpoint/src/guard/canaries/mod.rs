//! Canaries: two files in each protected folder, the first and the last by name, that nobody has a reason to change. Who goes
//! through everything there is comes upon one soon.
//!
//! What is in them is never kept to undo: it is somebody's only until the guard ends. They stand in the journal with who may
//! have changed them, so that a guard that takes over holds it against him, and removes them when it ends; not where a person
//! made one his own.

mod content;

use super::Guard;
use super::judging::sketch;
use crate::damage::{Act, Damage, Sketch, compare};
use crate::kernel::files::{FileKey, Spot, open_regular};
use crate::lineage::LineageId;
use crate::undo::journal::NOBODY;
use crate::undo::{Entry, PathBytes, Was};
use content::Chance;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Before everything and behind everything, in the order of their bytes and in that of languages.
const FIRST: &str = "!";
const LAST: &str = "\u{ff5e}";
type Content = fn(&mut Chance) -> Vec<u8>;
/// How their names begin and end, and what makes them.
const KINDS: [(&str, &str, Content); 2] = [(FIRST, "pdf", content::pdf), (LAST, "rtf", content::rtf)];
/// They look as if nobody had touched them for so many days.
const AGE_DAYS: std::ops::Range<usize> = 30..300;

/// A file that nobody has a reason to change.
#[derive(Debug)]
pub struct Canary {
    path: PathBuf,
    /// None where another was put in its place.
    sketch: Option<Sketch>,
    was: Was,
    /// Somebody who is not trusted may have changed it: nobody misses what is in it.
    spoiled: bool,
    /// The last lineage of which that is so.
    by: Option<LineageId>,
}

/// All there are.
#[derive(Debug, Default)]
pub struct Canaries(BTreeMap<FileKey, Canary>);

impl Canaries {
    pub fn has(&self, key: FileKey) -> bool {
        self.0.contains_key(&key)
    }

    /// What one was, if it is known.
    pub fn sketch(&self, key: FileKey) -> Option<&Sketch> {
        self.0.get(&key)?.sketch.as_ref()
    }

    fn are_in(&self, folder: &Path, mark: &str) -> bool {
        let stands = |canary: &Canary| {
            let name = canary.path.file_name().and_then(|name| name.to_str());
            !canary.spoiled && canary.path.parent() == Some(folder) && name.is_some_and(|name| name.starts_with(mark))
        };
        self.0.values().any(stands)
    }
}

impl Guard<'_> {
    /// Puts canaries where there are none.
    pub(super) fn put_canaries(&mut self) {
        if !self.settings.canaries {
            return;
        }
        let mut chance = Chance::new();
        let roots = self.places.roots().to_vec();
        for root in roots {
            for (mark, kind, content) in KINDS {
                if self.canaries.are_in(&root, mark) {
                    continue;
                }
                let path = root.join(format!("{mark}{}.{kind}", chance.name()));
                let put = self.put_canary(&path, &content(&mut chance), &mut chance);
                if let Err(error) = put {
                    tracing::debug!(cause = %error, path = %path.display(), "there is no canary");
                }
            }
        }
    }

    fn put_canary(&mut self, path: &Path, content: &[u8], chance: &mut Chance) -> io::Result<()> {
        let folder = fs::symlink_metadata(path.parent().unwrap_or(path))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        // As long as it is not whole it is nobody's, whatever is in it.
        let (written, was) = (PathBytes::of(path), Was::of(&file)?);
        self.note(Entry::Canary { path: written, was, spoiled: true, by: NOBODY, sketch: None });
        file.write_all(content)?;
        // Whoever may change files there may change this one.
        fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
        file.set_permissions(fs::Permissions::from_mode(0o444 | (folder.mode() & 0o222)))?;
        let age = Duration::from_hours(24) * u32::try_from(AGE_DAYS.start + chance.below(AGE_DAYS.len())).unwrap_or(30);
        file.set_modified(SystemTime::now() - age)?;
        let (key, was) = (FileKey::of(&file.metadata()?), Was::of(&file)?);
        let sketch = Some(Sketch::of(content));
        let canary = Canary { path: path.to_owned(), sketch, was, spoiled: false, by: None };
        self.write_canary_down(&canary);
        self.canaries.0.insert(key, canary);
        Ok(())
    }

    fn write_canary_down(&mut self, canary: &Canary) {
        let (path, was, spoiled) = (PathBytes::of(&canary.path), canary.was.clone(), canary.spoiled);
        let by = canary.by.map_or(NOBODY, |lineage| lineage.0);
        self.note(Entry::Canary { path, was, spoiled, by, sketch: canary.sketch.clone().map(Box::new) });
    }

    /// Somebody who is not trusted may change one from now on.
    pub(super) fn spoil_canary(&mut self, lineage: LineageId, key: FileKey) {
        let Some(mut canary) = self.canaries.0.remove(&key) else { return };
        if !canary.spoiled || canary.by != Some(lineage) {
            (canary.spoiled, canary.by) = (true, Some(lineage));
            self.write_canary_down(&canary);
        }
        self.canaries.0.insert(key, canary);
    }

    /// A canary has another name, or another file stands in the place of one: of a lineage's doing, so that it is no person's.
    pub(super) fn follow_canary(&mut self, lineage: LineageId, real: &Path, instead_of: Option<FileKey>) -> bool {
        let Ok(file) = open_regular(real) else { return false };
        let (Ok(metadata), Ok(was)) = (file.metadata(), Was::of(&file)) else { return false };
        let key = FileKey::of(&metadata);
        let is_one = |key: FileKey| self.canaries.has(key);
        if !is_one(key) && !instead_of.is_some_and(is_one) {
            return false;
        }
        let sketch = self.canaries.0.remove(&key).and_then(|canary| canary.sketch);
        let _ = instead_of.map(|key| self.canaries.0.remove(&key));
        let canary = Canary { path: real.to_owned(), sketch, was, spoiled: true, by: Some(lineage) };
        self.write_canary_down(&canary);
        self.canaries.0.insert(key, canary);
        true
    }

    /// Holds it against a lineage that it changed one, or took its name.
    pub(super) fn canary_was(&mut self, lineage: LineageId, key: FileKey, act: Act) {
        self.spoil_canary(lineage, key);
        let touched = (act != Act::Changed(Damage::Unchanged)).then_some(Act::Canary);
        let acts: Vec<Act> = touched.into_iter().chain([act]).collect();
        // Written down before he is stopped for it.
        for act in acts.iter().copied() {
            self.note(Entry::Held { lineage: lineage.0, file: key.number(), act });
        }
        acts.into_iter().for_each(|act| self.add(lineage, key.number(), act));
    }

    /// Compares one with what it was.
    pub(super) fn judge_canary(&mut self, lineage: LineageId, key: FileKey, file: &File) {
        let (Some(before), Some(after)) = (self.canaries.sketch(key), sketch(file)) else { return };
        let damage = compare(before, &after);
        let known = self.case(lineage).damage.insert(key, damage).unwrap_or(Damage::Unchanged);
        if damage > known {
            self.canary_was(lineage, key, Act::Changed(damage));
        }
    }

    /// Puts new ones in the place of those that are spoiled.
    pub(super) fn renew_canaries(&mut self) {
        let spoiled: Vec<FileKey> =
            self.canaries.0.iter().filter(|(_, canary)| canary.spoiled).map(|(key, _)| *key).collect();
        for key in spoiled {
            if let Some(canary) = self.canaries.0.remove(&key) {
                self.remove_canary(&canary.path, &canary.was, canary.spoiled);
            }
        }
        self.put_canaries();
    }

    /// Removes all there are.
    pub(super) fn remove_canaries(&mut self) {
        for canary in std::mem::take(&mut self.canaries).0.into_values() {
            self.remove_canary(&canary.path, &canary.was, canary.spoiled);
        }
        self.note(Entry::Closed { lineage: NOBODY });
    }

    /// Takes over those that a guard left which was killed.
    pub(super) fn adopt_canaries(&mut self) {
        // What was said of each last.
        let mut left: Vec<Canary> = Vec::new();
        for entry in self.journal.of(NOBODY) {
            if let Entry::Canary { path, was, spoiled, by, sketch } = entry {
                left.retain(|other| (other.was.inode, &other.was.handle) != (was.inode, &was.handle));
                let (path, by) = (path.path(), (by != NOBODY).then_some(LineageId(by)));
                left.push(Canary { path, sketch: sketch.map(|sketch| *sketch), was, spoiled, by });
            }
        }
        if left.is_empty() {
            return;
        }
        self.note(Entry::Closed { lineage: NOBODY });
        for canary in left {
            // One whose name is gone has its second link, as long as nobody was found to have taken it.
            let there = [Some(canary.path.clone()), self.second_link(&canary.path).ok()].into_iter().flatten();
            let metadata = there.filter_map(|path| fs::symlink_metadata(path).ok());
            let Some(metadata) = metadata.into_iter().find(|metadata| metadata.ino() == canary.was.inode) else {
                continue;
            };
            if canary.spoiled || canary.was.is_still(&metadata) {
                self.write_canary_down(&canary);
                self.canaries.0.insert(FileKey::of(&metadata), canary);
            }
        }
    }

    /// Holds against a lineage what it did to canaries, as far as another guard did not.
    pub(super) fn judge_canaries_again(&mut self, lineage: LineageId) {
        let entries = self.journal.of(lineage.0);
        let is_held = |key: FileKey| {
            entries.iter().any(|entry| matches!(entry, Entry::Held { file, .. } if *file == key.number()))
        };
        let of = self.canaries.0.iter().filter(|(key, canary)| canary.by == Some(lineage) && !is_held(**key));
        let of: Vec<PathBuf> = of.map(|(_, canary)| canary.path.clone()).collect();
        for path in of {
            // Of names that are gone one hears later.
            let Ok(file) = open_regular(&path) else { continue };
            let Ok(key) = file.metadata().map(|metadata| FileKey::of(&metadata)) else { continue };
            if self.canaries.has(key) {
                // Whoever has it open may go on.
                let _ = self.deciding.care(file.as_fd());
                self.judge_canary(lineage, key, &file);
            }
        }
    }

    fn second_link(&self, path: &Path) -> io::Result<PathBuf> {
        let folder = fs::symlink_metadata(path.parent().unwrap_or(path))?;
        Ok(self.places.shadow().path(folder.ino(), path.file_name().unwrap_or_default()))
    }

    /// Removes one with its second link, if it is still that file, and nobody made it his own by changing it.
    fn remove_canary(&self, path: &Path, was: &Was, spoiled: bool) {
        let remove = || -> io::Result<()> {
            let spot = Spot::of(path)?;
            if spot.inode()? != Some(was.inode) {
                return Ok(());
            }
            let file = open_regular(path)?;
            let now = Was::of(&file)?;
            if (now.inode, &now.handle) != (was.inode, &was.handle) || !(spoiled || was.is_still(&file.metadata()?)) {
                return Ok(());
            }
            spot.remove()?;
            fs::remove_file(self.second_link(path)?)
        };
        if let Err(error) = remove() {
            tracing::debug!(cause = %error, path = %path.display(), "a canary is left lying");
        }
    }
}
