//! What holds of every network.

use crate::kit::{BEGIN, DAY, HOUR, content, digest, program, sighting};
use proptest::prelude::*;
use reputation::{
    Analysis, Deployment, Facts, Limits, Name, Network, Place, Publisher, Remote, Sighting, Source, Standing, UserRole,
    View, fold,
};

const FILES: u64 = 4;
const NOW: i64 = BEGIN + 60 * DAY;
/// Sums of the same numbers may differ in the last digit.
const CLOSE: f64 = 1e-9;

/// Sightings with no two at one moment. A host stays in its group and its role.
fn sightings() -> impl Strategy<Value = Vec<Sighting>> {
    let source = prop::sample::select(vec![
        Source::Unknown,
        Source::Host,
        Source::Before,
        Source::Outside,
        Source::Removable,
        Source::Built,
        Source::Package,
    ]);
    let names = || prop::option::of(prop::sample::select(vec!["explorer", "deployer", "apt", "browser"]));
    let what = (0..FILES, 0_u64..12, 0_i64..50 * 24, source, prop::option::of(0_u64..6));
    let with = (names(), names(), prop::option::of(0_u8..24), prop::option::of(0_u16..3), 0_u8..3);
    prop::collection::vec((what, with), 1..40).prop_map(|all| {
        let made = |(at, (what, with)): (usize, _)| {
            let (file, host, hour, source, account): (u64, u64, i64, Source, Option<u64>) = what;
            let (parent, writer, hour_of_day, port, kind): (Option<&str>, Option<&str>, _, Option<u16>, u8) = with;
            Sighting {
                role: format!("role-{}", host % 2),
                source,
                account: account.map(|account| format!("person-{account}")),
                parent: parent.map(program),
                writer: writer.map(program),
                hour: hour_of_day,
                remote: port.map_or(Remote::Nobody, Remote::Port),
                user: [UserRole::Person, UserRole::System, UserRole::Administrator][usize::from(kind)],
                place: [Place::Home, Place::System, Place::Temporary][usize::from(kind)],
                ..sighting(file, host, host % 3, BEGIN + hour * HOUR + at as i64)
            }
        };
        all.into_iter().enumerate().map(made).collect()
    })
}

fn facts() -> impl Strategy<Value = Vec<Facts>> {
    let publisher = prop::option::of((0_u8..2, any::<bool>()));
    let one = (publisher, 0_u32..2).prop_map(|(publisher, detections)| Facts {
        publisher: publisher.map(|(name, trusted)| Publisher { name: format!("publisher-{name}"), trusted }),
        package: None,
        analysis: if detections > 0 { Analysis::Detected(detections) } else { Analysis::None },
    });
    prop::collection::vec(one, FILES as usize)
}

fn network(sightings: &[Sighting], facts: &[Facts]) -> Network {
    let mut network = Network::new(Limits::default());
    for (file, facts) in facts.iter().enumerate() {
        network.learn(digest(file as u64), facts.clone());
    }
    sightings.iter().for_each(|sighting| fold(&mut network, sighting));
    network
}

fn standings(network: &Network) -> Vec<Standing> {
    let view = View::new(network, NOW);
    (0..FILES).map(|file| view.standing(&digest(file))).collect()
}

/// That no file stands higher in `after`.
fn none_raised(before: &Network, after: &Network) -> Result<(), TestCaseError> {
    for (before, after) in standings(before).into_iter().zip(standings(after)) {
        prop_assert!(after.logit <= before.logit + CLOSE, "{before:#?}\n{after:#?}");
    }
    Ok(())
}

fn undetected(facts: &[Facts]) -> Vec<Facts> {
    facts.iter().map(|facts| Facts { analysis: Analysis::None, ..facts.clone() }).collect()
}

