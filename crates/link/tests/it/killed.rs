//! Either end is killed at any moment, again and again: nothing is missing at the server, and nothing is there twice.
use crate::common::{House, impatient, open_spool, until};
use jiff::{SignedDuration, Timestamp};
use link::server::Options;
use link::{Authority, Batch, Clock, Courier, Identity, Invitation, Lost, Outcome, Refusal, Register, Server, Take};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// How often each end is killed.
const ROUNDS: u32 = 60;
/// Where the child's folder is, and the server's address; only set for the child.
const FOLDER: &str = "REDOUBT_LINK_CRASH_FOLDER";
const ADDRESS: &str = "REDOUBT_LINK_CRASH_ADDRESS";

fn now() -> Timestamp {
    Timestamp::from_second(crate::common::START).unwrap()
}

fn clock() -> Clock {
    Arc::new(now)
}

fn child(test: &str, folder: &Path, address: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("killed::{test}"), "--nocapture"])
        .env(FOLDER, folder)
        .env(ADDRESS, address)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn any_moment(round: u32) -> Duration {
    Duration::from_micros(u64::from(round.wrapping_mul(2_654_435_761) % 150_000))
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    let said = String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
}

/// A file of lines, each of which lasts before it is acknowledged.
struct Lines {
    file: Mutex<(File, BTreeMap<String, i64>)>,
}

/// What is in the file: source, number, content.
fn lines(path: &Path) -> Vec<(String, i64, String)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        (words[0].to_owned(), words[1].parse().unwrap(), words[2].to_owned())
    };
    whole.lines().map(line).collect()
}

impl Lines {
    fn open(path: &Path) -> Lines {
        let known = lines(path);
        let text: String = known.iter().map(|(source, number, text)| format!("{source} {number} {text}\n")).collect();
        // What was cut off goes.
        let file = File::options().create(true).append(true).open(path).unwrap();
        file.set_len(text.len() as u64).unwrap();
        let marks = known.into_iter().map(|(source, number, _)| (source, number)).collect();
        Lines { file: Mutex::new((file, marks)) }
    }
}

impl Take for Lines {
    async fn take(&self, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
        let text = String::from_utf8(batch.bytes.to_vec()).unwrap();
        let (file, marks) = &mut *self.file.lock().unwrap();
        assert_eq!(marks.get(source).map_or(0, |mark| mark + 1), batch.sequence);
        // In two halves, to be killed between them.
        let line = format!("{source} {} {text}\n", batch.sequence);
        let (first, second) = line.split_at(line.len() / 2);
        file.write_all(first.as_bytes()).unwrap();
        file.write_all(second.as_bytes()).unwrap();
        file.sync_data().unwrap();
        marks.insert(source.to_owned(), batch.sequence);
        Ok(Outcome::Taken)
    }

    async fn lost(&self, _: &str, lost: Lost) -> Result<Outcome, Refusal> {
        panic!("{lost:?}");
    }

    async fn reached(&self, source: &str) -> Result<Option<i64>, Refusal> {
        Ok(self.file.lock().unwrap().1.get(source).copied())
    }
}

