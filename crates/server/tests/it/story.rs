//! One host told two ways through the real server: what falls with it, and what happened to it so far.

use crate::support::{Client, House, systeminfo};
use serde_json::{Value, json};

async fn total(client: &Client, query: &str) -> u64 {
    client.get(&format!("/api/v1/hosts?limit=1&{query}")).await.json()["total"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_with_a_host_is_its_zone_and_the_rest_is_not_known() {
    let house = House::new().await;
    let admin = house.admin().await;
    let app = house.running.as_ref().unwrap().ready.app.clone();
    server::demo::load(&app, 240, "test", |_| {}).await.unwrap();
    let row = admin.get("/api/v1/hosts?open=true&limit=1").await.json()["rows"][0].clone();
    let (id, zone) = (row["id"].as_str().unwrap(), row["zone"].as_str().unwrap());
    let falls = admin.get(&format!("/api/v1/hosts/{id}/falls")).await.json();
    let place = &falls["places"][0];
    assert_eq!((&place["kind"], &place["name"], &place["hop"]), (&json!("zone"), &json!(zone), &json!(0)), "{falls}");
    let number = |name: &str| place[name].as_u64().unwrap();
    let in_zone = total(&admin, place["query"].as_str().unwrap()).await;
    let counted = number("yes") + number("maybe") + number("held");
    assert!(counted > 0 && counted < in_zone, "{counted} of {in_zone}, the host itself is not among them");
    let by_weapon: u64 = place["weapons"].as_array().unwrap().iter().map(|by| by["hosts"].as_u64().unwrap()).sum();
    assert_eq!(by_weapon, number("yes") + number("maybe"));
    // Nothing was captured: no way out of the zone is known, and that is said and counted.
    assert_eq!(falls["places"].as_array().unwrap().len(), 1);
    assert_eq!(falls["elsewhere"].as_u64().unwrap(), 240 - in_zone);
    assert!(falls["notes"].as_array().unwrap().iter().any(|note| note["code"] == "api.falls-no-traffic"), "{falls}");
    let targets = falls["targets"].as_array().unwrap();
    assert!(!targets.is_empty());
    for target in targets {
        let path = target["path"].as_array().unwrap();
        assert_eq!((&path[0]["from"], &path.last().unwrap()["to"]), (&json!(id), &target["host"]), "{target}");
        assert_ne!(target["host"], id);
    }
    assert_eq!(admin.get("/api/v1/hosts/nobody/falls").await.status, 404);
    drop(app);
    house.stop().await;
}

fn lanes(events: &Value, lane: &str) -> Vec<String> {
    let of_lane = events["events"].as_array().unwrap().iter().filter(|event| event["lane"] == lane);
    of_lane.map(|event| event["what"]["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_tells_updates_judgements_and_moves() {
    let house = House::new().await;
    let admin = house.admin().await;
    admin.import(&[("PC-7_systeminfo.txt", &systeminfo("PC-7", &[976902, 976932]))]).await;
    let row = admin.get("/api/v1/hosts").await.json()["rows"][0].clone();
    let (id, plan) = (row["id"].as_str().unwrap(), row["plan"].as_str().unwrap());
    let body = json!({ "from": "draft", "to": "approval", "note": "in June" });
    let path = format!("/api/v1/plans/{plan}/transition");
    assert_eq!(admin.post(&path, body).await.status, 200);
    house.later(1);
    admin.import(&[("PC-7_systeminfo.txt", &systeminfo("PC-7", &[976902, 976932, 4012212]))]).await;
    let told = admin.get(&format!("/api/v1/hosts/{id}/timeline")).await.json();
    assert_eq!(lanes(&told, "facts").len(), 2, "{told}");
    assert_eq!(lanes(&told, "updates"), ["api.time-updates-new", "api.time-updates-first"]);
    assert_eq!(lanes(&told, "judgement"), ["api.time-fixed", "api.time-open"]);
    assert_eq!(lanes(&told, "plan").last().unwrap(), "api.time-plan-new");
    let fixed =
        told["events"].as_array().unwrap().iter().find(|event| event["what"]["code"] == "api.time-fixed").unwrap();
    assert!(fixed["weapons"].as_array().unwrap().contains(&json!("eternalblue")), "{fixed}");
    let moved = told["events"].as_array().unwrap().iter().find(|event| event["note"] == "in June").unwrap();
    assert_eq!((&moved["plan_state"], &moved["by"]), (&json!("approval"), &json!("admin")));
    assert_eq!(told["cut"], false);
    house.stop().await;
}
