//! The real server is killed at any moment of an import: what it acknowledged is complete, nothing is there by halves or
//! twice, and in the end it has what a server has that nobody disturbed.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const ROUNDS: usize = 22;
/// From before the upload is read to after a small import is done.
const KILL_WITHIN_MS: u64 = 700;
const PASSWORD: &str = "correct horse battery";

#[test]
fn a_server_killed_in_the_middle_of_imports_ends_where_an_undisturbed_one_does() {
    let (calm, wild) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = undisturbed(calm.path());

    let mut session = Server::start(wild.path()).set_up();
    let mut acknowledged: BTreeMap<usize, String> = BTreeMap::new();
    for round in 0..ROUNDS {
        let server = Server::start(wild.path());
        if let Some(job) = server.upload_and_kill(&session, round) {
            acknowledged.insert(round, job);
        }
    }
    assert!(acknowledged.len() > ROUNDS / 3, "{} of {ROUNDS} uploads came through", acknowledged.len());
    assert!(acknowledged.len() < ROUNDS, "no upload was cut off: the kills come too late");

    let server = Server::start(wild.path());
    session.address = server.address.clone();
    for (round, job) in &acknowledged {
        session.finished(job);
        assert_eq!(session.outcome(job), expected.imports[round], "import of round {round}");
    }
    // What was never acknowledged is sent again, as a person would; some of it may have come in all the same.
    for round in (0..ROUNDS).filter(|round| !acknowledged.contains_key(round)) {
        let job = session.upload(round).expect("nobody kills it now");
        session.finished(&job);
    }
    let found = session.hosts();
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.hosts.keys().collect::<Vec<_>>());
    for (label, host) in &found {
        assert_eq!(host, &expected.hosts[label], "{label}");
    }
    let running = session.get("/api/v1/jobs")["jobs"].as_array().unwrap().iter().any(|job| job["state"] == "running");
    assert!(!running);
    drop(server);
    // The next start throws away what dead servers left behind.
    drop(Server::start(wild.path()));
    let left = std::fs::read_dir(wild.path().join("uploads")).map(|left| left.count()).unwrap_or(0);
    assert_eq!(left, 0, "uploads that nobody waits for");
}

