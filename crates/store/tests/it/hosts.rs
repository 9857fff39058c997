use crate::fixture::{Place, act, chunk, filled, host, judgement, later, now, observation, source};
use std::collections::BTreeSet;
use store::{Act, AssetFilter, Chunk, Error, FileOutcome, ImportState, NewImport, PageQuery, host_keys};

fn import() -> NewImport {
    NewImport { name: "folder".to_owned(), owner: "ann".to_owned() }
}

fn file(path: &str) -> FileOutcome {
    FileOutcome { path: path.to_owned(), sha256: format!("digest of {path}"), size: 10, hosts: 5, refusal: None }
}

pub async fn a_chunk_stored_twice_is_stored_once(Place { store, .. }: Place) {
    let id = store.begin_import(&import(), &act()).await.unwrap();
    let refusal = Some(model::Message::new("read.too-large"));
    let bad = FileOutcome { refusal, hosts: 0, ..file("b.txt") };
    let chunk = Chunk { files: vec![file("a.txt"), bad.clone()], ..chunk(0..5) };
    let first = store.store_chunk(Some(id), &chunk, &act()).await.unwrap();
    let before = store.host_detail(&chunk.hosts[1].id).await.unwrap();
    let second = store.store_chunk(Some(id), &chunk, &Act::at(later(60))).await.unwrap();
    assert_eq!((first.hosts_new, first.hosts_known, second.hosts_new, second.hosts_known), (5, 0, 0, 5));

    let after = store.host_detail(&chunk.hosts[1].id).await.unwrap();
    assert_eq!((&after.host, &after.judgement), (&before.host, &before.judgement));
    assert_eq!((after.asset.first_seen, after.asset.last_seen), (before.asset.first_seen, before.asset.last_seen));
    for one in &chunk.hosts {
        let history = store.observations(&one.id).await.unwrap();
        assert_eq!((history.len(), &history[0].observation), (1, &observation(one).1));
    }
    let done = store.finish_import(id, ImportState::Done, &act()).await.unwrap();
    assert_eq!((done.files, done.refused, done.hosts, store.host_count().await.unwrap()), (2, 1, 5, 5));
    assert_eq!(store.import_files(id, true, "", 0).await.unwrap(), [bad]);
    let asked = ["a.txt", "b.txt", "c.txt"].map(str::to_owned);
    assert_eq!(store.stored_files(id, &asked).await.unwrap().len(), 2);
    let digests = ["digest of a.txt", "digest of b.txt"].map(str::to_owned);
    assert_eq!(store.seen_contents(&digests).await.unwrap(), BTreeSet::from([digests[0].clone()]));
    assert_eq!(store.imports(None, 0).await.unwrap().rows, [done]);
}

pub async fn two_records_of_one_machine_become_one(Place { store, .. }: Place) {
    filled(&Place { store: store.clone(), folder: Default::default(), url: String::new() }, 3).await;
    let (gone, into) = (host(0), host(1));
    let candidates = store.hosts_with_keys(&host_keys(&gone.facts)).await.unwrap();
    assert_eq!(candidates["name:pc-000"], BTreeSet::from([gone.id.clone()]));

    let mut merged = into.clone();
    merged.facts.addresses.extend(gone.facts.addresses.clone());
    merged.sources.push(source("0.txt", 0));
    let chunk = Chunk {
        observations: vec![(into.id.clone(), observation(&gone).1)],
        absorbed: vec![(gone.id.clone(), into.id.clone())],
        hosts: vec![merged],
        ..Default::default()
    };
    store.store_chunk(None, &chunk, &act()).await.unwrap();
    assert!(store.host(&gone.id).await.unwrap_err().is_not_found());
    assert_eq!(store.observations(&into.id).await.unwrap().len(), 2);
    let of = store.observations_of(&[gone.id, into.id.clone(), host(2).id]).await.unwrap();
    assert_eq!(of.values().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        store.hosts_with_keys(&["ip:10.0.0.1".to_owned()].into()).await.unwrap()["ip:10.0.0.1"],
        [into.id].into()
    );
}

pub async fn a_name_with_a_nul_is_stored(Place { store, .. }: Place) {
    let mut odd = host(1);
    odd.facts.name = Some("PC\0\u{1F600}'\";--%_".to_owned());
    odd.facts.business.group = Some("\0".to_owned());
    let chunk = Chunk { observations: vec![observation(&odd)], hosts: vec![odd.clone()], ..Default::default() };
    store.store_chunk(None, &chunk, &act()).await.unwrap();
    assert_eq!(store.host(&odd.id).await.unwrap(), odd, "the facts themselves keep every byte");
    assert_eq!(store.asset(&odd.id).await.unwrap().label, "PC\u{FFFD}\u{1F600}'\";--%_");
    let filter = AssetFilter { text: Some("\";--%_ \0".to_owned()), ..Default::default() };
    assert_eq!(store.assets(&filter, &PageQuery::default()).await.unwrap().total, 1);
}

pub async fn a_chunk_of_an_unknown_import_leaves_nothing(Place { store, .. }: Place) {
    let refused = store.store_chunk(Some(77), &chunk(0..3), &act()).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
    let mut bad = chunk(0..3);
    // An observation of a host that is not in the chunk and not known: the last statement fails, all of it goes.
    bad.observations.push(("nobody".into(), observation(&host(9)).1));
    store.store_chunk(None, &bad, &act()).await.unwrap_err();
    assert_eq!(store.host_count().await.unwrap(), 0);
    assert!(store.observations(&host(1).id).await.unwrap().is_empty());
    store.store_chunk(None, &chunk(0..3), &act()).await.unwrap();
    assert_eq!(store.host_count().await.unwrap(), 3);
}

pub async fn forgetting_a_host_leaves_nothing_of_it(place: Place) {
    filled(&place, 6).await;
    let store = place.store;
    let id = host(3).id;
    assert_eq!(store.forget_hosts(std::slice::from_ref(&id), &act()).await.unwrap(), 1);
    assert!(store.host(&id).await.is_err() && store.judgement(&id).await.unwrap().is_none());
    assert!(store.plan_history(&id).await.unwrap().is_empty() && store.observations(&id).await.unwrap().is_empty());
    let mut walked = Vec::new();
    while let some @ [_, ..] = &*store.hosts_after(walked.last(), 2).await.unwrap() {
        walked.extend(some.iter().map(|host| host.id.clone()));
    }
    assert_eq!(walked, [0, 1, 2, 4, 5].map(|n| host(n).id));
    let judged = store.judgements_after(None, 10).await.unwrap();
    assert_eq!(judged.len(), 4);
    assert_eq!(judged[0], judgement(&host(0).id, "ofun", "p1"));
    assert_eq!(store.asset(&host(4).id).await.unwrap().assessed, None);
    assert_eq!(store.asset(&host(0).id).await.unwrap().assessed, Some(now()));
}
