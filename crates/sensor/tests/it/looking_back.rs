//! Looking for indicators in rows that were kept gives the hits that looking for them while the traffic passed gives.
use model::Payload;
use records::SessionRow;
use rules::{Indicator, IndicatorKind, Indicators};
use sensor::output::Sessions;
use sensor::reading::{Progress, Reading, read_into};
use sensor::{LiveIndicators, Options};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// An indicator, and the two hosts it was met between.
type Hit = (IndicatorKind, String, IpAddr, IpAddr);

/// Reads captures with an eye on a list; gives the rows of their sessions and what was met.
fn read(paths: Vec<PathBuf>, workers: usize, list: Indicators) -> (Vec<SessionRow>, BTreeSet<Hit>) {
    let rows = Arc::new(Mutex::new(Vec::new()));
    let output = |_| {
        let rows = Arc::clone(&rows);
        vec![Box::new(Sessions::detailed(move |row| rows.lock().unwrap().push(row))) as Box<dyn sensor::output::Output>]
    };
    let reading = Reading {
        paths,
        options: Options { behaviour: false, ..Options::default() },
        workers,
        merged: false,
        eve: None,
        files: None,
        filter: None,
        indicators: Some(Arc::new(LiveIndicators::new(list))),
    };
    let summary = read_into(&reading, &output, &Progress::default()).unwrap();
    let hits = summary.sightings.into_iter().map(|sighting| {
        let Indicator { kind, value } = sighting.indicator;
        (kind, value.to_string(), sighting.originator, sighting.responder)
    });
    let hits = hits.collect();
    (std::mem::take(&mut *rows.lock().unwrap()), hits)
}

/// Everything in a row that an indicator can name.
fn values(row: &SessionRow) -> Vec<(IndicatorKind, String)> {
    let (session, observed) = (&row.session, &row.observed);
    assert_eq!(observed.left_out, 0, "no capture fills a row");
    let lists = [
        (IndicatorKind::Address, &observed.addresses),
        (IndicatorKind::Domain, &observed.domains),
        (IndicatorKind::Url, &observed.urls),
        (IndicatorKind::Email, &observed.emails),
        (IndicatorKind::Account, &observed.accounts),
        (IndicatorKind::FileName, &observed.file_names),
        (IndicatorKind::Certificate, &observed.certificates),
    ];
    let listed = lists.into_iter().flat_map(|(kind, list)| list.iter().map(move |value| (kind, value.clone())));
    let ends = [session.originator, session.responder].map(|end| (IndicatorKind::Address, end.to_string()));
    let digest = match &session.payload {
        Some(Payload::File { sha256, .. }) => sha256.clone(),
        _ => None,
    };
    let single = [
        (IndicatorKind::Ja3, observed.ja3.clone()),
        (IndicatorKind::Ja4, observed.ja4.clone()),
        (IndicatorKind::Sha256, digest),
    ];
    let single = single.into_iter().filter_map(|(kind, value)| Some((kind, value?)));
    listed.chain(ends).chain(single).collect()
}

/// Asks every row.
fn look_back(rows: &[SessionRow], list: &Indicators) -> BTreeSet<Hit> {
    let mut hits = BTreeSet::new();
    for row in rows {
        for (kind, value) in values(row) {
            list.each_held(kind, &value, &mut |Indicator { kind, value }| {
                hits.insert((*kind, value.to_string(), row.session.originator, row.session.responder));
            });
        }
    }
    hits
}

fn compiled(list: &[Indicator]) -> Indicators {
    Indicators::new(list.to_vec())
}

#[track_caller]
fn same(forward: &BTreeSet<Hit>, backward: &BTreeSet<Hit>) {
    let only = |a: &BTreeSet<Hit>, b: &BTreeSet<Hit>| a.difference(b).take(20).cloned().collect::<Vec<_>>();
    assert_eq!(
        (only(forward, backward), only(backward, forward)),
        (Vec::new(), Vec::new()),
        "only forward, only backward"
    );
}

