//! Made-up networks of 2,000 and 10,000 hosts over 90 days: what is trusted in them and what is not. The table stands in
//! `docs/reputation.md` and is held by this test.

use crate::kit::fleet::{END, Fleet};
use crate::kit::{BEGIN, DAY, HOUR, life, malice};
use expect_test::expect_file;
use reputation::weights::TRUSTED_FROM;
use reputation::{View, Weights};
use std::collections::BTreeMap;
use std::fmt::Write;

const SEEDS: [u64; 3] = [1, 2, 3];

fn fleet(seed: u64, hosts: usize, rerun_days: i64) -> Fleet {
    let mut fleet = Fleet::new(seed, hosts);
    life::live(&mut fleet, rerun_days);
    let file = fleet.file("sanctioned roll-out within an hour", false);
    let (all, from) = (fleet.hosts.clone(), BEGIN + 89 * DAY + 10 * HOUR);
    life::roll_out(&mut fleet, file, &all, from, HOUR, i64::MAX, false);
    life::next_version(&mut fleet);
    malice::attack(&mut fleet);
    assert_eq!(fleet.network.counts().forgotten, 0);
    fleet
}

/// What came of one class.
#[derive(Default)]
struct Row {
    malicious: bool,
    logits: Vec<f64>,
    reputations: Vec<u8>,
}

impl Row {
    fn trusted(&self) -> usize {
        self.reputations.iter().filter(|reputation| **reputation >= TRUSTED_FROM).count()
    }
}

/// What came of fleets.
#[derive(Default)]
struct Outcome {
    rows: BTreeMap<&'static str, Row>,
    covered: u64,
    executions: u64,
}

impl Outcome {
    fn of(fleet: &Fleet, weights: Weights) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.add(fleet, weights);
        outcome
    }

    fn add(&mut self, fleet: &Fleet, weights: Weights) {
        let view = View::with(&fleet.network, END, weights);
        for (digest, kind) in &fleet.kinds {
            let standing = view.standing(digest);
            assert_eq!(standing.reputation, view.reputation(digest));
            let row = self.rows.entry(kind.class).or_default();
            row.malicious = kind.malicious;
            row.reputations.push(standing.reputation);
            row.logits.push(standing.logit);
            if !kind.malicious {
                self.executions += kind.executions;
                self.covered += if standing.reputation >= TRUSTED_FROM { kind.executions } else { 0 };
            }
        }
        for row in self.rows.values_mut() {
            row.logits.sort_by(f64::total_cmp);
            row.reputations.sort_unstable();
        }
    }

    fn of_kind(&self, malicious: bool) -> impl Iterator<Item = (&'static str, &Row)> {
        self.rows.iter().filter(move |(_, row)| row.malicious == malicious).map(|(class, row)| (*class, row))
    }

    fn trusted_malicious(&self) -> usize {
        self.of_kind(true).map(|(_, row)| row.trusted()).sum()
    }

    /// How often an honest file stands above a malicious one; a tie is half. By files, or with every class alike.
    fn auc(&self, by_files: bool) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (_, good) in self.of_kind(false) {
            for (_, bad) in self.of_kind(true) {
                let pairs = (good.logits.len() * bad.logits.len()) as f64;
                let counts = if by_files { pairs } else { 1.0 };
                sum += counts * above(&good.logits, &bad.logits) / pairs;
                weight += counts;
            }
        }
        sum / weight
    }

    fn middle(&self, class: &str) -> f64 {
        let logits = &self.rows[class].logits;
        logits[logits.len() / 2]
    }

    fn shown(&self) -> String {
        let mut text = String::from(
            "| files | honest | how many | trusted | least | middle | most |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for (class, row) in self.of_kind(false).chain(self.of_kind(true)) {
            let all = &row.reputations;
            let (share, honest) = (100 * row.trusted() / all.len(), if row.malicious { "no" } else { "yes" });
            let (least, middle, most) = (all[0], all[all.len() / 2], all[all.len() - 1]);
            writeln!(text, "| {class} | {honest} | {} | {share} % | {least} | {middle} | {most} |", all.len()).unwrap();
        }
        let malicious: usize = self.of_kind(true).map(|(_, row)| row.reputations.len()).sum();
        let covered = 100.0 * self.covered as f64 / self.executions as f64;
        let (by_files, by_classes) = (100.0 * self.auc(true), 100.0 * self.auc(false));
        writeln!(
            text,
            "\nMalicious files trusted: {} of {malicious}. Executions of honest files in the last 14 days that are of trusted ones: \
             {covered:.1} %. An honest file\nstands above a malicious one in {by_files:.1} % of pairs (AUC), and in {by_classes:.1} % when every \
             class counts alike.",
            self.trusted_malicious(),
        )
        .unwrap();
        text
    }
}

