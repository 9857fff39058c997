//! What is in a lake at a moment, seen by the one who has it and beside it.
use crate::common::{Bag, DAY_US, MAY_12_US, batch, hunted, hunted_within, row};
use lake::{Batch, Hunt, Lake, Options, Outbox, View, Wanted};
use records::SessionRow;
use rules::Indicators;
use std::path::Path;
use std::time::Duration;

const EVERYTHING: &str = "10.0.0.0/8\n";

/// Nothing is written to files unless a test says so.
fn quiet(folder: &Path) -> Lake {
    Lake::open(folder, Options { flush_after: Duration::from_secs(3600), ..Options::default() }).unwrap()
}

/// Rows over three days.
fn some(source: &str, sequence: i64) -> Batch {
    let one = |number: i64| -> SessionRow {
        let time = MAY_12_US + number % 3 * DAY_US + number;
        row(format!("{source}-{sequence}-{number}"), time, "10.0.0.1", "192.0.2.1")
    };
    batch(source, sequence, &(0..20).map(one).collect::<Vec<_>>())
}

/// The Community IDs that a look from outside finds.
fn seen(folder: &Path) -> Vec<String> {
    let view = View::of(folder).unwrap();
    assert_eq!(view.notices(), []);
    let mut bag = Bag::default();
    let wanted = Wanted::new(Indicators::read(EVERYTHING).0);
    view.hunt(Hunt { wanted: &wanted, since_us: None, until_us: None }, &mut bag);
    let mut ids: Vec<String> = bag.0.into_iter().map(|hit| hit.community_id.unwrap()).collect();
    ids.sort();
    ids
}

fn ids(lake: &Lake) -> Vec<String> {
    hunted(lake, EVERYTHING).0.into_iter().map(|(id, _, _)| id).collect()
}

#[test]
fn a_table_that_was_made_before_tells_of_its_time_only() {
    const TOLD_OF: &str = r#""delta.dataSkippingStatsColumns":"start""#;
    let folder = tempfile::tempdir().unwrap();
    let lake = quiet(folder.path());
    lake.append(some("a", 0)).unwrap();
    lake.flush().unwrap();
    drop(lake);
    let log = folder.path().join("tables/session/_delta_log");
    let told = || {
        let versions =
            std::fs::read_dir(&log).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        versions.filter(|version| version.contains(TOLD_OF)).count()
    };
    assert_eq!(told(), 1);
    let made = log.join("00000000000000000000.json");
    std::fs::write(&made, std::fs::read_to_string(&made).unwrap().replace(TOLD_OF, "")).unwrap();
    assert_eq!(told(), 0);
    for _ in 0..2 {
        drop(quiet(folder.path()));
        assert_eq!(told(), 1, "once, and for good");
    }
    assert_eq!(seen(folder.path()).len(), 20);
    let status = View::of(folder.path()).unwrap().status();
    let sessions = status.tables.iter().find(|table| table.table == "session").unwrap();
    assert_eq!(sessions.first_us, Some(MAY_12_US), "what is told of the time is told as before");
}

#[test]
fn what_another_has_is_seen_beside_it_on_its_way_in_the_log_and_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let lake = quiet(folder.path());
    assert!(seen(folder.path()).is_empty());
    let half_made = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(half_made.path().join("tables/session/_delta_log")).unwrap();
    assert!(seen(half_made.path()).is_empty());
    lake.append(some("a", 0)).unwrap();
    assert_eq!(seen(folder.path()), ids(&lake));
    lake.flush().unwrap();
    assert_eq!((seen(folder.path()), seen(folder.path()).len()), (ids(&lake), 20));
    lake.append(some("a", 1)).unwrap();
    let mut outbox = Outbox::begin(folder.path(), "b").unwrap();
    let on_its_way = some("b", 0);
    outbox.push(on_its_way.table, &on_its_way.rows).unwrap();
    assert_eq!(seen(folder.path()).len(), 40, "what is not delivered is not seen");
    outbox.deliver().unwrap();
    let before = seen(folder.path());
    lake.take_in().unwrap();
    assert_eq!((before.len(), seen(folder.path())), (60, before), "taken in as delivered");
    assert_eq!(seen(folder.path()), ids(&lake));
    lake.compact(&|_| true).unwrap();
    assert_eq!(seen(folder.path()), ids(&lake));
}

#[test]
fn the_end_of_a_record_that_is_being_written_is_no_damage_and_a_wrong_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let lake = quiet(folder.path());
    lake.append(some("a", 0)).unwrap();
    lake.append(some("a", 1)).unwrap();
    let logs = std::fs::read_dir(folder.path().join("log")).unwrap();
    let log = logs.filter_map(|entry| Some(entry.ok()?.path())).max().unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(seen(folder.path()).len(), 20);
    bytes[40] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let view = View::of(folder.path()).unwrap();
    assert_eq!((view.notices().len(), view.status().waiting_rows), (1, 20));
}

#[test]
fn a_hunt_day_by_day_finds_what_a_hunt_of_everything_finds() {
    let folder = tempfile::tempdir().unwrap();
    let lake = quiet(folder.path());
    for part in 0..3 {
        lake.append(some("a", part)).unwrap();
        if part < 2 {
            lake.flush().unwrap();
        }
    }
    let days = lake.view().days(None, None);
    let begins: Vec<i64> = days.iter().map(|day| (day.since_us - MAY_12_US) / DAY_US).collect();
    assert_eq!(begins, [2, 1, 0], "the newest first");
    let of_day = |day: &lake::Day| hunted_within(&lake, EVERYTHING, Some(day.since_us), Some(day.until_us)).0;
    let mut by_days: Vec<_> = days.iter().flat_map(of_day).collect();
    by_days.sort();
    assert_eq!(by_days, hunted(&lake, EVERYTHING).0);
    let noon = MAY_12_US + DAY_US + DAY_US / 2;
    let afternoon: Vec<_> =
        lake.view().days(Some(noon), Some(noon + 1)).iter().map(|d| (d.since_us, d.until_us)).collect();
    assert_eq!(afternoon, [(noon, noon + 1)]);
}

#[test]
fn what_comes_in_a_day_is_told_by_when_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let lake = quiet(folder.path());
    let now = jiff::Timestamp::now().as_millisecond();
    assert_eq!(lake.view().bytes_per_day(0, i64::MAX), None);
    lake.append(some("a", 0)).unwrap();
    lake.flush().unwrap();
    let bytes: u64 = lake.view().files().map(|file| file.bytes).sum();
    let day_ms = DAY_US / 1000;
    assert_eq!(lake.view().bytes_per_day(now - day_ms, now + day_ms / 4), Some(bytes), "less than a day is a day");
    let in_two_days = lake.view().bytes_per_day(now - day_ms, now + 2 * day_ms).unwrap();
    assert!((bytes * 9 / 20..=bytes / 2).contains(&in_two_days), "{in_two_days} of {bytes}");
    assert_eq!(lake.view().bytes_per_day(now + day_ms, now + 2 * day_ms), None);
}
