//! What attackers try against the counting itself.

use crate::kit::{BEGIN, DAY, HOUR, content, digest, program, sighting};
use model::HostId;
use reputation::weights::TRUSTED_FROM;
use reputation::{
    Deployment, Facts, Limits, Network, Program, Publisher, Sighting, Source, Standing, explain, fold, standing, table,
};
use std::collections::BTreeSet;

const NOW: i64 = BEGIN + 80 * DAY;

fn after(sightings: impl IntoIterator<Item = Sighting>) -> Standing {
    let mut network = Network::new(Limits::default());
    sightings.into_iter().for_each(|sighting| fold(&mut network, &sighting));
    standing(&network, &digest(1), NOW)
}

fn points(standing: &Standing, name: reputation::Name) -> f64 {
    standing.terms.iter().find(|term| term.name == name).unwrap().points
}

#[test]
fn people_who_bring_it_by_themselves_are_counted_and_one_account_is_one() {
    let people = (0..20).map(|host| sighting(1, host, host, BEGIN + host as i64 * DAY));
    assert_eq!(after(people.clone()).introductions, 20);
    let account = Some("stolen".to_owned());
    assert_eq!(after(people.clone().map(|one| Sighting { account: account.clone(), ..one })).introductions, 1);
    assert_eq!(after(people.clone().map(|one| Sighting { source: Source::Host, ..one })).introductions, 1);
    assert_eq!(after(people.clone().map(|one| Sighting { account: None, ..one })).introductions, 1);
    assert_eq!(after(people.map(|one| Sighting { at: BEGIN, received: BEGIN, ..one })).introductions, 1);
}

#[test]
fn attacks_put_together_count_little_more_than_each() {
    // Mailed to ten groups on one day; and a group with ten accounts on ten days; and one account in ten groups on ten days.
    let mailed = (0..10).map(|host| sighting(1, host, host, BEGIN + 30 * DAY));
    let group = (0..10).map(|host| sighting(1, 20 + host, 50, BEGIN + host as i64 * DAY));
    assert_eq!(after(mailed.clone().chain(group)).introductions, 3);
    let carried = (0..10).map(|host| {
        let account = Some("stolen".to_owned());
        Sighting { account, ..sighting(1, 40 + host, host, BEGIN + host as i64 * DAY) }
    });
    assert_eq!(after(mailed.chain(carried)).introductions, 2);
}

#[test]
fn one_host_is_one_introduction_however_much_it_tells() {
    let lies = (0..500).map(|number| {
        let account = Some(format!("invented-{number}"));
        Sighting { account, ..sighting(1, 1, 1, BEGIN + number * 3 * HOUR) }
    });
    let told = after(lies);
    assert_eq!((told.introductions, told.hosts), (1, 1));
    assert_eq!(points(&told, reputation::Name::Age), 0.0);
}

#[test]
fn no_clock_makes_a_file_old_or_of_tomorrow() {
    let honest = || [sighting(1, 1, 1, NOW - DAY), sighting(1, 2, 2, NOW - DAY)];
    let liar = |at| Sighting { at, ..sighting(1, 3, 3, NOW - DAY) };
    for clock in [0, i64::MIN, i64::MAX, NOW - 3_650 * DAY, NOW + 3_650 * DAY] {
        let told = after(honest().into_iter().chain([liar(clock)]));
        assert!(told.first_seen.unwrap() >= NOW - 9 * DAY, "{clock}");
        assert!(points(&told, reputation::Name::Age) <= 0.35 * 9_f64.ln(), "{clock}");
    }
    // What is asked of before anything was seen.
    let mut network = Network::new(Limits::default());
    honest().iter().for_each(|sighting| fold(&mut network, sighting));
    let early = standing(&network, &digest(1), NOW - 30 * DAY);
    assert_eq!((early.hosts, early.first_seen, early.introductions), (0, None, 0));
}

