use crate::fixture::{Place, WEAPONS, act, filled, host, later, letters, now};
use jiff::{SignedDuration, civil::date};
use model::{ExposureState, Timeline, WeaponId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use store::{
    AssetColumn, AssetFilter, AssetRow, AssetSort, Blind, Error, ExposureFilter, PageQuery, Store, WeaponFilter,
};

const HOSTS: usize = 120;

const COLUMNS: [AssetColumn; 8] = [
    AssetColumn::Label,
    AssetColumn::Product,
    AssetColumn::Group,
    AssetColumn::Value,
    AssetColumn::LastSeen,
    AssetColumn::OpenWeapons,
    AssetColumn::Urgency,
    AssetColumn::Worst,
];

async fn walk(store: &Store, filter: &AssetFilter, sort: &[AssetSort], limit: u32) -> Vec<AssetRow> {
    let mut query = PageQuery { sort: sort.to_vec(), cursor: None, limit };
    let mut rows = Vec::new();
    loop {
        let page = store.assets(filter, &query).await.unwrap();
        assert!(page.rows.len() <= limit as usize);
        rows.extend(page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() {
            assert_eq!(rows.len() as i64, page.total);
            return rows;
        }
    }
}

/// The order of a column, told a second time without the database.
fn compare(a: &AssetRow, b: &AssetRow, column: AssetColumn) -> std::cmp::Ordering {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match column {
        AssetColumn::Label => a.label.cmp(&b.label),
        AssetColumn::Product => text(&a.product).cmp(&text(&b.product)),
        AssetColumn::Group => text(&a.group).cmp(&text(&b.group)),
        AssetColumn::Value => a.value.cmp(&b.value),
        AssetColumn::LastSeen => a.last_seen.cmp(&b.last_seen),
        AssetColumn::OpenWeapons => a.open_weapons.cmp(&b.open_weapons),
        AssetColumn::Urgency => {
            let rank = |row: &AssetRow| match row.urgency {
                Some(Timeline::None) => 2,
                None => 1,
                Some(_) => 0,
            };
            rank(a).cmp(&rank(b)).then(a.urgency.cmp(&b.urgency))
        }
        _ => a.worst.cmp(&b.worst),
    }
}

pub async fn paging_gives_each_row_once_in_order(place: Place) {
    // Filters that find up to 500 hosts are answered by these, others by walking an order: here are some of both.
    filled(&place, 700).await;
    let sorts = proptest::collection::vec((0..COLUMNS.len(), any::<bool>()), 0..3);
    let case = (sorts, 1u32..50, proptest::option::of(0..WEAPONS.len()), any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let store = &place.store;
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        runner
            .run(&case, |(sorts, limit, weapon, text)| {
                let sort: Vec<_> = sorts
                    .iter()
                    .map(|(n, descending)| AssetSort { column: COLUMNS[*n], descending: *descending })
                    .collect();
                let filter = AssetFilter {
                    weapon: weapon.map(|n| WeaponFilter { weapon: WEAPONS[n].into(), states: Vec::new() }),
                    text: text.then(|| "PC-0".to_owned()),
                    ..Default::default()
                };
                let rows = handle.block_on(walk(store, &filter, &sort, limit));
                let ids: BTreeSet<_> = rows.iter().map(|row| row.id.clone()).collect();
                prop_assert_eq!(ids.len(), rows.len(), "a row came twice");
                let whole: BTreeSet<_> = handle.block_on(store.asset_ids(&filter)).unwrap().into_iter().collect();
                prop_assert_eq!(ids, whole, "a row is missing");
                for pair in rows.windows(2) {
                    let order = sort.iter().map(|sort| {
                        let order = compare(&pair[0], &pair[1], sort.column);
                        if sort.descending { order.reverse() } else { order }
                    });
                    let order = order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
                    prop_assert!(order.is_le(), "{:?} before {:?} by {:?}", pair[0], pair[1], sort);
                }
                Ok(())
            })
            .unwrap();
    });
}

pub async fn filters_select_what_they_say(place: Place) {
    filled(&place, HOSTS).await;
    let store = &place.store;
    let check = async |filter: AssetFilter, expected: fn(usize) -> bool| {
        let ids = store.asset_ids(&filter).await.unwrap();
        let expected: Vec<_> = (0..HOSTS).filter(|n| expected(*n)).map(|n| host(n).id).collect();
        assert_eq!(ids, expected, "{filter:?}");
    };
    let some = AssetFilter::default;
    check(some(), |_| true).await;
    check(AssetFilter { product: vec!["Windows XP".into()], ..some() }, |n| n % 3 == 1).await;
    check(AssetFilter { product: vec!["".into(), "Windows 7".into()], ..some() }, |n| n % 3 != 1).await;
    check(AssetFilter { group: vec!["财务".into()], zone: vec!["a".into()], ..some() }, |n| n % 4 == 0).await;
    check(AssetFilter { text: Some("WINDOWS pc-003".into()), ..some() }, |n| n % 70 == 3 && n % 3 != 2).await;
    check(AssetFilter { text: Some("%_".into()), ..some() }, |n| n % 4 == 3).await;
    check(AssetFilter { text: Some("财".into()), ..some() }, |n| n % 4 == 0).await;
    check(AssetFilter { value: vec![5], ..some() }, |n| n / 3 % 4 == 3).await;
    check(AssetFilter { open: Some(true), ..some() }, |n| n % 5 == 0 || n % 5 == 3).await;
    check(AssetFilter { urgency: vec![Timeline::FourteenDays], ..some() }, |n| n % 5 == 2).await;
    check(AssetFilter { blind: Some(Blind::NoSystem), ..some() }, |n| n % 3 == 2).await;
    check(AssetFilter { blind: Some(Blind::NoUpdates), ..some() }, |n| n % 5 < 2).await;
    check(AssetFilter { blind: Some(Blind::NotAssessed), ..some() }, |n| n % 5 == 4).await;
    check(AssetFilter { blind: Some(Blind::Old { before: later(-60) }), ..some() }, |n| n > 60).await;
    let weapon = |n: usize, states: &[ExposureState]| {
        let weapon = WeaponFilter { weapon: WeaponId::from(WEAPONS[n]), states: states.to_vec() };
        AssetFilter { weapon: Some(weapon), ..some() }
    };
    check(weapon(0, &[]), |n| matches!(n % 5, 0 | 2 | 3)).await;
    check(weapon(0, &[ExposureState::Unknown]), |n| n % 5 == 2).await;
    check(weapon(3, &[ExposureState::NotAffected]), |n| n % 5 != 4).await;
    let unheard = WeaponFilter { weapon: "unheard".into(), states: Vec::new() };
    check(AssetFilter { weapon: Some(unheard), ..some() }, |_| false).await;
    let broken = PageQuery { cursor: Some("00".into()), ..Default::default() };
    assert!(matches!(store.assets(&some(), &broken).await, Err(Error::Cursor)));
}

/// What is searched, told a second time without the database.
fn remembered(n: usize) -> String {
    let facts = host(n).facts;
    let mut parts = vec![facts.name, facts.os.product, facts.business.group, facts.business.zone];
    parts.extend(facts.addresses.iter().map(|address| Some(address.to_string())));
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase()
}

pub async fn a_search_finds_what_contains_its_words(place: Place) {
    // More than are fetched by id, so that both ways of making a page are walked.
    const HOSTS: usize = 600;
    filled(&place, HOSTS).await;
    // A piece of some host's text, cut anywhere, or letters that may be nowhere; one or two of them.
    let piece = (0..HOSTS, 0..40usize, 1..6usize).prop_map(|(n, from, length)| {
        let letters: Vec<_> = remembered(n).chars().collect();
        letters.iter().skip(from % letters.len()).take(length).collect::<String>()
    });
    let word = prop_oneof![3 => piece, 1 => "[a-cPX0-2财务%_.]{1,3}"];
    let case = (proptest::collection::vec(word, 1..3), 0..COLUMNS.len(), any::<bool>(), any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let (store, handle) = (&place.store, tokio::runtime::Handle::current());
    tokio::task::block_in_place(|| {
        runner
            .run(&case, |(words, column, descending, in_zone)| {
                let zone = if in_zone { vec!["a".to_owned()] } else { Vec::new() };
                let filter = AssetFilter { text: Some(words.join(" ")), zone, ..Default::default() };
                let found = |n: &usize| {
                    let mut words = words.iter().flat_map(|words| words.split_whitespace());
                    (!in_zone || n.is_multiple_of(2)) && words.all(|word| remembered(*n).contains(&word.to_lowercase()))
                };
                let expected: BTreeSet<_> = (0..HOSTS).filter(found).map(|n| host(n).id).collect();
                let sort = [AssetSort { column: COLUMNS[column], descending }];
                let rows = handle.block_on(walk(store, &filter, &sort, 200));
                prop_assert_eq!(rows.len(), expected.len(), "a row came twice or is missing");
                prop_assert_eq!(rows.into_iter().map(|row| row.id).collect::<BTreeSet<_>>(), expected.clone());
                let facets = handle.block_on(store.facets(&filter)).unwrap();
                prop_assert_eq!(facets.total, expected.len() as i64);
                Ok(())
            })
            .unwrap();
    });
}

pub async fn facets_and_counts_add_up(place: Place) {
    filled(&place, HOSTS).await;
    let store = &place.store;
    let filter = AssetFilter { zone: vec!["a".into()], ..Default::default() };
    let facets = store.facets(&filter).await.unwrap();
    assert_eq!(facets.total, 60);
    for facet in [&facets.product, &facets.group, &facets.zone, &facets.worst, &facets.plan_state, &facets.urgency] {
        assert_eq!(facet.iter().map(|count| count.hosts).sum::<i64>(), 60);
    }
    for count in &facets.product {
        let filter = AssetFilter { product: vec![count.value.clone()], ..filter.clone() };
        assert_eq!(store.asset_ids(&filter).await.unwrap().len() as i64, count.hosts, "{}", count.value);
    }
    assert!(facets.urgency.iter().any(|count| count.value.is_empty()), "hosts not assessed have a place of their own");

    let counts = store.exposure_counts(&filter).await.unwrap();
    assert_eq!(counts.hosts, 60);
    for (place, count) in counts.weapons.iter().enumerate() {
        let expected = |letter: char| {
            let in_zone = (0..HOSTS).filter(|n| n % 2 == 0).filter_map(letters);
            in_zone.filter(|letters| letters.chars().nth(place) == Some(letter)).count() as i64
        };
        let expected = (expected('o'), expected('u'), expected('f'), expected('n'));
        assert_eq!((count.open, count.unknown, count.fixed, count.not_affected), expected, "{}", count.weapon);
        let of_systems = counts.systems.iter().filter(|system| system.weapon == count.weapon);
        assert_eq!(of_systems.map(|system| system.hosts).sum::<i64>(), 48);
    }
}

pub async fn the_exposure_list_pages_over_weapons(place: Place) {
    filled(&place, HOSTS).await;
    let store = &place.store;
    for (states, weapons) in [
        (vec![], vec![]),
        (vec![ExposureState::Open], vec![WeaponId::from("esteemaudit"), "eclipsedwing".into()]),
        (vec![ExposureState::Fixed, ExposureState::NotAffected], vec![]),
    ] {
        let filter = ExposureFilter { states, weapons, assets: Default::default() };
        let wanted = |state: ExposureState| {
            if filter.states.is_empty() { state.needs_action() } else { filter.states.contains(&state) }
        };
        let mut expected = BTreeSet::new();
        for row in walk(store, &AssetFilter::default(), &[], 500).await {
            for (weapon, state) in row.weapons.into_iter().filter(|(_, state)| wanted(*state)) {
                if filter.weapons.is_empty() || filter.weapons.contains(&weapon) {
                    expected.insert((weapon, state, row.id.clone()));
                }
            }
        }
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.exposures(&filter, cursor.as_deref(), 17).await.unwrap();
            assert_eq!(page.total, expected.len() as i64);
            for row in page.rows {
                assert_eq!(row.exposure.unwrap().state, row.state);
                assert_eq!(row.disposal.unwrap().weapon, row.weapon);
                found.push((row.weapon, row.state, row.asset.id));
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), expected.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    }
    for bad in ["", "x", "0-", "0-00", "-1-7b7d"] {
        assert!(matches!(store.exposures(&ExposureFilter::default(), Some(bad), 5).await, Err(Error::Cursor)), "{bad}");
    }
}

pub async fn the_overview_counts_every_host_once(place: Place) {
    filled(&place, HOSTS).await;
    let overview = place.store.overview(now(), SignedDuration::from_secs(60)).await.unwrap();
    assert_eq!((overview.hosts, overview.assessed), (120, 96));
    assert_eq!((overview.open_hosts, overview.unknown_hosts, overview.clear_hosts), (48, 24, 24));
    assert_eq!(overview.board[0].plans, 72);
    let blind = overview.blind;
    assert_eq!((blind.no_system, blind.no_updates, blind.old, blind.not_assessed), (40, 48, 59, 24));
    assert_eq!((overview.oldest_seen, overview.newest_seen), (Some(later(-119)), Some(now())));

    let point = place.store.record_trend(date(2017, 6, 1), &act()).await.unwrap();
    place.store.record_trend(date(2017, 6, 1), &act()).await.unwrap();
    assert_eq!(place.store.trend(date(2017, 5, 1)).await.unwrap(), [point]);
    assert!(place.store.trend(date(2017, 6, 2)).await.unwrap().is_empty());
}
