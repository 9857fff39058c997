//! Asking in SQL, as the console does.

use crate::support::{Client, House};
use serde_json::{Value, json};
use std::time::Duration;

/// A capture of DNS questions for one name, one of each of so many hosts, a second apart.
fn capture(hosts: u8) -> Vec<u8> {
    crate::support::questions((0..hosts).map(|host| (1_496_300_000 + u32::from(host), host, 40000)))
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Asks and waits for the end of it.
async fn ask(client: &Client, sql: &str) -> Value {
    let answer = client.post("/api/v1/queries", json!({ "sql": sql })).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_u64().unwrap();
    for _ in 0..600 {
        let row = get(client, &format!("/api/v1/queries/{id}")).await;
        if !["waiting", "running"].contains(&row["state"].as_str().unwrap()) {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is not answered");
}

async fn rows(client: &Client, sql: &str) -> Value {
    let row = ask(client, sql).await;
    assert_eq!(row["state"], "done", "{row}");
    get(client, &format!("/api/v1/queries/{}/rows", row["id"])).await["rows"].clone()
}

async fn filled(client: &Client) {
    let answer = client.upload("/api/v1/captures", &[("a.pcap", &capture(30))]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    client.finished(answer.json()["job"]["id"].as_str().unwrap()).await;
    for _ in 0..200 {
        let kept = get(client, "/api/v1/hunts").await["kept"].clone();
        if kept["rows"].as_u64().unwrap() + kept["waiting_rows"].as_u64().unwrap() >= 60 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the rows did not come");
}

#[tokio::test]
async fn a_question_is_answered_paged_and_taken_away() {
    let house = House::new().await;
    let client = house.admin().await;
    filled(&client).await;
    let schema = get(&client, "/api/v1/queries/schema").await;
    assert_eq!(schema["absent"], Value::Null, "{schema}");
    for example in schema["examples"].as_array().unwrap() {
        let row = ask(&client, example["sql"].as_str().unwrap()).await;
        assert_eq!(row["state"], "done", "{example}: {row}");
    }
    let row =
        ask(&client, "SELECT originator, count(*) AS n FROM session GROUP BY originator ORDER BY originator").await;
    assert_eq!(row["answer"]["rows"], 30);
    let id = row["id"].as_u64().unwrap();
    let page = get(&client, &format!("/api/v1/queries/{id}/rows?from=28&limit=10")).await;
    assert_eq!((page["total"].as_u64(), page["rows"].as_array().unwrap().len()), (Some(30), 2));
    let csv = client.get(&format!("/api/v1/queries/{id}/export?form=csv")).await;
    assert_eq!(csv.text().lines().count(), 31, "{}", csv.text());
    assert!(csv.text().starts_with("\u{feff}originator,n\r\n10.0.0.0,"));
    let json_lines = client.get(&format!("/api/v1/queries/{id}/export?form=json")).await.text();
    assert_eq!(json_lines.lines().count(), 30);
    let parquet = client.get(&format!("/api/v1/queries/{id}/export?form=parquet")).await;
    assert!(parquet.status == 200 && parquet.body.starts_with(b"PAR1"));
    // Taken twice at once, each gets all of it.
    let path = format!("/api/v1/queries/{id}/export?form=csv");
    let all = tokio::join!(client.get(&path), client.get(&path), client.get(&path));
    for one in [all.0, all.1, all.2] {
        assert_eq!((one.status, one.text().lines().count()), (200, 31));
    }
    assert_eq!(get(&client, "/api/v1/queries").await["rows"][0]["id"], id);
    let answer = client.call("DELETE", &format!("/api/v1/queries/{id}"), Value::Null).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(client.get(&format!("/api/v1/queries/{id}")).await.status, 404);
}

#[tokio::test]
async fn hosts_can_be_asked_together_with_what_they_said() {
    let house = House::new().await;
    let client = house.admin().await;
    filled(&client).await;
    assert_eq!(rows(&client, "SELECT count(*) FROM asset").await, json!([[0]]));
    assert_eq!(
        rows(&client, "SELECT count(*) FROM exposure JOIN asset ON asset.host = exposure.host").await,
        json!([[0]])
    );
    let joined = "SELECT count(*) FROM session LEFT JOIN asset_address ON address = originator WHERE host IS NULL AND transaction IS NULL";
    assert_eq!(rows(&client, joined).await, json!([[30]]));
}

#[tokio::test]
async fn what_is_refused_says_why_and_what_is_asked_is_on_record() {
    let house = House::new().await;
    let client = house.admin().await;
    for (sql, code) in [
        ("DELETE FROM session", "query.not-select"),
        ("SELECT * FROM sessions", "query.no-table"),
        ("SELECT starts FROM session", "query.no-column"),
        ("SELECT", "query.syntax"),
    ] {
        let row = ask(&client, sql).await;
        assert_eq!((row["state"].as_str(), row["why"]["code"].as_str()), (Some("failed"), Some(code)), "{row}");
        let id = row["id"].as_u64().unwrap();
        assert_eq!(client.get(&format!("/api/v1/queries/{id}/rows")).await.status, 409);
        assert_eq!(client.get(&format!("/api/v1/queries/{id}/export?form=csv")).await.status, 409);
    }
    let before = get(&client, "/api/v1/queries").await["rows"].as_array().unwrap().len();
    let long = client.post("/api/v1/queries", json!({ "sql": format!("SELECT '{}'", "x".repeat(70_000)) })).await;
    assert_eq!((long.status, long.json()["code"].clone()), (400, json!("query.too-long")));
    assert_eq!(get(&client, "/api/v1/queries").await["rows"].as_array().unwrap().len(), before);
    assert_eq!(client.get("/api/v1/queries/99").await.status, 404);
    assert_eq!(client.get("/api/v1/queries/x").await.status, 404);
}

#[tokio::test]
async fn questions_are_kept_for_everybody_under_a_name() {
    let house = House::new().await;
    let client = house.admin().await;
    for sql in ["SELECT 1", "SELECT 2"] {
        let answer = client.post("/api/v1/queries/saved", json!({ "name": " 夜间 SMB ", "sql": sql })).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    let saved = get(&client, "/api/v1/queries/schema").await["saved"].clone();
    assert_eq!(
        (saved[0]["name"].as_str(), saved[0]["sql"].as_str(), saved[1].is_null()),
        (Some("夜间 SMB"), Some("SELECT 2"), true)
    );
    for (name, sql) in [("", "SELECT 1"), ("a", " "), ("\u{7}", "SELECT 1")] {
        assert_eq!(client.post("/api/v1/queries/saved", json!({ "name": name, "sql": sql })).await.status, 400);
    }
    let id = saved[0]["id"].as_i64().unwrap();
    assert_eq!(client.call("DELETE", &format!("/api/v1/queries/saved/{id}"), Value::Null).await.status, 204);
    assert_eq!(client.call("DELETE", &format!("/api/v1/queries/saved/{id}"), Value::Null).await.status, 404);
}
