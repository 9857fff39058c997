use crate::fixture::{Place, act, filled, host, judged, later, now};
use jiff::civil::date;
use model::{HostId, PlanId, PlanState};
use store::{
    Act, AssetFilter, AuditEntry, AuditFilter, BOARD, Chunk, Error, NewResult, PageQuery, PlanFilter, PlanMove,
    PlanRecord, Store,
};

async fn one_host(store: &Store) -> HostId {
    let one = host(1);
    let chunk = Chunk { hosts: vec![one.clone()], ..Default::default() };
    store.store_chunk(None, &chunk, &act()).await.unwrap();
    one.id
}

async fn judge(store: &Store, id: &HostId, letters: &str, plan: &str) {
    store.store_judgements(&[judged(id, letters, plan)], "builtin", &act()).await.unwrap();
}

fn step(plan: &PlanId, from: PlanState, to: PlanState) -> PlanMove {
    PlanMove { plan: plan.clone(), from, to, due: None, note: "because".to_owned(), actor: "ann".to_owned() }
}

async fn go(store: &Store, plan: &PlanId, states: &[PlanState]) -> PlanRecord {
    for pair in states.windows(2) {
        store.move_plan(&step(plan, pair[0], pair[1]), &Act::at(later(5))).await.unwrap();
    }
    store.plan(plan).await.unwrap()
}

pub async fn the_same_plan_keeps_its_state_and_another_is_a_draft(Place { store, .. }: Place) {
    let id = one_host(&store).await;
    judge(&store, &id, "oooo", "p1").await;
    let plan = PlanId(format!("{id}-p1"));
    go(&store, &plan, &[PlanState::Draft, PlanState::Approval]).await;
    judge(&store, &id, "oooo", "p1").await;
    let asset = store.asset(&id).await.unwrap();
    assert_eq!((asset.plan, asset.plan_state), (Some(plan.clone()), Some(PlanState::Approval)));

    judge(&store, &id, "oofo", "p2").await;
    let asset = store.asset(&id).await.unwrap();
    let second = PlanId(format!("{id}-p2"));
    assert_eq!((asset.plan, asset.plan_state), (Some(second.clone()), Some(PlanState::Draft)));
    assert!(!store.plan(&plan).await.unwrap().current && store.plan(&second).await.unwrap().current);
    let moves: Vec<_> =
        store.plan_history(&id).await.unwrap().into_iter().map(|event| (event.plan, event.from, event.to)).collect();
    assert_eq!(
        moves,
        [
            (plan.clone(), None, PlanState::Draft),
            (plan, Some(PlanState::Draft), PlanState::Approval),
            (second, Some(PlanState::Approval), PlanState::Draft),
        ]
    );
}

pub async fn facts_that_leave_nothing_to_do_verify_the_work(Place { store, .. }: Place) {
    use PlanState::{Approval, Draft, Running, Verified};
    let id = one_host(&store).await;
    judge(&store, &id, "oooo", "p1").await;
    let plan = PlanId(format!("{id}-p1"));
    go(&store, &plan, &[Draft, Approval, Running]).await;
    for _ in 0..2 {
        judge(&store, &id, "ffff", "done").await;
        let asset = store.asset(&id).await.unwrap();
        assert_eq!((asset.plan.as_ref(), asset.plan_state), (Some(&plan), Some(Verified)));
    }
    assert_eq!(store.plan_history(&id).await.unwrap().last().unwrap().actor, "system");

    judge(&store, &id, "oooo", "p2").await;
    judge(&store, &id, "ffff", "done").await;
    let asset = store.asset(&id).await.unwrap();
    assert_eq!((asset.plan, asset.plan_state), (None, None), "a draft nobody worked on is not verified");
}

