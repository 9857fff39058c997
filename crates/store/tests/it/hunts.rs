use crate::fixture::{Place, act, later};
use jiff::SignedDuration;
use serde_json::json;
use store::{
    Anew, Checkpoint, Error, Figures, HuntFilter, HuntHit, HuntId, HuntState, JobOutcome, NewHunt, NewIndicator,
    NewJob, Store,
};

const HOUR: i64 = 3600;

fn indicator(value: &str) -> NewIndicator {
    NewIndicator { kind: "domain".to_owned(), value: value.to_owned() }
}

fn hit(value: &str, host: &str, hour: i64, count: u64) -> HuntHit {
    HuntHit {
        kind: "domain".to_owned(),
        value: value.to_owned(),
        host: host.to_owned(),
        place: "domains".to_owned(),
        record: "session".to_owned(),
        hour: later(hour * HOUR),
        peer: Some("192.0.2.1".to_owned()),
        community: None,
        protocol: Some("dns".to_owned()),
        count,
        first: later(hour * HOUR + 1),
        last: later(hour * HOUR + 2),
    }
}

async fn begun(store: &Store, list: Option<i64>) -> HuntId {
    let new = NewHunt { name: "a list".to_owned(), owner: "ann".to_owned(), list, since: None, until: None };
    let id = store.begin_hunt(&new, &act()).await.unwrap();
    let job =
        NewJob { kind: "hunt".to_owned(), params: json!({ "hunt": id }), owner: "ann".to_owned(), home: String::new() };
    store.queue_hunt(id, 2, &job, &act()).await.unwrap();
    id
}

fn hours(since: i64, until: i64, only: Option<&[NewIndicator]>) -> Anew<'_> {
    Anew { since: later(since * HOUR), until: later(until * HOUR), only }
}

pub async fn hours_that_are_written_again_count_once(Place { store, .. }: Place) {
    let id = begun(&store, None).await;
    let day = [hit("a.test", "10.0.0.1", 0, 3), hit("a.test", "10.0.0.1", 1, 2), hit("b.test", "10.0.0.2", 1, 1)];
    for _ in 0..2 {
        store.put_hunt_hits(id, hours(0, 24, None), &day, 0, None).await.unwrap();
    }
    let hunt = store.hunt(id).await.unwrap();
    assert_eq!((hunt.hits, hunt.hosts, hunt.met, hunt.left_out), (6, 2, 2, 0));
    // One hour of one indicator was looked at again: the others stay.
    let only = [indicator("a.test")];
    store.put_hunt_hits(id, hours(1, 2, Some(&only)), &[hit("a.test", "10.0.0.1", 1, 7)], 0, None).await.unwrap();
    let all = HuntFilter::default();
    let told = store.hunt_hours(id, &all).await.unwrap();
    assert_eq!(told, [(later(0), 3), (later(HOUR), 8)]);
    let of_b = HuntFilter { value: Some("b.test".to_owned()), ..all.clone() };
    assert_eq!(store.hunt_hours(id, &of_b).await.unwrap(), [(later(HOUR), 1)]);
    let first_hour = HuntFilter { until: Some(later(HOUR)), ..all };
    assert_eq!(store.hunt_groups(id, &first_hour, None, 50).await.unwrap().total, 1);
    let missing = store.put_hunt_hits(id + 1, hours(0, 1, None), &[], 0, None).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
}

