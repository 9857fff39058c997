//! What is set for the analysis of files: hashes that are known for bad ones, and passwords that are tried.

use crate::files::{analysed, archive, digest, get, send};
use crate::support::House;
use serde_json::{Value, json};
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn a_known_hash_makes_all_that_has_it_malicious_while_a_list_has_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    let inside = b"a text that somebody else knows\n";
    let before = send(&admin, "before.tar", &archive("x.txt", inside)).await;
    let of_ledger = analysed(&admin, &before).await["file"]["standing"].clone();
    assert_ne!(of_ledger, "malicious");

    // A list that comes later counts for what was analysed before.
    let list = json!({ "source": "bad ones", "text": format!("{}\n192.0.2.1\n", digest(inside).to_uppercase()) });
    let answer = admin.post("/api/v1/indicators", list).await;
    assert_eq!(answer.json()["added"], 2, "{}", answer.text());
    let told = get(&admin, &format!("/api/v1/files/{before}")).await;
    assert_eq!((&told["file"]["standing"], &told["file"]["verdict"]), (&json!("malicious"), &of_ledger));
    assert_eq!(told["known_parts"], json!([{ "part": 1, "source": "bad ones" }]));
    // And for what comes from then on.
    let after = send(&admin, "after.txt", inside).await;
    let told = analysed(&admin, &after).await;
    assert_eq!(told["file"]["standing"], "malicious");
    assert_eq!(told["known_parts"], json!([{ "part": 0, "source": "bad ones" }]));
    assert_eq!(get(&admin, "/api/v1/files?verdict=malicious").await["total"], 2);

    let rows = get(&admin, &format!("/api/v1/indicators?q={}", digest(inside))).await;
    let removed = admin.post("/api/v1/indicators/remove", json!({ "ids": [rows["rows"][0]["id"]] })).await;
    assert_eq!(removed.json()["removed"], 1, "{}", removed.text());
    let told = get(&admin, &format!("/api/v1/files/{before}")).await;
    assert_eq!((&told["file"]["standing"], &told["known_parts"]), (&of_ledger, &json!([])));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_those_that_somebody_set() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, locked) = (folder.path().join("inside.txt"), folder.path().join("locked.zip"));
    std::fs::write(&plain, "words that are locked away\n").unwrap();
    let mut zip = Command::new("zip");
    let made = zip.args(["-q", "-j", "-P", "very own words"]).args([&locked, &plain]).status();
    assert!(made.unwrap().success());
    let house = House::new().await;
    let admin = house.admin().await;
    let reader = house.account(&admin, "reader", &["read-only"]).await;
    let path = "/api/v1/files/passwords";
    let usual = get(&admin, path).await;
    assert_eq!((&usual["passwords"][0], &usual["passwords"]), (&json!("infected"), &usual["usual"]));
    assert_eq!(reader.get(path).await.status, 403);
    assert_eq!(reader.call("PUT", path, json!({ "passwords": [] })).await.status, 403);

    let sha256 = send(&admin, "locked.zip", &std::fs::read(&locked).unwrap()).await;
    assert_eq!(analysed(&admin, &sha256).await["report"]["complete"], false);
    let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let refused = admin.call("PUT", path, json!({ "passwords": many })).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "analysis.passwords-many"));
    let changed = admin.call("PUT", path, json!({ "passwords": ["wrong", "", "very own words", "wrong"] })).await;
    assert_eq!(changed.json()["passwords"], json!(["wrong", "very own words"]), "{}", changed.text());
    // The audit trail says that it was done, and not which they are.
    let audit = admin.get("/api/v1/audit").await.text();
    assert!(audit.contains("file.passwords") && !audit.contains("very own words"), "{audit}");

    assert_eq!(admin.post(&format!("/api/v1/files/{sha256}/analyse"), Value::Null).await.json()["files"], 1);
    assert_eq!(analysed(&admin, &sha256).await["report"]["complete"], true);
    // They are there after a restart.
    let house = house.again().await;
    let admin = house.login("admin").await;
    assert_eq!(get(&admin, path).await["passwords"], json!(["wrong", "very own words"]));
    house.stop().await;
}
