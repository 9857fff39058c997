//! The fence around stand-ins holds: where anything is missing, nothing is touched.

use crate::documents;
use crate::manifest::Manifest;
use crate::scrambler::{Start, Way};
use crate::yard::{DOCUMENTS, Inside, MARKER, PREFIX, Yard};
use rustix::fs::OFlags;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

fn yard() -> (TempDir, Yard) {
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
    let yard = Yard::make(folder.path());
    documents::put(&documents::without_big(3), &yard.documents());
    (folder, yard)
}

/// Lets every stand-in try it in a yard that is not as it must be.
fn check(root: PathBuf, word: &str, why: &str) {
    let before = Manifest::of(&root);
    for way in Way::ALL {
        let running =
            Start { way: way.name(), root: root.clone(), word: word.to_owned(), share: (0, 1), pause_ms: 0 }.go();
        assert!(running.gone(Duration::from_secs(60)));
        assert!(running.last().starts_with("refused") && running.last().contains(why), "{way:?}: {}", running.last());
        assert_eq!(running.files(), 0);
    }
    let changes = before.changes_until(&Manifest::of(&root));
    assert!(
        before.len() > 200 && format!("{changes:?}") == format!("{:?}", crate::manifest::Changes::default()),
        "{changes:?}"
    );
}

#[test]
fn without_a_marker_nothing_is_touched() {
    let (_folder, yard) = yard();
    std::fs::remove_file(yard.root.join(MARKER)).unwrap();
    check(yard.root.clone(), &yard.word, "no marker");
}

#[test]
fn with_the_marker_of_another_test_nothing_is_touched() {
    let (_folder, yard) = yard();
    check(yard.root.clone(), &"ab".repeat(24), "another test");
}

#[test]
fn with_a_marker_that_is_a_link_nothing_is_touched() {
    let (folder, yard) = yard();
    std::fs::rename(yard.root.join(MARKER), folder.path().join("word")).unwrap();
    std::os::unix::fs::symlink("word", yard.root.join(MARKER)).unwrap();
    check(yard.root.clone(), &yard.word, "no marker");
}

#[test]
fn without_a_word_nothing_is_touched() {
    let (_folder, yard) = yard();
    std::fs::write(yard.root.join(MARKER), "").unwrap();
    check(yard.root.clone(), "", "no word");
}

#[test]
fn outside_of_a_directory_that_a_test_made_nothing_is_touched() {
    let folder = tempfile::Builder::new().prefix("somebody-else-").tempdir().unwrap();
    let yard = Yard::make(folder.path());
    documents::put(&documents::without_big(3), &yard.documents());
    check(yard.root.clone(), &yard.word, "not below");
}

#[test]
fn no_path_leads_out_of_a_yard() {
    let (_folder, yard) = yard();
    let away = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
    std::fs::write(away.path().join("secret"), "kept").unwrap();
    std::os::unix::fs::symlink(away.path(), yard.documents().join("away")).unwrap();
    std::os::unix::fs::symlink(away.path().join("secret"), yard.documents().join("file")).unwrap();
    let inside = Inside::enter(&yard.root, &yard.word).unwrap();
    let ways_out =
        ["documents/away/secret", "documents/file", "../x", "documents/../../x", "/etc/hostname"].map(Path::new);
    for path in ways_out {
        for flags in [OFlags::RDONLY, OFlags::RDWR, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC] {
            assert!(inside.open(path, flags).is_err(), "{path:?}");
            assert!(inside.open_through_links(path, flags).is_err(), "{path:?}");
        }
        assert!(inside.spelled(path).is_err(), "{path:?}");
    }
    assert!(inside.unlink(Path::new("documents/away/secret")).is_err());
    assert!(inside.rename(Path::new("documents/away/secret"), Path::new("documents/x")).is_err());
    assert!(
        !inside
            .files(Path::new(DOCUMENTS))
            .unwrap()
            .iter()
            .any(|path| path.ends_with("secret") || path.ends_with("file"))
    );
    assert_eq!(std::fs::read(away.path().join("secret")).unwrap(), b"kept");
}
