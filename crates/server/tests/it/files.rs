//! Files: sent in or seen on the wire, analysed, listed, told to the lake, and found again.

use crate::support::{Client, House};
use serde_json::{Value, json};
use std::time::Duration;

pub async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// Sends a file in; gives its digest.
pub async fn send(client: &Client, name: &str, bytes: &[u8]) -> String {
    let answer = client.upload("/api/v1/files", &[(name, bytes)]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["files"][0]["sha256"].as_str().unwrap().to_owned()
}

/// Waits until a file was analysed and nobody analyses it again.
pub async fn analysed(client: &Client, sha256: &str) -> Value {
    for _ in 0..600 {
        let answer = client.get(&format!("/api/v1/files/{sha256}")).await;
        if answer.status == 200 {
            let told = answer.json();
            if told["file"]["state"] == "done" && told["file"]["analysed"].is_string() {
                return told;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{sha256} was not analysed: {}", client.get("/api/v1/files/overview").await.text());
}

/// An archive in the form of TAR with one text in it.
pub fn archive(name: &str, text: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut all = header.to_vec();
    all.extend_from_slice(text);
    all.resize(all.len().next_multiple_of(512) + 1024, 0);
    all
}

pub fn digest(bytes: &[u8]) -> String {
    analysis::report::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_sent_in_is_analysed_and_told() {
    let house = House::new().await;
    let admin = house.admin().await;
    let inside = b"see https://drop.evil-example.com/payload and come back\n";
    let bytes = archive("note.txt", inside);
    let sha256 = send(&admin, "parcel.tar", &bytes).await;
    assert_eq!(sha256, digest(&bytes));
    let told = analysed(&admin, &sha256).await;
    let parts = told["report"]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "{told}");
    assert_eq!((&parts[1]["parent"], &parts[1]["name"]), (&json!(0), &json!("note.txt")));
    assert_eq!(parts[1]["file"]["sha256"], digest(inside));
    let urls: Vec<_> = parts[1]["indicators"].as_array().unwrap().iter().map(|one| one["value"].clone()).collect();
    assert!(urls.contains(&json!("https://drop.evil-example.com/payload")), "{urls:?}");
    assert_eq!(told["sightings"][0]["source"], "upload");

    // The same again is known, and is not analysed again.
    let answer = admin.upload("/api/v1/files", &[("other name.tar", &bytes)]).await;
    assert_eq!(answer.json()["files"][0]["known"], true);
    assert_eq!(get(&admin, &format!("/api/v1/files/{sha256}")).await["sightings"].as_array().unwrap().len(), 2);

    // It is found by its name, by the digest of what is inside, and by what it is.
    for query in ["q=PARCEL", &format!("q={}", digest(inside)), "type=tar", "group=archive&sort=score"] {
        let page = get(&admin, &format!("/api/v1/files?{query}")).await;
        assert_eq!(page["rows"][0]["sha256"], sha256, "{query}");
    }
    assert_eq!(get(&admin, "/api/v1/files?q=nothing-like-it").await["total"], 0);
    assert_eq!(admin.get("/api/v1/files?has=nonsense").await.status, 400);
    assert_eq!(admin.get(&format!("/api/v1/files/{}", "0".repeat(64))).await.status, 404);

    let table = get(&admin, &format!("/api/v1/files/{sha256}/report.json")).await;
    assert_eq!((&table["type"], &table["children"][0]["type"]), (&json!("tar"), &json!("txt")));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_counts_at_once_and_only_for_whom_it_may() {
    let house = House::new().await;
    let admin = house.admin().await;
    let reader = house.account(&admin, "reader", &["read-only"]).await;
    let inside = b"a text that somebody does not want\n";
    let sha256 = send(&admin, "a.tar", &archive("x.txt", inside)).await;
    let before = analysed(&admin, &sha256).await["file"]["standing"].clone();
    let deny = json!({ "list": "deny", "reason": "because" });
    let of_inside = format!("/api/v1/files/{}/list", digest(inside));
    assert_eq!(reader.post(&of_inside, deny.clone()).await.status, 403);
    assert_eq!(admin.post(&of_inside, json!({ "list": "deny", "reason": " " })).await.status, 400);
    assert_eq!(admin.post("/api/v1/files/xyz/list", deny.clone()).await.status, 400);
    let security = house.account(&admin, "security", &["security-administrator"]).await;
    let answer = security.post(&of_inside, deny).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = get(&admin, &format!("/api/v1/files/{sha256}")).await;
    assert_eq!(told["file"]["standing"], "malicious", "what is inside taints");
    assert_eq!(told["file"]["verdict"], before, "the ledger's own result stays");
    assert_eq!(told["listed_parts"], json!([{ "part": 1, "list": "deny" }]));
    assert_eq!(security.call("DELETE", &of_inside, Value::Null).await.status, 204);
    assert_eq!(get(&admin, &format!("/api/v1/files/{sha256}")).await["file"]["standing"], before);

    // Analysed again it is the same; forgotten it is gone, with its bytes.
    assert_eq!(security.post(&format!("/api/v1/files/{sha256}/analyse"), Value::Null).await.json()["files"], 1);
    analysed(&admin, &sha256).await;
    assert_eq!(security.call("DELETE", &format!("/api/v1/files/{sha256}"), Value::Null).await.status, 204);
    assert_eq!(admin.get(&format!("/api/v1/files/{sha256}")).await.status, 404);
    assert!(!house.running.as_ref().unwrap().ready.app.analysis.vaults().unwrap().files.has(&sha256));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_there_after_a_restart_of_a_server_that_opens_nothing() {
    let house = House::with(None, |config| config.file_slots = 0).await;
    let admin = house.admin().await;
    let rule = b"rule words { strings: $a = \"some words\" condition: $a }";
    let put = admin.upload("/api/v1/files/rules", &[("words.yar", rule)]).await.json();
    assert_eq!(put["rules"], 1, "{put}");
    let house = house.again_with(|config| config.file_slots = 0).await;
    let admin = house.login("admin").await;
    for _ in 0..100 {
        if get(&admin, "/api/v1/files/rules").await["digest"] == put["digest"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(get(&admin, "/api/v1/files/rules").await, put);
    house.stop().await;
}

/// A program that somebody signed, and the certificate that he did it with.
const SIGNED: (&str, &str) = ("Qt6QmlWorkerScript.dll", "3d89f77a33c5ad89f45f681848958e755b727c5a");

#[tokio::test(flavor = "multi_thread")]
async fn what_a_publisher_signed_is_clean_while_the_house_trusts_it() {
    let Some(folder) = testkit::data("files") else { return };
    let (name, sha1) = SIGNED;
    let mut program = std::fs::read(folder.join(name)).unwrap();
    let house = House::new().await;
    let admin = house.admin().await;
    let reader = house.account(&admin, "reader", &["read-only"]).await;
    let sha256 = send(&admin, name, &program).await;
    // The same with one byte more behind it: nobody signed that.
    program.push(0);
    let changed = send(&admin, name, &program).await;
    let before = analysed(&admin, &sha256).await;
    let before_changed = analysed(&admin, &changed).await["file"]["standing"].clone();
    assert_eq!(before["report"]["signers"][0], json!({ "name": "The QT Company Oy", "thumbprint": sha1 }));
    assert_ne!(before["file"]["standing"], "clean");

    let path = format!("/api/v1/files/publishers/{}", sha1.to_uppercase());
    let trust = json!({ "name": "The Qt Company", "reason": "our tools are built with it" });
    assert_eq!(reader.call("PUT", &path, trust.clone()).await.status, 403);
    assert_eq!(admin.call("PUT", &path, json!({ "name": "Qt", "reason": "" })).await.status, 400);
    assert_eq!(admin.call("PUT", "/api/v1/files/publishers/3d89", trust.clone()).await.status, 400);
    let answer = admin.call("PUT", &path, trust).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = get(&admin, &format!("/api/v1/files/{sha256}")).await;
    assert_eq!((&told["file"]["standing"], &told["trusted"][0]["sha1"]), (&json!("clean"), &json!(sha1)));
    assert_eq!(told["file"]["verdict"], before["file"]["verdict"], "the ledger's own result stays");
    let told = get(&admin, &format!("/api/v1/files/{changed}")).await;
    assert_eq!((&told["file"]["standing"], &told["trusted"]), (&before_changed, &json!([])));
    let publishers = get(&reader, "/api/v1/files/publishers").await;
    assert_eq!((&publishers["publishers"][0]["files"], &publishers["publishers"][1]), (&json!(1), &Value::Null));

    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.status, 404);
    let told = get(&admin, &format!("/api/v1/files/{sha256}")).await;
    assert_eq!((&told["file"]["standing"], &told["trusted"]), (&before["file"]["standing"], &json!([])));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_bucket_have_each_others_files() {
    let Some(cluster) = testkit::postgres() else { return };
    let (database, bucket) = (cluster.database("shared_files"), bucketkit::bucket());
    let (address, settings) = (bucket.address("files"), bucket.settings());
    let in_bucket = |slots: usize| {
        let (address, settings) = (address.clone(), settings.clone());
        move |config: &mut server::Config| {
            config.files = Some(address);
            config.bucket_settings = settings.into();
            config.file_slots = slots;
        }
    };
    // One takes in and opens nothing, the other opens. More than one part of an upload, and no two parts alike.
    let one = House::with(Some(database.clone()), in_bucket(0)).await;
    let admin = one.admin().await;
    let mut state = 1_u64;
    let large: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(20 << 20)
    .collect();
    let small = archive("x.txt", b"some words");
    let digests = [send(&admin, "small.tar", &small).await, send(&admin, "large.bin", &large).await];
    let other = House::with(Some(database), in_bucket(2)).await;
    let there = other.login("admin").await;
    for sha256 in &digests {
        let told = analysed(&there, sha256).await;
        assert_eq!(told["report"]["parts"][0]["file"]["sha256"], *sha256);
        // Its report is where the first one finds it as well.
        assert_eq!(get(&admin, &format!("/api/v1/files/{sha256}")).await["report"], told["report"]);
    }
    // What asks a bucket waits for it.
    let has = |house: &House, sha256: &str| {
        let vaults = house.running.as_ref().unwrap().ready.app.analysis.vaults().unwrap();
        tokio::task::block_in_place(|| vaults.files.has(sha256))
    };
    assert!(has(&one, &digests[1]) && has(&other, &digests[1]));
    assert_eq!(there.call("DELETE", &format!("/api/v1/files/{}", digests[1]), Value::Null).await.status, 204);
    assert!(!has(&one, &digests[1]));

    // The data directory remembers where they are.
    let settings = bucket.settings();
    let one = one.again_with(|config| config.bucket_settings = settings.into()).await;
    assert!(has(&one, &digests[0]));
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_wait_are_analysed_after_a_restart() {
    let house = House::with(None, |config| config.file_slots = 0).await;
    let admin = house.admin().await;
    let sha256 = send(&admin, "a.tar", &archive("x.txt", b"words")).await;
    let overview = get(&admin, "/api/v1/files/overview").await;
    assert_eq!((&overview["waiting"], &overview["leased"]), (&json!(1), &json!(0)));
    let house = house.again().await;
    let admin = house.login("admin").await;
    analysed(&admin, &sha256).await;
    house.stop().await;
}

/// The whole way: a capture with a download, the file that the sensor kept, its verdict and its facts, and a hunt that
/// finds who met it, by its digest and by the digest of what it imports.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_in_a_capture_is_found_again_by_a_hunt() {
    let Some(program) = program() else { return };
    let house = House::new().await;
    let admin = house.admin().await;
    let capture = crate::support::download("tool.exe", &program);
    let answer = admin.upload("/api/v1/captures", &[("a.pcap", &capture)]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    admin.finished(answer.json()["job"]["id"].as_str().unwrap()).await;
    let sha256 = digest(&program);
    let told = analysed(&admin, &sha256).await;
    assert_eq!((&told["file"]["hosts"], &told["sightings"][0]["host"]), (&json!(1), &json!("10.0.0.1")), "{told}");
    assert_eq!(told["sightings"][0]["source"], "wire");
    let facts = told["report"]["parts"][0]["facts"].as_array().unwrap();
    let imphash = facts.iter().find(|fact| fact["name"] == "pe.imphash").unwrap()["value"].as_str().unwrap().to_owned();
    let found = get(&admin, &format!("/api/v1/files?has=imphash:{imphash}&host=10.0.0.1&source=wire")).await;
    assert_eq!(found["total"], 1);

    for indicator in [sha256.clone(), format!("imphash,{imphash}")] {
        let hits = hunted(&admin, &indicator).await;
        assert!(hits.iter().any(|(host, record)| host == "10.0.0.1" && record == "file"), "{indicator}: {hits:?}");
    }
    // The same asked in SQL, over the facts.
    let sql = format!(
        "SELECT count(*) AS n FROM file_vector v JOIN file f ON f.file_sha256 = v.file_sha256 \
         WHERE v.name = 'pe.imphash' AND v.text = '{imphash}' AND f.originator = '10.0.0.1'"
    );
    let answer = admin.post("/api/v1/queries", json!({ "sql": sql })).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].clone();
    for _ in 0..400 {
        let query = get(&admin, &format!("/api/v1/queries/{id}")).await;
        if query["state"] != "waiting" && query["state"] != "running" {
            assert_eq!(query["state"], "done", "{query}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let rows = get(&admin, &format!("/api/v1/queries/{id}/rows")).await;
    assert_eq!(rows["rows"][0][0].to_string().trim_matches('"'), "1", "{rows}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_changed_while_files_come() {
    let house = House::new().await;
    let admin = house.admin().await;
    let rules: [(&str, &[u8]); 2] = [
        ("mark.yar", b"rule Mark { meta: author = \"somebody\" strings: $a = \"a-mark-of-a-test\" condition: $a }"),
        ("half.yara", b"rule Fine { condition: false }\nrule Broken { condition: nothing_like_it }"),
    ];
    let before = send(&admin, "a.txt", b"here is a-mark-of-a-test, once").await;
    analysed(&admin, &before).await;
    assert_eq!(get(&admin, "/api/v1/files/rules").await["digest"], "");
    let reader = house.account(&admin, "reader", &["read-only"]).await;
    assert_eq!(reader.upload("/api/v1/files/rules", &rules).await.status, 403);
    let security = house.account(&admin, "security", &["security-administrator"]).await;
    assert_eq!(security.upload("/api/v1/files/rules", &[("../a.yar", b"")]).await.status, 400);
    let answer = security.upload("/api/v1/files/rules", &rules).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    assert_eq!((&told["rules"], &told["sources"].as_array().unwrap().len()), (&json!(2), &2), "{told}");
    assert_eq!((&told["refused"][0]["file"], &told["refused"][0]["line"]), (&json!("half.yara"), &json!(2)));

    // What comes now is matched; what came before, when it is asked for.
    let after = send(&admin, "b.txt", b"and here is a-mark-of-a-test, too").await;
    let met = |told: &Value| told["report"]["parts"][0]["matches"].clone();
    let of_after = met(&analysed(&admin, &after).await);
    assert_eq!((&of_after[0]["rule"], &of_after[0]["author"]), (&json!("Mark"), &json!("somebody")));
    assert_eq!(met(&analysed(&admin, &before).await), Value::Null);
    assert_eq!(security.post("/api/v1/files/outdated", Value::Null).await.json()["files"], 1);
    for _ in 0..200 {
        if met(&analysed(&admin, &before).await) != Value::Null {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(met(&analysed(&admin, &before).await)[0]["rule"], "Mark");
    assert_eq!(security.post("/api/v1/files/outdated", Value::Null).await.json()["files"], 0);

    // After a restart they are there; taken out, they are not.
    let house = house.again().await;
    let admin = house.login("admin").await;
    let security = house.login("security").await;
    for _ in 0..200 {
        if get(&admin, "/api/v1/files/rules").await["digest"] == told["digest"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(get(&admin, "/api/v1/files/rules").await["digest"], told["digest"]);
    let left = security.call("DELETE", "/api/v1/files/rules/half.yara", Value::Null).await.json();
    assert_eq!((&left["rules"], left["refused"].as_array().unwrap().len()), (&json!(1), 0));
    assert_eq!(security.call("DELETE", "/api/v1/files/rules/half.yara", Value::Null).await.status, 404);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_watched_folder_are_taken_when_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("below")).unwrap();
    let bytes = archive("x.txt", b"of a watched folder");
    std::fs::write(folder.path().join("below/a.tar"), &bytes).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
    let watched = folder.path().to_owned();
    let house = House::with(None, |config| config.watched_folders = vec![watched]).await;
    let admin = house.admin().await;
    let told = analysed(&admin, &digest(&bytes)).await;
    assert_eq!((&told["sightings"][0]["source"], &told["sightings"][0]["name"]), (&json!("folder"), &json!("a.tar")));
    assert_eq!(get(&admin, "/api/v1/files").await["total"], 1, "links are not followed");
    house.stop().await;
}

/// Hunts until the lake knows of it; gives the hosts that met it, and in which records.
async fn hunted(client: &Client, indicator: &str) -> Vec<(String, String)> {
    for _ in 0..60 {
        let begun = client.post("/api/v1/hunts", json!({ "name": "again", "text": indicator })).await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        let begun = begun.json();
        client.finished(begun["job"]["id"].as_str().unwrap()).await;
        let hits = get(client, &format!("/api/v1/hunts/{}/hits", begun["hunt"])).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows: Vec<_> = hits["rows"].as_array().unwrap().iter().collect();
        if rows.iter().any(|row| row["record"] == "file") {
            return rows.iter().map(|row| (text(&row["host"]["address"]), text(&row["record"]))).collect();
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Vec::new()
}

/// A program for Windows from the shared test data, if that is there.
fn program() -> Option<Vec<u8>> {
    let folder = testkit::data("files")?;
    let path = std::fs::read_dir(folder).unwrap().filter_map(|entry| Some(entry.ok()?.path())).find(|path| {
        path.extension().is_some_and(|extension| extension == "dll") && path.metadata().unwrap().len() < 200_000
    });
    std::fs::read(path.unwrap()).ok()
}
