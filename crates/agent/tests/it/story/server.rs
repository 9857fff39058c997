//! The server's program, and persons who work with it.

use crate::raw;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Generous: machines that test are busy.
pub const LIMIT: Duration = Duration::from_secs(90);
const PASSWORD: &str = "correct horse battery";

/// A server of its own process; dropping it kills it.
pub struct Server {
    child: Child,
    program: PathBuf,
    data: TempDir,
    console: String,
    pub port: u16,
}

/// What a request of somebody has in its head.
pub struct Person(String);

impl Server {
    /// A server with nobody in it, and the token for the first account.
    pub fn new(program: PathBuf) -> (Server, String) {
        let data = tempfile::tempdir().unwrap();
        // Agents come back to where they knew it.
        let port = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap().local_addr().unwrap().port();
        let (child, ready) = start(&program, data.path(), port);
        let token = ready["setup_token"].as_str().unwrap().to_owned();
        (Server { child, program, data, console: console(&ready), port }, token)
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Begins once more with what it kept.
    pub fn again(&mut self) {
        let (child, ready) = start(&self.program, self.data.path(), self.port);
        (self.child, self.console) = (child, console(&ready));
    }

    pub fn set_up(&self, token: &str) -> Person {
        self.enter("/api/v1/setup", &json!({ "token": token, "name": "admin", "password": PASSWORD }))
    }

    pub fn account(&self, admin: &Person, name: &str, role: &str) -> Person {
        let account = json!({ "name": name, "password": PASSWORD, "roles": [role] });
        self.post(admin, "/api/v1/users", &account);
        self.log_in(name)
    }

    pub fn log_in(&self, name: &str) -> Person {
        self.enter("/api/v1/login", &json!({ "name": name, "password": PASSWORD }))
    }

    fn enter(&self, path: &str, body: &Value) -> Person {
        let (head, body) = self.send(&Person(String::new()), "POST", path, body);
        let cookie =
            head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("{head}"));
        let cookie = cookie.split(';').next().unwrap();
        Person(format!("cookie: {cookie}\r\nx-redoubt-csrf: {}\r\n", body["csrf"].as_str().unwrap()))
    }

    pub fn get(&self, who: &Person, path: &str) -> Value {
        self.succeeds(who, "GET", path, &Value::Null)
    }

    pub fn post(&self, who: &Person, path: &str, body: &Value) -> Value {
        self.succeeds(who, "POST", path, body)
    }

    pub fn delete(&self, who: &Person, path: &str) {
        self.succeeds(who, "DELETE", path, &Value::Null);
    }

    fn succeeds(&self, who: &Person, method: &str, path: &str, body: &Value) -> Value {
        let (head, answer) = self.send(who, method, path, body);
        assert!(head.starts_with("HTTP/1.1 20"), "{method} {path}: {head}\n{answer}");
        answer
    }

    fn send(&self, who: &Person, method: &str, path: &str, body: &Value) -> (String, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/json\r\n{}\r\n",
            self.console,
            body.len(),
            who.0
        );
        let mut stream = TcpStream::connect(&self.console).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..at].to_vec()).unwrap();
        (head, serde_json::from_slice(&answer[at + 4..]).unwrap_or_default())
    }

    /// Asks until the answer is as wanted.
    pub fn shows(&self, who: &Person, path: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut answer = Value::Null;
        eventually(|| {
            answer = self.get(who, path);
            is_so(&answer)
        })
        .unwrap_or_else(|()| panic!("never {what}: {answer:#}\n{}", self.said()));
        answer
    }

    fn said(&self) -> String {
        std::fs::read_to_string(said(self.data.path())).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Looks now and then, so that whoever is waited for has the machine meanwhile.
pub fn eventually(mut is_so: impl FnMut() -> bool) -> Result<(), ()> {
    let until = Instant::now() + LIMIT;
    while !is_so() {
        if Instant::now() > until {
            return Err(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn said(data: &Path) -> PathBuf {
    data.join("said.txt")
}

fn start(program: &Path, data: &Path, port: u16) -> (Child, Value) {
    let mut command = Command::new(program);
    command.args(["up", "--json", "--listen", "127.0.0.1:0", "--link", &format!("0.0.0.0:{port}"), "--data"]);
    raw::ends_with_me(&mut command);
    let complaints = File::options().append(true).create(true).open(said(data)).unwrap();
    let mut child = command.arg(data).stdout(Stdio::piped()).stderr(complaints).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| {
        panic!("{error}: `{line}`, {}", std::fs::read_to_string(said(data)).unwrap_or_default())
    });
    (child, ready)
}

fn console(ready: &Value) -> String {
    ready["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
}
