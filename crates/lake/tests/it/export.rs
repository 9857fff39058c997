//! What is taken away is a lake of its own, whole or not there.
use crate::common::{DAY_US, MAY_12_US, batch, hunted, ids, row};
use lake::{Bucket, Export, Lake, Options, View};
use std::path::Path;
use std::time::Duration;

fn open(folder: &Path, bucket: Option<Bucket>) -> Lake {
    let options = Options { flush_after: Duration::from_secs(3600), bucket, ..Options::default() };
    Lake::open(folder, options).unwrap()
}

fn filled(folder: &Path) -> Lake {
    let lake = open(folder, None);
    let rows = |sequence: i64| {
        let row =
            |number: i64| row(format!("{sequence}-{number}"), MAY_12_US + number % 3 * DAY_US, "10.0.0.1", "10.0.0.2");
        batch("s", sequence, &(0..9).map(row).collect::<Vec<_>>())
    };
    lake.append(rows(0)).unwrap();
    lake.flush().unwrap();
    lake.append(rows(1)).unwrap();
    lake
}

#[test]
fn a_copy_has_every_row_once_and_is_searched_by_its_indexes() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = filled(from.path());
    let to = to.path().join("copy");
    let export = Export { folder: &to, bucket: None, since_us: None, until_us: None };
    // Beside whoever has the lake.
    let done = View::of(from.path()).unwrap().export(export, &mut |_| true).unwrap();
    assert_eq!((done.files, done.of_files, done.rows, done.stopped), (3, 3, 18, false));
    let copy = open(&to, None);
    assert_eq!(ids(&copy), ids(&lake));
    let (hits, progress) = hunted(&copy, "10.0.0.2\n");
    assert_eq!((hits.len(), progress.without_index.len(), progress.unreadable.len()), (18, 0, 0));
    assert_eq!(copy.view().verify(&mut |_| ()).findings, []);
    // Who delivers to it goes on where they are.
    assert!(copy.append(batch("s", 7, &[row("new".to_owned(), MAY_12_US, "10.0.0.1", "10.0.0.2")])).unwrap());
    assert!(lake.view().export(export, &mut |_| true).is_err(), "there is something already");
    assert_eq!(ids(&copy).len(), 19);
}

#[test]
fn of_a_time_it_has_the_files_of_that_time() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = filled(from.path());
    let (since_us, until_us) = (Some(MAY_12_US + DAY_US), Some(MAY_12_US + 2 * DAY_US));
    let done =
        lake.view().export(Export { folder: to.path(), bucket: None, since_us, until_us }, &mut |_| true).unwrap();
    assert_eq!((done.files, done.rows), (1, 6));
    assert_eq!(ids(&open(to.path(), None)).len(), 6);
}

#[test]
fn one_that_is_stopped_or_fails_leaves_nothing() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = filled(from.path());
    let export = Export { folder: to.path(), bucket: None, since_us: None, until_us: None };
    let stopped = lake.view().export(export, &mut |done| done.files < 2).unwrap();
    assert!(stopped.stopped);
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 0);
    let file = lake.view().files().nth(1).unwrap().path.clone();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[1..]).unwrap();
    let failed = lake.view().export(export, &mut |_| true).unwrap_err().to_string();
    assert!(failed.contains(file.file_name().unwrap().to_str().unwrap()), "{failed}");
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 0);
}

#[test]
fn a_lake_moves_from_a_disk_to_a_bucket_and_back() {
    let (from, log, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = filled(from.path());
    let server = bucketkit::bucket();
    let bucket = Bucket::of(&server.address("lake"), "one", server.settings()).unwrap();
    let export = Export { folder: Path::new("-"), bucket: Some(&bucket), since_us: None, until_us: None };
    assert_eq!(lake.view().export(export, &mut |_| true).unwrap().rows, 18);
    assert!(lake.view().export(export, &mut |_| true).is_err(), "there is something already");
    let shared = open(log.path(), Some(bucket));
    assert_eq!(ids(&shared), ids(&lake));
    assert_eq!(shared.view().verify(&mut |_| ()).findings, []);
    let export = Export { folder: back.path(), bucket: None, since_us: None, until_us: None };
    assert_eq!(shared.view().export(export, &mut |_| true).unwrap().rows, 18);
    assert_eq!(ids(&open(back.path(), None)), ids(&lake));
}
