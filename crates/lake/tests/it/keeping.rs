//! What is acknowledged is kept, once, and found.
use crate::common::{DAY_US, MAY_12_US, batch, carrying, hunted, hunted_within, ids, row};
use lake::{Act, Disk, Held, Kept, Lake, Options, Outbox, Refused, Table};
use proptest::prelude::*;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Nothing is written to files unless a test says so.
fn quiet() -> Options {
    Options { flush_after: Duration::from_secs(3600), ..Options::default() }
}

fn two_days(source: &str, sequence: i64) -> lake::Batch {
    let id = |number: i64| format!("{source}-{sequence}-{number}");
    let rows: Vec<_> = (0..10)
        .map(|number| {
            row(id(number), MAY_12_US + (number % 3) * DAY_US - number, "10.0.0.1", &format!("10.0.1.{number}"))
        })
        .collect();
    batch(source, sequence, &rows)
}

#[test]
fn a_batch_is_found_from_when_it_is_taken_to_when_everything_was_closed_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = |lake: &Lake| {
        let (hits, progress) = hunted(lake, "10.0.1.3\n10.0.1.8/31\n");
        let ids: Vec<_> = hits.iter().map(|(id, column, _)| (id.as_str(), *column)).collect();
        assert_eq!(ids, [("s-0-3", "responder"), ("s-0-8", "responder"), ("s-0-9", "responder")], "{progress:?}");
        progress
    };
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert!(matches!(Lake::open(folder.path(), quiet()), Err(lake::Error::InUse(_))));
    assert!(lake.append(two_days("s", 0)).unwrap());
    assert_eq!(wanted(&lake).of_files, 0);
    drop(lake);
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert_eq!(lake.notices(), []);
    wanted(&lake);
    let flushed = lake.flush().unwrap();
    assert_eq!((flushed.files, flushed.rows), (3, 10), "a day has its own file");
    assert_eq!(lake.status().waiting_rows, 0);
    let progress = wanted(&lake);
    assert_eq!((progress.of_files, progress.unreadable, progress.without_index), (3, vec![], vec![]));
    drop(lake);
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    wanted(&lake);
    assert_eq!(lake.mark("s").unwrap(), Some(0));
    assert!(!lake.append(two_days("s", 0)).unwrap(), "known from the table");
    assert!(lake.append(two_days("s", 1)).unwrap());
    assert!(ids(&lake).values().all(|count| *count == 1));
    assert_eq!(ids(&lake).len(), 20);
    let verified = lake.view().verify(&mut |_| ());
    assert_eq!((verified.files, verified.rows, verified.findings), (3, 10, vec![]));
}

