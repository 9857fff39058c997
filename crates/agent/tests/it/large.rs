//! Large files, of which only what is changed is kept: a stand-in changes parts of them in every way there is, then scrambles
//! small ones until it is stopped, and everything is what it was.

use crate::disks::{Disk, Kind};
use crate::documents;
use crate::guard::Guard;
use crate::manifest::{Manifest, below};
use crate::raw;
use crate::scrambler::{self, Start, Way, ways};
use crate::yard::{DOCUMENTS, Inside, Yard};
use rustix::fs::FallocateFlags;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const WAY: &str = "Large";
const LIMIT: Duration = Duration::from_secs(60);
const FOLDER: &str = "0-large";
const BYTES: u64 = 80 << 20;
const PART: u64 = 8 << 10;
const MIDDLE: u64 = 33 << 20;

/// What is done to a large file; each has a file of its name.
const CHANGES: &[(&str, Change)] = &[
    ("written", written),
    ("appended", |file, _| file.write_all_at(&[0x5a; 100], BYTES)),
    ("cut", |file, _| file.set_len(BYTES - PART - 1)),
    ("cut-by-path", |_, spelled| raw::truncate(spelled, BYTES - PART)),
    ("cut-and-written", |file, _| {
        file.set_len(BYTES - PART)?;
        file.write_all_at(&[0x5a; 3 * PART as usize], BYTES - PART)
    }),
    ("punched", |file, _| change_room(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, MIDDLE)),
    ("taken-out", |file, _| change_room(file, FallocateFlags::COLLAPSE_RANGE, BYTES - (4 << 20))),
    ("put-in", |file, _| change_room(file, FallocateFlags::INSERT_RANGE, BYTES - (4 << 20))),
];
/// Of these all is kept.
const CHANGES_OF_ALL: &[(&str, Change)] = &[
    ("mapped", |file, _| raw::change_by_first_page(file, MIDDLE as usize)),
    ("opened-to-cut", |_, spelled| File::options().write(true).truncate(true).open(spelled)?.write_all(&[0x5a; 9000])),
];
type Change = fn(&File, &Path) -> io::Result<()>;

fn written(file: &File, _: &Path) -> io::Result<()> {
    // Across the border of two blocks, and again.
    file.write_all_at(&[0x5a; PART as usize], MIDDLE - 100)?;
    file.write_all_at(&[0xa5; PART as usize], MIDDLE + 200)
}

fn change_room(file: &File, flags: FallocateFlags, at: u64) -> io::Result<()> {
    Ok(rustix::fs::fallocate(file, flags, at, PART)?)
}

/// What the stand-in does in a yard, and what it says about that.
pub fn entry(root: &Path, word: &str) -> String {
    match Inside::enter(root, word).map(|inside| work(&inside)) {
        Ok(Ok(())) => "done\n".to_owned(),
        Ok(Err(error)) => format!("refused, at a large file: {error}\n"),
        Err(why) => format!("refused {why}\n"),
    }
}

fn work(inside: &Inside) -> io::Result<()> {
    let files = inside.files(Path::new(DOCUMENTS))?;
    let (large, small): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|path| path.parent().is_some_and(|folder| folder.ends_with(FOLDER)));
    for (name, change) in CHANGES.iter().chain(CHANGES_OF_ALL) {
        let Some(path) = large.iter().find(|path| path.ends_with(name)) else { continue };
        // By a call whose flags can be seen: of one that hides them all is kept.
        let (_parent, spelled) = inside.spelled(path)?;
        let file = File::options().read(true).write(true).open(&spelled)?;
        change(&file, &spelled).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        scrambler::told_one();
    }
    // Held still here by a test that ends the guard meanwhile.
    std::thread::sleep(Duration::from_secs(2));
    ways::all(inside, Way::InPlace, small, Duration::ZERO);
    Ok(())
}

