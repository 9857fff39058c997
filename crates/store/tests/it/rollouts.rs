use crate::fixture::{Place, act, host, judged, later};
use model::{HostId, Message, PlanId, PlanState};
use store::{Act, AssetFilter, Chunk, Error, NewRollout, PlanMove, RingFilter, RingMember, RingStanding, Store};

async fn hosts(store: &Store, letters: &[&str]) -> Vec<HostId> {
    let made: Vec<_> = (0..letters.len()).map(host).collect();
    let ids: Vec<HostId> = made.iter().map(|host| host.id.clone()).collect();
    store.store_chunk(None, &Chunk { hosts: made, ..Default::default() }, &act()).await.unwrap();
    for (id, letters) in ids.iter().zip(letters) {
        judge(store, id, letters, "p1").await;
    }
    ids
}

async fn judge(store: &Store, id: &HostId, letters: &str, plan: &str) {
    store.store_judgements(&[judged(id, letters, plan)], "builtin", &act()).await.unwrap();
}

async fn go(store: &Store, id: &HostId, states: &[PlanState]) {
    for pair in states.windows(2) {
        let step = PlanMove {
            plan: PlanId(format!("{id}-p1")),
            from: pair[0],
            to: pair[1],
            due: Some(jiff::civil::date(2017, 8, 1)).filter(|_| pair[1] == PlanState::Exception),
            note: String::new(),
            actor: "ann".to_owned(),
        };
        store.move_plan(&step, &act()).await.unwrap();
    }
}

fn rollout(action: &str, members: &[(&HostId, u8, &[&str])]) -> NewRollout {
    let member = |(host, ring, weapons): &(&HostId, u8, &[&str])| RingMember {
        host: (*host).clone(),
        ring: *ring,
        weapons: weapons.iter().map(|weapon| (*weapon).into()).collect(),
    };
    NewRollout {
        action: action.to_owned(),
        title: Message::new("disposal.do.key-patch"),
        needed_percent: 95,
        owner: "ann".to_owned(),
        members: members.iter().map(member).collect(),
    }
}

pub async fn a_ring_stands_as_its_hosts_do(Place { store, .. }: Place) {
    use PlanState::{Approval, Draft, Exception, Failed, Running, Verified, Verifying};
    let ids = hosts(&store, &["oooo"; 7]).await;
    let blue: &[&str] = &["eternalblue"];
    let members: Vec<_> = ids.iter().enumerate().map(|(n, id)| (id, if n < 5 { 1 } else { 2 }, blue)).collect();
    let id = store.start_rollout(&rollout("key-patch~KB4012212", &members), &act()).await.unwrap();
    let first = |store: Store| async move { store.rollout(id).await.unwrap().rings[0] };
    assert_eq!(first(store.clone()).await, RingStanding { ring: 1, hosts: 5, waiting: 5, ..RingStanding::default() });

    // Facts show one weapon closed and others open: what this action closes is done.
    judge(&store, &ids[0], "fooo", "p1").await;
    // Not enough is known of it any more: that verifies nothing.
    judge(&store, &ids[1], "uooo", "p1").await;
    go(&store, &ids[1], &[Draft, Approval, Running]).await;
    go(&store, &ids[2], &[Draft, Approval, Running, Failed]).await;
    go(&store, &ids[3], &[Draft, Exception]).await;
    go(&store, &ids[4], &[Draft, Approval, Running, Verifying, Verified]).await;
    let standing = RingStanding { ring: 1, hosts: 5, verified: 2, failed: 1, excepted: 1, working: 1, waiting: 0 };
    assert_eq!(first(store.clone()).await, standing);
    assert_eq!(store.rollout(id).await.unwrap().rings[1].waiting, 2);

    for (ring, hosts) in [(Some(1), 5), (Some(2), 2), (Some(3), 0), (None, 7)] {
        let filter = AssetFilter { rollout: Some(RingFilter { rollout: id, ring }), ..AssetFilter::default() };
        assert_eq!(store.asset_ids(&filter).await.unwrap().len(), hosts, "{ring:?}");
    }
    store.forget_hosts(&ids[2..3], &act()).await.unwrap();
    assert_eq!(first(store.clone()).await.hosts, 4, "a host that is gone is waited for no more");
}

pub async fn an_action_is_rolled_out_once_at_a_time(Place { store, .. }: Place) {
    let ids = hosts(&store, &["oooo", "oooo"]).await;
    let new = rollout("block-port~tcp/445", &[(&ids[0], 1, &[]), (&ids[1], 3, &[])]);
    let id = store.start_rollout(&new, &act()).await.unwrap();
    assert!(matches!(store.start_rollout(&new, &act()).await, Err(Error::Exists { .. })));
    assert_eq!(store.rings_of(&ids).await.unwrap()[&ids[1]], [(id, 3)]);
    store.end_rollout(id, &Act::at(later(60))).await.unwrap();
    assert!(store.end_rollout(id, &act()).await.unwrap_err().is_not_found());
    assert!(store.rings_of(&ids).await.unwrap().is_empty() && store.rollouts().await.unwrap().is_empty());
    let ended = store.rollout(id).await.unwrap();
    assert_eq!((ended.ended, ended.rings[0].hosts), (Some(later(60)), 1));
    let again = store.start_rollout(&new, &act()).await.unwrap();
    assert!(again > id && store.rollouts().await.unwrap().len() == 1);
}

pub async fn a_host_keeps_its_ring_when_two_records_become_one(Place { store, .. }: Place) {
    let ids = hosts(&store, &["oooo", "oooo"]).await;
    let id = store.start_rollout(&rollout("isolate", &[(&ids[0], 2, &[])]), &act()).await.unwrap();
    let chunk = Chunk { absorbed: vec![(ids[0].clone(), ids[1].clone())], ..Chunk::default() };
    store.store_chunk(None, &chunk, &act()).await.unwrap();
    assert_eq!(store.rings_of(&ids).await.unwrap()[&ids[1]], [(id, 2)]);
}
