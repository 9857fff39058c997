//! Simulated agents on one server: `led_bench SERVER AUTHORITY TOKEN COUNT FOLDER`.
//!
//! They enrol, attend, hold to the orders they get without checking them, and say so. It prints a line of JSON when all have
//! enrolled, when all have orders, and for each later version when all have that: how long it took since the first of them
//! got it. It ends when its input does.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use jiff::Timestamp;
use link::{Clock, Courier, CourierOptions, Guide, Identity, Invitation, Led, Spool};
use policy::telling::{ORDERS_GUIDE, Report};
use prost::bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// That enrol at a time: the server lets so many strangers in.
const ENROL_AT_ONCE: usize = 32;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, authority, token, count, folder] = words.as_slice() else {
        eprintln!("led_bench SERVER AUTHORITY TOKEN COUNT FOLDER");
        std::process::exit(2);
    };
    let count: usize = count.parse().unwrap();
    let invitation =
        Invitation { address: address.clone(), authority: authority.parse().unwrap(), token: token.clone() };
    let clock: Clock = Arc::new(Timestamp::now);
    let began = Instant::now();
    let identities = enrol(&invitation, count, Path::new(folder), &clock).await;
    println!("{{\"enrolled\":{count},\"seconds\":{:.2}}}", began.elapsed().as_secs_f64());
    let reached = Arc::new(Mutex::new(BTreeMap::<i64, (usize, Instant)>::new()));
    let held: Vec<Arc<Mutex<i64>>> = (0..count).map(|_| Arc::default()).collect();
    let began = Instant::now();
    let mut couriers = Vec::new();
    for (number, (identity, held)) in identities.into_iter().zip(&held).enumerate() {
        couriers.push(attend(number, identity, Path::new(folder), address, &clock, held.clone(), reached.clone()));
    }
    tell(&held, &reached, began).await;
    drop(couriers);
}

async fn enrol(invitation: &Invitation, count: usize, folder: &Path, clock: &Clock) -> Vec<Identity> {
    let (turns, mut tasks) = (Arc::new(Semaphore::new(ENROL_AT_ONCE)), JoinSet::new());
    for number in 0..count {
        let (turns, invitation, clock) = (turns.clone(), invitation.clone(), clock.clone());
        let home = folder.join(number.to_string());
        tasks.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            std::fs::create_dir_all(&home).unwrap();
            loop {
                match link::enrol(&home, &invitation, &format!("host-{number:05}"), &clock).await {
                    Ok(identity) => return identity,
                    Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                }
            }
        });
    }
    tasks.join_all().await
}

type Reached = Arc<Mutex<BTreeMap<i64, (usize, Instant)>>>;

fn attend(
    number: usize,
    identity: Identity,
    folder: &Path,
    address: &str,
    clock: &Clock,
    held: Arc<Mutex<i64>>,
    reached: Reached,
) -> Courier {
    let options = link::spool::Options { limit_bytes: 1 << 20, ..Default::default() };
    let spool = Spool::open(&folder.join(number.to_string()).join("spool"), options).unwrap();
    let mut said = Report {
        version: "bench".to_owned(),
        machine: format!("host-{number:05}"),
        system: "Debian 12".to_owned(),
        ..Report::default()
    };
    let report = watch::Sender::new(Bytes::from(serde_json::to_vec(&said).unwrap()));
    let (guide, mut guides) = mpsc::channel::<Guide>(2);
    let led = Led { report: report.subscribe(), guides: guide };
    tokio::spawn(async move {
        while let Some(guide) = guides.recv().await {
            if guide.kind != ORDERS_GUIDE {
                continue;
            }
            *held.lock().unwrap() = guide.version;
            reached.lock().unwrap().entry(guide.version).or_insert((0, Instant::now())).0 += 1;
            said.orders = Some(guide.version.unsigned_abs());
            report.send_replace(serde_json::to_vec(&said).unwrap().into());
        }
    });
    Courier::start_led(spool, identity, address, clock.clone(), CourierOptions::default(), Some(led))
}

/// Prints when all have orders, and when all have those of a version that all are told.
async fn tell(held: &[Arc<Mutex<i64>>], reached: &Reached, began: Instant) {
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let (mut all_have, mut told) = (false, 0);
    while !ended.is_finished() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let have = held.iter().filter(|held| *held.lock().unwrap() > 0).count();
        if have == held.len() && !all_have {
            all_have = true;
            println!("{{\"led\":{have},\"seconds\":{:.2}}}", began.elapsed().as_secs_f64());
        }
        let whole = reached
            .lock()
            .unwrap()
            .iter()
            .rev()
            .find(|(_, (count, _))| *count == held.len())
            .map(|(v, (_, at))| (*v, *at));
        if let Some((version, first)) = whole.filter(|(version, _)| *version > told) {
            told = version;
            println!("{{\"version\":{version},\"seconds\":{:.2}}}", first.elapsed().as_secs_f64());
        }
    }
}