#[test]
fn a_batch_that_comes_again_is_kept_once_and_a_gap_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert!(lake.append(two_days("s", 7)).unwrap(), "a source begins where it likes");
    assert!(!lake.append(two_days("s", 7)).unwrap());
    assert!(!lake.append(two_days("s", 3)).unwrap());
    match lake.append(two_days("s", 9)) {
        Err(Refused::Gap { expected: 8, got: 9, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(lake.append(two_days("s", 8)).unwrap());
    assert!(lake.append(two_days("other", 0)).unwrap());
    assert_eq!(ids(&lake).len(), 30);
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    let good = two_days("s", 0);
    let renamed = {
        let mut fields: Vec<_> = good.rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        fields[0] = fields[0].clone().with_name("further");
        let schema = Arc::new(arrow_schema::Schema::new(fields));
        arrow_array::RecordBatch::try_new(schema, good.rows.columns().to_vec()).unwrap()
    };
    let refused = lake.append(lake::Batch { rows: renamed, ..good.clone() }).unwrap_err();
    assert!(matches!(&refused, Refused::Columns { cause, .. } if cause.contains("further")), "{refused}");
    let without = good.rows.project(&[1, 2, 3]).unwrap();
    let refused = lake.append(lake::Batch { rows: without, ..good.clone() }).unwrap_err();
    assert!(matches!(&refused, Refused::Columns { cause, .. } if cause.contains("community_id")), "{refused}");
    for (source, sequence) in [("", 0), ("s", -1)] {
        assert!(lake.append(lake::Batch { source: source.to_owned(), sequence, ..good.clone() }).is_err());
    }
    assert!(lake.append(lake::Batch { source: "s".repeat(201), ..good.clone() }).is_err());
    assert!(lake.append(good).unwrap(), "the next good one is taken");
    assert_eq!(ids(&lake).len(), 10);
}

#[test]
fn small_files_become_one_and_old_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    for sequence in 0..6 {
        lake.append(two_days("s", sequence)).unwrap();
        lake.flush().unwrap();
    }
    let table = Table::named("session").unwrap();
    assert_eq!(lake.files(table).len(), 18);
    let before = (ids(&lake), hunted(&lake, "10.0.1.0/29").0);
    let compacted = lake.compact(&|_| true).unwrap();
    assert_eq!((compacted.files_before, compacted.files_after, compacted.rows), (18, 3, 60));
    assert_eq!((ids(&lake), hunted(&lake, "10.0.1.0/29").0), before);
    assert_eq!(lake.view().verify(&mut |_| ()).findings, []);
    assert_eq!(lake.sweep(Duration::from_secs(3600)).unwrap(), 0, "others may still read what was put together");
    assert_eq!(lake.sweep(Duration::ZERO).unwrap(), 36);
    let old = Kept { since_us: Some(MAY_12_US), ..Kept::default() };
    assert_eq!(lake.retain(&Kept { came_since_us: Some(MAY_12_US), ..old.clone() }).unwrap(), [], "it came today");
    let held = Held::of([(Some(table), MAY_12_US - 5, MAY_12_US - 4)]);
    let all_else = Kept { bytes_max: Some(1), held, ..old.clone() };
    let gone = lake.retain(&all_else).unwrap();
    let days = |files: &[lake::DataFile]| files.iter().map(|file| file.day.clone()).collect::<Vec<_>>();
    assert_eq!(days(&gone), ["2017-05-12", "2017-05-13"], "what is held stays, old as it is and full as the lake is");
    assert_eq!(lake.retain(&all_else).unwrap(), []);
    let other = Held::of([(Table::named("finding"), MAY_12_US - 5, MAY_12_US - 4), (None, MAY_12_US, MAY_12_US + 9)]);
    let gone = lake.retain(&Kept { held: other, ..old }).unwrap();
    assert_eq!(days(&gone), ["2017-05-11"]);
    assert!(!gone[0].path.exists());
    assert_eq!(ids(&lake).len(), 0);
    drop(lake);
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert_eq!(ids(&lake).len(), 0);
    assert!(!lake.append(two_days("s", 5)).unwrap(), "what went by its age does not come back");
}

#[test]
fn a_hunt_says_what_it_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    lake.append(two_days("s", 0)).unwrap();
    lake.flush().unwrap();
    let mut files = lake.files(Table::named("session").unwrap());
    files.sort_by_key(|file| file.first_us);
    let all = hunted(&lake, "10.0.1.0/24").0;
    assert_eq!(all.len(), 10);
    std::fs::write(files[0].index(), "nothing").unwrap();
    let (hits, progress) = hunted(&lake, "10.0.1.0/24");
    assert_eq!((hits, progress.without_index.len()), (all.clone(), 1), "without an index a file is read whole");
    let bytes = std::fs::read(&files[1].path).unwrap();
    std::fs::write(&files[1].path, &bytes[..bytes.len() / 2]).unwrap();
    std::fs::remove_file(&files[2].path).unwrap();
    let (hits, progress) = hunted(&lake, "10.0.1.0/24");
    assert_eq!(hits.len(), all.len() - files[1].rows as usize - files[2].rows as usize);
    assert_eq!(progress.unreadable.len(), 2, "{progress:?}");
    let findings = lake.view().verify(&mut |_| ()).findings;
    assert_eq!(findings.len(), 4, "{findings:?}");
}

#[test]
fn an_index_that_cannot_be_asked_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    lake.append(two_days("s", 0)).unwrap();
    lake.flush().unwrap();
    let before = hunted(&lake, "10.0.1.3\n").0;
    let files = lake.files(Table::named("session").unwrap());
    let whole = std::fs::read(files[0].index()).unwrap();
    // As an earlier version wrote it, damaged, and gone.
    std::fs::write(files[0].index(), [b"RDXLIDX1", &whole[8..]].concat()).unwrap();
    std::fs::write(files[1].index(), "nothing").unwrap();
    std::fs::remove_file(files[2].index()).unwrap();
    let (hits, progress) = hunted(&lake, "10.0.1.3\n");
    assert_eq!((hits, progress.without_index.len(), progress.whole), (before.clone(), 3, 3));
    assert!(progress.without_index.iter().any(|left| left.cause.contains("earlier version")), "{progress:?}");
    assert_eq!(lake.compact(&|_| true).unwrap().indexes, 3);
    let (hits, progress) = hunted(&lake, "10.0.1.3\n");
    assert_eq!((hits, progress.without_index.len()), (before, 0));
    assert_eq!(lake.view().verify(&mut |_| ()).findings, []);
    assert_eq!(lake.compact(&|_| true).unwrap().indexes, 0);
    assert_eq!(lake.sweep(Duration::ZERO).unwrap(), 0);
}

/// What the sensor says of these ends.
const DERIVED: &str = "1:Z8GJk0/J5lykZ7MiYVLyKYvaOLw=";

