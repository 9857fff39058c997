//! A full disk and a database that is gone are told by name, with what helps, in both languages.

use crate::support::{Answer, House, PASSWORD, systeminfo};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

fn is_told(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text());
    let body: Value = answer.json();
    for part in ["text", "hint"] {
        for language in ["en", "zh-CN"] {
            let text = body[part][language].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains("{{"), "{part} {language}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_by_name_and_work_goes_on_once_there_is_room() {
    let Some(disk) = testkit::small_disk(12 << 20) else { return };
    let house = House::with(None, |config| config.data_directory = disk.path().join("data")).await;
    let admin = house.admin().await;
    let filler = disk.path().join("filler");
    fill(&filler);

    let facts = systeminfo("PC-1", &[]);
    let big = vec![b'x'; 2 << 20];
    is_told(&admin.upload("/api/v1/imports", &[("PC-1.txt", &facts), ("b", &big)]).await, 507, "api.disk-full");
    let account = json!({ "name": "ann", "password": PASSWORD, "roles": ["analyst"] });
    // The database has some room of its own left in its files: it is used up first.
    let app = house.running.as_ref().unwrap().ready.app.clone();
    for size in [1 << 18, 1 << 14, 1 << 12, 1] {
        let text = json!("x".repeat(size));
        let refused = loop {
            if let Err(error) = app.store.set_setting(&format!("filler-{size}"), &text, &app.act()).await {
                break error;
            }
        };
        assert_eq!(refused.trouble(), Some(store::Trouble::DiskFull), "{refused:?}");
    }
    is_told(&admin.post("/api/v1/users", account.clone()).await, 507, "store.disk-full");
    assert_eq!(admin.get("/api/v1/hosts").await.status, 200, "what is there can still be read");

    std::fs::remove_file(filler).unwrap();
    assert_eq!(admin.post("/api/v1/users", account).await.status, 201);
    let import = admin.import(&[("PC-1_systeminfo.txt", &facts)]).await;
    assert_eq!(import["counts"]["new_hosts"], 1, "{import}");
    house.stop().await;
}

/// Takes all room there is, to the last block.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    let mut size = 1 << 20;
    while size > 0 {
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_told_by_name() {
    let Some(cluster) = testkit::postgres() else { return };
    let house = House::with(Some(cluster.database("gone")), |_| {}).await;
    let admin = house.admin().await;
    assert_eq!(admin.get("/api/v1/hosts").await.status, 200);
    drop(cluster);
    is_told(&admin.get("/api/v1/hosts").await, 503, "store.no-answer");
}
