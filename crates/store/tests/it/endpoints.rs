use crate::fixture::{Place, act, later, now};
use policy::approval::{ChangeRequest, State};
use policy::baseline::{Outcome as Standing, State as Compliance};
use policy::groups::{BreakGlass, Group, Settings};
use policy::orders::{Release, Signer};
use policy::telling::{
    Alarm, Checked, Did, InMemory, Isolated, Level, MemoryOrigin, Program, Ran, Report, Restored, Step, Stopped, Told,
    What,
};
use policy::{Digest, EndpointId, GroupId, Kind, Mode, Origin, Outcome, Person, Rung, Verdict};
use std::collections::BTreeSet;
use store::{
    AgentKey, Applied, AskedIsolation, CheckFilter, DeniedFile, Endpoint, EndpointFilter, ExecutedFilter, ExecutedSort,
    PolicyChange, Store, StoredRelease, ToldBatch,
};

fn id(number: usize) -> EndpointId {
    EndpointId::new(format!("{number:04}"))
}

fn endpoint(number: usize, group: &str) -> Endpoint {
    let report = Report { machine: format!("PC_{number:03}"), system: "Debian 12".to_owned(), ..Report::default() };
    Endpoint {
        endpoint: id(number),
        collector: format!("{group}/{number:04}"),
        group: GroupId::new(group),
        added: now(),
        heard: now(),
        own_orders: 0,
        own_made: 7,
        report,
        host: None,
        isolation: None,
    }
}

fn group(id: &str, parent: Option<&str>) -> Group {
    let settings = Settings { mode: Some(Mode::Simulate), ..Settings::default() };
    Group { id: GroupId::new(id), name: id.to_uppercase(), parent: parent.map(GroupId::new), settings }
}

async fn with_groups(store: &Store) {
    let put = vec![group("all", None), group("lab", Some("all"))];
    let ordered = vec![GroupId::new("all"), GroupId::new("lab")];
    let change = PolicyChange { put, ordered, made: 5, ..PolicyChange::default() };
    assert_eq!(store.endpoints().apply(&change, &act()).await.unwrap(), Applied::Now(1));
}

fn ran(path: &str, sha256: u8, outcome: Outcome, at: u64) -> Told {
    let verdict = Verdict { may: true, rung: Rung::Unknown, why: model::Message::new("execution.unknown") };
    let ran = Ran {
        kind: Kind::Program,
        path: path.to_owned(),
        sha256: Some(Digest([sha256; 32])),
        origin: if sha256 == 1 { Origin::Package { name: "coreutils".to_owned() } } else { Origin::Nobody },
        writer: None,
        parent: None,
        user: None,
        bytes: None,
        outcome,
        verdict,
        count: 3,
        essential: sha256 == 4,
    };
    Told { at, what: What::Ran(Box::new(ran)) }
}

async fn tell(store: &Store, number: usize, sequence: i64, told: &[Told]) -> bool {
    let (endpoint, source) = (id(number), format!("all/{number:04}/0000000000000001"));
    let batch = ToldBatch { source: &source, endpoint: &endpoint, sequence, told };
    store.endpoints().put_told(batch, &act()).await.unwrap()
}

pub async fn groups_change_only_on_top_of_what_was_looked_at(Place { store, .. }: Place) {
    with_groups(&store).await;
    let stored = store.endpoints().policy().await.unwrap();
    assert_eq!((stored.version, stored.groups.len()), (1, 2));
    let orders: BTreeSet<u64> = stored.groups.iter().map(|group| group.orders).collect();
    assert_eq!(orders, BTreeSet::from([1, 2]), "each group has orders with a number of its own");
    let late = PolicyChange { put: vec![group("late", Some("all"))], ..PolicyChange::default() };
    assert_eq!(store.endpoints().apply(&late, &act()).await.unwrap(), Applied::Stale(1));
    let glass =
        BreakGlass { group: GroupId::new("lab"), who: Person::new("ann"), why: "work".to_owned(), from: 1, until: 9 };
    let change = PolicyChange {
        basis: 1,
        glass: vec![glass.clone()],
        ordered: vec![GroupId::new("lab")],
        made: 8,
        ..PolicyChange::default()
    };
    assert_eq!(store.endpoints().apply(&change, &act()).await.unwrap(), Applied::Now(2));
    let stored = store.endpoints().policy().await.unwrap();
    assert_eq!(stored.glass, [glass]);
    let lab = stored.groups.iter().find(|one| one.group.id == GroupId::new("lab")).unwrap();
    assert_eq!((lab.orders, lab.made, &lab.group), (3, 8, &group("lab", Some("all"))));
    let gone = PolicyChange { basis: 2, removed: vec![GroupId::new("lab")], ..PolicyChange::default() };
    assert_eq!(store.endpoints().apply(&gone, &act()).await.unwrap(), Applied::Now(3));
    let stored = store.endpoints().policy().await.unwrap();
    assert_eq!((stored.groups.len(), stored.glass.len()), (1, 0), "glass goes with its group");
}

