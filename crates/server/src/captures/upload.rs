//! Captures in what was uploaded: the files themselves, and entries of archives.

use super::{How, Taken, Watch, take_in, unreadable};
use crate::jobs::Stop;
use api::state::App;
use api::upload::UploadedFile;
use sensor::source;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Entries of an archive that are looked at.
const ENTRIES_MAX: usize = 100_000;

/// What of an uploaded file is a capture.
pub struct Found {
    /// As people know it: `upload.zip!folder/a.pcap`.
    pub name: String,
    pub place: PlaceOf,
}

pub enum PlaceOf {
    File(PathBuf),
    /// An entry of an archive, unpacked when its turn comes.
    Entry {
        archive: PathBuf,
        index: usize,
    },
}

/// The captures in an uploaded file: itself, or entries of an archive.
pub async fn find(folder: &Path, file: &UploadedFile) -> Result<Vec<Found>, Stop> {
    let (path, name) = (folder.join(&file.stored), file.path.clone());
    let found = api::rooms::blocking(move || {
        if source::is_capture(&path) {
            return vec![Found { name, place: PlaceOf::File(path) }];
        }
        entries(&path, &name).unwrap_or_default()
    });
    Ok(found.await?)
}

fn entries(path: &Path, name: &str) -> io::Result<Vec<Found>> {
    let mut head = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut head)?;
    if head != b"PK\x03\x04" {
        return Ok(Vec::new());
    }
    let mut archive = zip::ZipArchive::new(io::BufReader::new(File::open(path)?))?;
    let mut found = Vec::new();
    if archive.len() > ENTRIES_MAX {
        tracing::warn!(entries = archive.len(), "an archive has more entries than are looked at for captures");
    }
    for index in 0..archive.len().min(ENTRIES_MAX) {
        let Ok(entry) = archive.by_index(index) else { continue };
        let inner = String::from_utf8_lossy(entry.name_raw()).replace(char::is_control, " ");
        let mut head = Vec::new();
        let told = entry.is_file() && entry.take(source::TELLING_BYTES as u64).read_to_end(&mut head).is_ok();
        if told && source::begins_as_capture(io::Cursor::new(head)) {
            let place = PlaceOf::Entry { archive: path.to_owned(), index };
            found.push(Found { name: format!("{name}!{inner}"), place });
        }
    }
    Ok(found)
}

impl Found {
    /// Where its bytes lie as a file, and whether that is to be removed afterwards.
    async fn file(&self, folder: &Path, bytes_max: u64) -> Result<(PathBuf, bool), Stop> {
        match &self.place {
            PlaceOf::File(path) => Ok((path.clone(), false)),
            PlaceOf::Entry { archive, index } => {
                let to = folder.join(format!("entry-{index}"));
                let (archive, index, target) = (archive.clone(), *index, to.clone());
                let unpacked = api::rooms::blocking(move || unpack(&archive, index, &target, bytes_max)).await?;
                unpacked.map_err(|error| unreadable(&self.name, &error))?;
                Ok((to, true))
            }
        }
    }

    /// Reads it into the store; `folder` is the upload's.
    pub async fn take_in(&self, app: &App, folder: &Path, owner: &str, watch: &Watch<'_>) -> Result<Taken, Stop> {
        let (path, for_now) = self.file(folder, app.place.upload_bytes_max).await?;
        let taken = take_in(app, &path, &self.name, owner, &How::default(), watch).await;
        if for_now {
            let _ = tokio::fs::remove_file(&path).await;
        }
        taken
    }
}

fn unpack(archive: &Path, index: usize, to: &Path, bytes_max: u64) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(io::BufReader::new(File::open(archive)?))?;
    let entry = archive.by_index(index)?;
    let mut out = File::create(to)?;
    // One byte more than allowed tells that there is more.
    let written = io::copy(&mut entry.take(bytes_max + 1), &mut out)?;
    if written > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {} MiB", bytes_max >> 20)));
    }
    Ok(())
}
