//! The real server is killed at any moment while collectors deliver: nothing that was recorded is missing in the end, and
//! nothing is there twice. And the collector's commands, from enrolling to what is shown of it.

use arrow_array::cast::AsArray;
use jiff::Timestamp;
use lake::{Lake, Table};
use link::{Clock, Courier, CourierOptions, Identity, Invitation, Spool};
use model::{Confidence, Finding, FindingOutcome, Notable, NotableKind, WeaponId};
use records::{FINDINGS, Kind, NOTABLES, Observed, SESSIONS, SessionRow};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the server is killed; `REDOUBT_COLLECTOR_ROUNDS` says another number.
const ROUNDS: u64 = 24;
/// From when it listens to when many batches were taken.
const KILL_WITHIN_MS: u64 = 500;
/// More than that piles up only to be waited for in the end.
const WAITING_MAX: u64 = 300;
const PASSWORD: &str = "correct horse battery";

/// A server of its own process; dropping it kills it.
struct Server {
    child: Child,
    console: String,
    setup_token: String,
}

impl Server {
    fn start(data: &Path, link_port: u16) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_redoubt"))
            .args(["up", "--json", "--listen", "127.0.0.1:0", "--link", &format!("127.0.0.1:{link_port}"), "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        let console = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Server { child, console, setup_token: ready["setup_token"].as_str().unwrap_or_default().to_owned() }
    }

    /// Starts it and kills it some time after that; of three servers one is about to write its files as it ends.
    fn start_and_kill(data: &Path, link_port: u16, round: u64) {
        let mut server = Server::start(data, link_port);
        std::thread::sleep(moment(round));
        if round.is_multiple_of(3) {
            Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
            std::thread::sleep(moment(round + 1) / 4);
        }
        server.kill();
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!said.contains("panicked"), "{said}");
    }

    /// Makes the first account; gives what a request of it has in its head.
    fn set_up(&self) -> String {
        let account = json!({ "token": self.setup_token, "name": "admin", "password": PASSWORD });
        let (head, body) = self.send("", "POST", "/api/v1/setup", &account);
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        format!("cookie: {cookie}\r\nx-redoubt-csrf: {}\r\n", body["csrf"].as_str().unwrap())
    }

    fn get(&self, who: &str, path: &str) -> Value {
        let (head, body) = self.send(who, "GET", path, &Value::Null);
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        body
    }