proptest! {
    #[test]
    fn order_does_not_matter(all in sightings(), facts in facts(), seed: u64) {
        let shuffled = crate::kit::random::Random(seed).some(&all, all.len());
        prop_assert_eq!(standings(&network(&all, &facts)), standings(&network(&shuffled, &facts)));
    }

    #[test]
    fn of_equal_times_order_does_not_matter(all in sightings(), facts in facts(), seed: u64) {
        let at_once: Vec<_> = all.into_iter().map(|sighting| Sighting { at: BEGIN, received: BEGIN, ..sighting }).collect();
        let shuffled = crate::kit::random::Random(seed).some(&at_once, at_once.len());
        prop_assert_eq!(standings(&network(&at_once, &facts)), standings(&network(&shuffled, &facts)));
    }

    #[test]
    fn what_comes_twice_changes_nothing(all in sightings(), facts in facts()) {
        let once = network(&all, &facts);
        let mut twice = once.clone();
        all.iter().for_each(|sighting| fold(&mut twice, sighting));
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was(all in sightings(), facts in facts()) {
        let network = network(&all, &facts);
        let kept = serde_json::to_string(&network).unwrap();
        prop_assert_eq!(network, serde_json::from_str(&kept).unwrap());
    }

    #[test]
    fn a_detection_raises_nothing(all in sightings(), facts in facts(), file in 0..FILES) {
        let before = network(&all, &facts);
        let mut more = facts[file as usize].clone();
        more.analysis = Analysis::Detected(more.detections() + 1);
        let mut after = before.clone();
        after.learn(digest(file), more);
        none_raised(&before, &after)?;
    }

    #[test]
    fn nothing_found_is_as_good_as_not_looked(all in sightings(), facts in facts(), file in 0..FILES) {
        let facts = undetected(&facts);
        let before = network(&all, &facts);
        let mut after = before.clone();
        after.learn(digest(file), Facts { analysis: Analysis::Clean, ..facts[file as usize].clone() });
        none_raised(&before, &after)?;
    }

    #[test]
    fn a_declared_deployment_lowers_nothing(
        all in sightings(), facts in facts(), from in 0_i64..50, days in 0_i64..20, group in prop::option::of(0_u8..3),
        named in prop::option::of(0..FILES), first: bool,
    ) {
        let deployment = Deployment {
            deployer: content("deployer"),
            from: BEGIN + from * DAY,
            until: BEGIN + (from + days) * DAY,
            groups: group.map(|group| format!("group-{group}")).into_iter().collect(),
            files: named.map(digest).into_iter().collect(),
        };
        let without = network(&all, &facts);
        let mut with = if first { network(&[], &facts) } else { without.clone() };
        prop_assert!(with.declare(deployment));
        with.manage(content("apt"));
        all.iter().for_each(|sighting| fold(&mut with, sighting));
        none_raised(&with, &without)?;
    }

    /// As long as nothing is known to be bad: who wrote something bad is not hidden by leaving him out, but he is not found.
    #[test]
    fn leaving_something_out_raises_nothing(all in sightings(), facts in facts(), which: prop::sample::Index, field in 0_u8..8) {
        let facts = undetected(&facts);
        let mut poorer = all.clone();
        let sighting = which.get(&all).clone();
        poorer[which.index(all.len())] = match field {
            0 => Sighting { source: Source::Unknown, ..sighting },
            1 => Sighting { account: None, ..sighting },
            2 => Sighting { parent: None, ..sighting },
            3 => Sighting { writer: None, ..sighting },
            4 => Sighting { place: Place::Unknown, ..sighting },
            5 => Sighting { user: UserRole::Unknown, ..sighting },
            6 => Sighting { hour: None, ..sighting },
            _ => Sighting { remote: Remote::Unknown, ..sighting },
        };
        none_raised(&network(&all, &facts), &network(&poorer, &facts))?;
    }

    #[test]
    fn what_speaks_against_a_file_never_speaks_for_it(all in sightings(), facts in facts()) {
        for standing in standings(&network(&all, &facts)) {
            prop_assert_eq!(standing.terms.iter().map(|term| term.name).collect::<Vec<_>>(), Name::ALL);
            for term in &standing.terms {
                let against = matches!(term.name, Name::Velocity | Name::Incoherence | Name::Detections);
                prop_assert!(!against || term.points <= 0.0, "{:?}", term);
                prop_assert!(term.points.is_finite());
            }
            prop_assert!((0.0..=1.0).contains(&standing.rarity));
            prop_assert!(standing.rarity_in_role.values().all(|rarity| (0.0..=1.0).contains(rarity)));
        }
    }

    #[test]
    fn copies_are_no_introductions(all in sightings(), facts in facts(), copies in sightings()) {
        let before = network(&all, &facts);
        let mut after = before.clone();
        for copy in copies {
            // From hosts that did not have it.
            let host = model::HostId(format!("copy-{}", copy.host));
            fold(&mut after, &Sighting { host, source: Source::Host, ..copy });
        }
        for (before, after) in standings(&before).iter().zip(standings(&after)) {
            prop_assert!(after.introductions <= before.introductions.max(1));
        }
    }

    #[test]
    fn one_group_introduces_nothing_more_than_twice(all in sightings(), facts in facts()) {
        let group = |sighting| Sighting { group: "group-0".to_owned(), ..sighting };
        let all: Vec<_> = all.into_iter().map(group).collect();
        prop_assert!(standings(&network(&all, &facts)).iter().all(|standing| standing.introductions <= 2));
    }
}
