use crate::fixture::{Place, act, later, now};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use store::{
    FileFilter, FileLease, FileList, FileResult, FileSort, FileStage, FileState, LeaseOf, Listed, NewIndicator,
    NewSighting, PartRow, Publisher, Seen, SightingSource, Store,
};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

fn digest(number: usize) -> String {
    format!("{number:064x}")
}

fn sighting(number: usize) -> NewSighting {
    NewSighting {
        sha256: digest(number),
        size: 100,
        name: format!("file-{number}.bin"),
        source: SightingSource::Upload,
        host: None,
        at: now(),
        kept: true,
        priority: 0,
    }
}

fn of<'a>(worker: &'a str, lease: &'a str, at: i64) -> LeaseOf<'a> {
    LeaseOf { worker, stage: FileStage::Static, lease, lasts: LEASE, now: later(at) }
}

fn result(verdict: &str, parts: &[usize]) -> FileResult {
    let part = |(number, digest_of): (usize, &usize)| PartRow {
        number,
        sha256: digest(*digest_of),
        path: format!("part-{number}"),
    };
    FileResult {
        verdict: verdict.to_owned(),
        score: 10,
        kind: "zip".to_owned(),
        group: "archive".to_owned(),
        mime: "application/zip".to_owned(),
        report: digest(999),
        versions: "1".to_owned(),
        took_ms: 5,
        tlsh: String::new(),
        parts: parts.iter().enumerate().map(part).collect(),
        pivots: vec![("imphash".to_owned(), "aa".to_owned())],
    }
}

async fn see(store: &Store, number: usize) -> Seen {
    store.files().see(&sighting(number), &act()).await.unwrap()
}

async fn lease_one(store: &Store, lease: &str, at: i64) -> Option<FileLease> {
    store.files().lease(of("w", lease, at), 1).await.unwrap().pop()
}

async fn analyse(store: &Store, number: usize, result: &FileResult) {
    see(store, number).await;
    let leased = lease_one(store, "l", 0).await.unwrap();
    assert_eq!(leased.sha256, digest(number));
    assert!(store.files().finish(&leased.sha256, "l", result, &act()).await.unwrap());
}

async fn standing(store: &Store, number: usize) -> Option<String> {
    store.files().file(&digest(number)).await.unwrap().standing
}

pub async fn a_content_waits_once_however_often_it_is_seen(Place { store, .. }: Place) {
    assert_eq!(see(&store, 1).await, Seen::First);
    assert_eq!(see(&store, 1).await, Seen::Again(FileState::Waiting));
    for host in ["10.0.0.1", "10.0.0.2", "10.0.0.1"] {
        let at_host = NewSighting { host: Some(host.to_owned()), source: SightingSource::Wire, ..sighting(1) };
        store.files().see(&at_host, &act()).await.unwrap();
    }
    let file = store.files().file(&digest(1)).await.unwrap();
    assert_eq!((file.hosts, file.state, file.kept), (2, FileState::Waiting, true));
    let seen: Vec<_> =
        store.files().sightings(&digest(1)).await.unwrap().into_iter().map(|seen| (seen.host, seen.times)).collect();
    assert_eq!(seen, [(None, 2), (Some("10.0.0.1".to_owned()), 2), (Some("10.0.0.2".to_owned()), 1)]);

    // Known by its digest only, it does not wait; when its bytes come, it does.
    let unkept = NewSighting { kept: false, ..sighting(2) };
    assert_eq!(store.files().see(&unkept, &act()).await.unwrap(), Seen::First);
    assert_eq!(store.files().file(&digest(2)).await.unwrap().state, FileState::Done);
    assert_eq!(see(&store, 2).await, Seen::Had);
    assert_eq!(store.files().queue().await.unwrap().waiting, 2);
}

pub async fn no_two_workers_get_the_same_file(Place { store, .. }: Place) {
    for number in 0..30 {
        see(&store, number).await;
    }
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let workers = (0..6).map(|worker| {
        let (store, taken) = (store.clone(), taken.clone());
        tokio::spawn(async move {
            let mut mine = Vec::new();
            let lease = format!("lease-{worker}");
            // A worker that loses every race is given nothing and asks again, as it does in service.
            while taken.load(std::sync::atomic::Ordering::SeqCst) < 30 {
                let leased = store.files().lease(of("w", &lease, 0), 2).await.unwrap();
                taken.fetch_add(leased.len(), std::sync::atomic::Ordering::SeqCst);
                mine.extend(leased.into_iter().map(|file| file.sha256));
            }
            mine
        })
    });
    let mut all = BTreeSet::new();
    let mut count = 0;
    for worker in workers.collect::<Vec<_>>() {
        let mine = worker.await.unwrap();
        count += mine.len();
        all.extend(mine);
    }
    assert_eq!((count, all.len()), (30, 30));
    assert!(lease_one(&store, "late", 0).await.is_none());
}

