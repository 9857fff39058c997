//! Takes uploads: streamed to disk below the data directory, each byte counted before it is written.

use crate::{Problem, secret};
use analysis::Vault;
use analysis::vault::Kept;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use model::Message;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// Files in one upload. A folder of single files is a ZIP when it is larger.
pub const FILES_MAX: usize = 10_000;
const NAME_BYTES_MAX: usize = 1024;
/// A sender that is silent for longer is gone.
const SILENCE_SECONDS: u64 = 60;
const MANIFEST: &str = "manifest.json";

/// An upload on disk: the bytes in numbered files, the names people gave in the manifest. A name never becomes a path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    pub files: Vec<UploadedFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UploadedFile {
    /// As the person named it.
    pub path: String,
    /// The file's name in the upload's folder.
    pub stored: String,
    pub bytes: u64,
}

/// A file small enough to hold.
pub struct SmallFile {
    pub path: String,
    pub bytes: Vec<u8>,
}

impl Upload {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Reads the manifest of an upload's folder; it is written last, so an upload with one is whole.
    pub fn load(folder: &Path) -> std::io::Result<Upload> {
        serde_json::from_slice(&std::fs::read(folder.join(MANIFEST))?).map_err(std::io::Error::other)
    }
}

/// Takes all parts named `file` into a new folder below `parent`; gives the folder's name. Nothing stays of an upload
/// that fails.
pub async fn receive(parent: &Path, form: Multipart, bytes_max: u64) -> Result<(String, Upload), Problem> {
    let name = secret::token()?;
    let name: String = name.chars().take(24).collect();
    let folder = parent.join(&name);
    make_folder(folder.clone()).await?;
    match fill(&folder, form, bytes_max).await {
        Ok(upload) => Ok((name, upload)),
        Err(problem) => {
            let _ = tokio::fs::remove_dir_all(&folder).await;
            Err(problem)
        }
    }
}

async fn fill(folder: &Path, mut form: Multipart, bytes_max: u64) -> Result<Upload, Problem> {
    let mut files = Vec::new();
    let mut left = bytes_max;
    while let Some(field) = next(&mut form).await? {
        let Some(path) = file_name(&field)? else { continue };
        if files.len() >= FILES_MAX {
            return Err(Problem::bad_request(Message::new("api.too-many-files").number("max", FILES_MAX as i64)));
        }
        let stored = format!("{:06}", files.len());
        let bytes = write(&folder.join(&stored), field, left, bytes_max, &path).await?;
        left -= bytes;
        files.push(UploadedFile { path, stored, bytes });
    }
    if files.is_empty() {
        return Err(Problem::bad_request(Message::new("api.no-files")));
    }
    let upload = Upload { files };
    let manifest = serde_json::to_vec(&upload).map_err(Problem::internal)?;
    let mut file = create(&folder.join(MANIFEST)).await?;
    file.write_all(&manifest).await.map_err(disk)?;
    file.sync_all().await.map_err(disk)?;
    Ok(upload)
}