pub async fn a_plan_moves_only_along_its_states(Place { store, .. }: Place) {
    use PlanState::{Approval, Draft, Exception, Failed, Running, Verified, Verifying};
    let id = one_host(&store).await;
    judge(&store, &id, "oooo", "p1").await;
    let plan = PlanId(format!("{id}-p1"));
    let refused = store.move_plan(&step(&plan, Draft, Running), &act()).await.unwrap_err();
    assert!(matches!(refused, Error::Transition { .. }) && refused.is_conflict());
    let refused = store.move_plan(&step(&plan, Approval, Running), &act()).await.unwrap_err();
    assert!(matches!(refused, Error::PlanMoved { state, .. } if state == "draft"));
    let refused = store.move_plan(&step(&PlanId("x".into()), Draft, Approval), &act()).await.unwrap_err();
    assert!(refused.is_not_found());
    let refused = store.move_plan(&step(&plan, Draft, Exception), &act()).await.unwrap_err();
    assert!(matches!(refused, Error::ExceptionWithoutDue));

    let exception = PlanMove { due: Some(date(2017, 7, 1)), ..step(&plan, Draft, Exception) };
    assert_eq!(store.move_plan(&exception, &act()).await.unwrap().due, Some(date(2017, 7, 1)));
    let record = go(&store, &plan, &[Exception, Approval, Running, Failed, Running, Verifying, Verified]).await;
    assert_eq!((record.state, record.due, record.changed), (Verified, None, later(5)));
    let result = NewResult {
        plan: plan.clone(),
        host: id.clone(),
        kind: "verify".to_owned(),
        sha256: "d".to_owned(),
        body: serde_json::json!({ "steps": [1, 2] }),
    };
    assert!(store.store_result(&result, &act()).await.unwrap());
    assert!(!store.store_result(&result, &act()).await.unwrap());
    let results = store.results(&id).await.unwrap();
    assert_eq!((results.len(), &results[0].body), (1, &result.body));
}

pub async fn the_board_counts_what_the_list_shows(place: Place) {
    filled(&place, 40).await;
    let store = place.store;
    for (n, due) in [(0, date(2017, 5, 1)), (2, date(2017, 9, 1))] {
        let plan = PlanId(format!("{}-p1", host(n).id));
        let exception = PlanMove { due: Some(due), ..step(&plan, PlanState::Draft, PlanState::Exception) };
        store.move_plan(&exception, &act()).await.unwrap();
    }
    let today = date(2017, 6, 1);
    let board = store.board(&AssetFilter::default(), today).await.unwrap();
    assert_eq!(board.iter().map(|column| column.state).collect::<Vec<_>>(), BOARD);
    for column in board {
        let mut filter = PlanFilter::default();
        filter.assets.plan_state = vec![column.state];
        let page = store.plans(&filter, &PageQuery::default()).await.unwrap();
        assert_eq!((page.total, page.rows.len() as i64), (column.plans, column.plans), "{:?}", column.state);
        assert!(page.rows.iter().all(|card| card.record.state == column.state && card.record.host == card.asset.id));
        filter.due_before = Some(today);
        assert_eq!(store.plans(&filter, &PageQuery::default()).await.unwrap().total, column.overdue);
    }
    // 40 hosts: every fifth is not assessed and every fifth has nothing to do.
    assert_eq!(store.plans(&PlanFilter::default(), &PageQuery::default()).await.unwrap().total, 24);
}

fn entry(plan: &PlanId) -> AuditEntry {
    AuditEntry {
        actor: "ann".to_owned(),
        action: "plan.move".to_owned(),
        object: format!("plan:{plan}"),
        params: serde_json::Value::Null,
    }
}

pub async fn many_plans_move_each_by_itself_with_its_own_record(place: Place) {
    filled(&place, 40).await;
    let store = place.store;
    let everything = AssetFilter::default();
    let there = store.plans_to_move(&everything, PlanState::Draft, now()).await.unwrap();
    assert_eq!(there.len(), 24);
    assert_eq!(store.plans_to_move(&everything, PlanState::Approval, now()).await.unwrap(), []);
    // One of them moves before the others are asked to, and one is not there at all.
    store.move_plan(&step(&there[3].plan, PlanState::Draft, PlanState::Approval), &act()).await.unwrap();
    let mut plans: Vec<PlanId> = there.iter().map(|found| found.plan.clone()).collect();
    plans.push(PlanId("nobody's".to_owned()));
    let one = |plan: &PlanId| (step(plan, PlanState::Draft, PlanState::Approval), entry(plan));
    let steps: Vec<_> = plans.iter().map(one).collect();
    let outcomes = store.move_each(&steps, later(5), |_| None).await.unwrap();
    let refused: Vec<_> = outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_err()).map(|(n, _)| n).collect();
    assert_eq!(refused, [3, 24]);
    assert_eq!(store.plans_to_move(&everything, PlanState::Approval, later(5)).await.unwrap().len(), 24);
    assert_eq!(store.plans_to_move(&everything, PlanState::Approval, now()).await.unwrap().len(), 1);
    let filter = AuditFilter { action: Some("plan.move".to_owned()), ..AuditFilter::default() };
    let recorded = store.audit(&filter, None, 100).await.unwrap();
    assert_eq!(recorded.total, 23, "one for each plan that moved");
    assert_eq!(store.verify_audit().await.unwrap().broken, None);
    let found = store.plans_by_id(&plans).await.unwrap();
    assert_eq!(found.len(), 24);
}
