//! What several changed in turn. What the second of them found is what the first had made of it, and must not come back when
//! both are undone, whichever is first. So before one is undone, what was there before it is handed on to those who came after
//! it: they have that to put back instead.

use super::images::Images;
use super::journal::{Entry, Journal, PathBytes, Was, Written};
use super::restore::renamed;
use super::shadow::inode;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// What is to be done for one who came after.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hand {
    /// It kept a file under a number as it was after the one that is undone had changed it, who kept it before.
    Content { from: u64, was: Was, to: u64, of: u64, path: PathBytes },
    /// It took the name of a file that the one which is undone had made, and keeps that under a number.
    Instead { from: u64, to: u64, of: u64 },
    /// A file that it made has the name of one that is gone.
    Name { from: u64, of: u64, path: PathBytes },
    /// Nothing more: it has the file already.
    Nothing { from: u64, of: u64 },
}

/// Hands on what a lineage kept to those who came after it. Tells the numbers of names that come back by that: those of
/// lineages that are stopped and will be undone as well.
///
/// # Errors
/// When something cannot be handed on: it is put back by the one that is undone, beside what stands there.
pub fn hand_on(
    lineage: u64,
    journal: &mut Journal,
    at: u64,
    images: &mut Images,
    evidence: &Path,
    is_stopped: impl Fn(u64) -> bool,
) -> io::Result<BTreeSet<u64>> {
    let mut handed = BTreeSet::new();
    for hand in hands(lineage, journal.all(), images) {
        match hand {
            Hand::Content { from, was, to, of, path } => {
                put_instead(images, from, to, evidence)?;
                journal.write(at, Entry::Image { lineage: of, number: to, path, was })?;
            }
            Hand::Instead { from, to, of } => {
                put_instead(images, from, to, evidence)?;
                handed.extend(is_stopped(of).then_some(from));
            }
            Hand::Name { from, of, path } => {
                let number = images.new_number();
                fs::hard_link(images.path(from), images.path(number))?;
                journal.write(at, Entry::Gone { lineage: of, number, path })?;
                handed.extend(is_stopped(of).then_some(from));
            }
            Hand::Nothing { from, of } => handed.extend(is_stopped(of).then_some(from)),
        }
    }
    Ok(handed)
}

/// What was there lies with what the lineage made: somebody else may have worked on it.
fn put_instead(images: &mut Images, from: u64, to: u64, evidence: &Path) -> io::Result<()> {
    fs::create_dir_all(evidence)?;
    match fs::hard_link(images.path(to), evidence.join(format!("found-{to}"))) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => images.put_instead(from, to),
    }
}

fn hands(lineage: u64, all: &[Written], images: &Images) -> Vec<Hand> {
    let entries: Vec<&Entry> = all.iter().map(|written| &written.entry).collect();
    let made = made(lineage, &entries, images);
    let mut hands = Vec::new();
    for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.lineage() == lineage) {
        let later = entries.get(place + 1..).unwrap_or_default().iter().copied();
        let after = After { others: later.filter(|entry| entry.lineage() != lineage).collect(), images };
        match entry {
            Entry::Image { number, was, .. } => hands.extend(after.contents(*number, was)),
            Entry::Gone { number, path, .. } => hands.extend(after.name(*number, path, &made)),
            _ => {}
        }
    }
    hands
}

/// What a lineage made, by path and inode, and did not only give another name.
fn made<'e>(lineage: u64, entries: &[&'e Entry], images: &Images) -> BTreeSet<(&'e PathBytes, u64)> {
    let mine: Vec<Entry> = entries.iter().filter(|entry| entry.lineage() == lineage).copied().cloned().collect();
    let only_renamed = renamed(&mine, images);
    let made = entries.iter().filter_map(|entry| match entry {
        Entry::Made { lineage: of, path, inode, .. } if *of == lineage => Some((path, *inode)),
        _ => None,
    });
    made.filter(|(_, inode)| !only_renamed.contains_key(inode)).collect()
}

