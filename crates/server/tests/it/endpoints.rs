//! Endpoints of a server: they are led, what they tell is shown, groups change by consent, and what one was attacked with is
//! denied on all.

use crate::support::{Client, House, until};
use link::{Clock, Courier, CourierOptions, Guide, Identity, Invitation, Led, Spool};
use policy::orders::{Orders, Recipient, TrustedKeys, open};
use policy::telling::{self, Isolated, Keys, Program, Ran, Report, Restored, Stopped, TOLD_KIND, Told, What};
use policy::{Digest, EndpointId, GroupId, Kind, Mode, Origin, Outcome, Rung, Verdict};
use prost::bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

pub const NOW: u64 = 1_496_304_000;

pub async fn house() -> House {
    House::with(None, |config| config.link = Some("127.0.0.1:0".parse().unwrap())).await
}

/// A made-up endpoint: it enrols, says how it is, and holds to the orders it gets.
pub struct Machine {
    pub id: EndpointId,
    spool: Spool,
    report: watch::Sender<Bytes>,
    said: Report,
    guides: mpsc::Receiver<Guide>,
    keys: Option<TrustedKeys>,
    pub orders: Option<Orders>,
    _courier: Courier,
    _folder: TempDir,
}

impl Machine {
    pub async fn new(house: &House, token: &Value, name: &str) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let address = house.running.as_ref().unwrap().ready.link.unwrap().to_string();
        let text = |name: &str| token[name].as_str().unwrap();
        let authority = text("authority_sha256").parse().unwrap();
        let invitation = Invitation { address: address.clone(), authority, token: text("token").to_owned() };
        let now = house.now.clone();
        let clock: Clock = Arc::new(move || *now.lock().unwrap());
        let identity = link::enrol(folder.path(), &invitation, name, &clock).await.unwrap();
        let id = EndpointId::new(identity.collector().rsplit('/').next().unwrap());
        let spool = Spool::open(&folder.path().join("spool"), link::spool::Options::default()).unwrap();
        let said = Report {
            version: "1.0".to_owned(),
            machine: name.to_owned(),
            system: "Debian 12".to_owned(),
            ..Report::default()
        };
        let report = watch::Sender::new(Bytes::from(serde_json::to_vec(&said).unwrap()));
        let (guide, guides) = mpsc::channel(4);
        let led = Led { report: report.subscribe(), guides: guide };
        let identity_again = Identity::load(folder.path()).unwrap().unwrap();
        let options = CourierOptions {
            again_after_min: Duration::from_millis(5),
            again_after_max: Duration::from_millis(100),
            ..CourierOptions::default()
        };
        let courier = Courier::start_led(spool.clone(), identity_again, &address, clock, options, Some(led));
        let (keys, orders) = (None, None);
        Machine { id, spool, report, said, guides, keys, orders, _courier: courier, _folder: folder }
    }

    pub fn say(&mut self, change: impl FnOnce(&mut Report)) {
        change(&mut self.said);
        self.report.send_replace(serde_json::to_vec(&self.said).unwrap().into());
    }

    /// Follows what it is told until its orders are as wanted.
    pub async fn follow(&mut self, wanted: impl Fn(&Orders) -> bool) {
        while !self.orders.as_ref().is_some_and(&wanted) {
            let guide = tokio::time::timeout(Duration::from_secs(20), self.guides.recv()).await;
            let guide = guide.expect("no orders as wanted").unwrap();
            match guide.kind.as_str() {
                telling::KEYS_GUIDE => {
                    let keys: Keys = serde_json::from_slice(&guide.bytes).unwrap();
                    self.keys.get_or_insert_with(|| TrustedKeys::new(keys.keys));
                }
                telling::ORDERS_GUIDE => self.obey(&guide.bytes),
                _ => {}
            }
        }
    }

    /// The next thing of a kind that it is told.
    pub async fn told(&mut self, kind: &str) -> Bytes {
        loop {
            let guide = tokio::time::timeout(Duration::from_secs(20), self.guides.recv()).await;
            let guide = guide.expect("nothing of that kind is told").unwrap();
            match guide.kind.as_str() {
                told if told == kind => return guide.bytes,
                telling::ORDERS_GUIDE => self.obey(&guide.bytes),
                _ => {}
            }
        }
    }

    fn obey(&mut self, bytes: &[u8]) {
        let group = self.said.group.clone().unwrap_or_else(|| GroupId::new("none"));
        let recipient = Recipient { endpoint: self.id.clone(), group };
        let before = self.orders.as_ref().map(|orders| orders.version);
        let orders = open(bytes, self.keys.as_ref().unwrap(), before, &recipient, NOW).unwrap();
        let (version, mode, group) = (orders.version, orders.mode_at(NOW), orders.group.clone());
        self.orders = Some(orders);
        self.say(|report| (report.orders, report.mode, report.group) = (Some(version), mode, group));
    }

    pub async fn tell(&self, told: &[Told]) {
        self.spool.append(TOLD_KIND, told.len() as u32, &telling::lines(told).unwrap()).unwrap();
        until("what was told is kept", async || self.spool.counts().waiting_batches == 0).await;
    }
}

