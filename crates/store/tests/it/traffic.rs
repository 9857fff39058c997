use crate::fixture::{Place, act, later};
use model::{Confidence, Finding, FindingOutcome, Payload, SessionRecord, WeaponId};
use std::collections::BTreeSet;
use store::{CaptureState, NewCapture, Outcome, Quota, Rows, Traffic, TrafficFilter};

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