#[test]
fn a_community_id_that_a_file_leaves_out_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    let rows = ["kept as it is", DERIVED].map(|id| row(id.to_owned(), MAY_12_US, "10.0.0.1", "10.0.0.2"));
    let told = |lake: &Lake| hunted(lake, "10.0.0.2\n").0.into_iter().map(|(id, _, _)| id).collect::<Vec<_>>();
    for sequence in 0..4 {
        lake.append(batch("s", sequence, &rows)).unwrap();
        assert_eq!(told(&lake).iter().filter(|id| *id == DERIVED).count() as i64, sequence + 1);
        lake.flush().unwrap();
    }
    let wanted = [[DERIVED; 4], ["kept as it is"; 4]].concat();
    assert_eq!(told(&lake), wanted);
    lake.compact(&|_| true).unwrap();
    assert_eq!(told(&lake), wanted);
    assert_eq!(ids(&lake), [(DERIVED.to_owned(), 4), ("kept as it is".to_owned(), 4)].into());
    assert_eq!(lake.view().verify(&mut |_| ()).findings, []);
}

#[test]
fn what_is_behind_the_last_record_of_the_log_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    lake.append(two_days("s", 0)).unwrap();
    lake.append(two_days("s", 1)).unwrap();
    drop(lake);
    let log = std::fs::read_dir(folder.path().join("log")).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&log).unwrap();
    // Cut off within the second record.
    std::fs::write(&log, &bytes[..bytes.len() - 100]).unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert_eq!(lake.notices().len(), 1);
    assert_eq!(ids(&lake).len(), 10);
    assert_eq!(lake.mark("s").unwrap(), Some(0));
    drop(lake);
    // A byte changed in the first: what comes after it is still there.
    let mut changed = bytes.clone();
    changed[200] ^= 1;
    std::fs::remove_dir_all(folder.path()).unwrap();
    std::fs::create_dir_all(folder.path().join("log")).unwrap();
    std::fs::write(&log, &changed).unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert_eq!((lake.notices().len(), lake.notices()[0].why.as_str()), (1, "check"));
    assert!(lake.notices()[0].path.exists());
    assert_eq!(ids(&lake).keys().filter(|id| id.starts_with("s-1-")).count(), 10);
    drop(lake);
    std::fs::remove_dir_all(folder.path()).unwrap();
}

#[test]
fn a_delivery_is_taken_in_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let table = Table::named("session").unwrap();
    let mut outbox = Outbox::begin(folder.path(), "capture-1").unwrap();
    outbox.push(table, &two_days("a", 0).rows).unwrap();
    outbox.push(table, &two_days("a", 1).rows).unwrap();
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert_eq!(ids(&lake).len(), 0, "nothing is taken before it is delivered");
    outbox.deliver().unwrap();
    outbox.push(table, &two_days("a", 2).rows).unwrap();
    assert_eq!((lake.take_in().unwrap(), lake.take_in().unwrap(), ids(&lake).len()), (2, 0, 20));
    // A file that is there again, as after a crash between taking it in and removing it, changes nothing.
    outbox.deliver().unwrap();
    let incoming = folder.path().join("incoming");
    let delivered = || std::fs::read_dir(&incoming).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let file = delivered().pop().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    drop(lake);
    let lake = Lake::open(folder.path(), quiet()).unwrap();
    assert_eq!((ids(&lake).len(), delivered().len()), (30, 0), "opening takes in what waits");
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!((lake.take_in().unwrap(), ids(&lake).len(), delivered().len()), (0, 30, 0));
    // A damaged one is set aside, and what is whole in it is kept.
    std::fs::write(&file, [&bytes[..], b"more"].concat()).unwrap();
    std::fs::write(incoming.join("0.log"), "no delivery").unwrap();
    assert_eq!(lake.take_in().unwrap(), 0);
    assert!(delivered().iter().all(|path| path.extension().unwrap() == "refused"), "{:?}", delivered());
    assert_eq!(delivered().len(), 2);
    let mut dropped = Outbox::begin(folder.path(), "capture-2").unwrap();
    dropped.push(table, &two_days("b", 0).rows).unwrap();
    drop(dropped);
    assert_eq!(delivered().len(), 2, "what was not delivered leaves nothing");
}

/// What is done while the disk fails at one point after the other.
fn script(lake: &Lake, acknowledged: &mut Vec<i64>) {
    for sequence in 0..6 {
        // As a sender does it: again, until it is taken.
        for _ in 0..3 {
            if lake.append(two_days("s", sequence)).is_ok() {
                acknowledged.push(sequence);
                break;
            }
        }
        if sequence % 2 == 1 {
            let _ = lake.flush();
        }
    }
    let _ = lake.compact(&|_| true);
    let _ = lake.retain(&Kept::default());
}