#[test]
fn who_is_called_like_the_deployer_is_not_the_deployer() {
    let roll_out = |writer: Program, hosts: u64| {
        let mut network = Network::new(Limits::default());
        let window = Deployment {
            deployer: content("deployer"),
            from: BEGIN,
            until: BEGIN + HOUR,
            groups: [].into(),
            files: [].into(),
        };
        network.declare(window);
        for host in 0..hosts {
            let by =
                Sighting { source: Source::Host, writer: Some(writer.clone()), ..sighting(1, host, host % 8, BEGIN) };
            fold(&mut network, &by);
        }
        standing(&network, &digest(1), BEGIN + 2 * HOUR).reputation
    };
    assert!(roll_out(program("deployer"), 500) >= TRUSTED_FROM);
    assert_eq!(roll_out(Program { sha256: None, name: "deployer".to_owned() }, 500), 0);
    assert_eq!(roll_out(Program { name: "deployer".to_owned(), ..program("worm") }, 500), 0);
}

#[test]
fn a_file_that_slept_is_as_old_as_it_was_awake() {
    let used = |days: &[i64]| {
        let hosts = days.iter().flat_map(|day| (1..4).map(move |host| sighting(1, host, host, BEGIN + day * DAY)));
        let told = after(hosts);
        told.terms.iter().find(|term| term.name == reputation::Name::Age).unwrap().value.exp_m1().round() as u64
    };
    assert_eq!(used(&[0, 79]), 14);
    assert!(used(&(0..80).step_by(5).collect::<Vec<_>>()) >= 77);
}

#[test]
fn a_signature_of_anybody_does_not_make_many_copies_trusted() {
    let mut network = Network::new(Limits::default());
    let publisher = Some(Publisher { name: "anybody".to_owned(), trusted: false });
    for file in 0..20 {
        network.learn(digest(file), Facts { publisher: publisher.clone(), ..Facts::default() });
        for host in 0..60 {
            for week in 0..10 {
                fold(&mut network, &sighting(file, host, host % 40, BEGIN + (host as i64 % 10) * DAY + week * 7 * DAY));
            }
        }
    }
    assert!(standing(&network, &digest(1), NOW).reputation < TRUSTED_FROM);
}

#[test]
fn ten_million_files_fit_and_who_made_them_up_pushed_out_his_own() {
    const MAX: usize = 50_000;
    let mut network = Network::new(Limits { files: MAX, facts: 10 });
    for host in 0..100 {
        for file in 0..20 {
            fold(&mut network, &sighting(host * 20 + file, host, host % 8, BEGIN));
        }
    }
    let mut made_up = Sighting { host: HostId("flood".to_owned()), ..sighting(0, 0, 1, BEGIN) };
    for number in 0..10_000_000_u64 {
        made_up.file = digest_of_flood(number);
        made_up.at = BEGIN + number as i64 / 1_000;
        made_up.received = made_up.at;
        fold(&mut network, &made_up);
        assert!(network.counts().files <= MAX);
    }
    let counts = network.counts();
    assert_eq!(counts.forgotten + counts.files as u64, 10_000_000 + 2_000);
    let known: BTreeSet<_> = table(&network, NOW).into_iter().map(|(digest, _)| digest).collect();
    assert_eq!((0..2_000).filter(|file| known.contains(&digest(*file))).count(), 2_000);
}

fn digest_of_flood(number: u64) -> model::Digest {
    let mut bytes = [0xf1; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    model::Digest(bytes)
}

#[test]
fn what_would_change_a_reputation_is_told() {
    let told = after((0..3).map(|host| Sighting { source: Source::Host, ..sighting(1, host, 1, BEGIN) }));
    let explanation = explain(&told);
    assert_eq!(explanation.without[0].term, reputation::Name::Source);
    for without in &explanation.without {
        let left: f64 = told.terms.iter().filter(|term| term.name != without.term).map(|term| term.points).sum();
        assert_eq!(without.reputation, (100.0 / (1.0 + (-left).exp())).floor() as u8);
        assert_eq!(i16::from(told.reputation) - without.effect, i16::from(without.reputation));
    }
    let best = &explanation.changes[0];
    assert_eq!(best.what.code, "reputation.change-declare");
    assert!(best.reputation > told.reputation);
}