pub async fn a_result_is_taken_once_from_whoever_has_the_file(Place { store, .. }: Place) {
    see(&store, 1).await;
    let first = lease_one(&store, "first", 0).await.unwrap();
    assert!(store.files().extend_lease(&first.sha256, of("w", "first", 20)).await.unwrap());
    assert!(store.files().requeue_expired(3, later(49)).await.unwrap().is_empty());
    assert!(store.files().is_leased(&first.sha256, "first").await.unwrap());
    // The first worker is thought dead, and a second one takes the file.
    assert!(store.files().requeue_expired(3, later(51)).await.unwrap().is_empty());
    let second = lease_one(&store, "second", 51).await.unwrap();
    assert_eq!(second.attempt, 2);
    assert!(!store.files().extend_lease(&first.sha256, of("w", "first", 52)).await.unwrap());
    assert!(!store.files().finish(&first.sha256, "first", &result("clean", &[1]), &act()).await.unwrap());
    assert!(store.files().finish(&second.sha256, "second", &result("unknown", &[1]), &act()).await.unwrap());
    assert!(!store.files().finish(&second.sha256, "second", &result("clean", &[1]), &act()).await.unwrap());
    assert_eq!(standing(&store, 1).await.as_deref(), Some("unknown"));
}

pub async fn what_takes_down_its_workers_is_set_aside(Place { store, .. }: Place) {
    see(&store, 1).await;
    for attempt in 1..=3 {
        let at = attempt * 100;
        assert_eq!(lease_one(&store, "l", at).await.unwrap().attempt, attempt);
        let poison = store.files().requeue_expired(3, later(at + 31)).await.unwrap();
        assert_eq!(poison.len(), usize::from(attempt == 3));
    }
    store.files().set_aside(&digest(1), &result("incomplete", &[1]), &act()).await.unwrap();
    let file = store.files().file(&digest(1)).await.unwrap();
    assert_eq!((file.state, file.standing.as_deref()), (FileState::SetAside, Some("incomplete")));
    // A worker that goes down orderly made no attempt.
    see(&store, 2).await;
    lease_one(&store, "gone", 0).await.unwrap();
    assert_eq!(store.files().give_back("gone").await.unwrap(), 1);
    assert_eq!(lease_one(&store, "next", 0).await.unwrap().attempt, 1);
    assert_eq!(store.files().give_back("").await.unwrap(), 0);
}

pub async fn what_is_asked_for_comes_first_and_can_be_asked_for_again(Place { store, .. }: Place) {
    see(&store, 1).await;
    store.files().see(&NewSighting { priority: 100, ..sighting(2) }, &act()).await.unwrap();
    assert_eq!(lease_one(&store, "a", 0).await.unwrap().sha256, digest(2));
    assert_eq!(store.files().analyse_again(&[digest(2)], 100, &act()).await.unwrap(), 0, "somebody has it");
    store.files().finish(&digest(2), "a", &result("clean", &[2]), &act()).await.unwrap();
    assert_eq!(store.files().analyse_again(&[digest(2)], 100, &act()).await.unwrap(), 1);
    assert_eq!(lease_one(&store, "b", 0).await.unwrap().sha256, digest(2));
    store.files().finish(&digest(2), "b", &result("clean", &[2]), &act()).await.unwrap();
    assert_eq!(store.files().analyse_outdated("1", &act()).await.unwrap(), 0);
    assert_eq!(store.files().analyse_outdated("2", &act()).await.unwrap(), 1);
}

pub async fn a_list_stands_above_the_verdict(Place { store, .. }: Place) {
    // 1 holds 2 and 3.
    analyse(&store, 1, &result("unknown", &[1, 2, 3])).await;
    analyse(&store, 2, &result("suspicious", &[2])).await;
    let put = async |number: usize, list: FileList| {
        let listed = Listed {
            sha256: digest(number),
            list,
            reason: "because".to_owned(),
            owner: "ann".to_owned(),
            added: now(),
        };
        store.files().put_on_list(&listed, &act()).await.unwrap();
    };
    put(2, FileList::Allow).await;
    assert_eq!(standing(&store, 2).await.as_deref(), Some("clean"));
    assert_eq!(standing(&store, 1).await.as_deref(), Some("unknown"), "what is inside clears only itself");
    put(2, FileList::Deny).await;
    assert_eq!(standing(&store, 2).await.as_deref(), Some("malicious"));
    assert_eq!(standing(&store, 1).await.as_deref(), Some("malicious"), "what is inside taints");
    put(1, FileList::Allow).await;
    assert_eq!(standing(&store, 1).await.as_deref(), Some("malicious"), "unwanted counts above wanted");
    assert_eq!(store.files().lists_within(&digest(1)).await.unwrap(), [(0, FileList::Allow), (1, FileList::Deny)]);
    assert!(store.files().take_off_list(&digest(2), &act()).await.unwrap());
    assert!(!store.files().take_off_list(&digest(2), &act()).await.unwrap());
    assert_eq!(standing(&store, 1).await.as_deref(), Some("clean"));
    assert_eq!(standing(&store, 2).await.as_deref(), Some("suspicious"));
    // A content that nobody saw yet may be listed; it counts when it comes.
    put(9, FileList::Deny).await;
    analyse(&store, 9, &result("clean", &[9])).await;
    assert_eq!(standing(&store, 9).await.as_deref(), Some("malicious"));
    let denied = FileFilter { list: Some(FileList::Deny), ..FileFilter::default() };
    assert_eq!(store.files().page(&denied, FileSort::LastSeen, None, 10).await.unwrap().total, 1);
}

