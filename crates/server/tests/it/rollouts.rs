//! Many plans at once, and actions that go to their hosts in rings, through the real server.

use crate::support::{Client, House, systeminfo};
use serde_json::{Value, json};

/// Forty Windows 7 without the fix.
async fn house() -> (House, Client) {
    let house = House::new().await;
    let admin = house.admin().await;
    let names: Vec<String> = (0..40).map(|n| format!("PC{n:02}X")).collect();
    let files: Vec<(String, Vec<u8>)> =
        names.iter().map(|name| (format!("{name}.txt"), unlike(name, &[976932]))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    admin.import(&files).await;
    assert_eq!(admin.get("/api/v1/hosts").await.json()["total"], 40);
    let analyst = house.account(&admin, "sec", &["security-administrator"]).await;
    (house, analyst)
}

/// A machine of its own: the product id says so.
fn unlike(name: &str, kbs: &[u32]) -> Vec<u8> {
    let number: u32 = name[2..4].parse().unwrap();
    let text = String::from_utf8(systeminfo(name, kbs)).unwrap();
    let line = text.lines().find(|line| line.starts_with("Product ID")).unwrap().to_owned();
    text.replace(&line, &format!("Product ID:                00371-177-0000061-85{number:03}")).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_one_record_and_records_name_their_objects() {
    let (house, sec) = house().await;
    let cards = sec.get("/api/v1/plans?limit=1").await.json();
    let plan = cards["cards"][0]["standing"]["plan"].as_str().unwrap().to_owned();
    let answer = sec
        .post(&format!("/api/v1/plans/{plan}/transition"), json!({ "from": "draft", "to": "approval", "note": "" }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let auditor = house.account(&house.login("admin").await, "audit", &["audit-administrator"]).await;
    let imports = auditor.get("/api/v1/audit?action=import").await.json();
    let told: Vec<_> = imports["entries"].as_array().unwrap().iter().map(|entry| &entry["object"]).collect();
    assert_eq!(told, ["import:PC00X.txt"], "{imports}");
    let moved = auditor.get("/api/v1/audit?action=plan.move").await.json();
    assert_eq!(moved["entries"][0]["object"], format!("plan:{plan}"));
    assert_eq!(moved["entries"][0]["name"], cards["cards"][0]["host"]["label"], "{moved}");
    house.stop().await;
}

async fn count(client: &Client, state: &str) -> u64 {
    let board = client.get("/api/v1/plans?limit=1").await.json();
    let lane = board["counts"].as_array().unwrap().iter().find(|lane| lane["state"] == state).unwrap().clone();
    lane["count"].as_u64().unwrap()
}

async fn moved(client: &Client, body: Value) -> Value {
    let answer = client.post("/api/v1/plans/moves", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_plans_of_a_filter_move_at_once_and_each_is_recorded() {
    let (house, sec) = house().await;
    let reader = house.account(&house.login("admin").await, "reader", &["read-only"]).await;
    let order = json!({ "from": "draft", "to": "approval", "note": "window of June", "filter": { "q": "PC0" } });
    assert_eq!(reader.post("/api/v1/plans/moves", order.clone()).await.status, 403);
    let answer = moved(&sec, order).await;
    assert_eq!((&answer["asked"], &answer["moved"], &answer["refused"]), (&json!(10), &json!(10), &json!(0)));
    assert_eq!((count(&sec, "draft").await, count(&sec, "approval").await), (30, 10));

    // Named plans: those that are elsewhere stay, each with its reason.
    let cards = sec.get("/api/v1/plans?limit=500").await.json();
    let ids: Vec<&str> =
        cards["cards"].as_array().unwrap().iter().map(|card| card["standing"]["plan"].as_str().unwrap()).collect();
    let strange = [&ids[..1], &["no-such-plan"]].concat();
    let refused =
        sec.post("/api/v1/plans/moves", json!({ "from": "approval", "to": "running", "plans": strange })).await;
    assert_eq!((refused.status, refused.json()["params"]["id"].as_str()), (404, Some("no-such-plan")), "nothing moves");
    let answer = moved(&sec, json!({ "from": "approval", "to": "running", "plans": ids })).await;
    assert_eq!((&answer["asked"], &answer["moved"], &answer["refused"]), (&json!(40), &json!(10), &json!(30)));
    assert_eq!(answer["refusals"][0]["why"]["code"], "store.plan-moved");
    assert!(answer["refusals"][0]["label"].as_str().unwrap().starts_with("PC"));

    let auditor = house.account(&house.login("admin").await, "audit", &["audit-administrator"]).await;
    let audit = auditor.get("/api/v1/audit?action=plan.move&limit=500").await.json();
    assert_eq!(audit["entries"].as_array().unwrap().len(), 20, "{audit}");
    assert_eq!(auditor.get("/api/v1/audit/verify").await.json()["whole"], true);
    for (body, code) in [
        (json!({ "from": "draft", "to": "approval" }), "api.plans-none"),
        (json!({ "from": "draft", "to": "exception", "filter": {} }), "store.exception-without-due"),
        (json!({ "from": "draft", "to": "exception", "until": "2017-01-01", "filter": {} }), "api.until-past"),
    ] {
        let answer = sec.post("/api/v1/plans/moves", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_plans_are_moved_by_a_job() {
    let house = House::new().await;
    house.admin().await;
    let app = house.running.as_ref().unwrap().ready.app.clone();
    server::demo::load(&app, 1000, "test", |_| {}).await.unwrap();
    let sec = house.account(&house.login("admin").await, "sec", &["security-administrator"]).await;
    let drafts = count(&sec, "draft").await;
    assert!(drafts > 500, "{drafts}");
    let answer = moved(&sec, json!({ "from": "draft", "to": "approval", "filter": {} })).await;
    let id = answer["job"]["id"].as_str().unwrap().to_owned();
    let job = sec.finished(&id).await;
    assert_eq!((&job["state"], &job["done"]), (&json!("done"), &json!(drafts)), "{job}");
    let answer = sec.get(&format!("/api/v1/plans/moves/{id}")).await.json();
    assert_eq!((&answer["moved"], &answer["refused"]), (&json!(drafts), &json!(0)));
    assert_eq!((count(&sec, "draft").await, count(&sec, "approval").await), (0, drafts));
    drop(app);
    house.stop().await;
}

async fn the_action(client: &Client) -> Value {
    let fleet = client.get("/api/v1/fleet/actions").await.json();
    fleet["actions"].as_array().unwrap().iter().find(|action| action["kind"] == "key-patch").unwrap().clone()
}

fn standing(rollout: &Value, ring: usize) -> (u64, u64, u64, bool) {
    let ring = &rollout["rings"][ring - 1];
    let number = |name: &str| ring[name].as_u64().unwrap();
    (number("hosts"), number("verified"), number("failed"), ring["open"].as_bool().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_opens_when_the_one_before_it_is_verified() {
    let (house, sec) = house().await;
    let action = the_action(&sec).await;
    let sizes: Vec<u64> =
        action["rings"].as_array().unwrap().iter().map(|ring| ring["hosts"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [2, 8, 30]);
    let reader = house.account(&house.login("admin").await, "reader", &["read-only"]).await;
    let start = json!({ "action": action["key"] });
    assert_eq!(reader.post("/api/v1/rollouts", start.clone()).await.status, 403);
    let answer = sec.post("/api/v1/rollouts", start.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["id"].as_i64().unwrap();
    assert_eq!(sec.post("/api/v1/rollouts", start).await.status, 409, "once at a time");
    assert_eq!(sec.post("/api/v1/rollouts", json!({ "action": "nothing" })).await.code(), "api.rollout-no-action");
    let first = sec.get(&format!("/api/v1/hosts?rollout={id}&ring=1")).await.json();
    assert_eq!(first["total"], 2);

    // All are approved, and only those of the first ring may run.
    moved(&sec, json!({ "from": "draft", "to": "approval", "filter": {} })).await;
    let answer = moved(&sec, json!({ "from": "approval", "to": "running", "filter": { "rollout": id } })).await;
    assert_eq!((&answer["moved"], &answer["refused"]), (&json!(2), &json!(38)), "{answer}");
    assert_eq!(answer["refusals"][0]["why"]["code"], "api.ring-not-open");
    let second = sec.get(&format!("/api/v1/plans?rollout={id}&ring=2&limit=1")).await.json();
    let plan = second["cards"][0]["standing"]["plan"].as_str().unwrap();
    let path = format!("/api/v1/plans/{plan}/transition");
    let alone = sec.post(&path, json!({ "from": "approval", "to": "running" })).await;
    assert_eq!((alone.status, alone.code().as_str()), (409, "api.ring-not-open"));
    // What would be refused is not offered, and says why.
    let stands = &second["cards"][0]["standing"];
    assert!(!stands["next"].as_array().unwrap().contains(&json!("running")), "{stands}");
    assert_eq!(stands["held"]["code"], "api.ring-not-open");
    let host = second["cards"][0]["host"]["id"].as_str().unwrap();
    assert_eq!(sec.get(&format!("/api/v1/hosts/{host}")).await.json()["standing"]["held"], stands["held"]);

    // The facts come back from both: fixed. The second ring opens, the third does not.
    house.later(1);
    for row in first["rows"].as_array().unwrap() {
        let name = row["label"].as_str().unwrap();
        let fixed: Vec<u32> = vec![976932, action["kb"].as_u64().unwrap() as u32];
        sec.import(&[(&format!("{name}.txt"), &unlike(name, &fixed))]).await;
    }
    let rollouts = sec.get("/api/v1/rollouts").await.json();
    let rollout = &rollouts["rollouts"][0];
    assert_eq!(standing(rollout, 1), (2, 2, 0, true), "{rollout}");
    assert_eq!(standing(rollout, 2), (8, 0, 0, true));
    assert_eq!(standing(rollout, 3), (30, 0, 0, false));
    let shown = the_action(&sec).await;
    assert_eq!(shown["rollout"]["id"], id, "the action's card shows it");
    let answer =
        moved(&sec, json!({ "from": "approval", "to": "running", "filter": { "rollout": id, "ring": 2 } })).await;
    assert_eq!(answer["moved"], 8, "{answer}");

    // One failure in the second holds the third, however many are verified.
    moved(&sec, json!({ "from": "running", "to": "verifying", "filter": { "rollout": id, "ring": 2 } })).await;
    let cards = sec.get(&format!("/api/v1/plans?rollout={id}&ring=2&state=verifying")).await.json();
    let plans: Vec<&str> =
        cards["cards"].as_array().unwrap().iter().map(|card| card["standing"]["plan"].as_str().unwrap()).collect();
    moved(&sec, json!({ "from": "verifying", "to": "failed", "plans": plans[..1] })).await;
    moved(&sec, json!({ "from": "verifying", "to": "verified", "plans": plans[1..] })).await;
    let rollout = sec.get("/api/v1/rollouts").await.json()["rollouts"][0].clone();
    assert_eq!((standing(&rollout, 2), standing(&rollout, 3).3), ((8, 7, 1, true), false));

    // Ended, it holds nothing back.
    assert_eq!(sec.post(&format!("/api/v1/rollouts/{id}/end"), json!(null)).await.status, 200);
    let answer = moved(&sec, json!({ "from": "approval", "to": "running", "filter": {} })).await;
    assert_eq!((&answer["moved"], &answer["refused"]), (&json!(30), &json!(0)));
    house.stop().await;
}
