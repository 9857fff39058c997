use crate::fixture::{FORM, Place, act, chunk, filled, host, judged, later, letters, now};
use std::collections::{BTreeMap, BTreeSet};
use store::{Act, AssetFilter, Chunk, Options, PageQuery, Profile, Store};

/// Judged hosts by what their profile says, counted one by one.
fn expected(numbers: impl Iterator<Item = usize>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for letters in numbers.filter_map(letters) {
        *counts.entry(letters.to_owned()).or_default() += 1;
    }
    counts
}

/// The same as the store counts them.
async fn counted(store: &Store) -> BTreeMap<String, u64> {
    let alike = store.alike().await.unwrap();
    let ids: BTreeSet<_> = alike.iter().filter_map(|alike| alike.profile).collect();
    let profiles: BTreeMap<_, String> = store.profiles(&Vec::from_iter(ids), FORM).await.unwrap();
    let mut counts = BTreeMap::new();
    for alike in alike.iter().filter(|alike| alike.profile.is_some()) {
        *counts.entry(profiles[&alike.profile.unwrap()].clone()).or_default() += alike.hosts;
    }
    counts
}

pub async fn hosts_are_counted_by_profile_and_leave_no_count_behind(place: Place) {
    filled(&place, 200).await;
    let store = &place.store;
    assert_eq!(counted(store).await, expected(0..200));
    let alike = store.alike().await.unwrap();
    let pending: u64 = alike.iter().filter(|alike| alike.profile.is_none()).map(|alike| alike.hosts).sum();
    assert_eq!(pending, 40, "every fifth is not judged");
    let profiles: BTreeSet<_> = alike.iter().filter_map(|alike| alike.profile).collect();
    assert_eq!(profiles.len(), 4, "one for each kind of host");

    // Forgotten, absorbed, judged anew.
    store.forget_hosts(&[host(0).id, host(1).id], &act()).await.unwrap();
    let absorbing = Chunk { absorbed: vec![(host(5).id, host(3).id)], ..chunk(3..4) };
    store.store_chunk(None, &absorbing, &act()).await.unwrap();
    assert_eq!(counted(store).await, expected((2..200).filter(|n| *n != 5)));
    let anew: Vec<_> = (10..20).map(|n| judged(&host(n).id, "nnnn", "p2")).collect();
    store.store_judgements(&anew, "builtin", &Act::at(later(1))).await.unwrap();
    let mut wanted = expected((2..200).filter(|n| *n != 5 && !(10..20).contains(n)));
    wanted.insert("nnnn".to_owned(), 10);
    assert_eq!(counted(store).await, wanted);

    let of = |letters: &str| judged(&host(0).id, letters, "p").profile;
    assert_eq!(of("nnnn"), of("nnnn"));
    assert_eq!(store.sweep_profiles().await.unwrap(), 0);
    let all: Vec<_> = (0..200).map(|n| judged(&host(n).id, "nnnn", "p3")).filter(expected_there).collect();
    store.store_judgements(&all, "builtin", &Act::at(later(2))).await.unwrap();
    assert_eq!(store.sweep_profiles().await.unwrap(), 4, "profiles that no host has go");
}

fn expected_there(judged: &store::Judged) -> bool {
    ![host(0).id, host(1).id, host(5).id].contains(&judged.judgement.exposure.host)
}

pub async fn a_list_by_profiles_has_exactly_their_hosts(place: Place) {
    filled(&place, 100).await;
    let alike = place.store.alike().await.unwrap();
    let profiles: BTreeSet<_> = alike.iter().filter_map(|alike| alike.profile).collect();
    for profile in profiles {
        let hosts: u64 = alike.iter().filter(|one| one.profile == Some(profile)).map(|one| one.hosts).sum();
        let filter = AssetFilter { profiles: Some(BTreeSet::from([profile])), ..AssetFilter::default() };
        let page = place.store.assets(&filter, &PageQuery::default()).await.unwrap();
        assert_eq!(page.total.unsigned_abs(), hosts);
    }
    let none = AssetFilter { profiles: Some(BTreeSet::new()), ..AssetFilter::default() };
    assert_eq!(place.store.assets(&none, &PageQuery::default()).await.unwrap().total, 0);
}

pub async fn profiles_of_another_form_are_made_again(place: Place) {
    filled(&place, 50).await;
    let store = &place.store;
    assert_eq!(store.without_profile(FORM, 100).await.unwrap(), []);
    let missing = store.without_profile(FORM + 1, 100).await.unwrap();
    assert_eq!(missing.len(), 40, "judged in the old form; those that are not judged have none to make");

    // One of them is judged again while its profile is being made of what was there before.
    let newer = judged(&missing[0].host, "nnnn", "p2");
    store.store_judgements(&[newer], "builtin", &Act::at(later(60))).await.unwrap();
    let made: Vec<_> = missing.iter().map(|one| (one.clone(), Profile::new(FORM + 1, &"new form").unwrap())).collect();
    store.put_profiles(&made).await.unwrap();
    let left = store.without_profile(FORM + 1, 100).await.unwrap();
    assert_eq!(left.iter().map(|one| &one.host).collect::<Vec<_>>(), [&missing[0].host]);
    let newest = store.alike().await.unwrap().iter().filter_map(|alike| alike.profile).max().unwrap();
    let profiles: BTreeMap<_, String> = store.profiles(&[newest], FORM + 1).await.unwrap();
    assert_eq!(profiles.into_values().collect::<Vec<_>>(), ["new form"]);
}

pub async fn a_backup_carries_the_profiles(place: Place) {
    filled(&place, 100).await;
    let file = place.folder.join("profiles.backup");
    place.store.backup(&file, later(1)).await.unwrap();
    let url = format!("sqlite:{}", place.folder.join("other.db").display());
    let other = Store::open(&url, &Options::at(now())).await.unwrap();
    other.restore(&file, later(2)).await.unwrap();
    assert_eq!(counted(&other).await, expected(0..100));
    other.close().await;
}