pub async fn who_met_what_is_told_in_pages(Place { store, .. }: Place) {
    let id = begun(&store, None).await;
    let hits: Vec<HuntHit> = (0..25).map(|n| hit("a.test", &format!("10.0.0.{n}"), n % 5, 1 + n as u64)).collect();
    store.put_hunt_hits(id, hours(0, 24, None), &hits, 0, None).await.unwrap();
    let (mut cursor, mut hosts) = (None, Vec::new());
    loop {
        let page = store.hunt_groups(id, &HuntFilter::default(), cursor.as_deref(), 10).await.unwrap();
        assert_eq!(page.total, 25);
        hosts.extend(page.rows.into_iter().map(|group| (group.last, group.host)));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(hosts.windows(2).all(|pair| pair[0].0 >= pair[1].0), "seen last first: {hosts:?}");
    hosts.sort();
    hosts.dedup();
    assert_eq!(hosts.len(), 25, "each once");
    let searched = HuntFilter { search: Some("0.0.24".to_owned()), ..HuntFilter::default() };
    assert_eq!(store.hunt_groups(id, &searched, None, 10).await.unwrap().rows[0].count, 25);
    let (indicators, hosts) = store.hunt_tops(id, &HuntFilter::default(), 3).await.unwrap();
    let indicators: Vec<_> = indicators.iter().map(|top| (top.name.as_str(), top.count, top.others)).collect();
    assert_eq!(indicators, [("a.test", 325, 25)]);
    let hosts: Vec<_> = hosts.iter().map(|top| (top.name.as_str(), top.count, top.others)).collect();
    assert_eq!(hosts, [("10.0.0.24", 25, 1), ("10.0.0.23", 24, 1), ("10.0.0.22", 23, 1)]);
    assert!(matches!(store.hunt_groups(id, &HuntFilter::default(), Some("x"), 10).await, Err(Error::Cursor)));
}

pub async fn what_is_looked_for_comes_back_in_parts_and_once(Place { store, .. }: Place) {
    let id = begun(&store, None).await;
    let part: Vec<NewIndicator> = (0..30).map(|n| indicator(&format!("{n}.test"))).collect();
    assert_eq!(store.add_hunt_wanted(id, &part).await.unwrap(), 30);
    assert_eq!(store.add_hunt_wanted(id, &part[..3]).await.unwrap(), 0);
    let mut after = NewIndicator { kind: String::new(), value: String::new() };
    let mut all = Vec::new();
    loop {
        let part = store.hunt_wanted_after(id, &after, 7).await.unwrap();
        let Some(last) = part.last() else { break };
        after = last.clone();
        all.extend(part);
    }
    let mut wanted = part;
    wanted.sort();
    assert_eq!(all, wanted);
    store.remove_hunt(id, &act()).await.unwrap();
    assert!(store.hunt_wanted_after(id, &indicator(""), 7).await.unwrap().is_empty());
}

pub async fn a_hunt_ends_with_its_job_and_a_list_knows_its_hunts(Place { store, .. }: Place) {
    let list = store.begin_indicators("feed", "ann", &act()).await.unwrap();
    store.add_indicators(list, &[indicator("a.test"), indicator("b.test")]).await.unwrap();
    let (by_list, by_hand) = (begun(&store, Some(list)).await, begun(&store, None).await);
    let met = [indicator("a.test"), indicator("c.test")];
    assert_eq!(store.hunts_of_indicators(&met).await.unwrap(), [(by_list, indicator("a.test"))]);

    let lease = SignedDuration::from_secs(30);
    let job = store.claim_job("w", "", &["hunt"], lease, later(0)).await.unwrap().unwrap();
    let checkpoint = Checkpoint { job: job.id, worker: "w".to_owned(), state: json!({ "day": 1 }) };
    store
        .put_hunt_hits(by_list, hours(0, 24, None), &[hit("a.test", "10.0.0.1", 0, 1)], 0, Some(&checkpoint))
        .await
        .unwrap();
    let stolen = Checkpoint { worker: "v".to_owned(), ..checkpoint };
    let lost = store.put_hunt_hits(by_list, hours(0, 24, None), &[], 0, Some(&stolen)).await;
    assert!(matches!(lost, Err(Error::LeaseLost { .. })), "{lost:?}");
    assert_eq!(store.hunt(by_list).await.unwrap().hits, 1, "one who lost the job writes nothing");
    let figures = Figures { days: 1, of_days: 1, ..Figures::default() };
    store.note_hunt(by_list, HuntState::Done, &figures, &act()).await.unwrap();
    store.finish_job(job.id, "w", &JobOutcome::Done(json!({})), &act()).await.unwrap();
    let of_hand = store.hunt(by_hand).await.unwrap();
    store.cancel_job(of_hand.job, &act()).await.unwrap();
    assert_eq!(store.settle_hunts(&act()).await.unwrap(), 1);
    let states: Vec<_> =
        store.hunts(None, 10).await.unwrap().rows.into_iter().map(|hunt| (hunt.id, hunt.state)).collect();
    assert_eq!(states, [(by_hand, HuntState::Cancelled), (by_list, HuntState::Done)]);
    assert_eq!(store.hunt(by_list).await.unwrap().figures, figures);
}
