//! What another machine delivers: packed there, unpacked here, and numbers that never come.
use crate::common::{MAY_12_US, batch, ids, row};
use lake::{Act, Batch, Disk, Lake, Options, Refused, Table};

fn rows(count: i64) -> Batch {
    let rows: Vec<_> = (0..count).map(|id| row(id.to_string(), MAY_12_US + id, "10.0.0.1", "10.0.0.2")).collect();
    batch("sensors/1", 0, &rows)
}

#[test]
fn rows_come_out_as_they_were_packed() {
    let sent = rows(100);
    let bytes = lake::pack(sent.table, &sent.rows).unwrap();
    assert_eq!(lake::unpack(sent.table, &bytes).unwrap(), sent.rows);
}

#[test]
fn bytes_that_are_no_rows_of_the_table_are_refused() {
    let sent = rows(3);
    let bytes = lake::pack(sent.table, &sent.rows).unwrap();
    let finding = Table::named("finding").unwrap();
    assert!(matches!(lake::unpack(finding, &bytes), Err(Refused::Columns { .. })));
    for cut in 0..bytes.len() {
        assert!(lake::unpack(sent.table, &bytes[..cut]).is_err(), "{cut}");
    }
    let many = rows((1 << 16) + 1);
    assert!(matches!(lake::pack(many.table, &many.rows), Err(Refused::TooManyRows { .. })));
}

#[test]
fn numbers_that_never_come_are_gone_past_and_stay_so() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Lake::open(folder.path(), Options::default()).unwrap();
    let batch =
        |sequence| batch("sensors/1", sequence, &[row(sequence.to_string(), MAY_12_US, "10.0.0.1", "10.0.0.2")]);
    let lake = open();
    assert!(lake.append(batch(0)).unwrap());
    assert!(matches!(lake.append(batch(5)), Err(Refused::Gap { expected: 1, .. })));
    assert!(lake.skip("sensors/1", 4).unwrap());
    assert!(!lake.skip("sensors/1", 4).unwrap());
    assert!(!lake.append(batch(3)).unwrap());
    drop(lake);
    // Out of the log, and then out of the tables.
    let lake = open();
    assert_eq!(lake.mark("sensors/1").unwrap(), Some(4));
    lake.flush().unwrap();
    drop(lake);
    let lake = open();
    assert_eq!(lake.mark("sensors/1").unwrap(), Some(4));
    assert!(lake.append(batch(5)).unwrap());
    assert!(lake.skip("sensors/2", 9).unwrap(), "of a source that was never heard of");
    lake.flush().unwrap();
    assert_eq!(lake.mark("sensors/2").unwrap(), Some(9));
    assert_eq!(ids(&lake), [("0".to_owned(), 1), ("5".to_owned(), 1)].into());
}

/// A source with rows for several tables, and a flush that wrote only some of them before the process ended.
#[test]
fn a_source_is_as_far_as_its_furthest_table() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::failing(|act, path| match act {
        Act::Commit if path.to_string_lossy().contains("finding") => Err(std::io::Error::other("full")),
        _ => Ok(()),
    });
    let lake = Lake::open(folder.path(), Options { disk, ..Options::default() }).unwrap();
    let found = records::Batch::new(&records::FINDINGS).take().unwrap();
    let finding =
        Batch { table: Table::named("finding").unwrap(), source: "sensors/1".to_owned(), sequence: 0, rows: found };
    assert!(lake.append(finding).unwrap());
    assert!(lake.append(Batch { sequence: 1, ..rows(1) }).unwrap());
    assert!(lake.flush().is_err());
    drop(lake);
    let lake = Lake::open(folder.path(), Options::default()).unwrap();
    assert_eq!(lake.mark("sensors/1").unwrap(), Some(1));
    assert!(lake.append(Batch { sequence: 2, ..rows(1) }).unwrap());
}

/// Rows that came in one piece, as all do that were on their way, are counted once and not for each of their columns.
#[test]
fn what_waits_is_counted_as_large_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path(), Options::default()).unwrap();
    let sent = rows(1000);
    let bytes = lake::pack(sent.table, &sent.rows).unwrap();
    lake.append(Batch { rows: lake::unpack(sent.table, &bytes).unwrap(), ..sent }).unwrap();
    let waiting = lake.status().waiting_bytes;
    assert!((100_000..1_000_000).contains(&waiting), "{waiting} bytes");
}