#[test]
fn a_server_killed_while_it_reads_a_capture_reads_it_again_and_has_everything_once() {
    let data = tempfile::tempdir().unwrap();
    let mut session = Server::start(data.path()).set_up();
    let server = Server::start(data.path());
    session.address = server.address.clone();
    let job = session.upload_to("/api/v1/captures", &[("big.pcap".to_owned(), datagrams(60_000))]).unwrap();
    while session.get("/api/v1/network")["sessions"] == 0 {
        assert_ne!(session.get(&format!("/api/v1/jobs/{job}"))["job"]["state"], "done", "it ended before the kill");
    }
    // Dropping it kills it.
    drop(server);
    let server = Server::start(data.path());
    session.address = server.address.clone();
    session.finished(&job);
    let captures = session.get("/api/v1/captures");
    let row = &captures["rows"][0];
    assert_eq!((&captures["total"], &row["state"], &row["sessions"]), (&json!(1), &json!("done"), &json!(60_000)));
    assert_eq!(session.get("/api/v1/network")["sessions"], 60_000);
    let profile = session.get("/api/v1/profiles/one?kind=host&subject=10.0.0.7");
    assert_eq!(profile["row"]["conversations"], 60_000, "what was read twice is learned once");
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

struct Expected {
    imports: BTreeMap<usize, Value>,
    hosts: BTreeMap<String, Value>,
}

fn undisturbed(data: &Path) -> Expected {
    let server = Server::start(data);
    let session = server.set_up();
    let imports = (0..ROUNDS)
        .map(|round| {
            let job = session.upload(round).unwrap();
            session.finished(&job);
            (round, session.outcome(&job))
        })
        .collect();
    Expected { imports, hosts: session.hosts() }
}

/// The files of a round: machines of its own, a table about them, and something that is refused.
fn files(round: usize) -> Vec<(String, Vec<u8>)> {
    let names: Vec<String> = (0..12).map(|n| format!("R{round:02}-PC-{n}")).collect();
    let mut files: Vec<_> =
        names.iter().map(|name| (format!("facts/{name}_systeminfo.txt"), systeminfo(name))).collect();
    let mut table = String::from("Hostname,Group,Value\r\n");
    names.iter().for_each(|name| table += &format!("{name},round {round},4\r\n"));
    files.push(("business.csv".to_owned(), table.into_bytes()));
    files.push(("broken.bin".to_owned(), vec![0, 159, 146, 150]));
    files
}

fn systeminfo(name: &str) -> Vec<u8> {
    format!(
        "\r\nHost Name:                 {name}\r\nOS Name:                   Microsoft Windows 7 Professional \r\n\
         OS Version:                6.1.7601 Service Pack 1 Build 7601\r\n\
         OS Configuration:          Member Workstation\r\nSystem Type:               x64-based PC\r\n\
         System Locale:             en-us;English (United States)\r\nDomain:                    plant.example\r\n\
         Hotfix(s):                 1 Hotfix(s) Installed.\r\n                           [01]: KB976902\r\n"
    )
    .into_bytes()
}

/// A server of its own process.
struct Server {
    child: Child,
    address: String,
    setup_token: String,
}

impl Server {
    fn start(data: &Path) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_redoubt"))
            .args(["up", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        let address = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Server { child, address, setup_token: ready["setup_token"].as_str().unwrap_or_default().to_owned() }
    }

    fn set_up(&self) -> Session {
        let mut session = Session { address: self.address.clone(), head: String::new() };
        let account = json!({ "token": self.setup_token, "name": "admin", "password": PASSWORD });
        let (head, body) =
            session.send("POST", "/api/v1/setup", "application/json", account.to_string().as_bytes()).unwrap();
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        session.head = format!("cookie: {cookie}\r\nx-redoubt-csrf: {}\r\n", body["csrf"].as_str().unwrap());
        session
    }

    /// Uploads a round and kills the server at a moment that differs from round to round; gives the job that was
    /// acknowledged before.
    fn upload_and_kill(mut self, session: &Session, round: usize) -> Option<String> {
        let session = Session { address: self.address.clone(), head: session.head.clone() };
        let (said, acknowledged) = mpsc::channel();
        let uploading = std::thread::spawn(move || {
            if let Some(job) = session.upload(round) {
                let _ = said.send(job);
                // The import goes on until the kill comes.
                let _ = said.send(String::new());
            }
        });
        let until = Duration::from_millis(moment(round));
        let began = std::time::Instant::now();
        let mut job = None;
        while let Some(left) = until.checked_sub(began.elapsed()) {
            match acknowledged.recv_timeout(left) {
                Ok(id) if !id.is_empty() => job = Some(id),
                Ok(_) => std::thread::park_timeout(until.saturating_sub(began.elapsed())),
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        uploading.join().unwrap();
        // Said before the kill, heard after it.
        job.or_else(|| acknowledged.try_iter().find(|id| !id.is_empty()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Spread over the whole span, in an order that has nothing to do with the rounds, and the same in every run.
fn moment(round: usize) -> u64 {
    let steps = ROUNDS as u64;
    (round as u64 * 9 % steps) * KILL_WITHIN_MS / steps + 1
}

/// Somebody who is signed in; it outlives the server.
struct Session {
    address: String,
    head: String,
}

impl Session {
    fn upload(&self, round: usize) -> Option<String> {
        self.upload_to("/api/v1/imports", &files(round))
    }

    fn upload_to(&self, path: &str, files: &[(String, Vec<u8>)]) -> Option<String> {
        let mut body = Vec::new();
        for (name, bytes) in files {
            let head = format!("--X9\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--X9--\r\n");
        let (head, body) = self.send("POST", path, "multipart/form-data; boundary=X9", &body)?;
        // An answer that was cut off acknowledges nothing.
        let accepted: Value = serde_json::from_slice(&body).ok()?;
        assert!(head.starts_with("HTTP/1.1 202"), "{head} {accepted}");
        Some(accepted["job"]["id"].as_str().unwrap().to_owned())
    }

    /// Waits for a job to end: its events end with it.
    fn finished(&self, job: &str) {
        self.send("GET", &format!("/api/v1/jobs/{job}/events"), "", b"").unwrap();
        let state = self.get(&format!("/api/v1/jobs/{job}"))["job"]["state"].clone();
        assert_eq!(state, "done", "job {job}");
    }

    /// What became of an import, without the ids and times that differ from run to run.
    fn outcome(&self, job: &str) -> Value {
        let import = self.get(&format!("/api/v1/imports/{job}"));
        json!({ "counts": import["counts"], "files": import["files"], "hosts": import["hosts"], "tables": import["tables"] })
    }

    /// Every host with its judgement and all that any source said of it, without times.
    fn hosts(&self) -> BTreeMap<String, Value> {
        let page = self.get("/api/v1/hosts?limit=500");
        let rows = page["rows"].as_array().unwrap();
        assert_eq!(page["total"], rows.len(), "one page holds them all");
        let host = |row: &Value| {
            let id = row["id"].as_str().unwrap();
            let (detail, history) =
                (self.get(&format!("/api/v1/hosts/{id}")), self.get(&format!("/api/v1/hosts/{id}/history")));
            let said = |list: &Value| -> Vec<String> {
                let mut said: Vec<String> =
                    list.as_array().unwrap().iter().map(|one| one["digest"].as_str().unwrap().to_owned()).collect();
                said.sort();
                said
            };
            let facts = detail["host"]["facts"].clone();
            let sources = detail["host"]["sources"].as_array().unwrap().len();
            let value = json!({ "id": id, "facts": facts, "sources": sources, "exposure": detail["exposure"],
                "plan": detail["plan"], "said": said(&history["observations"]) });
            (row["label"].as_str().unwrap().to_owned(), value)
        };
        let hosts: BTreeMap<String, Value> = rows.iter().map(host).collect();
        assert_eq!(hosts.len(), rows.len(), "no host is there twice");
        hosts
    }

    fn get(&self, path: &str) -> Value {
        let (head, body) = self.send("GET", path, "", b"").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        serde_json::from_slice(&body).unwrap()
    }

    /// `None` when the server is gone before it answered.
    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<(String, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let kind = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{kind}{}\r\n",
            self.address,
            body.len(),
            self.head
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(answer[..at].to_vec()).unwrap();
        let body = answer[at + 4..].to_vec();
        Some((head, body))
    }
}