/// What others did after something.
struct After<'a> {
    others: Vec<&'a Entry>,
    images: &'a Images,
}

impl After<'_> {
    fn kept(&self, number: u64) -> Option<u64> {
        inode(&self.images.path(number)).ok().flatten()
    }

    /// What they kept of a file whose content was kept before, under a number.
    fn contents(&self, from: u64, was: &Was) -> impl Iterator<Item = Hand> {
        self.others.iter().filter_map(move |later| match later {
            Entry::Image { lineage: of, number: to, path, was: found }
                if *to > from
                    && (found.inode, &found.handle) == (was.inode, &was.handle)
                    && (self.kept(from) != self.kept(*to) || was != found) =>
            {
                Some(Hand::Content { from, was: was.clone(), to: *to, of: *of, path: path.clone() })
            }
            _ => None,
        })
    }

    /// Who has the name by now of a file that is kept under a number, where that is not itself.
    fn name(&self, from: u64, path: &PathBytes, made: &BTreeSet<(&PathBytes, u64)>) -> Option<Hand> {
        let kept = self.kept(from)?;
        let there = inode(&path.path()).ok().flatten();
        if there == Some(kept) {
            // It was put back already.
            return None;
        }
        if let Some((_, of)) = self.taken(path, |inode| inode == kept) {
            return Some(Hand::Nothing { from, of });
        }
        if let Some((to, of)) = self.taken(path, |inode| made.contains(&(path, inode))) {
            return Some(Hand::Instead { from, to, of });
        }
        let of = self.others.iter().find_map(|later| match later {
            Entry::Made { lineage: of, path: made, inode, .. } if made == path && Some(*inode) == there => Some(*of),
            _ => None,
        })?;
        Some(Hand::Name { from, of, path: path.clone() })
    }

    /// The number under which one of them keeps a file that had a name, and whose it is.
    fn taken(&self, path: &PathBytes, is_it: impl Fn(u64) -> bool) -> Option<(u64, u64)> {
        self.others.iter().find_map(|later| match later {
            Entry::Gone { lineage: of, number: to, path: taken } if taken == path => {
                self.kept(*to).is_some_and(&is_it).then_some((*to, *of))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::fan::Handle;
    use crate::undo::{Others, images, restore};
    use std::fs::File;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// Lineages, and the folder that they work in.
    struct House {
        folder: TempDir,
        journal: Journal,
        images: Images,
    }

    impl House {
        fn new() -> House {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("docs")).unwrap();
            let journal = Journal::open(&at("journal")).unwrap();
            let images = Images::open(&at("images"), 1 << 30, &journal, &at("unclaimed")).unwrap();
            House { folder, journal, images }
        }

        fn doc(&self, name: &str) -> PathBuf {
            self.folder.path().join("docs").join(name)
        }

        fn write(&mut self, entry: Entry) {
            self.journal.write(0, entry).unwrap();
        }

        /// Changes a file where it is.
        fn change(&mut self, lineage: u64, name: &str, content: &str) {
            let (path, number) = (self.doc(name), self.images.new_number());
            let file = File::open(&path).unwrap();
            images::keep(&file, &self.images.path(number)).unwrap();
            self.write(Entry::Image { lineage, number, path: PathBytes::of(&path), was: Was::of(&file).unwrap() });
            fs::write(path, content).unwrap();
        }

        fn remove(&mut self, lineage: u64, name: &str) {
            let (path, number) = (self.doc(name), self.images.new_number());
            fs::rename(&path, self.images.path(number)).unwrap();
            self.write(Entry::Gone { lineage, number, path: PathBytes::of(&path) });
        }

        fn make(&mut self, lineage: u64, name: &str, content: &str) {
            let path = self.doc(name);
            fs::write(&path, content).unwrap();
            let inode = inode(&path).unwrap().unwrap();
            let handle = Handle::of(&path).ok();
            self.write(Entry::Made { lineage, path: PathBytes::of(&path), inode, handle });
        }

        /// Puts another file in the place of one.
        fn replace(&mut self, lineage: u64, name: &str, content: &str) {
            self.remove(lineage, name);
            self.make(lineage, name, content);
        }

        fn undo(&mut self, lineage: u64, stopped: &[u64]) {
            let evidence = self.folder.path().join(format!("evidence-{lineage}"));
            let is_stopped = |other| stopped.contains(&other);
            let House { journal, images, .. } = self;
            let handed = hand_on(lineage, journal, 0, images, &evidence, is_stopped).unwrap();
            let others = Others { handed, ..Others::default() };
            let restored = restore(&journal.of(lineage), images, &evidence, &others);
            assert_eq!(restored.failed, []);
            hand_on(lineage, journal, 0, images, &evidence, is_stopped).unwrap();
            self.write(Entry::Closed { lineage });
        }

        fn all(&self) -> Vec<(String, String)> {
            let entries = fs::read_dir(self.folder.path().join("docs")).unwrap().map(|entry| entry.unwrap());
            let mut all: Vec<_> = entries
                .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
                .collect();
            all.sort();
            all
        }
    }

    /// Whatever two or three do to a file in turn, in whatever order they are undone.
    #[test]
    fn what_comes_back_is_what_nobody_of_them_had_touched() {
        type Deed = fn(&mut House, u64);
        let change: Deed = |house, lineage| house.change(lineage, "a", &format!("noise of {lineage}"));
        let replace: Deed = |house, lineage| house.replace(lineage, "a", &format!("noise of {lineage}"));
        let deeds = [change, replace];
        let orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
        for (number, order) in (0..8).flat_map(|number| orders.map(|order| (number, order))) {
            let mut house = House::new();
            fs::write(house.doc("a"), "what it was").unwrap();
            for lineage in 1..=3 {
                deeds[number >> (lineage - 1) & 1](&mut house, lineage);
            }
            for lineage in order {
                house.undo(lineage, &[1, 2, 3]);
            }
            assert_eq!(house.all(), [("a".to_owned(), "what it was".to_owned())], "deeds {number:b}, undone {order:?}");
            assert_eq!(house.journal.all(), []);
        }
    }

    #[test]
    fn a_name_that_another_took_when_it_was_free_comes_back() {
        for order in [[1, 2], [2, 1]] {
            let mut house = House::new();
            fs::write(house.doc("a"), "what it was").unwrap();
            house.remove(1, "a");
            house.make(2, "a", "noise");
            house.undo(order[0], &[1, 2]);
            house.undo(order[1], &[1, 2]);
            assert_eq!(house.all(), [("a".to_owned(), "what it was".to_owned())], "{order:?}");
        }
    }

    /// Somebody honest changed what was already noise: his stays, and what was there before lies beside it.
    #[test]
    fn who_is_not_stopped_keeps_what_he_made() {
        let mut house = House::new();
        fs::write(house.doc("a"), "what it was").unwrap();
        house.replace(1, "a", "noise");
        house.replace(2, "a", "a note");
        house.undo(1, &[1]);
        let beside = ("a.restored-1".to_owned(), "what it was".to_owned());
        assert_eq!(house.all(), [("a".to_owned(), "a note".to_owned()), beside]);
        // Nor is it lost when he is stopped after all.
        house.undo(2, &[2]);
        assert!(house.all().contains(&("a".to_owned(), "what it was".to_owned())));
    }

    #[test]
    fn what_is_handed_on_is_known_to_whoever_reads_the_journal_next() {
        let mut house = House::new();
        fs::write(house.doc("a"), "what it was").unwrap();
        house.change(1, "a", "noise, and longer");
        house.change(2, "a", "x");
        house.undo(1, &[1]);
        let path = house.folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.all(), house.journal.all());
        house.journal = journal;
        house.undo(2, &[2]);
        assert_eq!(house.all(), [("a".to_owned(), "what it was".to_owned())]);
    }
}