pub async fn what_is_denied_everywhere_raises_all_orders_once(Place { store, .. }: Place) {
    with_groups(&store).await;
    let file = DeniedFile {
        sha256: Digest([9; 32]),
        path: "/tmp/x".to_owned(),
        endpoint: "0001".to_owned(),
        incident: "i".to_owned(),
        added: now(),
    };
    assert!(store.endpoints().deny(&file, 6, &act()).await.unwrap());
    assert!(!store.endpoints().deny(&file, 7, &act()).await.unwrap());
    let stored = store.endpoints().policy().await.unwrap();
    assert_eq!((stored.version, &stored.denied[..]), (2, &[file.clone()][..]));
    assert!(stored.groups.iter().all(|group| group.orders > 2 && group.made == 6));
    assert!(store.endpoints().deny_no_longer(&file.sha256, 8, &act()).await.unwrap());
    assert!(!store.endpoints().deny_no_longer(&file.sha256, 8, &act()).await.unwrap());
    assert_eq!(store.endpoints().policy().await.unwrap().denied, []);
}

pub async fn endpoints_are_listed_as_they_say_they_are(Place { store, .. }: Place) {
    with_groups(&store).await;
    let endpoints = store.endpoints();
    for number in 0..5 {
        let version = endpoints.add(&endpoint(number, if number == 4 { "lab" } else { "all" }), &act()).await.unwrap();
        assert_eq!(version, 3 + number as u64);
        assert_eq!(endpoints.add(&endpoint(number, "all"), &act()).await.unwrap(), version, "known already");
    }
    let gaps = vec![model::Message::new("exec.kernel")];
    let report = Report { gaps, mode: Mode::Enforce, orders: Some(4), ..endpoint(2, "all").report };
    let heard = [(id(2), later(60), Some(report.clone())), (id(3), later(60), None)];
    endpoints.put_heard(&heard, &act()).await.unwrap();
    let page = async |filter: EndpointFilter, cursor: Option<&str>| endpoints.page(&filter, cursor, 2).await.unwrap();
    let first = page(EndpointFilter::default(), None).await;
    assert_eq!((first.total, first.rows.len()), (5, 2));
    let second = page(EndpointFilter::default(), first.next.as_deref()).await;
    assert_eq!(second.rows[0].report, report);
    let ids = |page: store::Page<Endpoint>| page.rows.into_iter().map(|row| row.endpoint.0).collect::<Vec<_>>();
    assert_eq!(ids(page(EndpointFilter { with_gaps: true, ..Default::default() }, None).await), ["0002"]);
    assert_eq!(ids(page(EndpointFilter { mode: Some(Mode::Enforce), ..Default::default() }, None).await), ["0002"]);
    assert_eq!(
        ids(page(EndpointFilter { groups: vec![GroupId::new("lab")], ..Default::default() }, None).await),
        ["0004"]
    );
    assert_eq!(page(EndpointFilter { heard_since: Some(later(30)), ..Default::default() }, None).await.total, 2);
    assert_eq!(page(EndpointFilter { silent_since: Some(later(30)), ..Default::default() }, None).await.total, 3);
    // Orders of its own count as much as those of its group.
    let behind = EndpointFilter { behind: true, ..Default::default() };
    assert_eq!(page(behind.clone(), None).await.total, 5);
    let report = Report { orders: Some(5), ..report };
    endpoints.put_heard(&[(id(2), later(61), Some(report))], &act()).await.unwrap();
    assert_eq!(page(behind, None).await.total, 4, "it holds to its own, which are later than those of its group");
    assert_eq!(page(EndpointFilter { version: Some("9".to_owned()), ..Default::default() }, None).await.total, 0);
    // `_` and `%` are no wildcards.
    assert_eq!(page(EndpointFilter { text: Some("pc_003".to_owned()), ..Default::default() }, None).await.total, 1);
    assert_eq!(page(EndpointFilter { text: Some("%".to_owned()), ..Default::default() }, None).await.total, 0);
    assert_eq!(endpoints.counts(later(30)).await.unwrap().iter().map(|count| count.count).sum::<u64>(), 5);
    let version = endpoints.move_to(&id(1), &GroupId::new("lab"), 9, &act()).await.unwrap();
    let moved = endpoints.find(&id(1)).await.unwrap().unwrap();
    assert_eq!((moved.own_orders, moved.own_made, moved.group), (version, 9, GroupId::new("lab")));
    assert!(endpoints.move_to(&id(77), &GroupId::new("lab"), 9, &act()).await.is_err());
}

