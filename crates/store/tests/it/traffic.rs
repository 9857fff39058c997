use crate::fixture::{Place, act, later};
use model::{Confidence, Finding, FindingOutcome, Notable, NotableKind, Payload, SessionRecord, WeaponId};
use std::collections::BTreeSet;
use store::{
    AuditFilter, CaptureState, IndicatorFilter, Learned, NewCapture, NewIndicator, NotableFilter, Outcome, ProfileKey,
    ProfileKind, ProfileQuota, Quota, Rows, StoredNotable, Traffic, TrafficFilter,
};

fn new(digest: &str) -> NewCapture {
    NewCapture {
        digest: digest.to_owned(),
        name: format!("{digest}.pcap"),
        kind: "file".to_owned(),
        owner: "test".to_owned(),
        job: 0,
        bytes: 1000,
    }
}

/// A record whose values follow from its number.
fn record(n: usize) -> SessionRecord {
    let exchange = !n.is_multiple_of(4);
    SessionRecord {
        community_id: format!("1:{}", n / 4),
        transaction: exchange.then_some(n as u64 % 4),
        originator: format!("10.0.0.{}", n % 5 + 1).parse().unwrap(),
        originator_port: 1000 + n as u16 % 100,
        responder: format!("10.0.0.{}", n % 3 + 3).parse().unwrap(),
        responder_port: 445,
        transport: "tcp".to_owned(),
        // Several begin at the same moment.
        start: later(n as i64 / 3),
        duration_us: 1_000_000,
        state: "closed".to_owned(),
        midstream: n.is_multiple_of(7),
        originator_packets: n as u64,
        originator_bytes: u64::MAX,
        responder_packets: 2,
        responder_bytes: 3,
        protocol: [Some("smb"), Some("dns"), None][n % 3].map(str::to_owned),
        version: None,
        account: n.is_multiple_of(10).then(|| "账号\0x".to_owned()),
        host_name: None,
        originator_mac: None,
        responder_mac: None,
        object: Some(format!(r"\\SRV{}\share_100%", n % 2)),
        operation: Some("read".to_owned()),
        result: None,
        client: None,
        server: None,
        payload: n.is_multiple_of(6).then(|| Payload::File {
            name: "a.exe".to_owned(),
            size: 5,
            missing: 0,
            complete: true,
            sha256: Some(format!("{:064x}", n % 12)),
            media_type: None,
        }),
    }
}

fn finding(weapon: &str, from: u8, to: u8, outcome: FindingOutcome, seconds: i64, communities: &[&str]) -> Finding {
    Finding {
        weapon: WeaponId(weapon.to_owned()),
        sign: format!("{weapon}.sign"),
        outcome,
        confidence: Confidence::Verified,
        originator: format!("10.0.0.{from}").parse().unwrap(),
        responder: format!("10.0.0.{to}").parse().unwrap(),
        count: 3,
        first: later(seconds),
        last: later(seconds + 5),
        community_ids: communities.iter().map(|text| (*text).to_owned()).collect(),
        frames: vec![1, 2, 70_000],
    }
}

async fn all(traffic: Traffic<'_>, filter: &TrafficFilter, limit: u32) -> Vec<i64> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = traffic.sessions(filter, cursor.as_deref(), limit).await.unwrap();
        ids.extend(page.rows.iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            return ids;
        }
    }
}