/// Pairs in which the first is above the second; both are in order.
fn above(good: &[f64], bad: &[f64]) -> f64 {
    let below = |good: &f64| {
        let (less, not_more) = (bad.partition_point(|bad| bad < good), bad.partition_point(|bad| bad <= good));
        (less + not_more) as f64 / 2.0
    };
    good.iter().map(below).sum()
}

#[test]
fn the_table_of_the_manual_is_what_comes_of_made_up_fleets() {
    let mut small = Outcome::default();
    for seed in SEEDS {
        small.add(&fleet(seed, 2_000, 14), Weights::default());
    }
    let mut large = Outcome::default();
    large.add(&fleet(4, 10_000, 28), Weights::default());
    for outcome in [&small, &large] {
        assert_eq!(outcome.trusted_malicious(), 0);
        for class in ["sanctioned roll-out within an hour", "next version of a known product", "package", "deployed"] {
            let row = &outcome.rows[class];
            assert_eq!(row.trusted(), row.reputations.len(), "{class}");
        }
        let worm = outcome.middle("worm, 60 % in an hour");
        let mut honest = outcome.of_kind(false).flat_map(|(_, row)| &row.logits);
        assert!(honest.all(|honest| *honest > worm), "an honest file stands below a worm");
    }
    let path = testkit::workspace().join("docs/reputation.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN_OF_TABLES).unwrap();
    let (_, after) = rest.split_once(END_OF_TABLES).unwrap();
    let tables =
        format!("\nThree networks of 2,000 hosts:\n\n{}\nOne of 10,000 hosts:\n\n{}\n", small.shown(), large.shown());
    expect_file!["../../../../docs/reputation.md"]
        .assert_eq(&format!("{before}{BEGIN_OF_TABLES}{tables}{END_OF_TABLES}{after}"));
}

const BEGIN_OF_TABLES: &str = "<!-- tables: UPDATE_EXPECT=1 cargo test -p reputation --test it fleet -->\n";
const END_OF_TABLES: &str = "<!-- end of tables -->";

/// The first stands above the second.
const ORDER: [(&str, &str); 12] = [
    ("sanctioned roll-out within an hour", "worm, 60 % in an hour"),
    ("sanctioned roll-out within an hour", "worm that calls itself the deployer"),
    ("sanctioned roll-out within an hour", "mailed to 50 people in two days"),
    ("package", "slow worm, 2 hosts a day"),
    ("package", "praised by one host that lies"),
    ("deployed", "sleeper"),
    ("deployed", "praised by one group that lies"),
    ("next version of a known product", "signed with a listed publisher's stolen key"),
    ("rare engineering programs, listed publisher", "trojan that users bring themselves"),
    ("rare engineering programs, not signed", "attacker's tool on 5 servers"),
    ("rare engineering programs, not signed", "slow worm, 2 hosts a day"),
    ("developers' builds", "worm, 60 % in an hour"),
];

#[test]
fn the_main_order_does_not_hang_on_any_one_weight() {
    let fleet = fleet(1, 2_000, 14);
    for which in 0..9 {
        for factor in [0.5, 2.0] {
            let mut weights = Weights::default();
            let Weights { base, introductions, age, publisher, source, graph, velocity, incoherence, detections } =
                &mut weights;
            let all = [base, introductions, age, publisher, source, graph, velocity, incoherence, detections];
            *all[which] *= factor;
            let outcome = Outcome::of(&fleet, weights);
            for (above, below) in ORDER {
                let (high, low) = (outcome.middle(above), outcome.middle(below));
                assert!(high > low, "weight {which} times {factor}: {above} at {high:.2}, {below} at {low:.2}");
            }
        }
    }
}