pub async fn what_was_asked_of_an_isolation_stands_beside_what_is_so(Place { store, .. }: Place) {
    with_groups(&store).await;
    let endpoints = store.endpoints();
    for number in 0..3 {
        endpoints.add(&endpoint(number, "all"), &act()).await.unwrap();
    }
    let isolated = async || {
        let filter = EndpointFilter { isolated: true, ..EndpointFilter::default() };
        let page = endpoints.page(&filter, None, 9).await.unwrap();
        page.rows.into_iter().map(|row| row.endpoint.0).collect::<Vec<_>>()
    };
    assert_eq!(isolated().await, Vec::<String>::new());
    let newest = endpoints.find(&id(2)).await.unwrap().unwrap().own_orders;
    let (version, asked) = endpoints.isolate(&id(1), true, "ann", "it beacons", 9, &act()).await.unwrap();
    assert!(version > newest, "its orders are later than all before");
    let wanted = AskedIsolation {
        isolate: true,
        by: "ann".to_owned(),
        why: "it beacons".to_owned(),
        at: 9,
        id: version,
        since: 9,
    };
    assert_eq!(asked, wanted);
    let kept = endpoints.find(&id(1)).await.unwrap().unwrap();
    assert_eq!((kept.own_orders, kept.own_made, kept.isolation), (version, 9, Some(wanted)));
    assert_eq!(isolated().await, ["0001"]);
    let others = endpoints.ordered_after(newest).await.unwrap();
    assert_eq!(others.iter().map(|other| &other.endpoint).collect::<Vec<_>>(), [&id(1)]);
    // One that says so although nobody asked, and one that is asked no more and still says so.
    let told = Isolated { id: version, holds: true, since: Some(10), why: None, repaired: 0 };
    let says = |number| Report { isolation: Some(told.clone()), ..endpoint(number, "all").report };
    let heard = [(id(0), later(1), Some(says(0))), (id(1), later(1), Some(says(1)))];
    endpoints.put_heard(&heard, &act()).await.unwrap();
    let (released, asked) = endpoints.isolate(&id(1), false, "bob", "it was a test", 20, &act()).await.unwrap();
    assert!(released > version);
    assert_eq!((asked.isolate, asked.id, asked.since, asked.at), (false, version, 9, 20));
    assert_eq!(isolated().await, ["0000", "0001"]);
    endpoints.put_heard(&[(id(1), later(2), Some(endpoint(1, "all").report))], &act()).await.unwrap();
    assert_eq!(isolated().await, ["0000"]);
    assert!(endpoints.isolate(&id(77), true, "ann", "x", 9, &act()).await.is_err());
}

