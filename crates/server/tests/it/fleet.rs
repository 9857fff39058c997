//! The numbers of the fleet and of the relation graph are exact: each is the length of the list behind it.

use crate::support::{Client, House};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::{AssetFilter, PageQuery, Profile};

async fn demo() -> (House, Client) {
    let house = House::with(None, |config| config.demo = true).await;
    let admin = house.admin().await;
    (house, admin)
}

async fn total(client: &Client, query: &str) -> u64 {
    let page = client.get(&format!("/api/v1/hosts?{query}&limit=1")).await;
    assert_eq!(page.status, 200, "{query}: {}", page.text());
    page.json()["total"].as_u64().unwrap()
}

async fn actions(client: &Client) -> Vec<Value> {
    client.get("/api/v1/fleet/actions").await.json()["actions"].as_array().unwrap().clone()
}

async fn every_link_holds(client: &Client) {
    let actions = actions(client).await;
    assert!(actions.len() > 10);
    let keys: BTreeSet<&str> = actions.iter().map(|action| action["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), actions.len(), "an action is known by its key");
    for action in &actions {
        let listed = total(client, action["query"].as_str().unwrap()).await;
        assert_eq!(listed, action["hosts"].as_u64().unwrap(), "{}", action["key"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_behind_an_action_has_exactly_its_hosts() {
    let (house, admin) = demo().await;
    every_link_holds(&admin).await;
    assert_eq!(total(&admin, "fleet_action=key-patch~KB1").await, 0, "an action that is done has no hosts left");

    // A host that goes leaves no count behind.
    let patch = actions(&admin).await.into_iter().find(|action| action["kind"] == "key-patch").unwrap();
    let page = admin.get(&format!("/api/v1/hosts?{}&limit=1", patch["query"].as_str().unwrap())).await.json();
    let gone = page["rows"][0]["id"].as_str().unwrap();
    assert_eq!(admin.call("DELETE", &format!("/api/v1/hosts/{gone}"), json!(null)).await.status, 204);
    every_link_holds(&admin).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_found_by_a_missing_update_and_by_a_vulnerability_of_a_weapon() {
    let (house, admin) = demo().await;
    let rows = exposures(&admin).await;
    let fixed_by = |row: &Value| row["exposure"]["fixes"].as_array().is_some_and(|kbs| kbs.contains(&json!(4012212)));
    let needs = |row: &Value| ["open", "unknown"].contains(&row["state"].as_str().unwrap());
    let host = |row: &Value| row["host"]["id"].as_str().unwrap().to_owned();
    let lacking: BTreeSet<String> = rows.iter().filter(|row| needs(row) && fixed_by(row)).map(host).collect();
    assert!(!lacking.is_empty());
    assert_eq!(total(&admin, "missing=KB4012212").await, lacking.len() as u64);

    let open = |row: &Value| row["state"] == "open" && uses(row["weapon"].as_str().unwrap(), "CVE-2017-0144");
    let hit: BTreeSet<String> = rows.iter().filter(|row| open(row)).map(host).collect();
    assert!(!hit.is_empty());
    assert_eq!(total(&admin, "cve=cve-2017-0144").await, hit.len() as u64);
    let none = admin.get("/api/v1/hosts?cve=CVE-2020-0001").await;
    assert_eq!((none.status, none.code().as_str()), (400, "api.cve-without-weapon"));
    assert_eq!(admin.get("/api/v1/hosts?missing=KB1").await.status, 400);
    house.stop().await;
}

fn uses(weapon: &str, cve: &str) -> bool {
    let weapons = &knowledge::Knowledge::builtin().weapons;
    weapons.get(&weapon.into()).unwrap().cves.iter().any(|known| known.id.as_str() == cve)
}

/// Every pair of host and weapon.
async fn exposures(client: &Client) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/exposures?all=true&limit=500{cursor}")).await.json();
        rows.extend(page["rows"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_counts_hosts_and_each_of_them_once() {
    let (house, admin) = demo().await;
    let worst_first = ["reachable-now", "present-blocked", "unknown", "remediated"];
    let rank = |row: &Value| worst_first.iter().position(|color| row["color"] == *color).unwrap();
    let mut weapons: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for row in exposures(&admin).await.iter().filter(|row| row["state"] != "not-affected") {
        let weapon = format!("weapon:{}", row["weapon"].as_str().unwrap());
        let host = row["host"]["id"].as_str().unwrap().to_owned();
        weapons.entry(weapon).or_default().insert(host, rank(row));
    }
    for detail in ["full", "brief"] {
        let graph = admin.get(&format!("/api/v1/graph?detail={detail}")).await.json();
        let nodes = graph["nodes"].as_array().unwrap();
        let counts = |node: &Value| {
            ["reachable", "blocked", "unknown", "remediated"].map(|class| node["hosts"][class].as_u64().unwrap())
        };
        for node in nodes.iter().filter(|node| node["kind"] == "weapon") {
            let hosts = weapons.get(node["id"].as_str().unwrap()).cloned().unwrap_or_default();
            let expected = [0, 1, 2, 3].map(|class| hosts.values().filter(|rank| **rank == class).count() as u64);
            assert_eq!(counts(node), expected, "{}", node["id"]);
        }
        for node in nodes.iter().filter(|node| node["kind"] == "system") {
            let name = node["id"].as_str().unwrap().strip_prefix("system:").unwrap();
            let all: u64 = counts(node).iter().sum();
            let mut hosts = 0;
            for system in ["", "-x86", "-x64", "-ia64", "-arm64"] {
                hosts += total(&admin, &format!("system={name}{system}")).await;
            }
            assert!(all <= hosts, "{name} counts {all} of its {hosts} hosts");
        }
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn judgements_of_an_older_program_count_as_much_as_new_ones() {
    let (house, admin) = demo().await;
    let before = admin.get("/api/v1/fleet/actions").await.json();
    let graph = admin.get("/api/v1/graph").await.json();
    let app = house.running.as_ref().unwrap().ready.app.clone();
    // As if all had been judged by a program with other profiles.
    let all = app.store.without_profile(u32::MAX, 1000).await.unwrap();
    assert_eq!(all.len() as i64, app.store.host_count().await.unwrap());
    let old: Vec<_> = all.into_iter().map(|host| (host, Profile::new(0, &"an older form").unwrap())).collect();
    app.store.put_profiles(&old).await.unwrap();
    assert_eq!(admin.get("/api/v1/fleet/actions").await.json(), before);
    assert_eq!(admin.get("/api/v1/graph").await.json(), graph);
    every_link_holds(&admin).await;
    let page = app.store.assets(&AssetFilter::default(), &PageQuery::default()).await.unwrap();
    assert_eq!(page.total, 240);
    drop(app);
    house.stop().await;
}

/// The command line fills a store that no server has seen: when one starts, nothing is judged a second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_an_empty_store_is_judged_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = server::Config::new(folder.path(), "127.0.0.1:0".parse().unwrap());
    let app = server::open(&config).await.unwrap();
    assert_eq!(app.store.setting("judged-for").await.unwrap(), None);
    server::demo::load(&app, 20, "test", |_| {}).await.unwrap();
    let judged_for = app.store.setting("judged-for").await.unwrap().unwrap();
    let expected = json!({
        "day": app.day(),
        "knowledge": api::rooms::knowledge_version(&app.knowledge()),
        "form": remedy::fleet::Profile::FORM,
    });
    assert_eq!(judged_for, expected);
}