pub async fn sessions_page_newest_first_and_filters_select_what_they_say(place: Place) {
    let traffic = place.store.traffic();
    let capture = traffic.begin(&new("a"), &act()).await.unwrap();
    let records: Vec<_> = (0..300).map(record).collect();
    traffic.put(capture, &records).await.unwrap();

    let everything = TrafficFilter::default();
    let whole = all(traffic, &everything, 1000).await;
    assert_eq!(all(traffic, &everything, 7).await, whole, "cut anywhere, the list is the same");
    assert_eq!(whole.len(), 300);
    let first = traffic.session(whole[0]).await.unwrap();
    assert_eq!(first.record.start, later(99));

    let kept = traffic.session(whole[299]).await.unwrap().record;
    let given = SessionRecord {
        account: Some("账号\u{fffd}x".to_owned()),
        // What a database cannot hold is its largest number.
        originator_bytes: i64::MAX as u64,
        ..record(0)
    };
    let kept = SessionRecord { community_id: given.community_id.clone(), ..kept };
    assert_eq!(kept.start, given.start);

    let check = async |filter: TrafficFilter, wanted: &dyn Fn(&SessionRecord) -> bool| {
        let found = all(traffic, &filter, 11).await;
        let expected = records.iter().filter(|record| wanted(record)).count();
        assert_eq!(found.len(), expected, "{filter:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), expected, "no row twice: {filter:?}");
        let total = traffic.sessions(&filter, None, 1).await.unwrap().total;
        assert_eq!(total as usize, expected, "{filter:?}");
        let shape = traffic.shape(&filter).await.unwrap();
        assert_eq!(shape.rows as usize, expected);
        assert_eq!(shape.bars.iter().map(|(_, count)| *count as usize).sum::<usize>(), expected);
    };
    let text = |text: &str| Some(text.to_owned());
    check(TrafficFilter { host: text("10.0.0.3"), ..everything.clone() }, &|record| {
        [record.originator, record.responder].contains(&"10.0.0.3".parse().unwrap())
    })
    .await;
    check(
        TrafficFilter { host: text("10.0.0.4"), protocol: text("smb"), port: Some(445), ..everything.clone() },
        &|record| {
            [record.originator, record.responder].contains(&"10.0.0.4".parse().unwrap())
                && record.protocol.as_deref() == Some("smb")
        },
    )
    .await;
    check(TrafficFilter { protocol: text(""), ..everything.clone() }, &|record| record.protocol.is_none()).await;
    check(TrafficFilter { rows: Rows::Conversations, ..everything.clone() }, &|record| record.transaction.is_none())
        .await;
    check(TrafficFilter { from: Some(later(10)), to: Some(later(20)), ..everything.clone() }, &|record| {
        (later(10)..later(20)).contains(&record.start)
    })
    .await;
    check(TrafficFilter { object: text("srv1 _100%"), ..everything.clone() }, &|record| {
        record.object.as_deref().unwrap().contains("SRV1")
    })
    .await;
    check(TrafficFilter { account: text("账号\u{fffd}x"), ..everything.clone() }, &|record| record.account.is_some())
        .await;
    let digest = format!("{:064x}", 6);
    check(
        TrafficFilter { sha256: Some(digest.clone()), ..everything.clone() },
        &|record| matches!(&record.payload, Some(Payload::File { sha256: Some(sha256), .. }) if *sha256 == digest),
    )
    .await;
    assert!(traffic.sessions(&everything, Some("nonsense"), 5).await.is_err());

    let (flow, exchanges, more) = traffic.conversation(&first).await.unwrap();
    assert!(flow.is_some() && !exchanges.is_empty() && !more);
    assert!(exchanges.iter().all(|row| row.record.community_id == first.record.community_id));
}

pub async fn a_capture_read_again_replaces_what_it_gave(place: Place) {
    let traffic = place.store.traffic();
    let other = traffic.begin(&new("other"), &act()).await.unwrap();
    traffic.put(other, &[record(1)]).await.unwrap();
    for round in 0..2 {
        let capture = traffic.begin(&new("a"), &act()).await.unwrap();
        traffic.put(capture, &(0..10).map(record).collect::<Vec<_>>()).await.unwrap();
        let found = [finding("eternalblue", 1, 2, FindingOutcome::Attempt, round, &["1:0", "1:1"])];
        let outcome = Outcome { frames: 5, findings: 1, sessions: 10, ..Outcome::default() };
        traffic.finish(capture, CaptureState::Done, &outcome, &found, &act()).await.unwrap();
        let counts = traffic.counts().await.unwrap();
        assert_eq!((counts.captures, counts.sessions, counts.findings, counts.frames), (2, 11, 1, 5));
    }
    let capture = traffic.capture_of("a").await.unwrap().unwrap();
    traffic.forget(capture.id, &act()).await.unwrap();
    let counts = traffic.counts().await.unwrap();
    assert_eq!((counts.captures, counts.sessions, counts.findings), (1, 1, 0));
    assert!(traffic.forget(capture.id, &act()).await.unwrap_err().is_not_found());
}

pub async fn findings_are_grouped_and_their_conversations_are_found(place: Place) {
    let traffic = place.store.traffic();
    let capture = traffic.begin(&new("a"), &act()).await.unwrap();
    traffic.put(capture, &(0..40).map(record).collect::<Vec<_>>()).await.unwrap();
    let found = [
        finding("eternalblue", 1, 2, FindingOutcome::Attempt, 10, &["1:0"]),
        finding("eternalblue", 1, 3, FindingOutcome::Attempt, 20, &["1:1"]),
        finding("eternalblue", 1, 3, FindingOutcome::Success, 30, &["1:1", "1:1"]),
        finding("doublepulsar", 9, 3, FindingOutcome::Success, 5, &["1:2"]),
    ];
    traffic.finish(capture, CaptureState::Done, &Outcome::default(), &found, &act()).await.unwrap();

    let (groups, next) = traffic.findings(None, None, None, 50).await.unwrap();
    let shown: Vec<_> =
        groups.iter().map(|g| (g.weapon.as_str(), g.outcome, g.targets, g.times, g.members.len())).collect();
    assert_eq!(
        shown,
        [
            ("eternalblue", FindingOutcome::Success, 1, 3, 1),
            ("eternalblue", FindingOutcome::Attempt, 2, 6, 2),
            ("doublepulsar", FindingOutcome::Success, 1, 3, 1),
        ]
    );
    assert_eq!(next, None);
    // Page by page it is the same list.
    let (mut weapons, mut cursor) = (Vec::new(), None);
    loop {
        let (page, next) = traffic.findings(None, None, cursor.as_ref(), 1).await.unwrap();
        weapons.extend(page.into_iter().map(|group| (group.weapon, group.outcome)));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(weapons, groups.iter().map(|group| (group.weapon.clone(), group.outcome)).collect::<Vec<_>>());

    let kept = traffic.finding(groups[0].members[0].id).await.unwrap().finding;
    assert_eq!(kept, Finding { community_ids: vec!["1:1".to_owned()], ..found[2].clone() });
    assert_eq!(traffic.findings_in(capture, "1:1").await.unwrap().len(), 2);
    let of = TrafficFilter { weapon: Some(WeaponId("eternalblue".to_owned())), ..TrafficFilter::default() };
    assert_eq!(all(traffic, &of, 3).await.len(), 8, "both conversations with all their rows");
    let weapons = traffic.shape(&TrafficFilter::default()).await.unwrap().weapons;
    assert_eq!(
        weapons.iter().map(|count| (count.value.as_str(), count.hosts)).collect::<Vec<_>>(),
        [("eternalblue", 8), ("doublepulsar", 4)]
    );
    let counts = traffic.counts().await.unwrap();
    assert_eq!((counts.weapons, counts.weapons_successful), (2, 2));

    // Several workers may tell of it in any order.
    let earlier = Finding { first: later(2), ..found[3].clone() };
    for told in [&earlier, &found[3]] {
        traffic
            .finish(capture, CaptureState::Done, &Outcome::default(), std::slice::from_ref(told), &act())
            .await
            .unwrap();
        assert_eq!(traffic.finding(groups[2].members[0].id).await.unwrap().finding.first, later(2));
    }
}

pub async fn the_oldest_sessions_make_room_and_are_counted(place: Place) {
    let traffic = place.store.traffic();
    let capture = traffic.begin(&new("a"), &act()).await.unwrap();
    traffic.put(capture, &(0..100).map(record).collect::<Vec<_>>()).await.unwrap();
    let quota = Quota { sessions: 60, findings: 10 };
    assert_eq!(traffic.make_room(quota).await.unwrap(), 40);
    assert_eq!(traffic.make_room(quota).await.unwrap(), 0);
    let left = traffic.sessions(&TrafficFilter::default(), None, 100).await.unwrap();
    assert_eq!(left.total, 60);
    assert!(left.rows.iter().all(|row| row.record.start >= later(13)), "the newest stay");
    assert_eq!(traffic.capture(capture).await.unwrap().removed, 40);
}

fn notable(kind: NotableKind, from: u8, to: u8, count: u64, seconds: i64) -> Notable {
    Notable {
        kind,
        name: if kind == NotableKind::Indicator { "domain" } else { "beacon" }.to_owned(),
        value: if kind == NotableKind::Indicator { "evil.example" } else { "" }.to_owned(),
        place: String::new(),
        originator: format!("10.0.0.{from}").parse().unwrap(),
        responder: Some(format!("10.0.0.{to}").parse().unwrap()),
        transport: None,
        port: None,
        count,
        first: later(seconds),
        last: later(seconds + 5),
        facts: [("variation".to_owned(), 0.25)].into(),
        community_ids: vec!["1:a%_\"".to_owned()],
        frames: vec![7],
    }
}

pub async fn what_stands_out_is_told_once_over_all_captures(place: Place) {
    let traffic = place.store.traffic();
    let first = traffic.begin(&new("a"), &act()).await.unwrap();
    let second = traffic.begin(&new("b"), &act()).await.unwrap();
    let (met, beacon) = (NotableKind::Indicator, NotableKind::Behaviour);
    // Twice in one call, and again later: meetings add up, a behaviour keeps what is most.
    traffic.put_notables(first, &[notable(met, 1, 2, 3, 10), notable(met, 1, 2, 4, 5)], &act()).await.unwrap();
    traffic.put_notables(first, &[notable(met, 1, 2, 1, 20), notable(beacon, 1, 2, 9, 1)], &act()).await.unwrap();
    traffic.put_notables(second, &[notable(met, 1, 2, 10, 30), notable(beacon, 1, 2, 5, 40)], &act()).await.unwrap();
    traffic.put_notables(second, &[notable(beacon, 3, 2, 1, 2)], &act()).await.unwrap();
    let all = NotableFilter::default();
    let (page, next) = traffic.notables(&all, None, 2).await.unwrap();
    let shown = |found: &StoredNotable| (found.notable.kind, found.notable.count, found.captures, found.capture);
    assert_eq!(page.iter().map(shown).collect::<Vec<_>>(), [(beacon, 9, 2, second), (met, 18, 2, second)]);
    assert_eq!((page[1].notable.first, page[1].notable.last), (later(5), later(35)));
    assert_eq!(page[1].notable.facts, [("variation".to_owned(), 0.25)].into());
    let (rest, end) = traffic.notables(&all, next.as_ref(), 2).await.unwrap();
    assert_eq!((rest.len(), end), (1, None));
    let counts = traffic.notable_counts(&all).await.unwrap();
    assert_eq!(counts, [(beacon, "beacon".to_owned(), 2), (met, "domain".to_owned(), 1)]);
    let of = |host: &str, other: Option<&str>| NotableFilter {
        host: Some(host.to_owned()),
        other: other.map(str::to_owned),
        ..all.clone()
    };
    assert_eq!(traffic.notables(&of("10.0.0.2", Some("10.0.0.3")), None, 9).await.unwrap().0.len(), 1);
    let community = NotableFilter { community: Some("1:a%_\"".to_owned()), capture: Some(first), ..all.clone() };
    assert_eq!(traffic.notables(&community, None, 9).await.unwrap().0.len(), 2);
    let other = NotableFilter { community: Some("1:abc\"".to_owned()), ..all.clone() };
    assert_eq!(traffic.notables(&other, None, 9).await.unwrap().0, []);
    traffic.forget(second, &act()).await.unwrap();
    assert_eq!(traffic.notables(&all, None, 9).await.unwrap().0.len(), 2);
}

pub async fn a_capture_is_learned_once_and_the_silent_make_room(place: Place) {
    let traffic = place.store.traffic();
    let key =
        |n: u8| ProfileKey { kind: ProfileKind::Link, subject: "10.0.0.1".to_owned(), other: format!("10.0.0.{n}") };
    let keys: Vec<_> = (1..=5).map(key).collect();
    let learn = |known: Option<&Learned>, key: &ProfileKey| Learned {
        key: key.clone(),
        conversations: known.map_or(0, |known| known.conversations) + 1,
        volume: 10,
        first_seen: later(0),
        last_seen: later(i64::from(key.other.ends_with('3')) + 1),
        body: [known.map(|known| known.body.clone()).unwrap_or_default(), vec![0, 255]].concat(),
    };
    for (digest, new) in [(Some("a"), true), (Some("a"), false), (Some("b"), true), (None, true)] {
        let merge = |key: &ProfileKey, known: Option<&Learned>, is_new: bool| {
            assert_eq!(is_new, new, "{digest:?}");
            Some(learn(known, key))
        };
        traffic.learn(digest, &keys, merge, &act()).await.unwrap();
    }
    assert!(traffic.is_learned("a").await.unwrap() && !traffic.is_learned("c").await.unwrap());
    let known = traffic.profile(&key(2)).await.unwrap().unwrap();
    assert_eq!((known.conversations, known.body), (3, vec![0, 255, 0, 255, 0, 255]));
    let ([opens, answers], counts) = traffic.links_of("10.0.0.1", 3).await.unwrap();
    assert_eq!((opens.len(), answers.len(), counts), (3, 1, [5, 1]));
    let page = traffic.profiles_of(ProfileKind::Link, Some("0.0.1"), None, 2).await.unwrap();
    assert_eq!((page.rows.len(), page.total, page.rows[0].key.clone()), (2, 5, key(3)));
    let (mut listed, mut cursor) = (page.rows, page.next);
    while let Some(at) = cursor {
        let page = traffic.profiles_of(ProfileKind::Link, None, Some(&at), 2).await.unwrap();
        listed.extend(page.rows);
        cursor = page.next;
    }
    let listed: Vec<_> = listed.into_iter().map(|learned| learned.key).collect();
    assert_eq!(listed, [3, 5, 4, 2, 1].map(key), "links of one host that ended together are all listed");
    assert_eq!(traffic.make_profile_room(ProfileQuota { each: 1 }).await.unwrap(), 4);
    assert!(traffic.profile(&key(3)).await.unwrap().is_some(), "it was seen last");
}

pub async fn indicators_are_kept_once_with_their_list_and_raise_the_version(place: Place) {
    let store = &place.store;
    let one = |value: &str| NewIndicator { kind: "domain".to_owned(), value: value.to_owned() };
    let before = store.indicators_version().await.unwrap();
    let recorded = act().recorded("someone", "indicators.add", "indicators:ministry", serde_json::json!({}));
    let list = store.begin_indicators("ministry", "someone", &recorded).await.unwrap();
    let filter = AuditFilter { action: Some("indicators".to_owned()), ..AuditFilter::default() };
    assert_eq!(store.audit(&filter, None, 9).await.unwrap().total, 1, "recorded before the first of it is kept");
    assert_eq!(store.add_indicators(list, &[one("a.example"), one("b_%.example"), one("a.example")]).await.unwrap(), 2);
    store.end_indicators(list, 4, &act()).await.unwrap();
    let again = store.begin_indicators("again", "someone", &act()).await.unwrap();
    assert_eq!(store.add_indicators(again, &[one("a.example")]).await.unwrap(), 0);
    store.end_indicators(again, 0, &act()).await.unwrap();
    assert_eq!(store.indicators_version().await.unwrap(), before + 2);
    let lists = store.indicator_lists().await.unwrap();
    assert_eq!(
        lists.iter().map(|list| (list.source.as_str(), list.count, list.bad)).collect::<Vec<_>>(),
        [("ministry", 2, 4)]
    );

    let traffic = store.traffic();
    let capture = traffic.begin(&new("a"), &act()).await.unwrap();
    let met = Notable { value: "a.example".to_owned(), ..notable(NotableKind::Indicator, 1, 2, 6, 0) };
    traffic.put_notables(capture, &[met], &act()).await.unwrap();
    let found = store.indicators(&IndicatorFilter { met: true, ..IndicatorFilter::default() }, None, 9).await.unwrap();
    assert_eq!((found.total, found.rows[0].value.as_str(), found.rows[0].hits), (1, "a.example", 6));
    let searched = IndicatorFilter { search: Some("_%".to_owned()), ..IndicatorFilter::default() };
    assert_eq!(store.indicators(&searched, None, 9).await.unwrap().total, 1);
    let searched = IndicatorFilter { search: Some("B_%.EXAM".to_owned()), ..IndicatorFilter::default() };
    assert_eq!(store.indicators(&searched, None, 9).await.unwrap().total, 1, "large or small letters");
    assert_eq!(store.indicators_after(i64::MIN, 1).await.unwrap().len(), 1);
    assert_eq!(store.remove_indicators(&[found.rows[0].id], &act()).await.unwrap(), 1);
    assert_eq!(store.remove_indicator_list(list, &act()).await.unwrap(), 1);
    assert_eq!((store.indicator_count().await.unwrap(), store.indicator_lists().await.unwrap().len()), (0, 0));
    assert!(store.remove_indicator_list(list, &act()).await.is_err());
}

pub async fn a_word_in_no_index_is_searched_for_in_windows(place: Place) {
    let traffic = place.store.traffic();
    let capture = traffic.begin(&new("a"), &act()).await.unwrap();
    let mut oldest = record(0);
    oldest.object = Some("needle".to_owned());
    traffic.put(capture, &[oldest]).await.unwrap();
    for first in (0..50_100).step_by(5_010) {
        let records: Vec<_> = (first..first + 5_010).map(|n| record(n + 3)).collect();
        traffic.put(capture, &records).await.unwrap();
    }
    let needle = TrafficFilter { object: Some("NEEDLE".to_owned()), ..TrafficFilter::default() };
    let page = traffic.sessions(&needle, None, 10).await.unwrap();
    assert!(page.rows.is_empty() && page.total_is_least && page.searched_until.is_some(), "{page:?}");
    let rest = traffic.sessions(&needle, page.next.as_deref(), 10).await.unwrap();
    assert_eq!((rest.rows.len(), rest.next, rest.searched_until), (1, None, None));
    assert!(rest.total == 1 && rest.total_is_least, "the windows before it are not read again to be counted");
    // Both ends of a host have a window of their own; no row is lost or given twice between them.
    let host = TrafficFilter { host: Some("10.0.0.4".to_owned()), port: Some(445), ..TrafficFilter::default() };
    let mut ids = all(traffic, &host, 500).await;
    let expected = (0..50_100).map(|n| record(n + 3)).chain([record(0)]);
    let at_either_end =
        |record: &SessionRecord| [record.originator, record.responder].contains(&"10.0.0.4".parse().unwrap());
    assert_eq!(ids.len(), expected.filter(at_either_end).count());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all(traffic, &host, 500).await.len());
}
