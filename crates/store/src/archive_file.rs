//! The backup file as lines: written and read on a thread of its own, compressed, counted and digested on the way.

use crate::pack::hex;
use crate::{Error, Result, archive_line};
use model::Message;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The longest row is an imported catalogue in hexadecimal; a longer line is no backup of ours.
const LINE_BYTES_MAX: u64 = 512 << 20;
const QUEUE_LINES: usize = 64;
/// Lines on the way from the file travel together until they have as many bytes, and no more than two such batches
/// wait: the memory of a restore is that of a few of the longest lines, not of all that a queue holds.
const BATCH_BYTES: usize = 1 << 20;
const QUEUE_BATCHES: usize = 1;
const LEVEL: i32 = 3;

pub(crate) struct Writer {
    queue: mpsc::Sender<Vec<u8>>,
    thread: JoinHandle<std::io::Result<()>>,
    digest: Sha256,
    path: PathBuf,
}

/// Begins a file. Until [`Writer::finish`] it has another name, so that half a backup is never taken for one.
pub(crate) fn write_lines(path: &Path) -> Writer {
    let (queue, lines) = mpsc::channel(QUEUE_LINES);
    let target = path.to_path_buf();
    let thread = tokio::task::spawn_blocking(move || write_file(&target, lines));
    Writer { queue, thread, digest: Sha256::new(), path: path.to_path_buf() }
}

impl Writer {
    pub async fn line<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let mut line =
            serde_json::to_vec(value).map_err(|source| Error::Encode { what: "backup", source: source.into() })?;
        line.push(b'\n');
        self.digest.update(&line);
        self.send(line).await
    }

    /// Writes the end line, syncs, and gives the file its name.
    pub async fn finish(mut self, rows: u64) -> Result<()> {
        let end = json!({ "end": rows, "sha256": hex(&self.digest.clone().finalize()) });
        self.line(&end).await?;
        // An empty line is the mark that nothing is missing; without it the thread throws the file away.
        self.send(Vec::new()).await?;
        drop(self.queue);
        let path = self.path;
        match self.thread.await {
            Ok(done) => done.map_err(|source| failed("write", &path, source)),
            Err(source) => Err(failed("write", &path, std::io::Error::other(source))),
        }
    }

    async fn send(&mut self, line: Vec<u8>) -> Result<()> {
        if self.queue.send(line).await.is_ok() {
            return Ok(());
        }
        let cause = match (&mut self.thread).await {
            Ok(Err(cause)) => cause,
            _ => std::io::Error::other("the writing thread ended"),
        };
        Err(failed("write", &self.path, cause))
    }
}

fn write_file(path: &Path, mut lines: mpsc::Receiver<Vec<u8>>) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = write_partial(&partial, &mut lines);
    let Ok(true) = written else {
        // Nothing of it is of use, and the name must be free for the next try.
        drop(std::fs::remove_file(&partial));
        return written.map(|_| ());
    };
    std::fs::rename(&partial, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// Returns true when the last line was the mark of the end.
fn write_partial(path: &Path, lines: &mut mpsc::Receiver<Vec<u8>>) -> std::io::Result<bool> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // A backup holds password hashes and the facts of every host.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut encoder = zstd::stream::write::Encoder::new(BufWriter::new(options.open(path)?), LEVEL)?;
    encoder.include_checksum(true)?;
    let mut whole = false;
    while let Some(line) = lines.blocking_recv() {
        whole = line.is_empty();
        encoder.write_all(&line)?;
    }
    let file = encoder.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(whole)
}

/// The lines of a backup file, digested as they pass.
pub(crate) struct Lines {
    queue: mpsc::Receiver<Result<Vec<Vec<u8>>, Message>>,
    arrived: std::vec::IntoIter<Vec<u8>>,
    digest: Sha256,
    /// The digest before the line that was read last.
    before: Sha256,
    path: PathBuf,
}

impl Lines {
    pub async fn open(path: &Path) -> Result<Lines> {
        let file = tokio::fs::File::open(path).await.map_err(|source| failed("open", path, source))?;
        let file = file.into_std().await;
        let (sender, queue) = mpsc::channel(QUEUE_BATCHES);
        tokio::task::spawn_blocking(move || read_file(file, &sender));
        Ok(Lines {
            queue,
            arrived: Vec::new().into_iter(),
            digest: Sha256::new(),
            before: Sha256::new(),
            path: path.to_path_buf(),
        })
    }

    pub async fn next(&mut self) -> Result<Option<Json>> {
        let Some(line) = self.line().await? else { return Ok(None) };
        self.before = self.digest.clone();
        self.digest.update(&line);
        archive_line::parse(&line)
            .map(Some)
            .map_err(|cause| self.refused(Message::new("store.archive-json").with("detail", cause)))
    }

    async fn line(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(line) = self.arrived.next() {
            return Ok(Some(line));
        }
        let Some(batch) = self.queue.recv().await else { return Ok(None) };
        self.arrived = batch.map_err(|cause| self.refused(cause))?.into_iter();
        Ok(self.arrived.next())
    }

    /// Holds the end line against what was read, and demands that nothing comes after it.
    pub async fn check_end(&mut self, end: &Map<String, Json>, rows: u64) -> Result<()> {
        if end.get("end").and_then(Json::as_u64) != Some(rows) {
            return Err(self.refused(Message::new("store.archive-rows")));
        }
        let digest = hex(&self.before.clone().finalize());
        if end.get("sha256").and_then(Json::as_str) != Some(digest.as_str()) {
            return Err(self.refused(Message::new("store.archive-digest")));
        }
        match self.next().await? {
            None => Ok(()),
            Some(_) => Err(self.refused(Message::new("store.archive-goes-on"))),
        }
    }

    pub fn refused(&self, reason: impl Into<Message>) -> Error {
        Error::Archive { path: self.path.display().to_string(), reason: Box::new(reason.into()) }
    }
}

/// Sends lines until the file ends, fails, or nobody listens any more.
fn read_file(file: File, queue: &mpsc::Sender<Result<Vec<Vec<u8>>, Message>>) {
    if let Err(cause) = read_lines(file, queue) {
        // Nobody listens when the restore has failed already; then the cause is of no use.
        queue.blocking_send(Err(cause)).ok();
    }
}

fn read_lines(file: File, queue: &mpsc::Sender<Result<Vec<Vec<u8>>, Message>>) -> Result<(), Message> {
    let mut packed = BufReader::new(file);
    let head = packed.fill_buf()?;
    if !head.is_empty() && !head.starts_with(&zstd::zstd_safe::MAGICNUMBER.to_le_bytes()) {
        return Err(Message::new("store.archive-foreign"));
    }
    let mut reader = BufReader::new(zstd::stream::read::Decoder::with_buffer(packed)?);
    let (mut batch, mut bytes) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if read as u64 == LINE_BYTES_MAX {
            return Err(Message::new("store.archive-long-line"));
        }
        bytes += read;
        if read > 0 {
            batch.push(line);
        }
        let ended = read == 0;
        if (ended || bytes >= BATCH_BYTES) && !batch.is_empty() {
            bytes = 0;
            if queue.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
    }
}

fn failed(attempt: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { attempt, path: path.display().to_string(), source }
}
