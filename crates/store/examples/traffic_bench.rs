//! How long lists of sessions take: `cargo run --release -p store --example traffic_bench -- sqlite:/tmp/x.db 1000000`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use jiff::{SignedDuration, Timestamp};
use model::SessionRecord;
use std::time::{Duration, Instant};
use store::{Act, NewCapture, Options, Rows, Store, TrafficFilter};

/// Times each question is asked.
const ROUNDS: usize = 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite:/tmp/traffic-bench.db".to_owned());
    let rows: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(&url, rows));
}

async fn run(url: &str, rows: usize) {
    let now: Timestamp = "2017-06-01T00:00:00Z".parse().unwrap();
    let store = Store::open(url, &Options::at(now)).await.unwrap();
    let traffic = store.traffic();
    if traffic.counts().await.unwrap().sessions == 0 {
        let new = NewCapture {
            digest: "bench".to_owned(),
            name: "bench".to_owned(),
            kind: "file".to_owned(),
            owner: "bench".to_owned(),
            job: 0,
            bytes: 0,
        };
        let capture = traffic.begin(&new, &Act::at(now)).await.unwrap();
        let begun = Instant::now();
        for first in (0..rows).step_by(1000) {
            let batch: Vec<_> = (first..(first + 1000).min(rows)).map(|n| record(n, now)).collect();
            traffic.put(capture, &batch).await.unwrap();
        }
        println!("{rows} rows stored in {:.1} s", begun.elapsed().as_secs_f64());
    }
    let text = |text: &str| Some(text.to_owned());
    let all = TrafficFilter::default();
    let later = |hours: i64| now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    let filters = [
        ("all", all.clone()),
        ("protocol", TrafficFilter { protocol: text("smb"), ..all.clone() }),
        ("rare protocol", TrafficFilter { protocol: text("rdp"), ..all.clone() }),
        ("host", TrafficFilter { host: text("10.0.0.7"), ..all.clone() }),
        ("host and protocol", TrafficFilter { host: text("10.0.0.7"), protocol: text("dns"), ..all.clone() }),
        ("time", TrafficFilter { from: Some(later(10)), to: Some(later(11)), ..all.clone() }),
        ("account", TrafficFilter { account: text("user7"), ..all.clone() }),
        ("conversations", TrafficFilter { rows: Rows::Conversations, ..all.clone() }),
        ("port", TrafficFilter { port: Some(445), ..all.clone() }),
        ("host and port", TrafficFilter { host: text("10.0.0.7"), port: Some(3389), ..all.clone() }),
        ("result, absent", TrafficFilter { result: text("nothing"), ..all.clone() }),
        ("object, frequent", TrafficFilter { object: text("share1"), ..all.clone() }),
        ("object, absent", TrafficFilter { object: text("nowhere"), ..all.clone() }),
    ];
    for (name, filter) in filters {
        let (mut first, mut pages, mut shape, mut total) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let page = traffic.sessions(&filter, None, 50).await.unwrap();
            first.push(begun.elapsed());
            total = page.total;
            let mut cursor = page.next;
            for _ in 0..4 {
                let Some(next) = cursor.as_deref() else { break };
                let begun = Instant::now();
                cursor = traffic.sessions(&filter, Some(next), 50).await.unwrap().next;
                pages.push(begun.elapsed());
            }
            let begun = Instant::now();
            traffic.shape(&filter).await.unwrap();
            shape.push(begun.elapsed());
        }
        let [first, pages, shape] = [first, pages, shape].map(p95);
        println!(
            "{name:20} total {total:>8}  p95: first page {first:>6.1} ms  next {pages:>6.1} ms  shape {shape:>6.1} ms"
        );
    }
}

/// In milliseconds.
fn p95(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let at = (times.len() * 95 / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn record(n: usize, now: Timestamp) -> SessionRecord {
    let mixed = n.wrapping_mul(2_654_435_761) >> 7;
    let protocol = match mixed % 100 {
        0..50 => Some("dns"),
        50..80 => Some("smb"),
        80..95 => Some("http"),
        95 => Some("rdp"),
        _ => None,
    };
    SessionRecord {
        community_id: format!("1:{:020}", n / 4),
        transaction: (!n.is_multiple_of(4)).then_some(n as u64 % 4),
        originator: format!("10.0.{}.{}", mixed % 4, mixed % 251 + 1).parse().unwrap(),
        originator_port: (mixed % 60_000) as u16 + 1024,
        responder: format!("10.0.0.{}", mixed % 19 + 1).parse().unwrap(),
        responder_port: [53, 445, 80, 3389][mixed % 4],
        transport: "tcp".to_owned(),
        start: now.checked_add(SignedDuration::from_millis(n as i64 * 100)).unwrap(),
        duration_us: 1000,
        state: "closed".to_owned(),
        midstream: false,
        originator_packets: 3,
        originator_bytes: 300,
        responder_packets: 4,
        responder_bytes: 4000,
        protocol: protocol.map(str::to_owned),
        version: None,
        account: (mixed.is_multiple_of(50)).then(|| format!("user{}", mixed % 40)),
        host_name: None,
        originator_mac: Some("02:00:00:00:00:01".to_owned()),
        responder_mac: Some("02:00:00:00:00:02".to_owned()),
        object: Some(format!(r"\\SRV{}\share{}\file{n}.doc", mixed % 7, mixed % 5)),
        operation: Some("read".to_owned()),
        result: Some("STATUS_SUCCESS".to_owned()),
        client: None,
        server: None,
        payload: None,
    }
}