pub async fn token(client: &Client, uses: u32) -> Value {
    let answer = client.post("/api/v1/collectors/tokens", json!({ "group": "laptops", "uses": uses, "days": 1 })).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn ran(path: &str, sha256: u8, origin: Origin, outcome: Outcome) -> Told {
    let verdict =
        Verdict { may: outcome == Outcome::Ran, rung: Rung::Unknown, why: model::Message::new("execution.unknown") };
    let ran = Ran {
        kind: Kind::Program,
        path: path.to_owned(),
        sha256: Some(Digest([sha256; 32])),
        origin,
        writer: None,
        parent: Some("/bin/sh".to_owned()),
        user: Some(1000),
        bytes: Some(10),
        outcome,
        verdict,
        count: 2,
        essential: false,
    };
    Told { at: NOW, what: What::Ran(Box::new(ran)) }
}

fn stopped(path: &str, sha256: u8, origin: Origin) -> Told {
    let program =
        Program { path: path.to_owned(), sha256: Some(Digest([sha256; 32])), origin: Some(origin), command_line: None };
    let stopped = Stopped {
        incident: format!("incident-{sha256}"),
        program: Some(program),
        ancestors: Vec::new(),
        processes: 3,
        touched: 7,
        points: 12.5,
        reasons: vec![model::Message::new("damage.entropy")],
    };
    Told { at: NOW, what: What::Stopped(Box::new(stopped)) }
}

async fn basis(client: &Client) -> u64 {
    client.get("/api/v1/endpoint-groups").await.json()["version"].as_u64().unwrap()
}

pub async fn propose(client: &Client, proposal: Value) -> crate::support::Answer {
    let body = json!({ "proposal": proposal, "basis": basis(client).await, "why": "as agreed" });
    client.post("/api/v1/endpoint-changes", body).await
}

/// Administrators of the system and of security, the second one of the latter too.
pub async fn people(house: &House) -> (Client, Client, Client) {
    let admin = house.admin().await;
    let first = house.account(&admin, "first", &["security-administrator"]).await;
    let second = house.account(&admin, "second", &["security-administrator"]).await;
    (admin, first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_endpoints_are_led_and_what_one_was_attacked_with_is_denied_on_all() {
    let house = house().await;
    let (admin, first, _) = people(&house).await;
    let created = json!({ "kind": "create", "id": "laptops", "name": "Laptops", "parent": "all", "settings": {} });
    let answer = propose(&first, created).await;
    assert_eq!((answer.status, answer.json()["applied"].as_bool()), (200, Some(true)), "{}", answer.text());
    let token = token(&admin, 3).await;
    let mut machines = Vec::new();
    for name in ["anna", "bert", "cleo"] {
        machines.push(Machine::new(&house, &token, name).await);
    }
    for machine in &mut machines {
        machine.follow(|orders| orders.execution.mode == Mode::Observe).await;
    }
    until("all hold to what they are to have", async || {
        let page = admin.get("/api/v1/endpoints").await.json();
        page["health"]["connected"] == 3 && page["health"]["behind"] == 0
    })
    .await;
    let page = admin.get("/api/v1/endpoints?group=laptops").await.json();
    assert_eq!((&page["total"], &page["rows"][0]["machine"]), (&json!(3), &json!("anna")));
    assert_eq!(page["rows"][0]["state"], "connected");

    // A week of learning: a package and something unknown.
    let package = || Origin::Package { name: "coreutils".to_owned() };
    for machine in &machines {
        machine
            .tell(&[ran("/bin/ls", 1, package(), Outcome::Ran), ran("/opt/tool", 2, Origin::Nobody, Outcome::Ran)])
            .await;
    }
    let enforce = json!({ "kind": "settings", "group": "laptops",
        "settings": { "mode": "enforce", "trust_packages": true, "allowed": ["02".repeat(32)] } });
    let body = json!({ "proposal": enforce, "basis": basis(&first).await, "why": "" });
    let trial = first.post("/api/v1/endpoint-changes/try", body).await.json();
    let tried = &trial["groups"][0];
    assert_eq!((&tried["endpoints"], &tried["lockout"]["outlook"]), (&json!(3), &json!("clear")), "{trial}");
    assert_eq!(tried["lockout"]["blocked_files"], 0);
    assert_eq!(trial["needs_two"], json!([]));
    assert_eq!(propose(&first, enforce).await.json()["applied"], true);
    for machine in &mut machines {
        machine.follow(|orders| orders.execution.mode == Mode::Enforce && orders.execution.trust_packages).await;
    }

    // One is attacked: by a program of nobody, through a shell that the others know as a package's.
    machines[1].tell(&[stopped("/tmp/scrambler", 9, Origin::Nobody), stopped("/bin/ls", 1, Origin::Nobody)]).await;
    let restored = Restored {
        incident: "incident-9".to_owned(),
        restored: 7,
        beside: 0,
        evidence: 1,
        failed: 0,
        files: Vec::new(),
    };
    machines[1].tell(&[Told { at: NOW, what: What::Restored(Box::new(restored)) }]).await;
    for machine in &mut machines {
        machine.follow(|orders| orders.execution.denied.contains(&Digest([9; 32]))).await;
        let orders = machine.orders.as_ref().unwrap();
        assert!(!orders.execution.denied.contains(&Digest([1; 32])), "what a package vouches for stays");
    }
    let page = first.get("/api/v1/incidents").await.json();
    assert_eq!(page["total"], 2);
    let of =
        |sha256: &str| page["rows"].as_array().unwrap().iter().find(|row| row["sha256"] == sha256).unwrap().clone();
    let attack = of(&"09".repeat(32));
    assert_eq!((&attack["machine"], &attack["restored"], &attack["denied"]), (&json!("bert"), &json!(7), &json!(true)));
    assert_eq!(of(&"01".repeat(32))["denied"], false);
    let detail = first.get(&format!("/api/v1/incidents/{}", attack["id"])).await.json();
    assert_eq!((&detail["stopped"]["touched"], &detail["undone"]["evidence"]), (&json!(7), &json!(1)));

    // It is lifted by a person.
    let answer = first.call("DELETE", &format!("/api/v1/endpoint-denied/{}", "09".repeat(32)), Value::Null).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    machines[0].follow(|orders| orders.execution.denied.is_empty()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_kept_once_and_added_up() {
    let house = house().await;
    let (admin, first, _) = people(&house).await;
    let token = token(&admin, 2).await;
    let (mut one, mut two) = (Machine::new(&house, &token, "one").await, Machine::new(&house, &token, "two").await);
    one.follow(|_| true).await;
    two.follow(|_| true).await;
    for machine in [&one, &two] {
        machine.tell(&[ran("/opt/tool", 2, Origin::Nobody, Outcome::WouldBlock)]).await;
    }
    // It is allowed on one of them since.
    one.tell(&[ran("/opt/tool", 2, Origin::Nobody, Outcome::Ran)]).await;
    let page = first.get("/api/v1/executions").await.json();
    let row = &page["rows"][0];
    assert_eq!((&row["endpoints"], &row["would_block"], &row["times"]), (&json!(2), &json!(1), &json!(6)), "{page}");
    assert_eq!(first.get("/api/v1/executions?outcome=blocked").await.json()["total"], 0);
    assert_eq!(first.get("/api/v1/executions?q=OPT").await.json()["total"], 1);
    let place = first.get(&format!("/api/v1/executions/{}", "02".repeat(32))).await.json();
    assert_eq!(place["rows"].as_array().unwrap().len(), 2);
    let standing = first.get(&format!("/api/v1/executions/{}/reputation", "02".repeat(32))).await.json();
    assert_eq!(standing["terms"].as_array().unwrap().len(), 9, "{standing}");
    // What cannot be read is refused for good, and what comes after it is taken.
    one.spool.append(TOLD_KIND, 1, b"{\"at\":1}\n").unwrap();
    one.tell(&[ran("/opt/other", 3, Origin::Nobody, Outcome::Ran)]).await;
    assert_eq!(first.get("/api/v1/executions").await.json()["total"], 2);
    let detail = first.get(&format!("/api/v1/endpoints/{}/executions", one.id)).await.json();
    assert_eq!(detail["rows"].as_array().unwrap().len(), 2);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_loosens_the_whole_network_takes_a_second_person() {
    let house = house().await;
    let (admin, first, second) = people(&house).await;
    let looser = json!({ "kind": "settings", "group": "all", "settings": { "allowed": ["05".repeat(32)] } });
    let system = house.account(&admin, "system", &["system-administrator"]).await;
    assert_eq!(propose(&system, looser.clone()).await.status, 403, "who runs the server does not say what holds");
    let answer = propose(&first, looser.clone()).await.json();
    assert_eq!(
        (&answer["applied"], answer["trial"]["needs_two"].as_array().unwrap().len()),
        (&json!(false), 1),
        "{answer}"
    );
    let decide = |client: &Client, id: &Value, decision: &str| {
        let (client, path) = (client.clone(), format!("/api/v1/endpoint-changes/{id}/decide"));
        let body = json!({ "decision": decision, "why": "seen" });
        async move { client.post(&path, body).await }
    };
    let id = &answer["id"];
    assert_eq!(decide(&first, id, "approve").await.code(), "policy.approval-same-person");
    assert_eq!(second.get("/api/v1/endpoint-changes?open=true").await.json()["total"], 1);
    let agreed = decide(&second, id, "approve").await;
    assert_eq!((agreed.status, &agreed.json()["request"]["state"]), (200, &json!("applied")), "{}", agreed.text());
    let root = first.get("/api/v1/endpoint-groups/all").await.json();
    assert_eq!(root["effective"]["allowed"].as_object().unwrap().len(), 1);
    // Of two changes on top of the same groups the second is stale.
    let body = json!({ "proposal": looser, "basis": 1, "why": "late" });
    assert_eq!(first.post("/api/v1/endpoint-changes", body).await.code(), "policy.approval-stale");
    // One person takes it back, and it is so after a restart too.
    assert_eq!(decide(&first, id, "take-back").await.status, 200);
    let house = house.again_with(|config| config.link = Some("127.0.0.1:0".parse().unwrap())).await;
    let first = house.login("first").await;
    let root = first.get("/api/v1/endpoint-groups/all").await.json();
    assert_eq!(root["effective"]["allowed"], json!({}));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_would_lock_a_machine_out_are_refused() {
    let house = house().await;
    let (admin, first, _) = people(&house).await;
    let token = token(&admin, 1).await;
    let mut machine = Machine::new(&house, &token, "one").await;
    machine.follow(|_| true).await;
    machine.tell(&[ran("/usr/sbin/sshd", 4, Origin::Nobody, Outcome::Ran)]).await;
    let answer =
        propose(&first, json!({ "kind": "settings", "group": "all", "settings": { "mode": "enforce" } })).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "policy.lockout-refused"), "{}", answer.text());
    // Glass is broken for a while by one person, and mended.
    let broken = propose(&first, json!({ "kind": "break-glass", "group": "all", "minutes": 30 })).await;
    assert_eq!(broken.json()["applied"], true, "{}", broken.text());
    machine.follow(|orders| orders.break_glass.is_some()).await;
    assert_eq!(propose(&first, json!({ "kind": "mend-glass", "group": "all" })).await.json()["applied"], true);
    machine.follow(|orders| orders.break_glass.is_none()).await;
    let gone = propose(&first, json!({ "kind": "remove", "group": "all" })).await;
    assert_eq!(gone.status, 400, "{}", gone.text());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_isolated_by_one_person_and_shown_as_it_says_it_is() {
    let house = house().await;
    let (admin, first, second) = people(&house).await;
    let created = json!({ "kind": "create", "id": "laptops", "name": "Laptops", "parent": "all", "settings": {} });
    assert_eq!(propose(&first, created).await.json()["applied"], true);
    let mut machine = Machine::new(&house, &token(&admin, 1).await, "anna").await;
    machine.follow(|orders| orders.isolation.is_none()).await;
    let path = format!("/api/v1/endpoints/{}", machine.id);
    let shown = async |state: &str| {
        until(state, async || first.get(&path).await.json()["isolation"]["state"] == state).await;
        first.get(&path).await.json()["isolation"].clone()
    };
    let ask =
        async |who: &Client, what: &str, why: &str| who.post(&format!("{path}/{what}"), json!({ "why": why })).await;
    assert_eq!(first.get(&path).await.json()["isolation"], Value::Null);
    let analyst = house.account(&admin, "fourth", &["analyst"]).await;
    assert_eq!(ask(&analyst, "isolate", "it beacons").await.status, 403, "that is for the security administrator");
    assert_eq!(ask(&first, "isolate", " ").await.status, 400, "a reason is needed");
    assert_eq!(ask(&first, "release", "why not").await.status, 409, "it is not isolated");
    let answer = ask(&first, "isolate", "it beacons").await;
    assert_eq!((answer.status, &answer.json()["isolation"]["state"]), (200, &json!("asked")), "{}", answer.text());
    assert_eq!(ask(&second, "isolate", "it beacons").await.status, 409, "it was asked already");

    machine.follow(|orders| orders.isolation.is_some()).await;
    let isolation = machine.orders.as_ref().unwrap().isolation.unwrap();
    assert!(machine.orders.as_ref().unwrap().needs.contains("isolation-1"));
    // It holds to the orders, and has not said that it is isolated.
    assert_eq!(shown("asked").await["asked"]["by"], "first");
    let cannot =
        Isolated { id: isolation.id, why: Some(model::Message::new("isolation.pending")), ..Isolated::default() };
    machine.say(|report| report.isolation = Some(cannot));
    assert_eq!(shown("refused").await["refused"]["code"], "isolation.pending");
    let holds = Isolated { id: isolation.id, holds: true, since: Some(NOW), repaired: 2, ..Isolated::default() };
    machine.say(|report| report.isolation = Some(holds));
    let shown_as = shown("isolated").await;
    assert_eq!((&shown_as["repaired"], &shown_as["asked"]["why"]), (&json!(2), &json!("it beacons")));
    let page = first.get("/api/v1/endpoints?isolated=true").await.json();
    assert_eq!((&page["total"], &page["health"]["isolated"]), (&json!(1), &json!(1)));

    // What its group is ordered later does not end it.
    let group = machine.orders.as_ref().unwrap().group.clone().unwrap();
    let settings = json!({ "kind": "settings", "group": group.0, "settings": { "trust_packages": true } });
    assert_eq!(propose(&first, settings).await.json()["applied"], true);
    machine.follow(|orders| orders.execution.trust_packages).await;
    assert_eq!(machine.orders.as_ref().unwrap().isolation, Some(isolation));

    assert_eq!(ask(&second, "release", "it was a test").await.json()["isolation"]["state"], "release-asked");
    machine.follow(|orders| orders.isolation.is_none()).await;
    machine.say(|report| report.isolation = None);
    until("it is released", async || first.get(&path).await.json()["isolation"].is_null()).await;
    let auditor = house.account(&admin, "third", &["audit-administrator"]).await;
    let audit = auditor.get("/api/v1/audit").await;
    for what in ["endpoint.isolate", "endpoint.release", "it beacons"] {
        assert!(audit.text().contains(what), "{what}: {}", audit.text());
    }
    assert_eq!(first.get("/api/v1/endpoints?isolated=true").await.json()["health"]["isolated"], json!(0));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_moves_by_orders_of_its_own() {
    let house = house().await;
    let (admin, first, _) = people(&house).await;
    let strict = json!({ "kind": "create", "id": "strict", "name": "Strict", "parent": "all",
        "settings": { "mode": "simulate" } });
    assert_eq!(propose(&first, strict).await.json()["applied"], true);
    let token = token(&admin, 1).await;
    let mut machine = Machine::new(&house, &token, "one").await;
    machine.follow(|_| true).await;
    let body = json!({ "group": "strict", "why": "belongs there" });
    let moved = first.post(&format!("/api/v1/endpoints/{}/group", machine.id), body).await;
    assert_eq!((moved.status, &moved.json()["group"]), (200, &json!("strict")), "{}", moved.text());
    machine.follow(|orders| orders.execution.mode == Mode::Simulate).await;
    // A change of that group reaches it, although its orders of its own came later than those of the group.
    let more =
        json!({ "kind": "settings", "group": "strict", "settings": { "mode": "simulate", "trust_packages": true } });
    assert_eq!(propose(&first, more).await.json()["applied"], true);
    machine.follow(|orders| orders.execution.trust_packages).await;
    let unknown = json!({ "group": "nowhere", "why": "x" });
    assert_eq!(first.post(&format!("/api/v1/endpoints/{}/group", machine.id), unknown).await.status, 404);
    house.stop().await;
}
