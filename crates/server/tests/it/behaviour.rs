//! What traffic tells beyond weapons: indicators that are met, behaviours that stand out, profiles that outlive a
//! capture, and captures whose reader is gone.

use crate::support::{Client, House};
use serde_json::{Value, json};
use store::{Act, NewCapture};

/// Frames of a capture of raw IP, by their seconds.
#[derive(Default)]
struct Traffic(Vec<u8>);

impl Traffic {
    fn frame(&mut self, second: u32, packet: &[u8]) {
        if self.0.is_empty() {
            self.0 = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
        }
        for value in [1_496_300_000 + second, 0, packet.len() as u32, packet.len() as u32] {
            self.0.extend(value.to_le_bytes());
        }
        self.0.extend(packet);
    }

    /// A question for a name, and its answer.
    fn lookup(&mut self, second: u32, from: u8, name: &str) {
        let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            question.push(label.len() as u8);
            question.extend(label.as_bytes());
        }
        question.extend([0, 0, 1, 0, 1]);
        let mut answer = question.clone();
        answer[2] = 0x81;
        self.frame(second, &udp([10, 0, 0, from], [10, 0, 0, 53], (40_000 + u16::from(from), 53), &question));
        self.frame(second, &udp([10, 0, 0, 53], [10, 0, 0, from], (53, 40_000 + u16::from(from)), &answer));
    }

    /// One that asks and gets no answer.
    fn knock(&mut self, second: u32, from: [u8; 4], to: [u8; 4], port: u16) {
        let own = 20_000 + (self.0.len() % 20_000) as u16;
        let mut tcp = [own, port].map(u16::to_be_bytes).concat();
        tcp.extend([0, 0, 0, 9, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]);
        self.frame(second, &ip(from, to, 6, &tcp));
    }
}

fn ip(from: [u8; 4], to: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let mut packet = [&[0x45, 0][..], &length, &[0, 1, 0, 0, 64, protocol, 0, 0]].concat();
    packet.extend(from.into_iter().chain(to));
    packet.extend(payload);
    packet
}

fn udp(from: [u8; 4], to: [u8; 4], ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut datagram = [ports.0, ports.1, 8 + payload.len() as u16, 0].map(u16::to_be_bytes).concat();
    datagram.extend(payload);
    ip(from, to, 17, &datagram)
}

