//! The parts that the tests of the guard stand on: stand-ins that really scramble, manifests that see it, disks that mount.

use crate::disks::{Disk, Kind};
use crate::documents;
use crate::manifest::Manifest;
use crate::needs;
use crate::scrambler::{Running, Start, Way};
use crate::yard::Yard;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// On every file system, and nobody guards: each way scrambles every document that has anything in it.
fn every_way_scrambles_everything(kind: Kind) {
    if !needs::tool("openssl", "openssl") {
        return;
    }
    let Some(mut disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::documents(7));
    let mut misses = Vec::new();
    for way in Way::ALL {
        yard.clear();
        documents::put(&documents, &yard.documents());
        let before = Manifest::of(&yard.documents());
        let mut start = Start::new(way.name(), &yard);
        start.pause_ms = 1;
        if way == Way::BindMount {
            start.root = disk.elsewhere();
        }
        let running = start.go();
        assert!(running.gone(LIMIT), "{way:?} did not end on {kind:?}");
        let changes = before.changes_until(&Manifest::of(&yard.documents()));
        let expected = if way.takes_names() { before.len() } else { before.filled() };
        println!(
            "{kind:?} {way:?}: {} told, {} lost of {expected}, {} extra",
            running.files(),
            changes.lost.len(),
            changes.extra.len()
        );
        if changes.lost.len() != expected || running.files() != before.len() || running.last() != "done" {
            misses.push(format!(
                "{way:?}: {} told, {} lost of {expected}, {}",
                running.files(),
                changes.lost.len(),
                running.last()
            ));
        }
    }
    assert!(misses.is_empty(), "{kind:?}: {misses:#?}");
}

#[test]
fn every_way_scrambles_everything_on_ext4() {
    every_way_scrambles_everything(Kind::Ext4);
}

#[test]
fn every_way_scrambles_everything_on_xfs() {
    every_way_scrambles_everything(Kind::Xfs);
}

#[test]
fn every_way_scrambles_everything_on_btrfs() {
    every_way_scrambles_everything(Kind::Btrfs);
}

#[test]
fn a_stand_in_can_be_held_and_let_go() {
    let folder = tempfile::Builder::new().prefix(crate::yard::PREFIX).tempdir().unwrap();
    let yard = Yard::make(folder.path());
    documents::put(&documents::without_big(1), &yard.documents());
    let running = slow(&yard);
    assert!(running.did(3, LIMIT));
    running.freeze();
    let done = running.files();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(running.files(), done);
    running.thaw();
    assert!(running.did(done + 1, LIMIT));
    drop(running);
    let left = Manifest::of(&yard.documents());
    std::thread::sleep(Duration::from_millis(100));
    let changes = left.changes_until(&Manifest::of(&yard.documents()));
    assert!(changes.lost.is_empty(), "one that is dropped is gone: {changes:?}");
}

fn slow(yard: &Yard) -> Running {
    let mut start = Start::new(Way::Slow.name(), yard);
    start.pause_ms = 20;
    start.go()
}

#[test]
fn documents_are_the_same_for_the_same_seed() {
    let (a, b, c) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (folder, seed) in [(&a, 5), (&b, 5), (&c, 6)] {
        documents::put(&documents::without_big(seed), folder.path());
    }
    let [a, b, c] = [a, b, c].map(|folder| Manifest::of(folder.path()));
    assert!(a.len() >= 200, "{}", a.len());
    let same = a.changes_until(&b);
    assert!(same.lost.is_empty() && same.extra.is_empty() && same.modes.is_empty(), "{same:?}");
    assert!(a.changes_until(&c).lost.len() > 150);
}

#[test]
fn documents_are_what_their_names_say() {
    let folder = tempfile::tempdir().unwrap();
    documents::put(&documents::documents(7), folder.path());
    let mut read = 0;
    crate::manifest::below(folder.path(), &mut |path| {
        let bytes = std::fs::read(path).unwrap();
        match path.extension().and_then(|end| end.to_str()) {
            Some("zip" | "docx" | "xlsx") => {
                let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
                for number in 0..zip.len() {
                    std::io::copy(&mut zip.by_index(number).unwrap(), &mut std::io::sink()).unwrap();
                }
            }
            Some("json") => drop(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()),
            Some("pdf") => assert!(bytes.starts_with(b"%PDF-") && bytes.ends_with(b"%%EOF\n")),
            Some("png") => {
                assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.windows(4).any(|four| four == b"IEND"))
            }
            Some("jpg") => assert!(bytes.starts_with(b"\xff\xd8") && bytes.ends_with(b"\xff\xd9")),
            Some("sqlite") => assert!(bytes.starts_with(b"SQLite format 3\0")),
            Some("mbox") => assert_eq!(bytes.len(), 40 << 20),
            _ => return,
        }
        read += 1;
    });
    assert!(read > 90, "{read}");
}

#[test]
fn a_manifest_sees_every_kind_of_change() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["kept", "changed", "shorter", "removed", "rights", "touched"] {
        std::fs::write(folder.path().join(name), "as it was").unwrap();
    }
    let before = Manifest::of(folder.path());
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("changed"), "as it is ").unwrap();
    std::fs::write(at("shorter"), "as it").unwrap();
    std::fs::remove_file(at("removed")).unwrap();
    std::fs::set_permissions(at("rights"), std::fs::Permissions::from_mode(0o400)).unwrap();
    std::fs::File::options().write(true).open(at("touched")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    std::fs::write(at("new"), "").unwrap();
    let changes = before.changes_until(&Manifest::of(folder.path()));
    let names = |paths: &[std::path::PathBuf]| {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    let told = [&changes.lost, &changes.extra, &changes.modes, &changes.times].map(|paths| names(paths)).join(" | ");
    assert_eq!(told, "changed removed shorter | new | rights | touched");
}

#[test]
fn disks_are_there_and_then_gone() {
    for kind in Kind::ALL {
        let Some(mut disk) = Disk::new(kind) else { continue };
        std::fs::write(disk.path().join("x"), "x").unwrap();
        let elsewhere = disk.elsewhere();
        assert_eq!(std::fs::read(elsewhere.join("x")).unwrap(), b"x");
        disk.nearly_full(8 << 20);
        println!("{kind:?}: {} bytes left", disk.free());
        assert!((2 << 20..32 << 20).contains(&disk.free()), "{kind:?}: {} bytes left", disk.free());
        let folder = disk.path();
        let mounted = || std::fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
        assert!(mounted().contains(folder.to_str().unwrap()));
        let everybody = std::fs::read_to_string("/proc/1/mountinfo").unwrap();
        assert!(!everybody.contains(folder.to_str().unwrap()), "a disk is the test's own");
        drop(disk);
        let mounts = mounted();
        assert!(!mounts.contains(folder.to_str().unwrap()) && !mounts.contains(elsewhere.to_str().unwrap()));
        assert!(!folder.exists());
    }
}