pub async fn what_a_trusted_publisher_signed_is_clean(Place { store, .. }: Place) {
    let sha1 = "ab".repeat(20);
    let signed = |verdict: &str, number: usize| FileResult {
        pivots: vec![("signed-by".to_owned(), sha1.clone())],
        ..result(verdict, &[number])
    };
    analyse(&store, 1, &signed("suspicious", 1)).await;
    analyse(&store, 2, &result("suspicious", &[2])).await;
    let publisher = Publisher {
        sha1: sha1.clone(),
        name: "Somebody".to_owned(),
        reason: "our own tools".to_owned(),
        owner: "ann".to_owned(),
        added: now(),
        files: 0,
    };
    store.files().trust(&publisher, &act()).await.unwrap();
    assert_eq!(standing(&store, 1).await.as_deref(), Some("clean"));
    assert_eq!(standing(&store, 2).await.as_deref(), Some("suspicious"));
    // What comes later counts as well, and what is not wanted stays so.
    analyse(&store, 3, &signed("malicious", 3)).await;
    assert_eq!(standing(&store, 3).await.as_deref(), Some("clean"));
    let denied = Listed {
        sha256: digest(3),
        list: FileList::Deny,
        reason: "because".to_owned(),
        owner: "ann".to_owned(),
        added: now(),
    };
    store.files().put_on_list(&denied, &act()).await.unwrap();
    assert_eq!(standing(&store, 3).await.as_deref(), Some("malicious"));
    assert_eq!(store.files().publishers().await.unwrap(), [Publisher { files: 2, ..publisher.clone() }]);
    assert_eq!(store.files().publishers_of(&digest(1)).await.unwrap(), [publisher]);
    assert_eq!(store.files().publishers_of(&digest(2)).await.unwrap(), []);
    assert!(store.files().trust_no_longer(&sha1, &act()).await.unwrap());
    assert!(!store.files().trust_no_longer(&sha1, &act()).await.unwrap());
    assert_eq!(standing(&store, 1).await.as_deref(), Some("suspicious"));
    assert_eq!(standing(&store, 3).await.as_deref(), Some("malicious"));
}

pub async fn files_are_found_by_what_they_are_and_have(Place { store, .. }: Place) {
    for number in 1..=7 {
        analyse(&store, number, &result(if number < 3 { "malicious" } else { "clean" }, &[number, 100])).await;
    }
    let find = async |filter: FileFilter| {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = store.files().page(&filter, FileSort::Score, cursor.as_deref(), 2).await.unwrap();
            found.extend(page.rows.iter().map(|row| usize::from_str_radix(&row.sha256, 16).unwrap()));
            assert!(page.total >= i64::try_from(found.len()).unwrap());
            match page.next {
                Some(next) => cursor = Some(next),
                None => return found,
            }
        }
    };
    let text = |text: &str| FileFilter { text: Some(text.to_owned()), ..FileFilter::default() };
    assert_eq!(find(FileFilter::default()).await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(find(FileFilter { standing: vec!["malicious".into()], ..FileFilter::default() }).await, [2, 1]);
    assert_eq!(find(text("FILE-3")).await, [3]);
    assert_eq!(find(text("100%_")).await, Vec::<usize>::new());
    assert_eq!(find(text(&digest(5))).await, [5]);
    assert_eq!(find(text(&digest(100))).await, [7, 6, 5, 4, 3, 2, 1], "by what is inside");
    let pivot = |value: &str| Some(("imphash".to_owned(), value.to_owned()));
    assert_eq!(find(FileFilter { pivot: pivot("aa"), ..FileFilter::default() }).await.len(), 7);
    assert_eq!(find(FileFilter { pivot: pivot("bb"), ..FileFilter::default() }).await.len(), 0);
    assert_eq!(store.files().pivots(&digest(1)).await.unwrap()[0].files, 6);
    assert_eq!(store.files().within(&digest(100)).await.unwrap().len(), 7);
    store.files().forget(&digest(7), &act()).await.unwrap();
    assert_eq!(find(FileFilter::default()).await.len(), 6);
    assert!(store.files().page(&FileFilter::default(), FileSort::Score, Some("x"), 2).await.is_err());
}

