//! The conditions of weapons without a public capture, and their legitimate neighbours, through the whole reading path in
//! every shape that a mirrored port shows them in.
#![allow(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use model::{Finding, FindingOutcome};
use sensor::output::{Output, Seen};
use sensor::{Options, Worker};
use std::collections::BTreeSet;
use std::net::IpAddr;
use testkit::packets::{CLIENT_V4, CLIENT_V6, Case, Cut, Order, SERVER_V4, SERVER_V6, Shape, cases, frames, pcap};
use wire::capture::{Reader, Step};
use wire::proto::Event;
use wire::session::Place;

/// Whatever is found needs no output.
struct Nothing;

impl Output for Nothing {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}
}

/// Reads the cases as one capture, so that its format is part of the way.
fn findings(case: &Case, shape: Shape) -> Vec<Finding> {
    let capture = pcap(&frames(case, shape));
    let mut worker = Worker::new(Options::default(), vec![Box::new(Nothing)]);
    let (mut reader, mut rest, mut number) = (Reader::default(), &capture[..], 0);
    while !rest.is_empty() {
        match reader.step(rest) {
            Step::Frame { used, frame } => {
                number += 1;
                worker.frame(&frame, number);
                rest = &rest[used..];
            }
            Step::Skip { used } if used > 0 => rest = &rest[used..],
            _ => panic!("{} is no capture after {number} frames", case.file_name()),
        }
    }
    worker.finish().unwrap();
    worker.findings().all().cloned().collect()
}

/// What is wrong with what a shape of a case shows: other signs than it should, or other hosts.
fn wrong(case: &Case, shape: Shape) -> Option<String> {
    let found = findings(case, shape);
    let (client, server): (IpAddr, IpAddr) =
        if shape.v6 { (CLIENT_V6.into(), SERVER_V6.into()) } else { (CLIENT_V4.into(), SERVER_V4.into()) };
    let at_home = found.iter().all(|finding| {
        let hosts = (finding.originator, finding.responder) == (client, server);
        hosts && finding.sign.starts_with(&format!("{}.", finding.weapon)) && finding.count == 1
    });
    let signs = found.iter().map(|finding| (finding.sign.as_str(), finding.outcome == FindingOutcome::Success));
    let signs: BTreeSet<_> = signs.collect();
    let expected: BTreeSet<_> = case.signs.iter().copied().collect();
    let right = at_home && signs == expected && found.len() == expected.len();
    (!right).then(|| format!("{} {shape:?}: {found:?}", case.file_name()))
}

/// Holds that all shapes of all cases show what they should.
fn check(shapes: impl Fn(&Case) -> Vec<Shape>) {
    let mut wrongs = Vec::new();
    for case in cases() {
        wrongs.extend(shapes(&case).into_iter().filter_map(|shape| wrong(&case, shape)));
    }
    assert!(wrongs.is_empty(), "{} are wrong, first:\n{}", wrongs.len(), wrongs[..wrongs.len().min(3)].join("\n"));
}

/// Every wrapping around the packets.
fn wrappings() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for v6 in [false, true] {
        for (vlan, vxlan) in [(None, false), (Some(77), false), (None, true), (Some(77), true)] {
            shapes.push(Shape { v6, vlan, vxlan, ..Shape::default() });
        }
    }
    shapes
}

#[test]
fn conditions_are_found_and_neighbours_are_not_in_every_wrapping() {
    check(|_| wrappings());
}

#[test]
fn pieces_in_any_order_show_the_same() {
    let cuts = [Cut::Every(1), Cut::Every(7), Cut::Every(64), Cut::Every(536)];
    let orders = [Order::AsSent, Order::Reversed, Order::Repeated];
    check(|_| cuts.iter().flat_map(|cut| orders.map(|order| Shape { cut: *cut, order, ..Shape::default() })).collect());
}

#[test]
fn a_cut_at_any_place_shows_the_same() {
    /// Behind the heads of a long message there is only more of the same.
    const PLACES_MAX: usize = 320;
    check(|case| {
        let messages = case.conversations.iter().flat_map(|conversation| &conversation.said);
        let longest = messages.map(|(_, message)| message.len()).max().unwrap_or(0);
        let shape = |place| {
            let order = if place % 2 == 0 { Order::AsSent } else { Order::Reversed };
            Shape { cut: Cut::At(place), order, ..Shape::default() }
        };
        (1..longest.min(PLACES_MAX)).map(shape).collect()
    });
}

#[test]
fn a_conversation_picked_up_in_its_middle_shows_the_same() {
    check(|_| [Cut::Full, Cut::Every(64)].map(|cut| Shape { midstream: true, cut, ..Shape::default() }).to_vec());
}

#[test]
fn what_is_done_many_times_is_one_finding_with_a_count() {
    const TIMES: u16 = 5;
    for case in cases().into_iter().filter(|case| case.conversations.len() == 1 && !case.signs.is_empty()) {
        let once = &case.conversations[0];
        let again = |time| {
            let mut again = once.clone();
            again.client_port += 100 * time;
            again
        };
        let many = Case { conversations: (0..TIMES).map(again).collect(), ..case.clone() };
        let found = findings(&many, Shape::default());
        assert_eq!(found.len(), case.signs.len(), "{}", case.file_name());
        for finding in found {
            // What is counted over a pair of hosts holds once for both.
            let counted = finding.community_ids.len() as u64 == finding.count;
            assert!(counted && (finding.count == u64::from(TIMES) || case.weapon == "emeraldthread"), "{finding:?}");
        }
    }
}

#[test]
fn every_weapon_without_a_capture_has_a_condition_and_a_neighbour() {
    let cases = cases();
    for detector in rules::Detectors::builtin().iter().filter(|detector| detector.status == rules::Status::Synthetic) {
        let weapon = detector.weapon.to_string();
        let neighbour = cases.iter().any(|case| case.weapon == weapon && case.signs.is_empty());
        assert!(neighbour, "`{weapon}` has no neighbour");
        for sign in &detector.signs {
            let shown = cases.iter().any(|case| case.signs.iter().any(|(id, _)| *id == sign.id));
            assert!(shown, "no case shows `{}`", sign.id);
        }
    }
}
