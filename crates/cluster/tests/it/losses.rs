//! A lost executor ends in the right answer or in a refusal; never in another answer.
use crate::common::Machines;
use query::Told;
use std::time::{Duration, Instant};

/// Two shuffles, a join and what differs: long enough for an executor to be lost within each.
const LONG: &str = "SELECT a.responder_port, b.protocol, count(*) AS pairs, count(DISTINCT a.originator) AS hosts,
    sum(a.originator_bytes + b.originator_bytes) AS bytes, min(a.community_id) AS first, max(b.community_id) AS last
    FROM session a JOIN session b ON a.originator = b.originator GROUP BY 1, 2";
/// Rows that nothing puts together: what is there twice is seen.
const MANY: &str = "SELECT a.community_id, b.start FROM session a JOIN session b
    ON a.originator = b.originator AND a.responder = b.responder WHERE a.originator_bytes % 7 = 0";

/// Rounds of each question; as many as `REDOUBT_CLUSTER_ROUNDS` says.
fn rounds() -> u32 {
    std::env::var("REDOUBT_CLUSTER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

/// Moments that are not the same each time (SplitMix64), in the time that an answer takes.
struct Moments(u64);

impl Moments {
    fn next(&mut self, within: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        within.mul_f64((z >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_is_killed_in_the_middle_changes_no_answer() {
    let mut machines = Machines::start(2);
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let mut moments = Moments(seed);
    let (mut right, mut refused) = (0, 0);
    for sql in [LONG, MANY] {
        let expected = machines.alone().sorted(sql).await;
        assert!(!expected.is_empty());
        let begun = Instant::now();
        assert_eq!(machines.desk().sorted(sql).await, expected);
        let undisturbed = begun.elapsed();
        for round in 0..rounds() {
            let at = moments.next(undisturbed);
            let mut lost = machines.executors.remove(0);
            let desk = machines.desk();
            let begun = Instant::now();
            let killed = async {
                tokio::time::sleep(at).await;
                lost.kill();
            };
            let (told, ()) = tokio::join!(desk.told(sql), killed);
            println!("round {round}: killed after {at:?} of {undisturbed:?}, told after {:?}", begun.elapsed());
            match told {
                Told::Done(_) => {
                    let rows = desk.lines();
                    assert!(rows == expected, "killed after {at:?}: {} rows instead of {}", rows.len(), expected.len());
                    right += 1;
                }
                Told::Refused(why) => {
                    assert!(why.code.starts_with("query.cluster"), "{why:?}");
                    println!("{why:?}");
                    refused += 1;
                }
                Told::Progress(_) => unreachable!("it is not the last"),
            }
            drop(desk);
            machines.add_executor();
        }
    }
    println!("{right} right, {refused} refused");
    assert!(right > 0, "no question was answered after an executor was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_executors_refuses() {
    let mut machines = Machines::start(1);
    machines.executors.clear();
    let begun = Instant::now();
    let why = machines.desk().refused("SELECT count(*) FROM session").await;
    assert!(["query.cluster-broke", "query.time"].contains(&why.code.as_str()), "{why:?}");
    assert!(begun.elapsed() < Duration::from_secs(120));
}
