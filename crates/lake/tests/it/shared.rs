//! Several servers with their tables in one bucket: nothing is lost, nothing is there twice, and each finds what all wrote.
use crate::common::{DAY_US, MAY_12_US, batch, carrying, hunted, ids, row};
use bucketkit::Fault;
use lake::{Bucket, Kept, Lake, Options, View};
use std::path::Path;
use std::time::Duration;

fn of(server: &bucketkit::Bucket, writer: &str) -> Bucket {
    Bucket::of(&server.address("lake"), writer, server.settings()).unwrap()
}

/// Nothing is written to files unless a test says so.
fn open(folder: &Path, bucket: Bucket) -> Lake {
    let options = Options { flush_after: Duration::from_secs(3600), bucket: Some(bucket), ..Options::default() };
    Lake::open(folder, options).unwrap()
}

fn rows(source: &str, sequence: i64) -> lake::Batch {
    let id = |number: i64| format!("{source}-{sequence}-{number}");
    let rows: Vec<_> = (0..10)
        .map(|number| row(id(number), MAY_12_US + number % 2 * DAY_US, "10.0.0.1", &format!("10.0.1.{number}")))
        .collect();
    batch(source, sequence, &rows)
}

#[test]
fn each_server_finds_what_all_wrote() {
    let server = bucketkit::bucket();
    let (one_folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = open(one_folder.path(), of(&server, "one"));
    let other = open(other_folder.path(), of(&server, "other"));
    assert!(one.append(rows("a", 0)).unwrap());
    assert!(other.append(rows("b", 0)).unwrap());
    one.flush().unwrap();
    other.flush().unwrap();
    for lake in [&one, &other] {
        lake.refresh().unwrap();
        let (hits, progress) = hunted(lake, "10.0.1.3\n");
        let found: Vec<_> = hits.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(found, ["a-0-3", "b-0-3"], "{progress:?}");
        assert_eq!((progress.of_files, progress.ruled_out), (4, 2), "{progress:?}");
        assert_eq!((progress.unreadable, progress.without_index), (vec![], vec![]));
        assert_eq!(ids(lake).len(), 20);
    }
    let writers: std::collections::BTreeSet<_> = one.view().files().map(|file| file.writer().to_owned()).collect();
    assert_eq!(writers, ["one", "other"].map(str::to_owned).into());
    // A source is as far as its rows say, whoever asks.
    assert_eq!(one.mark("b").unwrap(), Some(0));
    assert!(!one.append(rows("b", 0)).unwrap(), "known from the table");
    let seen = View::shared(tempfile::tempdir().unwrap().path(), &of(&server, "third")).unwrap();
    assert_eq!(seen.files().count(), 4);
    let verified = seen.verify(&mut |_| ());
    assert_eq!((verified.files, verified.rows, verified.findings), (4, 20, vec![]));
    drop((one, other));
    let one = open(one_folder.path(), of(&server, "one"));
    assert_eq!(ids(&one).len(), 20);
}

#[test]
fn servers_that_write_and_put_together_at_the_same_time_lose_nothing() {
    const SERVERS: usize = 3;
    const BATCHES: i64 = 12;
    let server = bucketkit::bucket();
    std::thread::scope(|scope| {
        for number in 0..SERVERS {
            let server = &server;
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let name = format!("s{number}");
                let lake = open(folder.path(), of(server, &name));
                for sequence in 0..BATCHES {
                    assert!(lake.append(rows(&name, sequence)).unwrap());
                    lake.flush().unwrap();
                    if sequence % 4 == 3 {
                        lake.refresh().unwrap();
                        // Whoever comes second finds the files gone, and leaves it.
                        let _ = lake.compact(&|_| true);
                        lake.sweep(Duration::from_secs(3600)).unwrap();
                    }
                }
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path(), of(&server, "last"));
    let all = ids(&lake);
    assert_eq!(all.len(), SERVERS * BATCHES as usize * 10);
    assert!(all.values().all(|count| *count == 1));
    let verified = lake.view().verify(&mut |_| ());
    assert_eq!(verified.findings, []);
    assert!(verified.files < SERVERS * BATCHES as usize * 2, "{} files", verified.files);
    lake.compact(&|_| true).unwrap();
    // What nobody names any longer goes at the second look.
    assert_eq!(lake.sweep(Duration::from_secs(3600)).unwrap(), 0);
    assert!(lake.sweep(Duration::ZERO).unwrap() > 0);
    assert_eq!(ids(&lake).len(), all.len());
    let gone = lake.retain(&Kept { since_us: Some(MAY_12_US + DAY_US), ..Kept::default() }).unwrap();
    assert!(!gone.is_empty());
    assert_eq!(ids(&lake).len(), all.len() / 2);
}

#[test]
fn while_the_bucket_cannot_be_reached_everything_waits_in_the_log() {
    let server = bucketkit::bucket();
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path(), of(&server, "one"));
    assert!(lake.append(rows("a", 0)).unwrap());
    server.refuse(true);
    assert!(lake.flush().is_err());
    assert_eq!(ids(&lake).len(), 10, "what waits is found all the same");
    assert!(lake.append(rows("a", 1)).unwrap());
    assert!(lake.append(rows("b", 0)).is_err(), "how far one is that was not heard yet cannot be known");
    drop(lake);
    server.refuse(false);
    let lake = open(folder.path(), of(&server, "one"));
    assert_eq!(ids(&lake).len(), 20);
    assert!(lake.append(rows("b", 0)).unwrap());
    lake.flush().unwrap();
    assert!(ids(&lake).values().all(|count| *count == 1));
    assert_eq!(lake.status().waiting_rows, 0);
}

#[test]
fn whenever_the_bucket_fails_nothing_acknowledged_is_lost_or_kept_twice() {
    let server = bucketkit::bucket();
    let folder = tempfile::tempdir().unwrap();
    let mut lake = open(folder.path(), of(&server, "one"));
    let (mut sequence, mut acknowledged, mut failures) = (0, 0, 0);
    for (first, fault) in [Fault::Refused, Fault::AnswerLost].into_iter().enumerate() {
        // As many requests as a flush and putting files together take, and some more.
        for requests in (first..24).step_by(2) {
            assert!(lake.append(rows("a", sequence)).unwrap());
            (sequence, acknowledged) = (sequence + 1, acknowledged + 10);
            server.fail_after(requests, fault);
            let flushed = lake.flush();
            let compacted = if requests % 3 == 0 { lake.compact(&|_| true).map(|_| ()) } else { Ok(()) };
            failures += usize::from(flushed.is_err() || compacted.is_err());
            server.heal();
            if requests % 4 < 2 {
                // Whoever was cut off goes on by itself, or is started again.
                drop(lake);
                lake = open(folder.path(), of(&server, "one"));
            }
            lake.flush().unwrap();
            lake.refresh().unwrap();
            let all = ids(&lake);
            let twice: Vec<_> = all.iter().filter(|(_, count)| **count != 1).collect();
            assert_eq!((all.len(), twice), (acknowledged, vec![]), "{fault:?} after {requests} requests");
        }
    }
    assert!(failures > 12, "{failures}");
    assert_eq!(lake.view().verify(&mut |_| ()).findings, []);
}

#[test]
fn a_file_that_is_gone_or_damaged_is_told_and_never_taken_for_one_without_rows() {
    let server = bucketkit::bucket();
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path(), of(&server, "one"));
    let sha256 = "ab".repeat(32);
    let carried = carrying(row("a".to_owned(), MAY_12_US, "10.0.0.1", "10.0.0.2"), &sha256);
    assert!(lake.append(batch("a", 0, &[carried])).unwrap());
    lake.flush().unwrap();
    let file = lake.view().files().next().unwrap().clone();
    let on_disk = server.folder("lake/session").join(&file.name);
    let whole = std::fs::read(&on_disk).unwrap();
    std::fs::write(&on_disk, &whole[..whole.len() / 2]).unwrap();
    let (hits, progress) = hunted(&lake, &sha256);
    assert_eq!((hits.len(), progress.unreadable.len()), (0, 1), "{progress:?}");
    assert_eq!(progress.unreadable[0].path, file.path);
    std::fs::remove_file(&on_disk).unwrap();
    let (_, progress) = hunted(&lake, &sha256);
    assert_eq!(progress.unreadable.len(), 1);
    assert_eq!(lake.view().verify(&mut |_| ()).findings.len(), 1);
    std::fs::write(&on_disk, whole).unwrap();
    assert_eq!(hunted(&lake, &sha256).0.len(), 1);
    // An index that cannot be asked makes its file be read whole, until it is made anew.
    std::fs::remove_dir_all(server.folder("lake/session/_index")).unwrap();
    let (hits, progress) = hunted(&lake, &sha256);
    assert_eq!((hits.len(), progress.without_index.len(), progress.whole), (1, 1, 1), "{progress:?}");
    assert_eq!(lake.compact(&|_| true).unwrap().indexes, 1);
    assert_eq!(hunted(&lake, &sha256).1.without_index, []);
}