pub async fn the_oldest_make_room_and_the_bad_ones_last(Place { store, .. }: Place) {
    analyse(&store, 1, &result("malicious", &[1])).await;
    analyse(&store, 2, &result("clean", &[2])).await;
    store.files().see(&NewSighting { at: later(60), ..sighting(2) }, &act()).await.unwrap();
    analyse(&store, 3, &result("clean", &[3])).await;
    see(&store, 4).await;
    assert_eq!(store.files().kept_bytes().await.unwrap(), 400);
    let order: Vec<_> = store.files().first_to_go(10).await.unwrap().into_iter().map(|row| row.sha256).collect();
    assert_eq!(order, [digest(3), digest(2), digest(1)], "what waits stays");
    store.files().let_go(&digest(3), &act()).await.unwrap();
    store.files().let_go(&digest(4), &act()).await.unwrap();
    assert_eq!(store.files().kept_bytes().await.unwrap(), 300);
    // Seen again with its bytes, it is analysed anew.
    assert_eq!(see(&store, 3).await, Seen::Had);
}

pub async fn a_known_hash_decides_while_a_list_has_it(Place { store, .. }: Place) {
    let add = async |source: &str, numbers: &[usize]| {
        let list = store.begin_indicators(source, "ann", &act()).await.unwrap();
        let hash = |number: &usize| NewIndicator { kind: "sha256".to_owned(), value: digest(*number) };
        let other = NewIndicator { kind: "domain".to_owned(), value: digest(1) };
        let part: Vec<_> = numbers.iter().map(hash).chain([other]).collect();
        store.add_indicators(list, &part).await.unwrap();
        store.end_indicators(list, 0, &act()).await.unwrap();
        list
    };
    let stand = async |numbers: [usize; 3]| {
        let mut all = Vec::new();
        for number in numbers {
            all.push(standing(&store, number).await.unwrap_or_default());
        }
        all
    };
    for (number, parts) in [(1, &[1, 5][..]), (2, &[2]), (3, &[3, 5])] {
        analyse(&store, number, &result("unknown", parts)).await;
    }
    // A list that comes later counts for what was analysed before, itself and inside.
    let first = add("first", &[2, 5]).await;
    assert_eq!(stand([1, 2, 3]).await, ["malicious"; 3]);
    assert_eq!(store.files().known_within(&digest(1)).await.unwrap(), [(1, "first".to_owned())]);
    assert_eq!(store.files().known_within(&digest(2)).await.unwrap(), [(0, "first".to_owned())]);
    // What the house wants stands above it, and is not held against what holds it.
    let allowed = |number| Listed {
        sha256: digest(number),
        list: FileList::Allow,
        reason: "because".to_owned(),
        owner: "ann".to_owned(),
        added: now(),
    };
    store.files().put_on_list(&allowed(5), &act()).await.unwrap();
    assert_eq!(stand([1, 2, 3]).await, ["unknown", "malicious", "unknown"]);
    store.files().take_off_list(&digest(5), &act()).await.unwrap();
    store.files().put_on_list(&allowed(1), &act()).await.unwrap();
    assert_eq!(stand([1, 2, 3]).await, ["clean", "malicious", "malicious"]);
    // A list counts when a file comes, and before anybody read it.
    let second = add("second", &[4, 6]).await;
    analyse(&store, 4, &result("clean", &[4])).await;
    let unread = NewSighting { kept: false, ..sighting(6) };
    store.files().see(&unread, &act()).await.unwrap();
    assert_eq!(stand([4, 6, 2]).await, ["malicious"; 3]);
    // And no longer than it is there.
    let mut rows = store.indicators(&Default::default(), None, 10).await.unwrap().rows;
    rows.retain(|row| row.value == digest(2));
    store.remove_indicators(&[rows[0].id], &act()).await.unwrap();
    assert_eq!(stand([1, 2, 3]).await, ["clean", "unknown", "malicious"]);
    store.remove_indicator_list(first, &act()).await.unwrap();
    store.remove_indicator_list(second, &act()).await.unwrap();
    assert_eq!(stand([2, 3, 4]).await, ["unknown", "unknown", "clean"]);
}

pub async fn a_worker_is_given_what_waits_for_what_it_does(Place { store, .. }: Place) {
    see(&store, 1).await;
    let running = LeaseOf { stage: FileStage::Dynamic, ..of("w", "l", 0) };
    assert_eq!(store.files().lease(running, 10).await.unwrap(), []);
    assert_eq!(store.files().lease(of("w", "l", 0), 10).await.unwrap().len(), 1);
}