pub async fn what_ran_is_added_up_once_over_endpoints(Place { store, .. }: Place) {
    let at = |seconds: i64| later(seconds).as_second().unsigned_abs();
    let would = |at| ran("/opt/a", 2, Outcome::WouldBlock, at);
    assert!(tell(&store, 1, 0, &[would(at(0)), ran("/bin/ls", 1, Outcome::Ran, at(1))]).await);
    assert!(!tell(&store, 1, 0, &[would(at(0))]).await, "a batch counts once");
    assert!(tell(&store, 2, 0, &[would(at(2))]).await);
    let endpoints = store.endpoints();
    let page = async |filter: ExecutedFilter, sort| endpoints.executed(&filter, sort, None, 10).await.unwrap();
    let all = page(ExecutedFilter::default(), ExecutedSort::Endpoints).await;
    assert_eq!((all.total, all.rows[0].endpoints, all.rows[0].would_block, all.rows[0].times), (2, 2, 2, 6));
    // It would not be blocked on one of them any more, and then it is blocked there.
    assert!(tell(&store, 1, 1, &[ran("/opt/a", 2, Outcome::Ran, at(3))]).await);
    assert!(tell(&store, 1, 2, &[ran("/opt/a", 2, Outcome::Blocked, at(4))]).await);
    let row = page(ExecutedFilter::default(), ExecutedSort::Last).await.rows.remove(0);
    assert_eq!((row.endpoints, row.would_block, row.blocked, row.times), (2, 1, 1, 12));
    let blocked = ExecutedFilter { outcome: Some(Outcome::Blocked), ..Default::default() };
    assert_eq!(page(blocked, ExecutedSort::Last).await.total, 1);
    let named = ExecutedFilter { text: Some("0202".to_owned()), ..Default::default() };
    assert_eq!(page(named, ExecutedSort::Last).await.total, 1);
    let past = endpoints.executions_since(now().as_second(), 100).await.unwrap();
    assert_eq!(past.len(), 3);
    assert!(endpoints.is_vouched_for(&Digest([1; 32])).await.unwrap());
    assert!(!endpoints.is_vouched_for(&Digest([2; 32])).await.unwrap());
    assert!(tell(&store, 2, 1, &[ran("/sbin/init", 4, Outcome::Ran, at(3))]).await);
    assert!(endpoints.is_vouched_for(&Digest([4; 32])).await.unwrap(), "a machine cannot do without it");
    assert_eq!(endpoints.reached("all/0001/0000000000000001").await.unwrap(), Some(2));
    assert!(endpoints.pass("all/0001/0000000000000001", 8, &act()).await.unwrap());
    assert!(!endpoints.pass("all/0001/0000000000000001", 4, &act()).await.unwrap());
    assert!(endpoints.forget_before(later(1000).as_microsecond(), &act()).await.unwrap() > 0);
    assert_eq!(page(ExecutedFilter::default(), ExecutedSort::Last).await.total, 0);
}

pub async fn an_incident_is_one_however_it_is_told(Place { store, .. }: Place) {
    let at = now().as_second().unsigned_abs();
    let restored = |files: u64| {
        let restored = Restored {
            incident: "i".to_owned(),
            restored: files,
            beside: 1,
            evidence: 0,
            failed: 0,
            files: Vec::new(),
        };
        Told { at: at + 5, what: What::Restored(Box::new(restored)) }
    };
    let program = Program {
        path: "/tmp/x".to_owned(),
        sha256: Some(Digest([9; 32])),
        origin: Some(Origin::Nobody),
        command_line: None,
    };
    let stopped = Stopped {
        incident: "i".to_owned(),
        program: Some(program.clone()),
        ancestors: Vec::new(),
        processes: 1,
        touched: 4,
        points: 12.0,
        reasons: Vec::new(),
    };
    // What was undone may be told first.
    assert!(tell(&store, 1, 0, &[restored(2)]).await);
    assert!(tell(&store, 1, 1, &[Told { at, what: What::Stopped(Box::new(stopped.clone())) }, restored(3)]).await);
    let page = store.endpoints().incidents(Some(&id(1)), None, 10).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((page.total, row.restored, row.beside, row.touched, row.failed), (1, 5, 2, 4, 0));
    assert_eq!((row.stopped.as_ref(), row.program.as_deref()), (Some(&stopped), Some("/tmp/x")));
    assert_eq!(store.endpoints().incident(row.id).await.unwrap(), *row);
    assert_eq!(store.endpoints().incidents(Some(&id(2)), None, 10).await.unwrap().total, 0);
    assert_eq!(store.endpoints().incidents_since(now()).await.unwrap(), 1);
    let alarm = Alarm {
        rule: "shell-connects".to_owned(),
        message: model::Message::new("behaviour.rule-shell-connects"),
        level: Level::High,
        tags: Vec::new(),
        program: Some(program),
        ancestors: Vec::new(),
    };
    assert!(tell(&store, 1, 2, &[Told { at, what: What::Alarm(Box::new(alarm.clone())) }]).await);
    let alarms = async |level| store.endpoints().alarms(None, level, None, 10).await.unwrap();
    assert_eq!(alarms(Level::High).await.rows[0].alarm, alarm);
    assert_eq!(alarms(Level::Critical).await.total, 0);
}