    fn send(&self, who: &str, method: &str, path: &str, body: &Value) -> (String, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(&self.console).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/json\r\n{who}\r\n",
            self.console,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..at].to_vec()).unwrap();
        (head, serde_json::from_slice(&answer[at + 4..]).unwrap_or_default())
    }

    fn token(&self, who: &str, uses: u32) -> Value {
        let new = json!({ "group": "sensors", "uses": uses, "days": 7 });
        let (head, made) = self.send(who, "POST", "/api/v1/collectors/tokens", &new);
        assert!(head.starts_with("HTTP/1.1 201"), "{head}");
        made
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody has at the moment: the server comes back where its collectors look for it.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn rounds() -> u64 {
    std::env::var("REDOUBT_COLLECTOR_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// Spread over the whole span, in an order that has nothing to do with the rounds, and the same in every run.
fn moment(round: u64) -> Duration {
    Duration::from_millis(round.wrapping_mul(2_654_435_761) % KILL_WITHIN_MS)
}

fn session(id: String) -> SessionRow {
    let record = json!({
        "community_id": id, "originator": "10.0.0.1", "originator_port": 1000, "responder": "10.0.0.2",
        "responder_port": 445, "transport": "tcp", "start": "2017-06-01T00:00:00Z", "duration_us": 5,
        "state": "closed", "midstream": false, "originator_packets": 1, "originator_bytes": 2, "responder_packets": 3,
        "responder_bytes": 4,
    });
    SessionRow { session: serde_json::from_value(record).unwrap(), detail: None, observed: Observed::default() }
}

/// Of each collector there is one finding and one meeting, which grow.
fn finding(collector: u8) -> Finding {
    Finding {
        weapon: WeaponId("eternalblue".to_owned()),
        sign: "eternalblue.trans2-secondary".to_owned(),
        outcome: FindingOutcome::Attempt,
        confidence: Confidence::Known,
        originator: [10, 0, 0, collector].into(),
        responder: [10, 0, 0, 200].into(),
        count: 1,
        first: Timestamp::UNIX_EPOCH,
        last: Timestamp::UNIX_EPOCH,
        community_ids: Vec::new(),
        frames: Vec::new(),
    }
}

fn notable(collector: u8) -> Notable {
    Notable {
        kind: NotableKind::Indicator,
        name: "domain".to_owned(),
        value: "evil.example".to_owned(),
        place: "question".to_owned(),
        originator: [10, 0, 0, collector].into(),
        responder: Some([10, 0, 0, 53].into()),
        transport: None,
        port: None,
        count: 2,
        first: Timestamp::UNIX_EPOCH,
        last: Timestamp::UNIX_EPOCH,
        facts: Default::default(),
        community_ids: Vec::new(),
        frames: Vec::new(),
    }
}

/// What a collector recorded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Recorded {
    sessions: u64,
    findings: u64,
    notables: u64,
}

fn add<R>(spool: &Spool, kind: &'static Kind<R>, rows: &[R]) {
    let table = Table::named(kind.name).unwrap();
    let mut batch = records::Batch::new(kind);
    rows.iter().for_each(|row| batch.push(row));
    let bytes = lake::pack(table, &batch.take().unwrap()).unwrap();
    spool.append(&table.kind(), rows.len() as u32, &bytes).unwrap();
}

/// Records until it is told to stop, as a sensor does: sessions mostly, findings and meetings among them.
fn record(spool: &Spool, collector: u8, stop: &AtomicBool) -> Recorded {
    let mut recorded = Recorded::default();
    while !stop.load(Ordering::Relaxed) {
        if spool.counts().waiting_batches > WAITING_MAX {
            std::thread::sleep(Duration::from_millis(3));
            continue;
        }
        let ids = (0..3).map(|n| session(format!("{collector}/{}", recorded.sessions + n)));
        add(spool, &SESSIONS, &ids.collect::<Vec<_>>());
        recorded.sessions += 3;
        if recorded.sessions % 2 == 0 {
            add(spool, &FINDINGS, &[finding(collector)]);
            recorded.findings += 1;
        }
        if recorded.sessions % 7 == 0 {
            add(spool, &NOTABLES, &[notable(collector)]);
            recorded.notables += 2;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    recorded
}

/// How often each conversation is in the lake of a server that is gone.
fn kept(data: &Path) -> BTreeMap<String, u64> {
    let lake = Lake::open(&data.join("lake"), lake::Options::default()).unwrap();
    assert_eq!(lake.notices().iter().filter(|notice| notice.why != "cut off").count(), 0, "{:?}", lake.notices());
    let table = Table::named("session").unwrap();
    let in_files = lake.files(table).into_iter().flat_map(|file| lake::rows_of(&file).unwrap());
    let mut ids = BTreeMap::new();
    for rows in lake.waiting(table).into_iter().chain(in_files) {
        let column = rows.column_by_name("community_id").unwrap().as_string::<i32>();
        column.iter().flatten().for_each(|id| *ids.entry(id.to_owned()).or_default() += 1);
    }
    ids
}

#[test]
fn nothing_is_missing_or_twice_when_the_server_is_killed_while_two_collectors_deliver() {
    let data = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Server::start(data.path(), port);
    let who = server.set_up();
    let made = server.token(&who, 2);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clock: Clock = Arc::new(Timestamp::now);
    let address = format!("127.0.0.1:{port}");
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let spools = homes.each_ref().map(|home| {
        let authority = made["authority_sha256"].as_str().unwrap().parse().unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        let invitation = Invitation { address: address.clone(), authority, token };
        runtime.block_on(link::enrol(home.path(), &invitation, "machine", &clock)).unwrap();
        Spool::open(&home.path().join("spool"), link::spool::Options::default()).unwrap()
    });
    server.kill();
    let couriers = [0, 1].map(|number: usize| {
        let identity = Identity::load(homes[number].path()).unwrap().unwrap();
        let options = CourierOptions {
            again_after_min: Duration::from_millis(5),
            again_after_max: Duration::from_millis(40),
            ..CourierOptions::default()
        };
        let _inside = runtime.enter();
        Courier::start(spools[number].clone(), identity, &address, clock.clone(), options)
    });

    let stop = AtomicBool::new(false);
    let recorded = std::thread::scope(|scope| {
        let recording = [0u8, 1].map(|number| {
            let (spool, stop) = (&spools[usize::from(number)], &stop);
            scope.spawn(move || record(spool, number, stop))
        });
        for round in 0..rounds() {
            Server::start_and_kill(data.path(), port, round);
        }
        stop.store(true, Ordering::Relaxed);
        recording.map(|recording| recording.join().unwrap())
    });
    let welcomes: u64 = couriers.iter().map(|courier| courier.figures().welcomes).sum();
    let before_the_end: u64 = spools.iter().map(|spool| spool.counts().delivered_batches).sum();

    let mut server = Server::start(data.path(), port);
    let until = Instant::now() + Duration::from_secs(120);
    while spools.iter().any(|spool| spool.counts().waiting_batches > 0) {
        assert!(Instant::now() < until, "{:?}", couriers.each_ref().map(Courier::figures));
        std::thread::sleep(Duration::from_millis(20));
    }
    let refused = couriers.each_ref().map(|courier| courier.figures().refused);
    // However the server ended, it knows where to go on.
    assert!(refused.iter().all(|refused| !refused.contains_key("out-of-order")), "{refused:?}");
    println!("{} rounds, {welcomes} welcomes, {before_the_end} batches delivered meanwhile, {recorded:?}", rounds());
    assert!(welcomes >= rounds() / 2, "{welcomes} welcomes: the kills come too soon");
    assert!(before_the_end > 0, "nothing was delivered between the kills");
    let found = server.get(&who, "/api/v1/findings?limit=200");
    let times: BTreeMap<&str, u64> = (found["groups"].as_array().unwrap().iter())
        .map(|group| (group["originator"]["address"].as_str().unwrap(), group["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(times, [("10.0.0.0", recorded[0].findings), ("10.0.0.1", recorded[1].findings)].into());
    let notables = server.get(&who, "/api/v1/notables?limit=200");
    let mut met: Vec<u64> =
        notables["rows"].as_array().unwrap().iter().map(|row| row["notable"]["count"].as_u64().unwrap()).collect();
    let mut expected = recorded.each_ref().map(|recorded| recorded.notables).to_vec();
    met.sort_unstable();
    expected.sort_unstable();
    assert_eq!(met, expected);
    server.kill();
    let ids = (0u8..2).flat_map(|collector| {
        (0..recorded[usize::from(collector)].sessions).map(move |n| (format!("{collector}/{n}"), 1))
    });
    let (kept, expected): (BTreeMap<_, _>, BTreeMap<String, u64>) = (kept(data.path()), ids.collect());
    let missing: Vec<&String> = expected.keys().filter(|id| !kept.contains_key(*id)).collect();
    let twice: Vec<&String> = kept.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id).collect();
    assert!(missing.is_empty() && twice.is_empty(), "missing: {missing:?}, twice: {twice:?}");
    assert_eq!(kept.len(), expected.len());
    for courier in couriers {
        runtime.block_on(courier.stop());
    }
}

fn redoubt(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redoubt")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A capture of datagrams, each a conversation of its own.
fn datagrams(conversations: u32) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    for n in 0..conversations {
        let mut packet = vec![0x45, 0, 0, 29, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 7, 10];
        packet.extend_from_slice(&n.to_be_bytes()[1..]);
        packet.extend([0x1b, 0x58, 0, 9, 0, 9, 0, 0, b'x']);
        for value in [1_496_300_000 + n / 100, 0, packet.len() as u32, packet.len() as u32] {
            file.extend(value.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

#[test]
fn a_capture_is_read_on_one_machine_and_is_on_the_other_also_when_the_server_was_away() {
    let (data, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (port, capture) = (free_port(), home.path().join("a.pcap"));
    std::fs::write(&capture, datagrams(5000)).unwrap();
    let (home, capture) = (home.path().join("collector"), capture.to_str().unwrap().to_owned());
    let home = home.to_str().unwrap();
    let missing = redoubt(&["sensor", "read", &capture, "--collector", home]);
    assert!(!missing.status.success() && text(&missing.stderr).contains("no collector"), "{}", text(&missing.stderr));

    let mut server = Server::start(data.path(), port);
    let who = server.set_up();
    let made = server.token(&who, 1);
    let mut command: Vec<&str> = made["command"].as_str().unwrap().split(' ').skip(1).collect();
    command.extend(["--home", home]);
    let enrolled = redoubt(&command);
    assert!(enrolled.status.success(), "{}", text(&enrolled.stderr));
    let read = redoubt(&["sensor", "read", &capture, "--collector", home]);
    assert!(read.status.success(), "{}", text(&read.stderr));
    let row = server.get(&who, "/api/v1/collectors")["rows"][0].clone();
    assert!(row["records"].as_u64().unwrap() >= 5000, "{row}");
    server.kill();
    assert_eq!(kept(data.path()).len(), 5000);

    // Away: everything waits, and somebody who asks is told why.
    let read = redoubt(&["sensor", "read", &capture, "--collector", home]);
    assert!(read.status.success(), "{}", text(&read.stderr));
    let asked = redoubt(&["collector", "status", "--home", home, "--json"]);
    let status: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert!(status["waiting_batches"].as_u64().unwrap() > 0, "{status}");
    assert_eq!(status["trouble"]["code"], "link.connect", "{status}");
    for language in ["en", "zh-CN"] {
        let told = text(&redoubt(&["--lang", language, "collector", "status", "--home", home]).stdout);
        assert!(told.lines().count() >= 6 && !told.contains("{{") && !told.contains("cli."), "{told}");
    }
    let later = redoubt(&["collector", "deliver", "--home", home, "--for", "1", "--json"]);
    assert_eq!(later.status.code(), Some(3), "{}", text(&later.stderr));

    let mut server = Server::start(data.path(), port);
    let delivered = redoubt(&["collector", "deliver", "--home", home, "--json"]);
    assert!(delivered.status.success(), "{}", text(&delivered.stderr));
    let status: Value = serde_json::from_slice(&delivered.stdout).unwrap();
    assert_eq!((&status["waiting_batches"], &status["shed_batches"]), (&json!(0), &json!(0)), "{status}");
    server.kill();
    // Read twice, so recorded twice: whoever reads a file again says so.
    assert_eq!(kept(data.path()).values().collect::<std::collections::BTreeSet<_>>(), [&2].into());
}
