//! How fast a file comes to hosts that nobody brought it to on purpose.

use crate::arrival::Seconds;
use crate::weights::{VELOCITY_CHANCE, VELOCITY_FREE};

const HOUR: Seconds = 3_600;

/// The most new hosts within any hour, less what is usual. `first` are times of hosts, each of which stands for `scale` hosts.
pub(crate) fn excess(mut first: Vec<Seconds>, scale: f64, sampled: bool) -> f64 {
    first.sort_unstable();
    let most = most_within_an_hour(&first);
    let sure = if sampled { most.saturating_sub(VELOCITY_CHANCE) } else { most };
    (sure as f64 * scale - VELOCITY_FREE).max(0.0)
}

fn most_within_an_hour(sorted: &[Seconds]) -> usize {
    let until = |from: Seconds| sorted.partition_point(|at| *at <= from.saturating_add(HOUR));
    sorted.iter().enumerate().map(|(before, from)| until(*from) - before).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_hour_counts_wherever_it_begins() {
        assert_eq!(most_within_an_hour(&[]), 0);
        assert_eq!(most_within_an_hour(&[10, 20, 3_610, 3_621, 3_700, 9_000]), 3);
        assert_eq!(excess((0..100).collect(), 1.0, false), 95.0);
        assert_eq!(excess(vec![0, HOUR * 2, HOUR * 4], 1.0, false), 0.0);
        assert_eq!(excess(vec![5; 64], 20.0, true), 1_235.0);
        assert_eq!(excess(vec![5, 5, HOUR * 9], 30.0, true), 0.0);
    }
}