async fn read(client: &Client, name: &str, capture: &[u8]) -> Value {
    let answer = client.upload("/api/v1/captures", &[(name, capture)]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    client.finished(answer.json()["job"]["id"].as_str().unwrap()).await
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn indicators_are_taken_in_met_and_removed() {
    let house = House::new().await;
    let client = house.admin().await;
    let text = "# from the ministry\nevil.example\n\nwhat is this\nEVIL.example\n10.9.9.0/24\n";
    let taken = client.post("/api/v1/indicators", json!({ "source": "ministry", "text": text })).await.json();
    assert_eq!(
        taken,
        json!({ "lines": 4, "added": 2, "known": 1, "bad_lines": 1, "left_out": 0, "hunts": [1],
            "bad": [{ "source": "ministry", "line": 4, "text": "what is this", "why": { "code": "api.indicator-unknown" } }] })
    );
    let nameless = client.post("/api/v1/indicators", json!({ "source": " ", "text": "a.example" })).await;
    assert_eq!((nameless.status, nameless.code().as_str()), (400, "api.indicators-no-source"));
    let file =
        client.upload("/api/v1/indicators/files", &[("list.txt", b"\xef\xbb\xbfother.example\n\xff\xfe\n")]).await;
    assert_eq!((&file.json()["added"], &file.json()["bad"][0]["line"]), (&json!(1), &json!(2)));

    let wide = client.post("/api/v1/indicators", json!({ "source": "wide", "text": "0.0.0.0/0\n" })).await.json();
    assert_eq!((&wide["added"], &wide["bad"][0]["why"]["code"]), (&json!(0), &json!("api.indicator-too-wide")));
    let kept = get(&client, "/api/v1/indicators").await["kept"].clone();
    let binary = client.upload("/api/v1/indicators/files", &[("a.bin", b"\x7fELF\0\0evil2.example\n")]).await;
    assert_eq!((binary.status, binary.code().as_str()), (400, "api.indicators-no-text"));
    assert_eq!(get(&client, "/api/v1/indicators").await["kept"], kept, "nothing of it is kept");
    let trail = get(&client, "/api/v1/audit?action=indicators").await;
    let first_two = trail["entries"].as_array().unwrap().iter().rev().take(2);
    let lines: Vec<_> = first_two.map(|row| (row["action"].as_str().unwrap(), &row["detail"]["added"])).collect();
    assert_eq!(lines, [("indicators.add", &Value::Null), ("indicators.added", &json!(2))], "{trail:#}");

    let mut traffic = Traffic::default();
    traffic.lookup(1, 5, "www.evil.example");
    traffic.lookup(2, 5, "www.evil.example");
    traffic.lookup(3, 6, "good.example");
    for _ in 0..2 {
        assert_eq!(read(&client, "dns.pcap", &traffic.0).await["state"], "done");
        let found = get(&client, "/api/v1/notables?kind=indicator").await;
        assert_eq!(found["rows"].as_array().unwrap().len(), 1, "{found:#}");
        let row = &found["rows"][0];
        assert_eq!(row["notable"]["value"], "evil.example");
        assert_eq!(row["notable"]["place"], "question");
        assert_eq!(row["originator"]["address"], "10.0.0.5");
        assert_eq!(row["notable"]["count"], 4, "two questions and two answers that repeat them");
        assert_eq!(row["evidence"], true);
        let evidence = client.get(&format!("/api/v1/notables/{}/evidence.pcap", row["id"])).await;
        assert_eq!((evidence.status, evidence.header("x-redoubt-frames")), (200, Some("4")));
    }
    let page = get(&client, "/api/v1/indicators?met=true").await;
    assert_eq!((&page["total"], &page["rows"][0]["hits"], &page["kept"]), (&json!(1), &json!(4), &json!(3)));
    assert_eq!(page["rows"][0]["source"], "ministry");
    let session = &get(&client, "/api/v1/sessions?host=10.0.0.5").await["rows"][0]["id"];
    let talk = get(&client, &format!("/api/v1/sessions/{session}")).await;
    assert_eq!(talk["notables"][0]["notable"]["value"], "evil.example");
    assert_eq!(get(&client, "/api/v1/network").await["indicators"], 1);

    let gone = client.post("/api/v1/indicators/remove", json!({ "ids": [page["rows"][0]["id"]] })).await.json();
    assert_eq!(gone["removed"], 1);
    let lists = get(&client, "/api/v1/indicators").await["lists"].clone();
    let file = lists.as_array().unwrap().iter().find(|list| list["source"] == "list.txt").unwrap()["id"].clone();
    assert_eq!(client.call("DELETE", &format!("/api/v1/indicators/lists/{file}"), Value::Null).await.status, 204);
    assert_eq!(get(&client, "/api/v1/indicators").await["kept"], 1);
    read(&client, "dns.pcap", &traffic.0).await;
    assert_eq!(get(&client, "/api/v1/notables").await["rows"], json!([]), "nobody looks for it any more");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_over_two_captures_is_one_finding_and_profiles_outlive_their_captures() {
    let house = House::new().await;
    let client = house.admin().await;
    let part = |from: u8, to: u8| {
        let mut traffic = Traffic::default();
        (from..to).for_each(|last| traffic.knock(u32::from(last), [10, 0, 0, 66], [10, 0, 9, last], 445));
        traffic.lookup(200, 66, "printer.plant");
        traffic.0
    };
    read(&client, "first.pcap", &part(1, 16)).await;
    assert_eq!(get(&client, "/api/v1/notables").await["rows"], json!([]), "fifteen hosts are no scan");
    read(&client, "second.pcap", &part(16, 31)).await;
    let found = get(&client, "/api/v1/notables?host=10.0.0.66").await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 1, "{found:#}");
    let row = &found["rows"][0];
    assert_eq!((&row["notable"]["name"], &row["notable"]["port"]), (&json!("horizontal-scan"), &json!(445)));
    assert_eq!((&row["notable"]["facts"]["peers"], &row["notable"]["count"]), (&json!(30.0), &json!(30)));
    assert_eq!(found["counts"], json!([{ "kind": "behaviour", "name": "horizontal-scan", "count": 1 }]));

    let path = "/api/v1/profiles/one?kind=host&subject=10.0.0.66";
    let profile = get(&client, path).await;
    assert_eq!(profile["row"]["conversations"], 32);
    assert_eq!(profile["peers_asked"], 31);
    assert_eq!(profile["opens_all"], 31);
    assert_eq!(profile["asked"]["names"][0], json!({ "name": "tcp/445", "count": 30 }));
    assert_eq!(profile["hours"].as_array().unwrap().iter().map(|hour| hour.as_u64().unwrap()).sum::<u64>(), 32);
    assert_eq!(profile["notables"].as_array().unwrap().len(), 1);
    read(&client, "second.pcap", &part(16, 31)).await;
    let again = get(&client, path).await;
    assert_eq!(again["row"], profile["row"], "read again, nothing counts twice");
    assert_eq!(get(&client, "/api/v1/notables").await["rows"].as_array().unwrap().len(), 1);
    let link = get(&client, "/api/v1/profiles/one?kind=link&subject=10.0.0.66&other=10.0.0.53").await;
    assert_eq!((&link["row"]["conversations"], &link["protocols"]["names"][0]["name"]), (&json!(2), &json!("dns")));
    let hosts = get(&client, "/api/v1/profiles?kind=host&q=10.0.0.").await;
    assert_eq!(hosts["total"], 2, "who never answers has no profile: {hosts:#}");
    assert_eq!(client.get("/api/v1/profiles/one?kind=host&subject=10.1.1.1").await.status, 404);

    // A finding goes with the captures that show it; what was learned stays.
    for row in get(&client, "/api/v1/captures").await["rows"].as_array().unwrap() {
        client.call("DELETE", &format!("/api/v1/captures/{}", row["id"]), Value::Null).await;
    }
    assert_eq!(get(&client, "/api/v1/notables").await["rows"], json!([]));
    assert_eq!(get(&client, path).await["row"], profile["row"]);
    let house = house.again().await;
    let client = house.login("admin").await;
    assert_eq!(get(&client, path).await["row"], profile["row"]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_new_by_what_was_known_before() {
    let house = House::new().await;
    let client = house.admin().await;
    let mut day = Traffic::default();
    (0..40).for_each(|n| day.lookup(n * 60, 1 + n as u8, "printer.plant"));
    read(&client, "day.pcap", &day.0).await;
    let mut later = Traffic::default();
    later.frame(100_000, &udp([10, 0, 0, 9], [10, 0, 0, 53], (40_009, 161), b"\x30\x03"));
    later.frame(100_001, &udp([10, 0, 0, 53], [10, 0, 0, 9], (161, 40_009), b"\x30\x03"));
    read(&client, "later.pcap", &later.0).await;
    let found = get(&client, "/api/v1/notables?name=first-seen-service").await;
    let row = &found["rows"][0];
    assert_eq!((&row["originator"]["address"], &row["notable"]["port"]), (&json!("10.0.0.53"), &json!(161)));
    assert_eq!(row["notable"]["facts"]["seconds_watched_before"], 100_000.0);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_whose_reader_is_gone_says_so_and_can_be_deleted() {
    let house = House::new().await;
    let client = house.admin().await;
    let store = &house.running.as_ref().unwrap().ready.app.store;
    let now = *house.now.lock().unwrap();
    for (name, kind, job) in [("by-hand.pcap", "file", 0), ("eth0", "live", 0), ("of-a-lost-job.pcap", "file", 999)] {
        let new = NewCapture {
            digest: name.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            owner: "cli".to_owned(),
            job,
            bytes: 5,
        };
        store.traffic().begin(&new, &Act::at(now)).await.unwrap();
    }
    house.later(1);
    let house = house.again().await;
    let client = Client { address: house.address, ..client };
    let captures = get(&client, "/api/v1/captures").await;
    for row in captures["rows"].as_array().unwrap() {
        assert_eq!(row["state"], "broken-off", "{row:#}");
        let live = if row["live"] == true { "api.capture-live-broken-off" } else { "api.capture-broken-off" };
        assert_eq!(row["ending"]["code"], live);
        assert_eq!(row["resumable"], false);
        let path = format!("/api/v1/captures/{}", row["id"]);
        let resumed = client.post(&format!("{path}/resume"), Value::Null).await;
        let why = if row["live"] == true { "api.capture-live-once" } else { "api.capture-send-again" };
        assert_eq!((resumed.status, resumed.code().as_str()), (409, why));
        assert_eq!(client.call("DELETE", &path, Value::Null).await.status, 204);
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_capture_is_consistent_and_can_be_read_again() {
    let mut traffic = Traffic::default();
    (0..60_000u32).for_each(|n| {
        let to = [10, 1, (n >> 8) as u8, n as u8];
        traffic.frame(n / 100, &udp([10, 0, 0, 7], to, (7000, 9), b"x"));
    });
    // A job that is done before it hears of it is not cancelled: then all begins anew, in another house.
    let mut tries = 0;
    let (house, client) = loop {
        let house = House::new().await;
        let client = house.admin().await;
        let answer = client.upload("/api/v1/captures", &[("big.pcap", &traffic.0)]).await.json();
        let job = answer["job"]["id"].as_str().unwrap().to_owned();
        // Wait for it to begin, then cancel it in the middle.
        let path = format!("/api/v1/jobs/{job}");
        while get(&client, "/api/v1/captures").await["total"] == 0
            && get(&client, &path).await["job"]["state"] != "done"
        {}
        client.post(&format!("{path}/cancel"), Value::Null).await;
        if client.finished(&job).await["state"] == "cancelled" {
            break (house, client);
        }
        house.stop().await;
        tries += 1;
        assert!(tries < 10, "it was always done before it was cancelled");
    };
    let row = get(&client, "/api/v1/captures").await["rows"][0].clone();
    let stored = get(&client, "/api/v1/sessions?kind=conversation").await["total"].clone();
    assert_eq!((&row["state"], &row["ending"]["code"]), (&json!("cancelled"), &json!("api.capture-cancelled")));
    let profile = client.get("/api/v1/profiles/one?kind=host&subject=10.0.0.7").await;
    assert_eq!(profile.status, 404, "learned once whole");
    assert_eq!(row["sessions"], stored, "{row:#}");
    let resumed = client.post(&format!("/api/v1/captures/{}/resume", row["id"]), Value::Null).await;
    assert_eq!(resumed.status, 202, "{}", resumed.text());
    assert_eq!(client.finished(resumed.json()["id"].as_str().unwrap()).await["state"], "done");
    let row = get(&client, "/api/v1/captures").await["rows"][0].clone();
    assert_eq!((&row["state"], &row["sessions"], &row["frames"]), (&json!("done"), &json!(60_000), &json!(60_000)));
    let profile = get(&client, "/api/v1/profiles/one?kind=host&subject=10.0.0.7").await;
    assert_eq!(profile["row"]["conversations"], 60_000);
    house.stop().await;
}
