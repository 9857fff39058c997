//! Captures sent in: sessions, findings, the frames that show them, and what becomes of a capture that is deleted.

use crate::support::{Client, House, systeminfo};
use serde_json::{Value, json};
use std::io::Write;
use store::{Act, NewCapture};

/// A capture of one DNS question and its answer, and a datagram of another pair of hosts.
fn dns_capture() -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(0xa1b2_c3d4u32.to_le_bytes());
    out.extend([2, 0, 4, 0]);
    out.extend([0; 8]);
    out.extend(65535u32.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    let question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07printer\x05plant\x00\x00\x01\x00\x01";
    let mut answer = question.to_vec();
    answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
    answer.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x09");
    frame(&mut out, 1, [10, 0, 0, 1], [10, 0, 0, 53], (40000, 53), question);
    frame(&mut out, 2, [10, 0, 0, 53], [10, 0, 0, 1], (53, 40000), &answer);
    frame(&mut out, 3, [10, 0, 0, 7], [10, 0, 0, 8], (7777, 8888), b"\x01\x02nothing known");
    out
}

fn frame(out: &mut Vec<u8>, second: u32, from: [u8; 4], to: [u8; 4], ports: (u16, u16), payload: &[u8]) {
    let udp = u16::try_from(payload.len()).unwrap() + 8;
    let mut data = vec![2; 12];
    data.extend([8, 0, 0x45, 0]);
    data.extend((udp + 20).to_be_bytes());
    data.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    data.extend(from.into_iter().chain(to));
    data.extend(ports.0.to_be_bytes());
    data.extend(ports.1.to_be_bytes());
    data.extend(udp.to_be_bytes());
    data.extend([0, 0]);
    data.extend(payload);
    let length = u32::try_from(data.len()).unwrap();
    for value in [1_496_300_000 + second, 0, length, length] {
        out.extend(value.to_le_bytes());
    }
    out.extend(data);
}

async fn read(client: &Client, files: &[(&str, &[u8])]) -> Value {
    let answer = client.upload("/api/v1/captures", files).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    client.finished(answer.json()["job"]["id"].as_str().unwrap()).await
}