/// A yard with large files, and no more than that they are some.
fn yard(disk: &Disk, changes: &[(&str, Change)]) -> Yard {
    let yard = Yard::make(&disk.path());
    let folder = yard.documents().join(FOLDER);
    std::fs::create_dir(&folder).unwrap();
    for (name, _) in changes {
        let mut file = File::create(folder.join(name)).unwrap();
        // Some of it is a hole, which takes no room on the disk of the test.
        let line = format!("{name}: the quick brown fox jumps over the lazy dog\n").repeat(20_000);
        file.write_all(line.as_bytes()).unwrap();
        file.write_all_at(line.as_bytes(), MIDDLE - (300 << 10)).unwrap();
        file.set_len(BYTES).unwrap();
        file.write_all_at(line.as_bytes(), BYTES - line.len() as u64).unwrap();
        file.set_len(BYTES).unwrap();
    }
    yard
}

/// One without canaries: those would be among the small files.
fn guard(yard: &Yard) -> Guard {
    let guard = Guard::start_with(&[yard.documents()], &yard.state(), &["--no-canaries"]).unwrap();
    // Files are kept by ranges from a second on after they were marked.
    std::thread::sleep(Duration::from_millis(1200));
    guard
}

/// What is kept to undo takes on the disk.
fn kept_bytes(yard: &Yard) -> u64 {
    let mut bytes = 0;
    below(&yard.state().join("images"), &mut |path| bytes += path.metadata().unwrap().blocks() * 512);
    bytes
}

/// Only what they change of large files is kept, whoever they are.
#[test]
fn guarded_large_files_are_kept_by_their_parts() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let yard = yard(&disk, CHANGES);
    let guard = guard(&yard);
    let worker = Start::new(WAY, &yard).go();
    assert!(worker.gone(LIMIT));
    assert_eq!((worker.last().as_str(), worker.files()), ("done", CHANGES.len()));
    let kept = kept_bytes(&yard);
    assert!(kept < 16 << 20, "{kept} bytes are kept of {} changes of {PART}", CHANGES.len());
    let ended = guard.stop().unwrap();
    assert_eq!(ended.all("tripped").count() + ended.all("degraded").count(), 0, "{:?}", ended.events);
}

fn all_changes() -> Vec<(&'static str, Change)> {
    CHANGES.iter().chain(CHANGES_OF_ALL).copied().collect()
}

fn large_files_are_what_they_were(kind: Kind, guard_is_killed: bool) {
    let Some(disk) = Disk::new(kind) else { return };
    let changes = all_changes();
    let yard = yard(&disk, &changes);
    documents::put(&documents::without_big(31), &yard.documents());
    let before = Manifest::of(&yard.documents());
    let mut guard = guard(&yard);
    let attacker = Start::new(WAY, &yard).go();
    if guard_is_killed {
        assert!(attacker.did(changes.len(), LIMIT), "{}", attacker.last());
        // Held still, so that what is done while nobody guards is not held against the guard.
        attacker.freeze();
        assert_eq!(guard.kill().all("tripped").count(), 0, "too late");
        guard = self::guard(&yard);
        attacker.thaw();
    }
    assert!(attacker.gone(LIMIT));
    assert_eq!(attacker.last(), "", "it came to its end");
    let restored = guard.says("restored", LIMIT).expect("nothing was restored");
    assert_eq!(restored["failed"], 0, "{restored}");
    let ended = guard.stop().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.complaints);
    let changed = before.changes_until(&Manifest::of(&yard.documents()));
    assert!(changed.lost.is_empty() && changed.modes.is_empty() && changed.extra.is_empty(), "{changed:?}");
}

#[test]
fn guarded_large_files_on_ext4_are_what_they_were() {
    large_files_are_what_they_were(Kind::Ext4, false);
}

#[test]
fn guarded_large_files_on_xfs_are_what_they_were() {
    large_files_are_what_they_were(Kind::Xfs, false);
}

#[test]
fn guarded_large_files_on_ext4_are_what_they_were_when_the_guard_is_killed() {
    large_files_are_what_they_were(Kind::Ext4, true);
}
