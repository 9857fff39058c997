//! The main job through the real server: facts in, judged hosts and their plans out.

use crate::support::{House, systeminfo};
use serde_json::json;

async fn main_job(house: House) {
    let admin = house.admin().await;
    let facts = systeminfo("PC-7", &[976902, 976932]);
    let import =
        admin.import(&[("PC-7_systeminfo.txt", &facts), ("broken.bin", &[0, 159, 146, 150, 0, 1, 2, 3])]).await;
    assert_eq!(import["counts"]["new_hosts"], 1, "{import}");
    assert_eq!(import["counts"]["refused"], 1, "{import}");
    let broken = import["files"].as_array().unwrap().iter().find(|file| file["path"] == "broken.bin").unwrap();
    assert!(broken["refusal"]["code"].as_str().unwrap().starts_with("inventory."), "{broken}");

    let page = admin.get("/api/v1/hosts?facets=true").await.json();
    assert_eq!(page["total"], 1, "{page}");
    let row = &page["rows"][0];
    assert_eq!(row["label"], "PC-7");
    assert_eq!(row["standing"], "hit");
    assert_eq!(row["weapons"]["eternalblue"], "open");
    assert!(page["facets"]["product"].as_array().is_some_and(|values| !values.is_empty()), "{page}");
    let id = row["id"].as_str().unwrap();

    let host = admin.get(&format!("/api/v1/hosts/{id}")).await.json();
    let blue = host["exposure"]["weapons"].as_array().unwrap().iter().find(|w| w["weapon"] == "eternalblue").unwrap();
    assert_eq!(blue["state"], "open");
    assert!(!blue["why"].as_array().unwrap().is_empty());
    assert!(!host["plan"]["steps"].as_array().unwrap().is_empty());
    assert_eq!(host["standing"]["state"], "draft");

    let scripts = admin.get(&format!("/api/v1/hosts/{id}/scripts")).await.json();
    let name = scripts[0]["name"].as_str().unwrap();
    let script = admin.get(&format!("/api/v1/hosts/{id}/scripts/{name}")).await;
    assert_eq!(script.status, 200);
    assert!(script.text().contains("PC-7"), "the script names its host");
    assert!(script.header("content-disposition").unwrap().starts_with("attachment"));
    let bundle = admin.get(&format!("/api/v1/hosts/{id}/bundle.zip")).await;
    assert!(bundle.body.starts_with(b"PK"));
    let runbook = admin.get(&format!("/api/v1/hosts/{id}/runbook?lang=zh-CN")).await;
    assert_eq!(runbook.status, 200);
    assert!(runbook.text().contains("PC-7"));

    // The fix arrives: the same host, read again, is safe from it, and its history keeps both statements.
    house.later(1);
    let facts = systeminfo("PC-7", &[976902, 976932, 4012212]);
    admin.import(&[("PC-7_systeminfo.txt", &facts)]).await;
    let page = admin.get("/api/v1/hosts").await.json();
    assert_eq!(page["total"], 1, "{page}");
    assert_eq!(page["rows"][0]["weapons"]["eternalblue"], "fixed");
    let history = admin.get(&format!("/api/v1/hosts/{id}/history")).await.json();
    assert_eq!(history["observations"].as_array().unwrap().len(), 2);

    // What the business says changes the plan and survives the next import.
    let business = json!({ "group": "Line 4", "value": 5, "needs_ports": ["tcp/445"] });
    let answer = admin.call("PATCH", &format!("/api/v1/hosts/{id}/business"), business).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    house.later(1);
    admin.import(&[("PC-7_systeminfo.txt", &systeminfo("PC-7", &[976902]))]).await;
    let page = admin.get("/api/v1/hosts?group=Line%204").await.json();
    assert_eq!(page["total"], 1, "{page}");
    assert_eq!(page["rows"][0]["weapons"]["eternalblue"], "open");
    assert_eq!(page["rows"][0]["value"], 5);

    let overview = admin.get("/api/v1/overview").await.json();
    assert_eq!(overview["hosts"]["total"], 1);
    assert_eq!(overview["hosts"]["hit"], 1);
    assert_eq!(overview["weapons"].as_array().unwrap().len(), 18);
    assert!(!overview["actions"].as_array().unwrap().is_empty(), "{}", overview["actions"]);

    for (path, expected) in [
        ("/api/v1/graph?detail=brief", "weapon:eternalblue"),
        ("/api/v1/graph?format=csv", "eternalblue"),
        ("/api/v1/graph?format=graphml", "<graphml"),
        ("/api/v1/graph?format=dot", "digraph"),
        ("/api/v1/exposures?weapon=eternalblue", "reachable-now"),
        ("/api/v1/exposures.export", "eternalblue"),
        ("/api/v1/hosts.export?lang=zh-CN", "主机"),
        ("/api/v1/weapons/eternalblue", "MS17-010"),
        ("/api/v1/search?q=CVE-2017-0144", "eternalblue"),
        ("/api/v1/search?q=PC-7", "PC-7"),
        ("/api/v1/search?q=KB4012212", "KB4012212"),
        ("/api/v1/plans", "draft"),
        ("/api/v1/fleet/actions", "key-patch"),
        ("/api/v1/knowledge", "catalogue"),
        ("/api/v1/jobs", "import"),
        ("/api/v1/audit", "import.begin"),
        ("/api/v1/audit/verify", "\"whole\":true"),
        ("/api/v1/system", "data_directory"),
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.text().contains(expected), "{path}: {}", answer.text());
    }
    let what_if = admin.post("/api/v1/fleet/what-if", json!({ "updates": [4012212] })).await;
    assert_eq!(what_if.status, 200, "{}", what_if.text());
    let blue = what_if.json()["weapons"].as_array().unwrap().iter().find(|w| w["id"] == "eternalblue").unwrap().clone();
    assert_eq!((&blue["before"]["open"], &blue["after"]["open"]), (&json!(1), &json!(0)), "{blue}");

    assert_eq!(admin.call("DELETE", &format!("/api/v1/hosts/{id}"), json!(null)).await.status, 204);
    assert_eq!(admin.get(&format!("/api/v1/hosts/{id}")).await.status, 404);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_become_judged_hosts_with_plans_and_scripts() {
    main_job(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_is_the_same_on_postgresql() {
    let Some(postgres) = testkit::postgres() else { return };
    main_job(House::with(Some(postgres.database("main_job")), |_| {}).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_over_the_board_and_a_result_file_ends_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    admin.import(&[("PC-8_systeminfo.txt", &systeminfo("PC-8", &[976932]))]).await;
    let id = admin.get("/api/v1/hosts").await.json()["rows"][0]["id"].as_str().unwrap().to_owned();
    let plan = admin.get(&format!("/api/v1/hosts/{id}")).await.json()["standing"]["plan"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/plans/{plan}/transition");

    let analyst = house.account(&admin, "analyst", &["analyst"]).await;
    assert_eq!(analyst.post(&path, json!({ "from": "draft", "to": "approval" })).await.status, 200);
    assert_eq!(analyst.post(&path, json!({ "from": "approval", "to": "running" })).await.status, 403);
    assert_eq!(admin.post(&path, json!({ "from": "draft", "to": "approval" })).await.status, 409);
    assert_eq!(admin.post(&path, json!({ "from": "approval", "to": "running" })).await.status, 200);

    let board = admin.get("/api/v1/plans?state=running").await.json();
    assert_eq!(board["cards"][0]["standing"]["plan"], plan.as_str());
    let bad = admin.upload("/api/v1/results", &[("result.txt", b"format=nothing\r\n")]).await.json();
    assert_eq!(bad["files"][0]["messages"][0]["code"], "api.result-unreadable");

    let history = admin.get(&format!("/api/v1/hosts/{id}")).await.json()["history"].as_array().unwrap().len();
    assert_eq!(history, 3);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_network_is_there_at_the_first_start() {
    let house = House::with(None, |config| config.demo = true).await;
    let status = house.client().get("/api/v1/status").await.json();
    assert_eq!((&status["demo"], &status["setup_needed"]), (&json!(true), &json!(true)));
    let admin = house.admin().await;
    let overview = admin.get("/api/v1/overview").await.json();
    let total = overview["hosts"]["total"].as_u64().unwrap();
    assert!(total >= 200, "{}", overview["hosts"]);
    assert!(overview["hosts"]["hit"].as_u64().unwrap() > 0);
    assert!(!overview["actions"].as_array().unwrap().is_empty());

    // Paging by cursor sees every host once.
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/api/v1/hosts?limit=50".to_owned();
    loop {
        let page = admin.get(&path).await.json();
        for row in page["rows"].as_array().unwrap() {
            assert!(seen.insert(row["id"].as_str().unwrap().to_owned()));
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/hosts?limit=50&cursor={next}");
    }
    assert_eq!(seen.len() as u64, total);
    house.stop().await;
}
