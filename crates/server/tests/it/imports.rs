//! Hostile and broken files, jobs that are interrupted, and events.

use crate::support::{House, systeminfo};
use serde_json::json;
use std::io::Write;
use zip::write::SimpleFileOptions;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_file_is_refused_by_name_and_the_rest_goes_on() {
    let house = House::new().await;
    let admin = house.admin().await;
    let bomb = archive(&[("bomb.txt", &vec![b'A'; 64 << 20])]);
    let traversal = archive(&[
        ("../../outside.txt", &systeminfo("EVIL", &[])),
        ("in/GOOD_systeminfo.txt", &systeminfo("GOOD-ZIP", &[])),
    ]);
    let long_line = vec![b'x'; 8 << 20];
    let entities = b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><nmaprun><host>&b;</host></nmaprun>";
    let good = systeminfo("GOOD-1", &[]);
    let import = admin
        .import(&[
            ("bomb.zip", &bomb),
            ("traversal.zip", &traversal),
            ("line.txt", &long_line),
            ("entities.xml", entities),
            ("empty.txt", b""),
            ("../../../etc/cron.d/x", b"not facts"),
            ("GOOD-1_systeminfo.txt", &good),
        ])
        .await;
    let refusal = |part: &str| {
        let files = import["files"].as_array().unwrap();
        let file =
            files.iter().find(|file| file["path"].as_str().unwrap().contains(part) && !file["refusal"].is_null());
        file.map(|file| file["refusal"]["code"].as_str().unwrap().to_owned())
    };
    for part in ["bomb", "line.txt", "entities.xml", "empty.txt", "cron.d"] {
        let code = refusal(part).unwrap_or_else(|| panic!("{part} is not refused: {import}"));
        for language in words::Language::ALL {
            assert!(words::template(&code, language).is_some(), "{code} has no words in {language}");
        }
    }
    let page = admin.get("/api/v1/hosts?q=GOOD").await.json();
    assert_eq!(page["total"], 2, "{page}");
    assert!(!house.folder.path().join("../outside.txt").exists());
    let uploads = house.folder.path().join("uploads");
    // It goes once the job is over, in that order: a server that dies between leaves a file too many, not one too few.
    let gone = async {
        while std::fs::read_dir(&uploads).unwrap().count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.expect("what is imported is not kept twice");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_beyond_the_limit_leaves_nothing() {
    let house = House::with(None, |config| config.upload_bytes_max = 1 << 20).await;
    let admin = house.admin().await;
    let answer = admin.upload("/api/v1/imports", &[("big.txt", &vec![b'x'; 3 << 20])]).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "api.upload-too-large"), "{}", answer.text());
    assert_eq!(admin.get("/api/v1/jobs").await.json()["jobs"].as_array().unwrap().len(), 0);
    assert_eq!(std::fs::read_dir(house.folder.path().join("uploads")).unwrap().count(), 0);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_a_dead_process_left_is_taken_up_again() {
    let house = House::new().await;
    let admin = house.admin().await;
    // What a process leaves that was killed right after it acknowledged: the upload on disk, the job claimed.
    let uploads = house.folder.path().join("uploads/left");
    std::fs::create_dir_all(&uploads).unwrap();
    std::fs::write(uploads.join("000000"), systeminfo("LEFT-1", &[])).unwrap();
    let manifest = json!({ "files": [{ "path": "LEFT-1_systeminfo.txt", "stored": "000000", "bytes": 1 }] });
    std::fs::write(uploads.join("manifest.json"), manifest.to_string()).unwrap();
    let app = house.running.as_ref().unwrap().ready.app.clone();
    let act = store::Act::at(app.now());
    let new = store::NewImport { name: "left".to_owned(), owner: "admin".to_owned() };
    let import = app.store.begin_import(&new, &act).await.unwrap();
    drop(app);
    let url = format!("sqlite:{}", house.folder.path().join("redoubt.db").display());
    let folder = house.folder.clone();
    let now = *house.now.lock().unwrap();
    house.stop().await;
    let store = store::Store::open(&url, &store::Options::at(now)).await.unwrap();
    let params = json!({ "upload": "left", "import": import });
    let job = store::NewJob { kind: "import".to_owned(), params, owner: "admin".to_owned(), home: String::new() };
    let id = store.queue_job(&job, &act).await.unwrap();
    let lease = jiff::SignedDuration::from_hours(1);
    assert!(store.claim_job("dead", "", &["import"], lease, now).await.unwrap().is_some());
    store.close().await;

    let mut config = server::Config::new(folder.path(), "127.0.0.1:0".parse().unwrap());
    config.clock = std::sync::Arc::new(move || now);
    let running = server::start(config).await.unwrap();
    let admin = crate::support::Client { address: running.ready.address, ..admin };
    let job = admin.finished(&id.to_string()).await;
    assert_eq!(job["state"], "done", "{job}");
    assert_eq!(admin.get("/api/v1/hosts?q=LEFT-1").await.json()["total"], 1);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_tell_of_jobs_and_hosts() {
    let house = House::new().await;
    let admin = house.admin().await;
    let listener = admin.clone();
    let listening = tokio::spawn(async move { listener.events_until("/api/v1/events", "\"kind\":\"hosts\"").await });
    tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while !listening.is_finished() {
            admin.import(&[("PC_systeminfo.txt", &systeminfo("PC", &[]))]).await;
        }
    })
    .await
    .unwrap();
    assert!(listening.await.unwrap().contains("event: notice"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_business_facts_joins_its_hosts() {
    let house = House::new().await;
    let admin = house.admin().await;
    admin.import(&[("PC-9_systeminfo.txt", &systeminfo("PC-9", &[]))]).await;
    let table = b"Hostname,Group,Value\r\nPC-9,=cmd|' /C calc'!A0,4\r\n";
    admin.import(&[("business.csv", table)]).await;
    let page = admin.get("/api/v1/hosts").await.json();
    assert_eq!((&page["total"], &page["rows"][0]["value"]), (&json!(1), &json!(4)), "{page}");
    let csv = admin.get("/api/v1/hosts.export").await.text();
    assert!(csv.contains("'=cmd"), "{csv}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_a_file_that_the_system_page_lists() {
    let house = House::new().await;
    let admin = house.admin().await;
    let job = admin.post("/api/v1/system/backup", json!(null)).await;
    assert_eq!(job.status, 202, "{}", job.text());
    let job = admin.finished(job.json()["id"].as_str().unwrap()).await;
    assert_eq!(job["state"], "done", "{job}");
    let system = admin.get("/api/v1/system").await.json();
    assert_eq!(system["backups"].as_array().unwrap().len(), 1, "{system}");

    let name = system["backups"][0]["name"].as_str().unwrap();
    let file = admin.get(&format!("/api/v1/system/backups/{name}")).await;
    assert_eq!(file.status, 200, "{}", file.text());
    assert_eq!(Some(file.body.len() as u64), system["backups"][0]["bytes"].as_u64());
    for other in ["none.backup", "..%2Fredoubt.db", "%2Fetc%2Fpasswd"] {
        assert_eq!(admin.get(&format!("/api/v1/system/backups/{other}")).await.status, 404, "{other}");
    }
    let reader = house.account(&admin, "reader", &["read-only"]).await;
    assert_eq!(reader.get(&format!("/api/v1/system/backups/{name}")).await.status, 403);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_waits_for_the_meaning_of_columns_until_it_is_told_or_cancelled() {
    let house = House::new().await;
    let admin = house.admin().await;
    let table = b"Kennung;Netz\r\nPC-1;192.0.2.1\r\n";
    let waiting = async || {
        let job = admin.upload("/api/v1/imports", &[("list.csv", table)]).await.json();
        let id = job["job"]["id"].as_str().unwrap().to_owned();
        admin.events_until(&format!("/api/v1/jobs/{id}/events"), r#""state":"waiting""#).await;
        id
    };
    let state = async |id: &str| admin.get(&format!("/api/v1/jobs/{id}")).await.json()["job"]["state"].clone();

    let id = waiting().await;
    let mapping = json!([{ "path": "list.csv", "sheet": null, "columns": { "Kennung": "name", "Netz": "address" } }]);
    let told = admin.post(&format!("/api/v1/imports/{id}/mapping"), mapping.clone()).await;
    assert_eq!(told.status, 202, "{}", told.text());
    assert_eq!(admin.finished(told.json()["job"]["id"].as_str().unwrap()).await["state"], "done");
    assert_eq!(state(&id).await, "done");
    assert_eq!(admin.get("/api/v1/hosts").await.json()["rows"][0]["label"], "PC-1");

    let id = waiting().await;
    assert_eq!(admin.post(&format!("/api/v1/jobs/{id}/cancel"), json!(null)).await.json()["state"], "cancelled");
    assert_eq!(state(&id).await, "cancelled");
    assert_eq!(admin.post(&format!("/api/v1/imports/{id}/mapping"), mapping).await.status, 409);
    house.stop().await;
}
