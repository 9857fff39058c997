#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn written(values: &[(Field, u64, usize)], rows: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.idx");
    let mut builder = Builder::default();
    values.iter().for_each(|(field, key, row)| builder.note(*field, *key, *row));
    std::fs::write(&path, builder.finish(rows)).unwrap();
    (folder, path)
}

fn question(field: Field, asked: &[(u64, u64)]) -> Question {
    let all = asked.iter().map(|(first, last)| Asked { first: *first, last: *last }).collect();
    Question(vec![(field, Sought::new(all, &[]))])
}

proptest! {
    /// The index says what looking through everything says.
    #[test]
    fn an_index_says_where_a_value_is(
        values in proptest::collection::vec((0u64..5000, 0usize..300_000), 0..2000),
        asked in proptest::collection::vec((0u64..6000, 0u64..20), 0..100),
        spread in 1u64..1_000_000_000,
    ) {
        let values: Vec<_> = values.iter().map(|(key, row)| (Field::Domain, key * spread, *row)).collect();
        let asked: Vec<_> = asked.iter().map(|(first, length)| (first * spread, (first + length) * spread)).collect();
        let (_folder, path) = written(&values, 300_000);
        let pages = Index::open(&path).unwrap().ask(&question(Field::Domain, &asked)).unwrap().pages;
        let is_asked = |key: u64| asked.iter().any(|(first, last)| (*first..=*last).contains(&key));
        let wanted: BTreeSet<usize> =
            values.iter().filter(|(_, key, _)| is_asked(*key)).map(|(_, _, row)| row / PAGE_ROWS).collect();
        prop_assert_eq!(pages.iter().collect::<BTreeSet<_>>(), wanted);
    }

    /// Of values that stand on many pages too, and of files of any size.
    #[test]
    fn an_index_says_all_pages_of_a_value(
        values in proptest::collection::vec((0u64..40, 0usize..60), 0..1500),
        pages in 1usize..60,
        asked in 0u64..50,
        top in 0u32..64,
    ) {
        let row = |page: usize| page % pages * PAGE_ROWS;
        let key = |key: u64| key.rotate_right(top);
        let values: Vec<_> = values.iter().map(|(value, page)| (Field::Account, key(*value), row(*page))).collect();
        let (_folder, path) = written(&values, pages * PAGE_ROWS);
        let asked = key(asked);
        let found = Index::open(&path).unwrap().ask(&question(Field::Account, &[(asked, asked)])).unwrap().pages;
        let wanted: BTreeSet<usize> =
            values.iter().filter(|(_, key, _)| *key == asked).map(|(_, _, row)| row / PAGE_ROWS).collect();
        prop_assert_eq!(found.iter().collect::<BTreeSet<_>>(), wanted);
        let all = Index::open(&path).unwrap().ask(&question(Field::Account, &[(0, u64::MAX)])).unwrap().pages;
        prop_assert_eq!(all.iter().collect::<BTreeSet<_>>(), values.iter().map(|(_, _, row)| row / PAGE_ROWS).collect());
    }

    /// Whatever stands in a block that was not changed by chance, unpacking it ends.
    #[test]
    fn a_block_of_any_bytes_is_unpacked_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300), first: u64) {
        let mut pages = Pages::none(100 * PAGE_ROWS as u64);
        let everything = Sought::new(vec![Asked { first: 0, last: u64::MAX }], &[]);
        let _ = block::Keys::default().look(&bytes, first, &everything, 0, &mut Vec::new(), &mut pages);
    }

    /// Whatever stands in a file, asking it ends, and a changed byte is never taken for an answer.
    #[test]
    fn a_damaged_index_is_an_error(at in 0usize..4000, bit in 0u8..8, cut in 0usize..4000) {
        let values: Vec<_> = (0..1000).map(|n| (Field::Sha256, n * 977, n as usize * 40)).collect();
        let (_folder, path) = written(&values, 40_000);
        let whole = std::fs::read(&path).unwrap();
        let everything = question(Field::Sha256, &[(0, u64::MAX)]);
        let answer = Index::open(&path).unwrap().ask(&everything).unwrap().pages;
        let mut changed = whole.clone();
        let at = at % whole.len();
        changed[at] ^= 1 << bit;
        std::fs::write(&path, &changed).unwrap();
        if let Ok(said) = Index::open(&path).and_then(|index| index.ask(&everything)) {
            prop_assert_eq!(said.pages, answer);
        }
        std::fs::write(&path, &whole[..cut % whole.len()]).unwrap();
        let said = Index::open(&path).and_then(|index| index.ask(&everything));
        prop_assert!(said.is_err());
    }
}

#[test]
fn networks_are_ranges_and_others_are_hashes() {
    let (set, bad) =
        rules::Indicators::read("10.1.0.0/16\n10.1.2.3\n192.168.0.1\n2001:db8::/32\n2001:db9::1/127\nevil.example\n");
    assert!(bad.is_empty());
    let asked = Question::new(&set.into_list());
    let of =
        |wanted| asked.fields().find(|(field, _)| *field == wanted).map(|(_, asked)| asked.all().to_vec()).unwrap();
    let v4 = |text: &str| address_key(text.parse().unwrap()).1;
    let range = |first: &str, last: &str| Asked { first: v4(first), last: v4(last) };
    assert_eq!(of(Field::Address4), [range("10.1.0.0", "10.1.255.255"), range("192.168.0.1", "192.168.0.1")]);
    assert_eq!(of(Field::Address6), [range("2001:db8::", "2001:db8:ffff:ffff::"), range("2001:db9::", "2001:db9::")]);
    let key = text_key(b"evil.example");
    assert_eq!(of(Field::Domain), [Asked { first: key, last: key }]);
}

#[test]
fn an_index_of_an_earlier_version_says_so() {
    let (_folder, path) = written(&[(Field::Domain, 7, 0)], 10);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..8].copy_from_slice(MAGIC_BEFORE);
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Index::open(&path), Err(Error::Before)));
}

#[test]
fn a_value_costs_few_bytes() {
    let mut builder = Builder::default();
    let rows = 1 << 20;
    for row in 0..rows {
        builder.note(Field::Domain, text_key(&(row as u64).to_le_bytes()), row);
    }
    let bytes = builder.finish(rows).len() as f64 / rows as f64;
    assert!(bytes < 4.2, "{bytes} bytes for each value");
    let mut builder = Builder::default();
    // Each host on three of ten pages.
    for row in 0..rows {
        let hash = text_key(&(row as u64).to_le_bytes());
        builder.note(Field::Address4, 0x0a00_0000 + hash % 10_000, row);
    }
    let bytes = builder.finish(rows).len() as f64 / rows as f64;
    assert!(bytes < 0.4, "{bytes} bytes for each row");
}
