//! Configuration checks and what stands in memory: told by endpoints, kept, shown, and ordered as a change of a group.

use crate::endpoints::{Machine, NOW, house, people, propose, token};
use crate::support::until;
use model::Message;
use policy::Origin;
use policy::baseline::{Outcome, State};
use policy::telling::{Checked, Did, InMemory, MemoryOrigin, MemoryReason, Program, Step, Told, What};
use serde_json::{Value, json};

fn checked(check: &str, state: Option<State>, did: Option<Did>) -> Told {
    let why = Message::new("baseline.not-as-wanted").with("value", "1").reason("wanted", Message::new("policy.on"));
    let checked = Checked {
        check: check.to_owned(),
        outcome: state.map(|state| Outcome { state, why }),
        held: did == Some(Did::Set),
        step: did.map(|did| Step { did, why: None, orders: Some(2) }),
    };
    Told { at: NOW, what: What::Checked(Box::new(checked)) }
}

fn of<'p>(list: &'p Value, id: &str) -> &'p Value {
    list["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_are_ordered_told_and_set_by_consent() {
    let house = house().await;
    let (admin, first, second) = people(&house).await;
    let created = json!({ "kind": "create", "id": "laptops", "name": "Laptops", "parent": "all",
        "settings": { "baseline": ["aslr", "telnet-port"] } });
    assert_eq!(propose(&first, created).await.json()["applied"], true);
    let token = token(&admin, 2).await;
    let mut machines = Vec::new();
    for name in ["anna", "bert"] {
        machines.push(Machine::new(&house, &token, name).await);
    }
    for machine in &mut machines {
        machine.follow(|orders| orders.baseline.len() == 2 && orders.baseline_set.is_empty()).await;
        let all = [checked("aslr", Some(State::Not), None), checked("telnet-port", Some(State::Compliant), None)];
        machine.tell(&all).await;
    }
    let list = first.get("/api/v1/endpoint-checks?group=laptops").await.json();
    assert_eq!(list["endpoints"], 2);
    let aslr = of(&list, "aslr");
    assert_eq!((&aslr["not"], &aslr["compliant"], &aslr["held"]), (&json!(2), &json!(0), &json!(0)), "{aslr:#}");
    assert_eq!((&aslr["asked_by"], &aslr["set_in"], &aslr["sets"]), (&json!(["laptops"]), &json!([]), &json!("2")));
    assert_eq!(aslr["breaks"][0]["code"], "baseline.breaks.old-programs");
    assert!(aslr["undo_by"][0].as_str().unwrap().starts_with("rm -f"), "{aslr:#}");
    let port = of(&list, "telnet-port");
    assert_eq!((&port["compliant"], &port["sets"]), (&json!(2), &Value::Null));

    // What only a person can, and what nobody knows, is set by nobody.
    for id in ["telnet-port", "no-such"] {
        let settings = json!({ "baseline_set": [id] });
        let answer = propose(&first, json!({ "kind": "settings", "group": "laptops", "settings": settings })).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "policy.check-not-set"), "{}", answer.text());
    }
    let settings = json!({ "baseline": ["aslr", "telnet-port"], "baseline_set": ["aslr"] });
    let set = json!({ "kind": "settings", "group": "laptops", "settings": settings });
    assert_eq!(propose(&second, set).await.json()["applied"], true);
    for machine in &mut machines {
        machine.follow(|orders| orders.baseline_set.contains("aslr")).await;
    }
    machines[0].tell(&[checked("aslr", Some(State::Compliant), Some(Did::Set))]).await;
    machines[1].tell(&[checked("aslr", Some(State::Not), Some(Did::NotSet))]).await;
    let list = first.get("/api/v1/endpoint-checks").await.json();
    let aslr = of(&list, "aslr");
    assert_eq!((&aslr["not"], &aslr["compliant"], &aslr["held"]), (&json!(1), &json!(1), &json!(1)), "{aslr:#}");
    assert_eq!(aslr["set_in"], json!(["laptops"]));
    let failing = first.get("/api/v1/endpoint-checks/standings?check=aslr&state=not").await.json();
    assert_eq!((&failing["total"], &failing["rows"][0]["machine"]), (&json!(1), &json!("bert")), "{failing:#}");
    let worst = first.get("/api/v1/endpoint-checks/endpoints?group=laptops").await.json();
    let not: Vec<_> = worst["rows"].as_array().unwrap().iter().map(|row| (&row["machine"], &row["not"])).collect();
    assert_eq!(not, [(&json!("bert"), &json!(1)), (&json!("anna"), &json!(0))], "{worst:#}");
    let id = &machines[0].id;
    let own = first.get(&format!("/api/v1/endpoint-checks/standings?endpoint={id}")).await.json();
    assert_eq!((&own["total"], &own["rows"][0]["checked"]["held"]), (&json!(2), &json!(true)), "{own:#}");
    let drifts = first.get("/api/v1/endpoint-checks/drifts?check=aslr").await.json();
    let steps: Vec<_> = drifts["rows"].as_array().unwrap().iter().map(|row| &row["checked"]["step"]["did"]).collect();
    assert_eq!(steps, [&json!("not_set"), &json!("set")], "{drifts:#}");

    // Nobody asks any more: it is gone from the list, and stays in what became of it.
    machines[1].tell(&[checked("telnet-port", None, None)]).await;
    let list = first.get("/api/v1/endpoint-checks").await.json();
    assert_eq!(of(&list, "telnet-port")["compliant"], 1);
    let drifts = first.get(&format!("/api/v1/endpoint-checks/drifts?endpoint={}", machines[1].id)).await.json();
    assert_eq!((&drifts["total"], &drifts["rows"][0]["was"]), (&json!(2), &json!("compliant")), "{drifts:#}");
    assert_eq!(drifts["rows"][0]["became"], Value::Null);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_memory_is_kept_with_its_reasons() {
    let house = house().await;
    let (admin, first, _) = people(&house).await;
    let machine = Machine::new(&house, &token(&admin, 1).await, "anna").await;
    let program =
        |path: &str| Program { path: path.to_owned(), sha256: None, origin: Some(Origin::Nobody), command_line: None };
    let found = InMemory {
        program: program("/opt/tool"),
        ancestors: vec![program("/bin/sh")],
        process: 42,
        origin: MemoryOrigin::Anonymous,
        path: None,
        place: "7f0000000000-7f0000002000".to_owned(),
        bytes: 8192,
        write: true,
        points: 90,
        reasons: vec![MemoryReason { points: 40, message: Message::new("memory.anonymous-written") }],
    };
    let told = Told { at: NOW, what: What::Memory(Box::new(found)) };
    machine.tell(&[told]).await;
    until("it is shown", async || first.get("/api/v1/endpoint-memory?points=80").await.json()["total"] == 1).await;
    let page = first.get("/api/v1/endpoint-memory").await.json();
    let row = &page["rows"][0];
    assert_eq!((&row["machine"], &row["found"]["points"]), (&json!("anna"), &json!(90)), "{row:#}");
    assert_eq!(row["found"]["reasons"][0]["message"]["code"], "memory.anonymous-written");
    assert_eq!(first.get("/api/v1/endpoint-memory?points=91").await.json()["total"], 0);
    house.stop().await;
}