pub async fn a_proposal_is_decided_by_one_person_at_a_time(Place { store, .. }: Place) {
    let request = ChangeRequest::propose(Digest([3; 32]), 0, Vec::new(), &Person::new("ann"), "why", 100).unwrap();
    let proposal = serde_json::json!({ "kind": "settings" });
    let id = store.endpoints().propose(&GroupId::new("all"), &proposal, &request, &act()).await.unwrap();
    let before = store.endpoints().change(id).await.unwrap();
    assert_eq!((&before.proposal, &before.request), (&proposal, &request));
    let mut rejected = request.clone();
    rejected.reject(&Person::new("bob"), "no", 200).unwrap();
    assert!(store.endpoints().decide(&before, &rejected, &act()).await.unwrap());
    assert!(!store.endpoints().decide(&before, &request, &act()).await.unwrap(), "somebody was faster");
    assert_eq!(store.endpoints().change(id).await.unwrap().request.state, State::Rejected);
    assert_eq!(store.endpoints().changes(true, None, 10).await.unwrap().total, 0);
    assert_eq!(store.endpoints().changes(false, None, 10).await.unwrap().total, 1);
}

fn checked(check: &str, state: Option<Compliance>, value: &str, did: Option<Did>) -> Told {
    let why = model::Message::new("baseline.as-wanted").with("value", value);
    let checked = Checked {
        check: check.to_owned(),
        outcome: state.map(|state| Standing { state, why }),
        held: did == Some(Did::Set),
        step: did.map(|did| Step { did, why: None, orders: Some(3) }),
    };
    Told { at: later(value.len() as i64).as_second().unsigned_abs(), what: What::Checked(Box::new(checked)) }
}

pub async fn checks_stand_as_they_were_told_and_what_became_of_them_stays(Place { store, .. }: Place) {
    use Compliance::{Compliant, Not};
    with_groups(&store).await;
    let endpoints = store.endpoints();
    for (number, group) in [(1, "all"), (2, "lab")] {
        endpoints.add(&endpoint(number, group), &act()).await.unwrap();
    }
    let first = [checked("aslr", Some(Not), "1", None), checked("fifos", Some(Compliant), "1", None)];
    assert!(tell(&store, 1, 0, &first).await);
    assert!(tell(&store, 2, 0, &first).await);
    let drifts = async |filter: CheckFilter| endpoints.drifts(&filter, None, 10).await.unwrap();
    assert_eq!(drifts(CheckFilter::default()).await.total, 0, "nothing was otherwise before");
    // The same again, other values, something that its agent did, and one that nobody asks for any more.
    assert!(tell(&store, 1, 1, &[checked("aslr", Some(Not), "1", None)]).await);
    assert!(tell(&store, 1, 2, &[checked("fifos", Some(Compliant), "22", None)]).await);
    assert_eq!(drifts(CheckFilter::default()).await.total, 0);
    assert!(tell(&store, 1, 3, &[checked("aslr", Some(Compliant), "2 2", Some(Did::Set))]).await);
    assert!(tell(&store, 1, 4, &[checked("fifos", None, "none", None)]).await);
    let page = drifts(CheckFilter { endpoint: Some(id(1)), ..CheckFilter::default() }).await;
    let became: Vec<_> = page.rows.iter().map(|row| (row.checked.check.as_str(), row.was, row.became)).collect();
    assert_eq!(became, [("fifos", Some(Compliant), None), ("aslr", Some(Not), Some(Compliant))]);
    assert_eq!(page.rows[1].checked.step.as_ref().map(|step| step.did), Some(Did::Set));
    let counts = endpoints.check_counts(&[]).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|one| (one.check.as_str(), one.state, one.held, one.endpoints)).collect();
    let all = [("aslr", Some(Compliant), true, 1), ("aslr", Some(Not), false, 1), ("fifos", Some(Compliant), false, 1)];
    assert_eq!(counts, all);
    let lab = vec![GroupId::new("lab")];
    assert_eq!(endpoints.check_counts(&lab).await.unwrap().len(), 2);
    let worst = endpoints.checks_by_endpoint(&[], 10).await.unwrap();
    let worst: Vec<_> = worst.iter().map(|one| (one.endpoint.clone(), one.not, one.compliant, one.held)).collect();
    assert_eq!(worst, [(id(2), 1, 1, 0), (id(1), 0, 1, 1)]);
    let rows = async |filter: CheckFilter, cursor: Option<&str>| endpoints.checks(&filter, cursor, 1).await.unwrap();
    let one = rows(CheckFilter::default(), None).await;
    assert_eq!((one.total, one.rows[0].endpoint.clone(), one.rows[0].since), (3, id(1), later(3)));
    let two = rows(CheckFilter::default(), one.next.as_deref()).await;
    assert_eq!((two.rows[0].endpoint.clone(), two.rows[0].checked.check.as_str()), (id(2), "aslr"));
    let failing = CheckFilter { groups: lab, check: Some("aslr".to_owned()), state: Some(Not), endpoint: None };
    assert_eq!(rows(failing, None).await.total, 1);
    assert!(endpoints.forget_before(later(1000).as_microsecond(), &act()).await.unwrap() >= 2);
    assert_eq!(drifts(CheckFilter::default()).await.total, 0);
    assert_eq!(rows(CheckFilter::default(), None).await.total, 3, "how it stands is not forgotten");
}

