//! The process that answers one question.

use crate::{Asked, Progress, Told};
use model::Message;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

/// What the program is called; it lies beside this one.
const PROGRAM: &str = "redoubt-query";
/// The one that has other machines answer, and knows the same words.
const CLUSTER_PROGRAM: &str = "redoubt-cluster";
/// A worker ends itself when its time is over. One that does not is stopped so much later.
const GRACE: Duration = Duration::from_secs(5);
/// Of what a worker said when it broke off, so much is looked at.
const LAST_WORDS_MAX: u64 = 4096;

/// Where the program is: where `REDOUBT_QUERY` says, beside this program, or in the folder above as tests have it.
pub fn program() -> Option<PathBuf> {
    place_of(PROGRAM, "REDOUBT_QUERY")
}

/// Where the program is that asks a cluster: where `REDOUBT_CLUSTER` says, or where the other one would be.
pub fn cluster_program() -> Option<PathBuf> {
    place_of(CLUSTER_PROGRAM, "REDOUBT_CLUSTER")
}

fn place_of(program: &str, variable: &str) -> Option<PathBuf> {
    if let Some(said) = std::env::var_os(variable) {
        return Some(PathBuf::from(said)).filter(|path| path.is_file());
    }
    let this = std::env::current_exe().ok()?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    this.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// A worker that runs. Dropping it ends it.
pub struct Worker {
    child: Child,
    told: Lines<BufReader<ChildStdout>>,
    until: Instant,
    asked: Asked,
}

impl Worker {
    pub async fn start(program: &Path, asked: &Asked) -> Result<Worker, Message> {
        let failed = |error: std::io::Error| {
            Message::new("query.no-worker").with("path", program.display()).reason("cause", &error)
        };
        let mut command = Command::new(program);
        // What somebody types on a terminal is for whoever asked, who ends the worker.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .arg("answer")
            // What is in the environment of a server is nothing that a question needs.
            .env_clear()
            // Fewer heaps, so that what is free in one is not missing in another.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Message::new("query.worker-ended"));
        };
        let mut line = serde_json::to_vec(asked).unwrap_or_default();
        line.push(b'\n');
        stdin.write_all(&line).await.map_err(failed)?;
        // It stays open: when this process ends, the worker reads the end of it and ends too.
        let until = Instant::now() + Duration::from_secs(asked.limits.seconds) + GRACE;
        child.stdin = Some(stdin);
        Ok(Worker { child, told: BufReader::new(stdout).lines(), until, asked: asked.clone() })
    }

    /// The number of its process, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it tells next; an answer or a refusal is the last.
    pub async fn next(&mut self) -> Told {
        let line = match timeout_at(self.until, self.told.next_line()).await {
            Ok(line) => line,
            Err(_) => {
                let _ = self.child.start_kill();
                return Told::Refused(too_long(self.asked.limits.seconds));
            }
        };
        match line {
            Ok(Some(line)) => match serde_json::from_str(&line) {
                Ok(told) => told,
                Err(error) => {
                    tracing::warn!(%error, "a worker told something else than it may");
                    Told::Progress(Progress::default())
                }
            },
            _ => Told::Refused(self.ended().await),
        }
    }

    /// Why it ended without a word.
    async fn ended(&mut self) -> Message {
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = timeout_at(self.until, stderr.take(LAST_WORDS_MAX).read_to_end(&mut said)).await;
        }
        let said = String::from_utf8_lossy(&said);
        let status = timeout_at(self.until, self.child.wait()).await;
        tracing::warn!(?status, said = %said.trim(), "a worker ended in the middle of a question");
        // An allocation beyond the limit ends a process of this language like that.
        let memory = said.contains("memory allocation") || said.contains("out of memory");
        if memory { self.too_much() } else { Message::new("query.worker-ended") }
    }

    fn too_much(&self) -> Message {
        let mib = i64::try_from(self.asked.limits.memory_bytes >> 20).unwrap_or(i64::MAX);
        Message::new("query.memory").number("mib", mib)
    }
}

pub(crate) fn too_long(seconds: u64) -> Message {
    Message::new("query.time").number("seconds", i64::try_from(seconds).unwrap_or(i64::MAX))
}