async fn rows(client: &Client, query: &str) -> Vec<Value> {
    let answer = client.get(&format!("/api/v1/sessions{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_gives_sessions_and_reading_it_again_replaces_them() {
    let house = House::new().await;
    let client = house.admin().await;
    let capture = dns_capture();
    for _ in 0..2 {
        assert_eq!(read(&client, &[("dns.pcap", &capture)]).await["state"], "done");
        let all = rows(&client, "").await;
        assert_eq!(all.len(), 4, "two conversations, a question and an answer: {all:#?}");
    }
    assert_eq!(client.get("/api/v1/captures").await.json()["total"], 1);
    let dns = rows(&client, "?protocol=dns&kind=exchange").await;
    assert_eq!(dns.len(), 2);
    assert!(dns[0]["record"]["object"].as_str().unwrap().contains("printer.plant"), "{}", dns[0]);
    assert_eq!(rows(&client, "?host=10.0.0.8").await.len(), 1);
    assert_eq!(rows(&client, "?protocol=unknown").await.len(), 1);
    assert_eq!(rows(&client, "?object=PRINTER%20plant").await.len(), 2);
    assert_eq!(rows(&client, "?port=53&from=2017-06-01T06:53:22Z").await.len(), 1);
    assert_eq!(rows(&client, "?port=9").await.len(), 0);

    // Pages by key give every row once.
    let first = client.get("/api/v1/sessions?limit=3&facets=true").await.json();
    assert_eq!(first["total"], 4);
    let rest = rows(&client, &format!("?limit=3&cursor={}", first["next"].as_str().unwrap())).await;
    let mut ids: Vec<i64> =
        first["rows"].as_array().unwrap().iter().chain(&rest).map(|row| row["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(first["shape"]["rows"], 4);
    let protocols = first["shape"]["facets"]["protocol"].as_array().unwrap();
    assert!(protocols.contains(&json!({ "value": "dns", "count": 3 })), "{protocols:?}");
    let bars: u64 = first["shape"]["bars"].as_array().unwrap().iter().map(|bar| bar["count"].as_u64().unwrap()).sum();
    assert_eq!(bars, 4);

    // One conversation, and its frames.
    let talk = client.get(&format!("/api/v1/sessions/{}", dns[0]["id"])).await.json();
    assert_eq!(talk["exchanges"].as_array().unwrap().len(), 2);
    assert_eq!(talk["flow"]["record"]["originator"], "10.0.0.1");
    let evidence = client.get(&format!("/api/v1/sessions/{}/evidence.pcap", dns[0]["id"])).await;
    assert_eq!((evidence.status, evidence.header("x-redoubt-frames")), (200, Some("2")));
    let csv = client.get("/api/v1/sessions.export?format=csv&lang=zh-CN&protocol=dns").await.text();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.contains("发起方"), "{csv}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_in_an_archive_are_read_beside_host_facts() {
    let house = House::new().await;
    let client = house.admin().await;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("net/dns.pcap", options).unwrap();
    archive.write_all(&dns_capture()).unwrap();
    archive.start_file("PC-1.txt", options).unwrap();
    archive.write_all(&systeminfo("PC-1", &[])).unwrap();
    let archive = archive.finish().unwrap().into_inner();
    let import = client.import(&[("all.zip", &archive), ("plain.pcap", &dns_capture())]).await;
    assert_eq!(import["counts"]["hosts"], 1, "{import:#}");
    assert_eq!(import["counts"]["refused"], 0, "{import:#}");
    let captures = client.get("/api/v1/captures").await.json();
    assert_eq!(captures["total"], 1, "the same capture twice is one: {captures}");
    let named: Vec<_> = import["files"].as_array().unwrap().iter().filter(|file| file["capture"].is_i64()).collect();
    assert_eq!(named.len(), 2, "{import:#}");

    assert_eq!(read(&client, &[("all.zip", &archive)]).await["state"], "done");
    let nothing = read(&client, &[("notes.txt", b"no capture at all")]).await;
    assert_eq!(nothing["state"], "failed");
    assert_eq!(nothing["error"]["code"], "api.capture-no-capture");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_capture_says_where_and_a_deleted_one_leaves_nothing() {
    let house = House::new().await;
    let client = house.admin().await;
    let capture = dns_capture();
    read(&client, &[("cut.pcap", &capture[..capture.len() - 5])]).await;
    let captures = client.get("/api/v1/captures").await.json();
    let row = &captures["rows"][0];
    assert_eq!((row["state"].as_str(), row["ending"]["code"].as_str()), (Some("done"), Some("api.capture-cut-off")));
    assert_eq!(row["frames"], 2);
    assert_eq!(row["kept"], true);
    let files = || std::fs::read_dir(house.folder.path().join("captures")).unwrap().count();
    assert_eq!(files(), 1);
    let path = format!("/api/v1/captures/{}", row["id"]);
    assert_eq!(client.call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(client.call("DELETE", &path, Value::Null).await.status, 404);
    assert_eq!((files(), rows(&client, "").await.len()), (0, 0));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_ends_within_its_header_says_why_it_failed() {
    let house = House::new().await;
    let client = house.admin().await;
    read(&client, &[("head.pcap", &dns_capture()[..20])]).await;
    let row = client.get("/api/v1/captures").await.json()["rows"][0].clone();
    let ending = row["ending"]["code"].as_str();
    assert_eq!((row["state"].as_str(), ending), (Some("failed"), Some("api.capture-cut-header")), "{row:#}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_capture_files_make_room_and_their_evidence_says_that_it_is_gone() {
    let capture = dns_capture();
    let room = capture.len() as u64 + 10;
    let house = House::with(None, |config| config.captures_bytes_max = room).await;
    let client = house.admin().await;
    let traffic = house.running.as_ref().unwrap().ready.app.store.traffic();
    let act = Act::at(*house.now.lock().unwrap());
    let text = |text: &str| text.to_owned();
    let new = NewCapture {
        digest: text("live"),
        name: text("eth0"),
        kind: text("live"),
        owner: text("cli"),
        job: 0,
        bytes: 0,
    };
    let live = traffic.begin(&new, &act).await.unwrap();
    traffic.grown(live, 10, &act).await.unwrap();
    read(&client, &[("old.pcap", &capture)]).await;
    let old = rows(&client, "?protocol=dns").await[0]["id"].clone();
    let mut other = capture.clone();
    let last = other.len() - 1;
    other[last] = b'!';
    read(&client, &[("new.pcap", &other)]).await;
    assert_eq!(rows(&client, "").await.len(), 8, "what was read stays");
    let gone = client.get(&format!("/api/v1/sessions/{old}/evidence.pcap")).await;
    assert_eq!((gone.status, gone.code().as_str()), (410, "api.capture-gone"));
    let counts = client.get("/api/v1/network").await.json();
    assert!(counts["kept_bytes"].as_u64().unwrap() <= room, "{counts}");
    assert!(traffic.capture(live).await.unwrap().kept, "what is being written stays, as old as it is");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weapon_capture_gives_findings_with_evidence() {
    let Some(folder) = testkit::data("captures") else { return };
    let house = House::new().await;
    let client = house.admin().await;
    let name = "doublepulsar-backdoor-connect-win7.pcap";
    let capture = std::fs::read(folder.join("weapons").join(name)).unwrap();
    read(&client, &[(name, &capture)]).await;
    let groups = client.get("/api/v1/findings").await.json();
    let group =
        groups["groups"].as_array().unwrap().iter().find(|group| group["weapon"] == "doublepulsar").unwrap().clone();
    assert_eq!(group["outcome"], "success", "{groups:#}");
    let found = &group["findings"][0];
    assert_eq!(found["evidence"], true);
    let evidence = client.get(&format!("/api/v1/findings/{}/evidence.pcap", found["id"])).await;
    assert_eq!(evidence.status, 200);
    assert!(evidence.body.len() > 500 && evidence.body.len() <= capture.len() + 1024, "{}", evidence.body.len());
    // The lake has them as well, once they are taken in: together as many as were counted.
    let lake = house.running.as_ref().unwrap().ready.app.lake.get().unwrap();
    let (groups, counted) = tokio::task::spawn_blocking(move || {
        lake.take_in().unwrap();
        let table = lake::Table::named("finding").unwrap();
        let rows = lake.waiting(table);
        (rows.iter().map(|rows| rows.num_rows()).sum::<usize>(), lake.status().waiting_rows)
    })
    .await
    .unwrap();
    assert!(groups > 0 && counted > groups as u64, "{groups} findings among {counted} rows");
    assert!(!rows(&client, "?weapon=doublepulsar").await.is_empty());
    house.stop().await;
}
