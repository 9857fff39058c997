//! Canaries of a guard: who is told of them, who is not stopped for them, and that they are gone when it is.

use crate::disks::{Disk, Kind};
use crate::documents;
use crate::guard::Guard;
use crate::manifest::Manifest;
use crate::scrambler::{Start, until};
use crate::yard::{DOCUMENTS, Inside, Yard};
use rustix::fs::OFlags;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A program that nobody knows and that means no harm: it goes through everything, and writes each file anew.
pub const WAY: &str = "Rewrite";
/// How a journal says that something is held against somebody for a canary.
const HELD: &str = r#""entry":"held""#;
const LIMIT: Duration = Duration::from_secs(120);

/// Whether that is the path of a canary, as seen from the protected folder.
pub fn is_one(path: &Path) -> bool {
    path.to_str().is_some_and(|path| !path.contains('/') && path.starts_with(['!', '\u{ff5e}']))
}

/// What it does in a yard, and what it says about that.
pub fn entry(root: &Path, word: &str) -> String {
    let rewritten = Inside::enter(root, word).and_then(|inside| {
        let files = inside.files(Path::new(DOCUMENTS)).map_err(|error| error.to_string())?;
        files.iter().try_for_each(|path| rewrite(&inside, path)).map_err(|error| error.to_string())
    });
    rewritten.map_or_else(|why| format!("refused {why}\n"), |()| "done\n".to_owned())
}

/// As `sed -i` does: beside it, and then moved over it.
fn rewrite(inside: &Inside, path: &Path) -> io::Result<()> {
    let mut bytes = Vec::new();
    inside.open(path, OFlags::RDONLY)?.read_to_end(&mut bytes)?;
    let beside = path.with_file_name("sedXXXXXX");
    let mut file = inside.open(&beside, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
    for part in bytes.chunks_mut(4000) {
        if let Some(byte) = part.first_mut()
            && *byte == b' '
        {
            *byte = b'_';
        }
        file.write_all(part)?;
    }
    drop(file);
    inside.rename(&beside, path)
}

/// A yard with documents, and what they are.
fn yard(disk: &Disk) -> (Yard, Manifest) {
    let yard = Yard::make(&disk.path());
    documents::put(&documents::without_big(41), &yard.documents());
    let before = Manifest::of(&yard.documents());
    (yard, before)
}

fn guard(yard: &Yard) -> Guard {
    Guard::start(&[yard.documents()], &yard.state()).unwrap()
}

/// The names in the protected folder itself, in order.
fn names(yard: &Yard) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(yard.documents()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn nothing_is_different(yard: &Yard, before: &Manifest) {
    let changes = before.changes_until(&Manifest::of(&yard.documents()));
    let none = changes.lost.is_empty() && changes.extra.is_empty() && changes.modes.is_empty();
    assert!(none, "{changes:?}");
    assert!(!yard.state().join("unclaimed").exists(), "something is left lying");
}

#[test]
fn guarded_folders_have_canaries_until_the_guard_ends() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let (yard, before) = yard(&disk);
    let without = names(&yard);
    let first = guard(&yard);
    let with = names(&yard);
    let added: Vec<&PathBuf> = with.iter().filter(|path| !without.contains(path)).collect();
    assert_eq!(added, [&with[0], &with[with.len() - 1]], "the first and the last");
    assert!(
        fs::read(added[0]).unwrap().starts_with(b"%PDF-1.4") && fs::read(added[1]).unwrap().starts_with(b"{\\rtf1")
    );
    // Also when the one that made them is killed: the next one takes them over.
    first.kill();
    let second = guard(&yard);
    assert_eq!(names(&yard), with);
    second.stop().unwrap();
    nothing_is_different(&yard, &before);
    let third = Guard::start_with(&[yard.documents()], &yard.state(), &["--no-canaries"]).unwrap();
    assert_eq!(names(&yard), without);
    third.stop().unwrap();
    nothing_is_different(&yard, &before);
}

#[test]
fn guarded_canary_that_a_person_writes_into_is_his() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let (yard, before) = yard(&disk);
    let guard = guard(&yard);
    let mine = names(&yard)[0].clone();
    // This test is trusted, and so it is as good as a person.
    fs::OpenOptions::new().append(true).open(&mine).unwrap().write_all(b"a note").unwrap();
    let ended = guard.stop().unwrap();
    assert_eq!(ended.all("tripped").count(), 0);
    let changes = before.changes_until(&Manifest::of(&yard.documents()));
    assert_eq!(changes.extra, [mine.strip_prefix(yard.documents()).unwrap()]);
}

