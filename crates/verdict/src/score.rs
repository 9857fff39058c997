//! How points add up.
//!
//! Evidence adds up along the way from the file to a part: that an archive is encrypted, and that the program in it is
//! packed. It never adds up between parts that stand side by side, so that a thousand honest programs in one archive,
//! each a little odd, are no worse than the oddest of them. The worst way is the score of the file.
//!
//! On a way each rule counts once, however many parts meet it. Of the rules of one family the heaviest counts whole, the
//! next a half, the next a quarter: what says much the same adds up less and less, and to less than twice the heaviest.
//! Families are added to one another; points below zero are counted alike, by themselves. Halving keeps two promises: one
//! more rule never lowers a score, unless its points are below zero, and the order of rules does not matter.

use std::collections::BTreeMap;

/// Lowest score of a malicious file: two strong signs of different families, or one that is decisive by itself.
pub const MALICIOUS_AT: u32 = 80;
/// Lowest score of a suspicious file: one strong sign, or several lesser ones that fit together. Honest files have one
/// or two of the lesser signs (5 to 20 points), and must stay below.
pub const SUSPICIOUS_AT: u32 = 40;
/// The highest score.
pub const SCORE_MAX: u32 = 100;

/// Of so many rules of one family each counts; the next would count a 65536th.
const FAMILY_RULES_MAX: usize = 16;

/// A rule that was met: its family, its points, and what stands for it (the place in the caller's list).
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub family: &'a str,
    pub points: i32,
    pub of: usize,
}

/// The score of one way, and what each entry has in it; the sum of these is the score before it was cut at its ends.
pub fn count(entries: &[Entry]) -> (u32, Vec<(usize, i32)>) {
    let mut families: BTreeMap<(&str, bool), Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        families.entry((entry.family, entry.points < 0)).or_default().push(entry);
    }
    let (mut total, mut counted) = (0_i32, Vec::new());
    for ((_, benign), mut family) in families {
        family.sort_by_key(|entry| (std::cmp::Reverse(entry.points.unsigned_abs()), entry.of));
        let (mut sum, mut told) = (0_i64, 0_i64);
        for (nth, entry) in family.into_iter().enumerate() {
            if nth < FAMILY_RULES_MAX {
                // In parts of 65536, so that no half is lost before all are added.
                sum += (i64::from(entry.points.unsigned_abs()) << 16) >> nth;
            }
            let share = (sum >> 16) - told;
            told += share;
            let share = i32::try_from(share).unwrap_or(i32::MAX);
            counted.push((entry.of, if benign { -share } else { share }));
        }
        let told = i32::try_from(told).unwrap_or(i32::MAX);
        total = total.saturating_add(if benign { -told } else { told });
    }
    (u32::try_from(total).unwrap_or(0).min(SCORE_MAX), counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn score(entries: &[(&str, i32)]) -> u32 {
        let entries: Vec<_> =
            entries.iter().enumerate().map(|(of, (family, points))| Entry { family, points: *points, of }).collect();
        let (score, counted) = count(&entries);
        let sum: i32 = counted.iter().map(|(_, share)| share).sum();
        assert_eq!(i64::from(score), i64::from(sum).clamp(0, i64::from(SCORE_MAX)));
        assert_eq!(counted.len(), entries.len());
        score
    }

    #[test]
    fn one_family_adds_up_less_and_less_and_families_add_up() {
        assert_eq!(score(&[]), 0);
        assert_eq!(score(&[("a", 40)]), 40);
        assert_eq!(score(&[("a", 20), ("a", 40)]), 50);
        assert_eq!(score(&[("a", 20), ("a", 40), ("a", 20)]), 55);
        assert_eq!(score(&[("a", 20), ("b", 40)]), 60);
        assert_eq!(score(&[("a", 20), ("b", 40), ("b", -30)]), 30);
        assert_eq!(score(&[("b", -30)]), 0);
        assert_eq!(score(&[("a", 90), ("b", 90)]), 100);
        assert_eq!(score(&[("a", 40); 100]), 79);
    }

    fn some() -> impl Strategy<Value = Vec<(&'static str, i32)>> {
        let entry = (prop::sample::select(vec!["a", "b", "c"]), (1_i32..60, prop::bool::weighted(0.1)));
        prop::collection::vec(
            entry.prop_map(|(family, (points, bad))| (family, if bad { -points } else { points })),
            0..40,
        )
    }

    proptest! {
        #[test]
        fn one_more_rule_never_lowers_a_score(entries in some(), family in "[abc]", points in 1_i32..100) {
            let before = score(&entries);
            let mut more = entries.clone();
            more.push((family.as_str(), points));
            prop_assert!(score(&more) >= before);
        }

        #[test]
        fn the_order_of_rules_does_not_matter(entries in some(), turn in 0_usize..40) {
            let mut turned = entries.clone();
            turned.rotate_left(turn.min(entries.len()));
            prop_assert_eq!(score(&turned), score(&entries));
        }
    }
}
