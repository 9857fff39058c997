//! Several workers for one server, two of them killed in the middle: every file ends with exactly one result.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FILES: usize = 1000;
const PASSWORD: &str = "correct horse battery";

/// A process that is killed when the test is over, however that is.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Process {
        let child = Command::new(env!("CARGO_BIN_EXE_redoubt"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process(child)
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut said = String::new();
            let _ = self.0.kill();
            self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{error}: `{line}` {said}")
        })
    }

    /// SIGKILL: nothing is said and nothing is given back.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whoever asks the server.
struct Client {
    address: String,
    head: String,
}

impl Client {
    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\ncontent-type: {kind}\r\n{}\r\n",
            self.address,
            body.len(),
            self.head
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..at].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, serde_json::from_slice(&answer[at + 4..]).unwrap_or_default())
    }

    fn post(&self, path: &str, body: &Value) -> (u16, String, Value) {
        self.send("POST", path, "application/json", body.to_string().as_bytes())
    }

    fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.send("GET", path, "application/json", b"");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn upload(&self, files: &[(String, Vec<u8>)]) -> Value {
        let (status, told) = self.upload_to("/api/v1/files", files);
        assert_eq!(status, 202, "{told}");
        told
    }

    fn upload_to(&self, path: &str, files: &[(String, Vec<u8>)]) -> (u16, Value) {
        let mut body = Vec::new();
        for (name, bytes) in files {
            write!(body, "--X9\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").unwrap();
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--X9--\r\n");
        let (status, _, told) = self.send("POST", path, "multipart/form-data; boundary=X9", &body);
        (status, told)
    }
}

fn set_up(address: &str, token: &str) -> Client {
    let stranger = Client { address: address.to_owned(), head: String::new() };
    let account = json!({ "token": token, "name": "admin", "password": PASSWORD });
    let (_, head, body) = stranger.post("/api/v1/setup", &account);
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let head = format!("cookie: {cookie}\r\nx-redoubt-csrf: {}\r\n", body["csrf"].as_str().unwrap());
    Client { address: address.to_owned(), head }
}

fn worker(url: &str, token: &Path, name: &str) -> Process {
    let mut worker = Process::start(&[
        "analysis",
        "worker",
        "--server",
        url,
        "--token-file",
        token.to_str().unwrap(),
        "--name",
        name,
        "--slots",
        "2",
        "--cache",
        token.with_file_name("cache").to_str().unwrap(),
        "--json",
    ]);
    assert_eq!(worker.line()["worker"], name);
    worker
}

#[test]
fn two_of_three_workers_are_killed_and_every_file_has_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Process::start(&[
        "up",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--file-slots",
        "0",
        "--data",
        data.to_str().unwrap(),
    ]);
    let ready = server.line();
    let url = ready["url"].as_str().unwrap().to_owned();
    let admin = set_up(url.strip_prefix("http://").unwrap(), ready["setup_token"].as_str().unwrap());

    // A token that may analyse files and nothing else.
    let (status, _, made) =
        admin.post("/api/v1/tokens", &json!({ "name": "workers", "scopes": ["analyse-files"], "days": 7 }));
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().or(made["token"].as_str()).unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, secret).unwrap();
    let of_worker = Client { address: admin.address.clone(), head: format!("authorization: Bearer {secret}\r\n") };
    assert_eq!(of_worker.send("GET", "/api/v1/hosts", "application/json", b"").0, 403);

    let file =
        |number: usize| (format!("file-{number}.txt"), format!("the words of file {number}\n").repeat(20).into_bytes());
    let all: Vec<(String, Vec<u8>)> = (0..FILES).map(file).collect();
    let mut sent = BTreeSet::new();
    for part in all.chunks(250) {
        let told = admin.upload(part);
        sent.extend(told["files"].as_array().unwrap().iter().map(|file| file["sha256"].as_str().unwrap().to_owned()));
    }
    assert_eq!(sent.len(), FILES);

    let mut workers = ["a", "b", "c"].map(|name| worker(&url, &token, name));
    let done = |client: &Client| {
        let overview = client.get("/api/v1/files/overview");
        assert_eq!(overview["set_aside"], 0, "{overview}");
        FILES - usize::try_from(overview["waiting"].as_u64().unwrap() + overview["leased"].as_u64().unwrap()).unwrap()
    };
    let until = Instant::now() + Duration::from_secs(300);
    for (share, victim) in [(FILES / 5, 0), (FILES / 2, 1)] {
        while done(&admin) < share {
            assert!(Instant::now() < until, "the workers are too slow");
            std::thread::sleep(Duration::from_millis(20));
        }
        workers[victim].kill();
    }
    // What the killed ones had comes back when its lease has run out.
    while done(&admin) < FILES {
        assert!(Instant::now() < until, "{}", admin.get("/api/v1/files/overview"));
        std::thread::sleep(Duration::from_millis(200));
    }

    let mut results = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = admin.get(&format!("/api/v1/files?limit=500{cursor}"));
        for row in page["rows"].as_array().unwrap() {
            assert_eq!((&row["state"], &row["type"]), (&json!("done"), &json!("txt")), "{row}");
            assert!(results.insert(row["sha256"].as_str().unwrap().to_owned()), "{row}");
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(results, sent);
}