#[test]
fn guarded_one_who_rewrites_everything_and_harms_nothing_is_not_stopped() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let (yard, before) = yard(&disk);
    let guard = guard(&yard);
    let worker = Start::new(WAY, &yard).go();
    assert!(worker.gone(LIMIT));
    assert_eq!(worker.last(), "done");
    let ended = guard.stop().unwrap();
    assert_eq!(ended.all("tripped").count(), 0, "{:?}", ended.events);
    // What it put in the place of a canary is nobody's either.
    let changes = before.changes_until(&Manifest::of(&yard.documents()));
    assert!(changes.extra.is_empty(), "{:?}", changes.extra);
}

#[test]
fn guarded_canary_that_was_changed_counts_after_a_guard_is_killed() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    for (way, touched_max) in [("InPlace", 1), ("RenameOver", 2), ("CopyUnlink", 6)] {
        let (yard, before) = yard(&disk);
        let first = guard(&yard);
        let attacker = Start { pause_ms: 3000, ..Start::new(way, &yard) }.go();
        assert!(attacker.did(1, LIMIT), "{way}: the canary is the first");
        attacker.freeze();
        // What a guard did not hear of before it was killed, nobody holds against anybody: that it is a canary, and what became
        // of it.
        let held = || fs::read_to_string(yard.state().join("journal")).map_or(0, |said| said.matches(HELD).count());
        let is_held = || held() >= 2;
        assert!(until(LIMIT, is_held), "{way}");
        assert_eq!(first.kill().all("tripped").count(), 0, "{way}");
        let second = guard(&yard);
        attacker.thaw();
        let tripped = second.says("tripped", LIMIT).unwrap();
        assert!(tripped["touched"].as_u64() <= Some(touched_max), "{way}: {tripped}");
        let reasons = tripped["reasons"].as_array().unwrap();
        assert!(reasons.iter().any(|reason| reason["code"] == "damage.canary"), "{way}: {tripped}");
        assert!(second.says("restored", LIMIT).is_some() && attacker.gone(LIMIT), "{way}");
        second.stop().unwrap();
        nothing_is_different(&yard, &before);
        yard.clear();
    }
}

#[test]
fn guarded_folder_has_new_canaries_after_a_stop() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let (yard, before) = yard(&disk);
    let guard = guard(&yard);
    let with = names(&yard);
    let first = fs::read(&with[0]).unwrap();
    assert!(Start::new("InPlaceRename", &yard).go().gone(LIMIT));
    let restored = guard.says("restored", LIMIT).unwrap();
    assert_eq!(restored["failed"], 0, "{restored}");
    let is_told = restored["files"].as_array().unwrap().iter().any(|path| with[0].to_str() == path.as_str());
    assert!(!is_told, "a canary is no file of anybody's: {restored}");
    let is_locked = |path: &PathBuf| path.extension().is_some_and(|end| end == "locked");
    let is_renewed = || names(&yard).len() == with.len() && !names(&yard).iter().any(is_locked);
    assert!(until(LIMIT, is_renewed), "{:?}", names(&yard));
    assert!(fs::read(&names(&yard)[0]).unwrap() != first, "the first was touched, and is another one now");
    guard.stop().unwrap();
    nothing_is_different(&yard, &before);
}