/// The child: a server.
#[tokio::test]
async fn serves_until_it_is_killed() {
    let (Ok(folder), Ok(address)) = (std::env::var(FOLDER), std::env::var(ADDRESS)) else { return };
    let folder = Path::new(&folder);
    let authority = Arc::new(Authority::open(folder, now()).unwrap());
    let register = Arc::new(Register::open(folder, authority).unwrap());
    let take = Arc::new(Lines::open(&folder.join("lines")));
    let listener = TcpListener::bind(&address).await.unwrap();
    Server::new(register, take, clock(), Options::default()).serve(listener).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missing_or_twice_when_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let authority = Arc::new(Authority::open(folder.path(), now()).unwrap());
    let fingerprint = authority.fingerprint();
    let register = Register::open(folder.path(), authority).unwrap();
    let token = register.make_token("sensors", 2, SignedDuration::from_hours(1), now()).unwrap();
    drop(register);
    let mut server = child("serves_until_it_is_killed", folder.path(), &address);
    let mut collectors = Vec::new();
    for _ in 0..2 {
        let home = tempfile::tempdir().unwrap();
        let invitation = Invitation { address: address.clone(), authority: fingerprint, token: token.clone() };
        // The server is still on its way up.
        let identity = loop {
            match link::enrol(home.path(), &invitation, "m", &clock()).await {
                Ok(identity) => break identity,
                Err(link::Error::NotEnrolled(why)) => panic!("{why}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let name = identity.collector().to_owned();
        let spool = open_spool(&home.path().join("spool"));
        let courier = Courier::start(spool.clone(), identity, &address, clock(), impatient());
        collectors.push((name, spool, courier, home));
    }
    let mut added = 0;
    for round in 0..ROUNDS {
        for _ in 0..15 {
            for (name, spool, ..) in &collectors {
                spool.append("session", 1, format!("{name}#{added}").as_bytes()).unwrap();
            }
            added += 1;
        }
        tokio::time::sleep(any_moment(round)).await;
        kill(server);
        server = child("serves_until_it_is_killed", folder.path(), &address);
    }
    let mut welcomes = 0;
    for (_, _, courier, _) in &collectors {
        until("delivered", || courier.figures().spool.waiting_batches == 0).await;
        welcomes += courier.figures().welcomes;
    }
    kill(server);
    let all = lines(&folder.path().join("lines"));
    for (name, spool, ..) in &collectors {
        let source = format!("{name}/{}", spool.id());
        let here: Vec<_> = all.iter().filter(|(of, ..)| *of == source).map(|(_, _, text)| text.clone()).collect();
        let wanted: Vec<_> = (0..added).map(|number| format!("{name}#{number}")).collect();
        assert_eq!(here, wanted);
    }
    assert_eq!(all.len(), 2 * added);
    println!("{ROUNDS} kills, {} batches, {welcomes} welcomes", all.len());
}

/// The child: a collector that records and delivers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collects_until_it_is_killed() {
    let (Ok(folder), Ok(address)) = (std::env::var(FOLDER), std::env::var(ADDRESS)) else { return };
    let folder = Path::new(&folder);
    let spool = open_spool(&folder.join("spool"));
    let identity = Identity::load(folder).unwrap().unwrap();
    let _courier = Courier::start(spool.clone(), identity, &address, clock(), impatient());
    let adding = tokio::task::spawn_blocking(move || {
        for number in 0u32.. {
            let text = format!("{}-{number}", std::process::id());
            spool.append("session", 1, text.as_bytes()).unwrap();
            let mut out = std::io::stdout().lock();
            writeln!(out, "kept {text}").unwrap();
            out.flush().unwrap();
        }
    });
    adding.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missing_or_twice_when_the_collector_is_killed() {
    let house = House::new().await;
    let collector = house.collector().await;
    let crate::common::Collector { spool, folder, name, address, hand } = collector;
    drop(spool);
    let mut kept = Vec::new();
    for round in 0..ROUNDS {
        let mut child = child("collects_until_it_is_killed", folder.path(), &address);
        let out = BufReader::new(child.stdout.take().unwrap());
        let reading = std::thread::spawn(move || {
            let said = |line: String| line.split_once("kept ").map(|(_, text)| text.to_owned());
            out.lines().map_while(Result::ok).filter_map(said).collect::<Vec<_>>()
        });
        tokio::time::sleep(any_moment(round)).await;
        kill(child);
        kept.extend(reading.join().unwrap());
    }
    let collector =
        crate::common::Collector { spool: open_spool(&folder.path().join("spool")), folder, name, address, hand };
    let courier = collector.courier();
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    let mut here = BTreeMap::<String, u32>::new();
    house.ledger.texts().into_iter().for_each(|text| *here.entry(text).or_default() += 1);
    assert!(here.values().all(|times| *times == 1), "something is there twice");
    let missing: Vec<_> = kept.iter().filter(|text| !here.contains_key(*text)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(kept.len() > 100 && house.ledger.kept.lock().unwrap().lost.is_empty(), "{}", kept.len());
    println!("{ROUNDS} kills, {} batches kept, {} arrived", kept.len(), here.len());
}