#[test]
fn whenever_the_disk_fails_nothing_acknowledged_is_lost_or_kept_twice() {
    let mut point = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let (counted, fails_at) = (count.clone(), point);
        let disk = Disk::failing(move |_: Act, _: &Path| match counted.fetch_add(1, Ordering::Relaxed) {
            // Two in a row: a second attempt fails as well.
            at if at == fails_at || at == fails_at + 1 => Err(io::Error::from(io::ErrorKind::StorageFull)),
            _ => Ok(()),
        });
        let mut acknowledged = Vec::new();
        if let Ok(lake) = Lake::open(folder.path(), Options { disk, ..quiet() }) {
            script(&lake, &mut acknowledged);
        }
        let lake = Lake::open(folder.path(), quiet()).unwrap();
        let ids = ids(&lake);
        for sequence in &acknowledged {
            for number in 0..10 {
                let id = format!("s-{sequence}-{number}");
                assert_eq!(ids.get(&id), Some(&1), "failing at {point}: {id}");
            }
        }
        assert!(ids.values().all(|count| *count == 1), "failing at {point}");
        assert_eq!(ids.len() % 10, 0, "failing at {point}: half a batch");
        assert_eq!(lake.view().verify(&mut |_| ()).findings, [], "failing at {point}");
        if count.load(Ordering::Relaxed) < point {
            break;
        }
        point += 1;
    }
    assert!(point > 60, "only {point} points were tried");
}

fn address(number: u32) -> String {
    // Few hosts, so that indicators meet some; one in four by IPv6.
    match number % 4 {
        0 => format!("2001:db8::{:x}:1", number / 4 % 50),
        _ => format!("10.{}.{}.1", number % 7, number / 7 % 30),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A hunt finds what looking at every row finds: in the log, in files, and in files put together.
    #[test]
    fn a_hunt_finds_what_looking_at_everything_finds(
        rows in proptest::collection::vec((0u32..2000, 0u32..2000, 0i64..3, proptest::option::of(0u8..20)), 1..300),
        asked in proptest::collection::vec(0u32..3000, 0..12),
        length in 16u8..33,
        since in proptest::option::of(0i64..3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path(), quiet()).unwrap();
        let digest = |number: u8| format!("{number:064x}");
        let rows: Vec<_> = rows.iter().enumerate().map(|(at, (from, to, day, file))| {
            let row = row(format!("{at:04}"), MAY_12_US + day * DAY_US, &address(*from), &address(*to));
            file.map_or(row.clone(), |file| carrying(row, &digest(file)))
        }).collect();
        let mut list: Vec<String> = asked.iter().map(|number| address(*number)).collect();
        list.push(format!("10.3.0.0/{length}"));
        list.push("2001:db8::7:0/112".to_owned());
        list.extend([3, 7, 99].map(digest));
        let list = list.join("\n");
        // Each by itself: what is met does not depend on what else is looked for.
        let alone: Vec<_> =
            rules::Indicators::read(&list).0.into_list().into_iter().map(|one| rules::Indicators::new(vec![one])).collect();
        let since_us = since.map(|day| MAY_12_US + day * DAY_US);
        let mut wanted = Vec::new();
        for row in rows.iter().filter(|row| since_us.is_none_or(|since| row.session.start.as_microsecond() >= since)) {
            let id = &row.session.community_id;
            for (column, address) in [("originator", row.session.originator), ("responder", row.session.responder)] {
                let met = alone.iter().filter_map(|one| one.address(address));
                wanted.extend(met.map(|met| (id.clone(), column, met.value.to_string())));
            }
            if let Some(model::Payload::File { sha256: Some(digest), .. }) = &row.session.payload {
                let met = alone.iter().filter_map(|one| one.exact(rules::IndicatorKind::Sha256, digest));
                wanted.extend(met.map(|met| (id.clone(), "file_sha256", met.value.to_string())));
            }
        }
        wanted.sort();
        for (sequence, part) in rows.chunks(40).enumerate() {
            lake.append(batch("s", sequence as i64, part)).unwrap();
            if sequence % 2 == 0 {
                lake.flush().unwrap();
            }
        }
        prop_assert_eq!(&hunted_within(&lake, &list, since_us, None).0, &wanted);
        lake.flush().unwrap();
        prop_assert_eq!(&hunted_within(&lake, &list, since_us, None).0, &wanted);
        lake.compact(&|_| true).unwrap();
        prop_assert_eq!(&hunted_within(&lake, &list, since_us, None).0, &wanted);
        prop_assert_eq!(lake.view().verify(&mut |_| ()).findings, vec![]);
    }
}