#[test]
fn two_workers_on_one_machine_share_what_was_compiled_and_another_has_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Process::start(&[
        "up",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--file-slots",
        "0",
        "--data",
        data.to_str().unwrap(),
    ]);
    let ready = server.line();
    let url = ready["url"].as_str().unwrap().to_owned();
    let admin = set_up(url.strip_prefix("http://").unwrap(), ready["setup_token"].as_str().unwrap());
    let (_, _, made) =
        admin.post("/api/v1/tokens", &json!({ "name": "workers", "scopes": ["analyse-files"], "days": 7 }));
    let token = folder.path().join("token");
    std::fs::write(&token, made["secret"].as_str().or(made["token"].as_str()).unwrap()).unwrap();
    let rules = b"rule Mark { strings: $a = \"a-mark-of-a-test\" condition: $a }".to_vec();
    let told = admin.upload_to("/api/v1/files/rules", &[("mark.yar".to_owned(), rules)]);
    assert_eq!((told.0, &told.1["rules"]), (200, &json!(1)), "{told:?}");

    let met = |name: &str| {
        let text = format!("a-mark-of-a-test in {name}\n").into_bytes();
        let told = admin.upload(&[(format!("{name}.txt"), text)]);
        let path = format!("/api/v1/files/{}", told["files"][0]["sha256"].as_str().unwrap());
        let until = Instant::now() + Duration::from_secs(300);
        loop {
            let told = admin.get(&path);
            if told["file"]["state"] == "done" {
                break told["report"]["parts"][0]["matches"][0]["rule"].clone();
            }
            assert!(Instant::now() < until, "{told}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let kept = || {
        let entries = std::fs::read_dir(folder.path().join("cache")).unwrap().map(|entry| entry.unwrap());
        let mut kept: Vec<_> = entries.map(|entry| (entry.file_name(), entry.metadata().unwrap())).collect();
        kept.sort_by(|one, other| one.0.cmp(&other.0));
        kept.into_iter().map(|(name, metadata)| (name, metadata.modified().unwrap())).collect::<Vec<_>>()
    };
    let mut workers = ["a", "b"].map(|name| worker(&url, &token, name));
    for number in 0..20 {
        assert_eq!(met(&format!("file {number}")), "Mark");
    }
    let compiled = kept();
    assert_eq!(compiled.len(), 1, "{compiled:?}");
    workers.iter_mut().for_each(Process::kill);
    let mut next = worker(&url, &token, "c");
    assert_eq!(met("a later file"), "Mark");
    assert_eq!(kept(), compiled, "it was compiled again");
    next.kill();

    // What is damaged is not taken: it is compiled again.
    std::fs::write(folder.path().join("cache").join(&compiled[0].0), "no rules").unwrap();
    let _last = worker(&url, &token, "d");
    assert_eq!(met("the last file"), "Mark");
    assert!(std::fs::metadata(folder.path().join("cache").join(&compiled[0].0)).unwrap().len() > 100);
}

#[test]
fn a_worker_that_may_not_work_says_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "nothing").unwrap();
    let run = |server: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_redoubt"))
            .args(["--lang", "en", "analysis", "worker", "--server", server, "--token-file"])
            .arg(&token)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // Nobody listens there; and without TLS nothing leaves this machine.
    for server in ["http://127.0.0.1:9", "http://redoubt.example:7311", "ftp://127.0.0.1", "nonsense"] {
        let (code, said) = run(server);
        assert_eq!(code, Some(1), "{server}: {said}");
        assert!(said.contains(server), "{said}");
    }
}
