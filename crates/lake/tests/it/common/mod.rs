//! Rows and hunts for the tests of the lake.
#![allow(dead_code, clippy::unwrap_used, reason = "not every test needs everything; one that cannot go on fails")]

use arrow_array::cast::AsArray;
use lake::{Batch, Goes, Hit, Hunt, Hunting, Lake, Progress, Table, Wanted};
use model::{Payload, SessionRecord};
use records::{Observed, SESSIONS, SessionRow};
use rules::Indicators;
use std::collections::BTreeMap;

pub const DAY_US: i64 = 86_400_000_000;
/// 2017-05-12 00:00 UTC.
pub const MAY_12_US: i64 = 1_494_547_200_000_000;

/// A conversation between two addresses; `id` is its Community ID.
pub fn row(id: String, time_us: i64, originator: &str, responder: &str) -> SessionRow {
    let session = SessionRecord {
        community_id: id,
        transaction: None,
        originator: originator.parse().unwrap(),
        originator_port: 49_152,
        responder: responder.parse().unwrap(),
        responder_port: 445,
        transport: "tcp".to_owned(),
        start: jiff::Timestamp::from_microsecond(time_us).unwrap(),
        duration_us: 1,
        state: "closed".to_owned(),
        midstream: false,
        originator_packets: 1,
        originator_bytes: 60,
        responder_packets: 1,
        responder_bytes: 60,
        protocol: Some("smb".to_owned()),
        version: None,
        account: None,
        host_name: None,
        originator_mac: None,
        responder_mac: None,
        object: None,
        operation: None,
        result: None,
        client: None,
        server: None,
        payload: None,
    };
    SessionRow { session, detail: None, observed: Observed::default() }
}

/// The same with a file that was carried.
pub fn carrying(mut row: SessionRow, sha256: &str) -> SessionRow {
    row.session.payload = Some(Payload::File {
        name: "a.exe".to_owned(),
        size: 1,
        missing: 0,
        complete: true,
        sha256: Some(sha256.to_owned()),
        media_type: None,
    });
    row
}

pub fn batch(source: &str, sequence: i64, rows: &[SessionRow]) -> Batch {
    let mut builder = records::Batch::new(&SESSIONS);
    rows.iter().for_each(|row| builder.push(row));
    let table = Table::named("session").unwrap();
    Batch { table, source: source.to_owned(), sequence, rows: builder.take().unwrap() }
}

/// How often each Community ID is in the lake.
pub fn ids(lake: &Lake) -> BTreeMap<String, usize> {
    let table = Table::named("session").unwrap();
    let mut ids = BTreeMap::new();
    let in_files = lake.files(table).into_iter().flat_map(|file| lake::rows_of(&file).unwrap());
    for rows in lake.waiting(table).into_iter().chain(in_files) {
        let column = rows.column_by_name("community_id").unwrap().as_string::<i32>();
        column.iter().flatten().for_each(|id| *ids.entry(id.to_owned()).or_default() += 1);
    }
    ids
}

/// Collects what a hunt tells.
#[derive(Default)]
pub struct Bag(pub Vec<Hit>);

impl Hunting for Bag {
    fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
        self.0.push(hit);
        Goes::Continue(())
    }
}

/// Hits as Community ID, column and indicator, in order.
pub fn hunted(lake: &Lake, list: &str) -> (Vec<(String, &'static str, String)>, Progress) {
    hunted_within(lake, list, None, None)
}

pub fn hunted_within(
    lake: &Lake,
    list: &str,
    since_us: Option<i64>,
    until_us: Option<i64>,
) -> (Vec<(String, &'static str, String)>, Progress) {
    let (indicators, bad) = Indicators::read(list);
    assert!(bad.is_empty(), "{bad:?}");
    let mut bag = Bag::default();
    let progress = lake.hunt(Hunt { wanted: &Wanted::new(indicators), since_us, until_us }, &mut bag);
    assert_eq!(progress.hits, bag.0.len() as u64);
    let mut hits: Vec<_> =
        bag.0.into_iter().map(|hit| (hit.community_id.unwrap(), hit.column, hit.indicator.value.to_string())).collect();
    hits.sort();
    (hits, progress)
}
