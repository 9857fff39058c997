//! A server on port 0 with a directory of its own, and a small HTTP client that shows every byte it sends.
#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::{Value, json};
use server::{Config, Running};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const PASSWORD: &str = "correct horse battery";

pub struct House {
    pub running: Option<Running>,
    pub address: SocketAddr,
    pub token: String,
    pub folder: Arc<TempDir>,
    pub database: Option<String>,
    pub now: Arc<Mutex<jiff::Timestamp>>,
}

impl House {
    pub async fn new() -> House {
        House::with(None, |_| {}).await
    }

    pub async fn with(database: Option<String>, change: impl FnOnce(&mut Config)) -> House {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let now = Arc::new(Mutex::new("2017-06-01T08:00:00Z".parse().unwrap()));
        House::start(folder, database, now, change).await
    }

    async fn start(
        folder: Arc<TempDir>,
        database: Option<String>,
        now: Arc<Mutex<jiff::Timestamp>>,
        change: impl FnOnce(&mut Config),
    ) -> House {
        let mut config = Config::new(folder.path(), "127.0.0.1:0".parse().unwrap());
        config.database = database.clone();
        let clock = Arc::clone(&now);
        config.clock = Arc::new(move || *clock.lock().unwrap());
        change(&mut config);
        let running = server::start(config).await.unwrap();
        let token = running.ready.setup_token.clone().unwrap_or_default();
        House { address: running.ready.address, running: Some(running), token, folder, database, now }
    }

    /// Ends the server and starts another on the same directory.
    pub async fn again(self) -> House {
        self.again_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn again_with(mut self, change: impl FnOnce(&mut Config)) -> House {
        self.running.take().unwrap().stop().await.unwrap();
        House::start(self.folder.clone(), self.database.clone(), self.now.clone(), change).await
    }

    pub async fn stop(mut self) {
        self.running.take().unwrap().stop().await.unwrap();
    }

    pub fn client(&self) -> Client {
        Client { address: self.address, cookie: None, csrf: None, bearer: None }
    }

    /// Makes the first account; gives its client.
    pub async fn admin(&self) -> Client {
        let mut client = self.client();
        let body = json!({ "token": self.token, "name": "admin", "password": PASSWORD });
        let answer = client.post("/api/v1/setup", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        client.keep(&answer);
        client
    }

    /// Makes an account with these roles; gives its client.
    pub async fn account(&self, admin: &Client, name: &str, roles: &[&str]) -> Client {
        let body = json!({ "name": name, "password": PASSWORD, "roles": roles });
        let answer = admin.post("/api/v1/users", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        self.login(name).await
    }

    pub async fn login(&self, name: &str) -> Client {
        let mut client = self.client();
        let answer = client.post("/api/v1/login", json!({ "name": name, "password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        client.keep(&answer);
        client
    }

    pub fn later(&self, hours: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(jiff::SignedDuration::from_hours(hours)).unwrap();
    }
}

#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub cookie: Option<String>,
    pub csrf: Option<String>,
    pub bearer: Option<String>,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn keep(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").unwrap();
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        self.csrf = Some(answer.json()["csrf"].as_str().unwrap().to_owned());
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None, b"").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let kind = if body.is_null() { None } else { Some("application/json") };
        self.send(method, path, &[], kind, &bytes).await
    }

    pub async fn upload(&self, path: &str, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, bytes) in files {
            let head = format!(
                "--X9\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--X9--\r\n");
        self.send("POST", path, &[], Some("multipart/form-data; boundary=X9"), &body).await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        kind: Option<&str>,
        body: &[u8],
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&self.head(method, path, headers, kind, body.len())).await.unwrap();
        // A server that refuses early may close before it has read everything; its answer still counts.
        let _ = stream.write_all(body).await;
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await.unwrap();
        parse(&bytes)
    }

    fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], kind: Option<&str>, length: usize) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head += &format!("host: {}\r\n", self.address);
        }
        if let Some(kind) = kind {
            head += &format!("content-type: {kind}\r\n");
        }
        if let Some(cookie) = &self.cookie {
            head += &format!("cookie: {cookie}\r\n");
        }
        if let Some(csrf) = &self.csrf {
            head += &format!("x-redoubt-csrf: {csrf}\r\n");
        }
        if let Some(bearer) = &self.bearer {
            head += &format!("authorization: Bearer {bearer}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        head.into_bytes()
    }

    /// Reads a stream of events until a part of it holds a text.
    pub async fn events_until(&self, path: &str, wanted: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&self.head("GET", path, &[], None, 0)).await.unwrap();
        let mut text = String::new();
        let mut buffer = [0; 4096];
        while !text.contains(wanted) {
            let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut buffer)).await.unwrap().unwrap();
            assert!(read > 0, "the stream ended without `{wanted}`: {text}");
            text += &String::from_utf8_lossy(&buffer[..read]);
        }
        text
    }

    /// Waits for a job to end, by its events, and gives it.
    pub async fn finished(&self, id: &str) -> Value {
        let path = format!("/api/v1/jobs/{id}/events");
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.get(&format!("/api/v1/jobs/{id}")).await.json()["job"].clone()
    }

    /// Uploads facts and waits until they are in; gives the import.
    pub async fn import(&self, files: &[(&str, &[u8])]) -> Value {
        let answer = self.upload("/api/v1/imports", files).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let id = answer.json()["job"]["id"].as_str().unwrap().to_owned();
        let job = self.finished(&id).await;
        assert!(["done", "waiting"].contains(&job["state"].as_str().unwrap()), "{job}");
        self.get(&format!("/api/v1/imports/{id}")).await.json()
    }
}