#[test]
fn looking_back_gives_the_hits_that_were_met_when_it_passed() {
    let paths: Vec<PathBuf> = ["eve/pcaps", "captures"].iter().filter_map(|folder| testkit::data(folder)).collect();
    if paths.is_empty() {
        return;
    }
    let (rows, none) = read(paths.clone(), 2, Indicators::default());
    assert!(none.is_empty());
    let all: BTreeSet<(IndicatorKind, String)> = rows.iter().flat_map(values).collect();
    // A name with letters that no name has is kept, and no indicator names it.
    let named = all.iter().filter_map(|(kind, value)| Indicator::read(&format!("{},{value}", kind.name())).ok());
    let list: Vec<Indicator> = named.collect();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    list.iter().for_each(|indicator| *kinds.entry(indicator.kind.name()).or_default() += 1);
    // A network is met by its addresses; what a program imports is known when it was analysed, not while it passes.
    let apart = [IndicatorKind::Network, IndicatorKind::Imphash];
    let occurring = IndicatorKind::ALL.into_iter().filter(|kind| !apart.contains(kind));
    assert!(occurring.clone().all(|kind| kinds.contains_key(kind.name())), "{kinds:?}");
    assert!(list.len() * 10 > all.len() * 9, "{} of {}: {kinds:?}", list.len(), all.len());

    for workers in [1, 2] {
        let (rows, forward) = read(paths.clone(), workers, compiled(&list));
        same(&forward, &look_back(&rows, &compiled(&list)));
        let met: BTreeSet<IndicatorKind> = forward.iter().map(|(kind, ..)| *kind).collect();
        assert!(occurring.clone().all(|kind| met.contains(&kind)), "{met:?}");
    }

    // What stands above what was seen: networks, upper domains, accounts of every domain, addresses without their query.
    let wider = "10.0.0.0/8\n192.168.0.0/16\n172.16.0.0/12\nfe80::/16\ndomain,com\ndomain,local\naccount,administrator\naccount,anonymous\nfile-name,svcctl";
    let (wider, bad) = Indicators::read(wider);
    assert!(bad.is_empty());
    let wider = [wider.into_list(), list.iter().filter_map(shortened).collect()].concat();
    let (_, forward) = read(paths.clone(), 2, compiled(&wider));
    assert!(forward.iter().any(|(kind, ..)| *kind == IndicatorKind::Network));
    same(&forward, &look_back(&rows, &compiled(&wider)));

    let nowhere = "203.0.113.254\n240.0.0.0/8\nnowhere.invalid\nnowhere.invalid/a\nnobody@nowhere.invalid\n\
        account,nobody-at-all\nfile-name,nothing-at-all.exe\n\
        0000000000000000000000000000000000000000000000000000000000000000\n\
        00000000000000000000000000000000\n0000000000000000000000000000000000000000\nt13d0000h2_000000000000_000000000000\n\
        imphash,00000000000000000000000000000001";
    let (nowhere, bad) = Indicators::read(nowhere);
    assert!(bad.is_empty() && IndicatorKind::ALL.into_iter().all(|kind| nowhere.has(kind)));
    assert_eq!(look_back(&rows, &nowhere), BTreeSet::new());
    assert_eq!(read(paths, 2, nowhere).1, BTreeSet::new());
}

/// An address without its query, an account without its domain or realm, a name without its first label.
fn shortened(indicator: &Indicator) -> Option<Indicator> {
    let value = &*indicator.value;
    let shorter = match indicator.kind {
        IndicatorKind::Url => value.split_once('?')?.0,
        IndicatorKind::Account => value.rsplit_once('\\')?.1,
        IndicatorKind::Domain => value.split_once('.')?.1,
        _ => return None,
    };
    Indicator::read(&format!("{},{shorter}", indicator.kind.name())).ok()
}