pub async fn what_was_found_in_memory_is_listed(Place { store, .. }: Place) {
    let at = now().as_second().unsigned_abs();
    let program = Program { path: "/opt/x".to_owned(), sha256: None, origin: Some(Origin::Nobody), command_line: None };
    let found = |points| InMemory {
        program: program.clone(),
        ancestors: Vec::new(),
        process: 7,
        origin: MemoryOrigin::Memfd,
        path: Some("loaded".to_owned()),
        place: "1000-2000".to_owned(),
        bytes: 4096,
        write: false,
        points,
        reasons: Vec::new(),
    };
    let told = [40, 90].map(|points| Told { at, what: What::Memory(Box::new(found(points))) });
    assert!(tell(&store, 1, 0, &told).await);
    let page = async |on: Option<&EndpointId>, from| store.endpoints().in_memory(on, from, None, 10).await.unwrap();
    assert_eq!(page(None, 0).await.total, 2);
    let high = page(Some(&id(1)), 80).await;
    assert_eq!((high.total, &high.rows[0].found), (1, &found(90)));
    assert_eq!(page(Some(&id(2)), 0).await.total, 0);
}

pub async fn a_release_comes_back_byte_for_byte_and_raises_all_orders(Place { store, .. }: Place) {
    with_groups(&store).await;
    let bundle: Vec<u8> = (0..(5 << 19) + 3).map(|at: u32| (at % 251) as u8).collect();
    let release = Release {
        version: "2.0.0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        bytes: 9,
        sha256: Digest([3; 32]),
        follows: Some("1.0".to_owned()),
        made: 7,
        notes: "a\0b".to_owned(),
        keys: Default::default(),
    };
    let owner = "ann".to_owned();
    let new = StoredRelease { release, key: "k1".to_owned(), bytes: bundle.len() as u64, imported: now(), owner };
    let key = AgentKey {
        public: Signer::from_pkcs8(&Signer::generate().unwrap()).unwrap().public(),
        name: "Builders".to_owned(),
        added: now(),
        owner: "ann".to_owned(),
    };
    let endpoints = store.endpoints();
    let before = endpoints.policy().await.unwrap();
    endpoints.trust_agent_key(&key, 8, &act()).await.unwrap();
    assert!(endpoints.put_release(&new, &bundle, 9, &act()).await.unwrap());
    assert!(!endpoints.put_release(&new, b"another", 9, &act()).await.unwrap(), "a version is given once");
    let after = endpoints.policy().await.unwrap();
    assert_eq!(
        (after.version, &after.agent_keys, &after.releases),
        (before.version + 2, &vec![key.clone()], &vec![new.clone()])
    );
    assert!(after.groups.iter().zip(&before.groups).all(|(after, before)| after.orders > before.orders));
    let (version, target) = (&new.release.version, &new.release.target);
    assert_eq!(endpoints.bundle(version, target).await.unwrap(), Some(bundle));
    assert_eq!(endpoints.bundle(version, "riscv64gc-unknown-linux-gnu").await.unwrap(), None);
    assert!(endpoints.remove_release(version, target, 10, &act()).await.unwrap());
    assert!(!endpoints.remove_release(version, target, 10, &act()).await.unwrap());
    assert_eq!(endpoints.bundle(version, target).await.unwrap(), None);
    assert!(endpoints.distrust_agent_key(&key.public, 11, &act()).await.unwrap());
    assert!(!endpoints.distrust_agent_key(&key.public, 11, &act()).await.unwrap());
    let last = endpoints.policy().await.unwrap();
    assert_eq!((last.version, last.releases.len() + last.agent_keys.len()), (after.version + 2, 0));
}