/// Waits until something is so, half a minute at most.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..3000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

fn parse(bytes: &[u8]) -> Answer {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len().saturating_sub(4));
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = bytes.get(at + 4..).unwrap_or_default();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Answer { status, headers, body: if chunked { unchunk(body) } else { body.to_vec() } }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16).unwrap_or(0);
        let from = end + 2;
        if size == 0 || bytes.len() < from + size {
            break;
        }
        out.extend_from_slice(&bytes[from..from + size]);
        bytes = &bytes[(from + size + 2).min(bytes.len())..];
    }
    out
}

/// A `systeminfo` of a host without a fix, in the form Windows 7 prints.
pub fn systeminfo(name: &str, kbs: &[u32]) -> Vec<u8> {
    let mut text = format!(
        "\r\nHost Name:                 {name}\r\nOS Name:                   Microsoft Windows 7 Professional \r\n\
         OS Version:                6.1.7601 Service Pack 1 Build 7601\r\nOS Manufacturer:           Microsoft Corporation\r\n\
         OS Configuration:          Member Workstation\r\nOS Build Type:             Multiprocessor Free\r\n\
         Product ID:                00371-177-0000061-85{:03}\r\n\
         System Type:               x64-based PC\r\nSystem Locale:             en-us;English (United States)\r\n\
         Domain:                    plant.example\r\nHotfix(s):                 {} Hotfix(s) Installed.\r\n",
        name.bytes().map(u32::from).sum::<u32>() % 1000,
        kbs.len()
    );
    for (index, kb) in kbs.iter().enumerate() {
        text += &format!("                           [{:02}]: KB{kb}\r\n", index + 1);
    }
    text.into_bytes()
}

/// A capture of DNS questions for `printer.plant`: when, by which host of 10.0.0.0/24, and from which port.
pub fn questions(asked: impl Iterator<Item = (u32, u8, u16)>) -> Vec<u8> {
    const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07printer\x05plant\x00\x00\x01\x00\x01";
    let mut out = Vec::new();
    out.extend(0xa1b2_c3d4u32.to_le_bytes());
    out.extend([2, 0, 4, 0]);
    out.extend([0; 8]);
    out.extend(65535u32.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    let udp = u16::try_from(QUESTION.len()).unwrap() + 8;
    for (at, host, port) in asked {
        let mut data = vec![2; 12];
        data.extend([8, 0, 0x45, 0]);
        data.extend((udp + 20).to_be_bytes());
        data.extend([0, 0, 0, 0, 64, 17, 0, 0]);
        data.extend([10, 0, 0, host, 10, 0, 0, 53]);
        data.extend([port, 53, udp, 0].into_iter().flat_map(u16::to_be_bytes));
        data.extend(QUESTION);
        let length = u32::try_from(data.len()).unwrap();
        out.extend([at, 0, length, length].into_iter().flat_map(u32::to_le_bytes));
        out.extend(data);
    }
    out
}

/// A capture of a download over HTTP: host 10.0.0.1 asks 10.0.0.2 for a file.
pub fn download(name: &str, file: &[u8]) -> Vec<u8> {
    const SYN: u8 = 2;
    const ACK: u8 = 16;
    const FIN: u8 = 1;
    let request = format!("GET /{name} HTTP/1.1\r\nHost: files.plant\r\n\r\n").into_bytes();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: application/octet-stream\r\n\r\n", file.len());
    let answer = [head.as_bytes(), file].concat();
    let mut out = Vec::new();
    out.extend(0xa1b2_c3d4u32.to_le_bytes());
    out.extend([2, 0, 4, 0]);
    out.extend([0; 8]);
    out.extend(65535u32.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    let mut packet = |from_client: bool, flags: u8, sequence: u32, acknowledged: u32, data: &[u8]| {
        let mut frame = vec![2; 12];
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(u16::try_from(40 + data.len()).unwrap().to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, 6, 0, 0]);
        let ((from, from_port), (to, to_port)) = match from_client {
            true => ((1, 40_000u16), (2, 80u16)),
            false => ((2, 80), (1, 40_000)),
        };
        frame.extend([10, 0, 0, from, 10, 0, 0, to]);
        frame.extend([from_port, to_port].into_iter().flat_map(u16::to_be_bytes));
        frame.extend([sequence, acknowledged].into_iter().flat_map(u32::to_be_bytes));
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(data);
        let length = u32::try_from(frame.len()).unwrap();
        out.extend([1_496_300_000, 0, length, length].into_iter().flat_map(u32::to_le_bytes));
        out.extend(frame);
    };
    let (mine, yours) = (1000, 5000);
    packet(true, SYN, mine, 0, b"");
    packet(false, SYN | ACK, yours, mine + 1, b"");
    packet(true, ACK, mine + 1, yours + 1, b"");
    packet(true, ACK | 8, mine + 1, yours + 1, &request);
    let asked = mine + 1 + u32::try_from(request.len()).unwrap();
    let mut sent = yours + 1;
    for portion in answer.chunks(1400) {
        packet(false, ACK | 8, sent, asked, portion);
        sent += u32::try_from(portion.len()).unwrap();
        packet(true, ACK, asked, sent, b"");
    }
    packet(false, FIN | ACK, sent, asked, b"");
    packet(true, FIN | ACK, asked, sent + 1, b"");
    packet(false, ACK, sent + 1, asked + 1, b"");
    out
}