async fn write(path: &Path, mut field: Field<'_>, left: u64, max: u64, name: &str) -> Result<u64, Problem> {
    let mut file = create(path).await?;
    let mut written: u64 = 0;
    while let Some(chunk) = chunk(&mut field).await? {
        written += chunk.len() as u64;
        if written > left {
            return Err(too_large(name, max));
        }
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.sync_all().await.map_err(disk)?;
    Ok(written)
}

/// Takes all parts named `file` into a vault, as they come; gives the name of each. What was whole before something went
/// wrong lies there, and nobody knows of it.
pub async fn into_vault(vault: &Vault, mut form: Multipart, bytes_max: u64) -> Result<Vec<(String, Kept)>, Problem> {
    let mut files = Vec::new();
    let mut left = bytes_max;
    while let Some(field) = next(&mut form).await? {
        let Some(name) = file_name(&field)? else { continue };
        if files.len() >= FILES_MAX {
            return Err(Problem::bad_request(Message::new("api.too-many-files").number("max", FILES_MAX as i64)));
        }
        let kept = into_vault_one(vault.clone(), field, left, bytes_max, &name).await?;
        left -= kept.size;
        files.push((name, kept));
    }
    if files.is_empty() { Err(Problem::bad_request(Message::new("api.no-files"))) } else { Ok(files) }
}

async fn into_vault_one(vault: Vault, mut field: Field<'_>, left: u64, max: u64, name: &str) -> Result<Kept, Problem> {
    // Packing and digesting keep a processor busy; nothing at the end says that the sender did not come to his.
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Option<axum::body::Bytes>>(16);
    let keeping = tokio::task::spawn_blocking(move || {
        let mut incoming = vault.incoming()?;
        loop {
            match receiver.blocking_recv() {
                Some(Some(bytes)) => std::io::Write::write_all(&mut incoming, &bytes)?,
                Some(None) => return incoming.finish().map(Some),
                None => return Ok(None),
            }
        }
    });
    let mut size: u64 = 0;
    while let Some(bytes) = chunk(&mut field).await? {
        size += bytes.len() as u64;
        if size > left {
            return Err(too_large(name, max));
        }
        if sender.send(Some(bytes)).await.is_err() {
            break;
        }
    }
    let _ = sender.send(None).await;
    match keeping.await.map_err(Problem::internal)? {
        Ok(Some(kept)) => Ok(kept),
        Ok(None) => Err(Problem::internal("an upload was not kept")),
        Err(error) => Err(disk(error)),
    }
}

/// Takes small files into memory.
pub async fn small_files(mut form: Multipart, file_bytes_max: u64, bytes_max: u64) -> Result<Vec<SmallFile>, Problem> {
    let mut files = Vec::new();
    let mut left = bytes_max.min(file_bytes_max * 64);
    while let Some(mut field) = next(&mut form).await? {
        let Some(path) = file_name(&field)? else { continue };
        let mut bytes = Vec::new();
        while let Some(chunk) = chunk(&mut field).await? {
            if bytes.len() as u64 + chunk.len() as u64 > file_bytes_max.min(left) {
                return Err(too_large(&path, file_bytes_max));
            }
            bytes.extend_from_slice(&chunk);
        }
        left -= bytes.len() as u64;
        files.push(SmallFile { path, bytes });
    }
    if files.is_empty() {
        return Err(Problem::bad_request(Message::new("api.no-files")));
    }
    Ok(files)
}

async fn next<'a>(form: &'a mut Multipart) -> Result<Option<Field<'a>>, Problem> {
    in_time(form.next_field()).await
}

async fn chunk(field: &mut Field<'_>) -> Result<Option<axum::body::Bytes>, Problem> {
    in_time(field.chunk()).await
}

async fn in_time<T>(work: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match tokio::time::timeout(Duration::from_secs(SILENCE_SECONDS), work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Message::new("api.too-large")))
        }
        Ok(Err(error)) => {
            tracing::debug!(cause = %error.body_text(), "a form cannot be read");
            let detail = Message::new("api.detail.multipart");
            Err(Problem::bad_request(Message::new("api.bad-request").reason("detail", detail)))
        }
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, Message::new("api.upload-silent"))),
    }
}

/// The name a person knows the file by: only ever shown, never opened.
fn file_name(field: &Field<'_>) -> Result<Option<String>, Problem> {
    if field.name() != Some("file") {
        return Ok(None);
    }
    let name = field.file_name().unwrap_or("upload").replace(char::is_control, " ");
    if name.len() > NAME_BYTES_MAX {
        return Err(Problem::bad_request(Message::new("api.text-long").number("max", NAME_BYTES_MAX as i64)));
    }
    Ok(Some(if name.trim().is_empty() { "upload".to_owned() } else { name }))
}

fn too_large(path: &str, max: u64) -> Problem {
    let message = Message::new("api.upload-too-large").with("path", path).with("max", mebibytes(max));
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message).hint(Message::new("api.upload-too-large-hint"))
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

async fn make_folder(folder: PathBuf) -> Result<(), Problem> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await.map_err(disk)
}

async fn create(path: &Path) -> Result<File, Problem> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map_err(disk)
}

/// A disk that takes nothing is the administrator's to know; everything else is ours.
fn disk(error: std::io::Error) -> Problem {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let (status, what, hint) = match error.kind() {
        StorageFull | QuotaExceeded => (StatusCode::INSUFFICIENT_STORAGE, "api.disk-full", "api.disk-full-hint"),
        ReadOnlyFilesystem | PermissionDenied => {
            (StatusCode::SERVICE_UNAVAILABLE, "api.disk-read-only", "api.disk-read-only-hint")
        }
        _ => return Problem::internal(error),
    };
    tracing::error!(cause = %error, "cannot keep an upload");
    Problem::new(status, Message::new(what)).hint(Message::new(hint))
}
