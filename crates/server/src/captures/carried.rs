//! Files that went over the wire: kept beside the reading while it goes on, and then handed to the analysis.

use crate::jobs::Stop;
use analysis::Vault;
use analysis::vault::Kept;
use api::analysis::{self as room, Arrived};
use api::state::App;
use jiff::Timestamp;
use sensor::output::{Output, Seen};
use sensor::{FileRecord, Policy};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use store::{CaptureId, SightingSource};
use wire::proto::Event;
use wire::session::{Place, Side};

/// Larger files are not opened anyway; and so much of one capture is kept until it was read.
const FILE_BYTES_MAX: u64 = 100 << 20;
const CAPTURE_BYTES_MAX: u64 = 4 << 30;
/// Where one content was seen, of one capture: host and name.
const PLACES_MAX: usize = 10_000;

/// Where the files of a capture lie while it is read.
fn folder_of(app: &App, capture: CaptureId) -> PathBuf {
    app.place.data_directory.join("files/carried").join(capture.to_string())
}

/// What readings that were broken off left.
pub fn sweep(app: &App) -> io::Result<()> {
    match fs::remove_dir_all(app.place.data_directory.join("files/carried")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The files of one capture.
#[derive(Clone)]
pub struct Carried {
    folder: PathBuf,
    seen: Arc<Mutex<Places>>,
}

/// When a content was first seen on its way to a host under a name.
type Places = BTreeMap<(String, String, String), Timestamp>;

impl Carried {
    /// Where this process has a vault for them.
    pub fn of(app: &App, capture: CaptureId) -> Option<Carried> {
        app.analysis.vaults().ok()?;
        Some(Carried { folder: folder_of(app, capture), seen: Arc::default() })
    }

    /// Where the sensor keeps them, and which.
    pub fn kept_in(&self) -> (PathBuf, Policy) {
        let policy =
            Policy { bytes_max: Some(FILE_BYTES_MAX), quota_bytes: Some(CAPTURE_BYTES_MAX), ..Policy::default() };
        (self.folder.clone(), policy)
    }

    pub fn output(&self) -> Box<dyn Output> {
        Box::new(Noting(self.seen.clone()))
    }

    /// Hands them to the analysis, each once for each host that it went to.
    pub async fn hand_over(&self, app: &App) -> Result<u64, Stop> {
        let vault = app.analysis.vaults()?.files;
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let mut kept: BTreeMap<String, Option<Kept>> = BTreeMap::new();
        for ((sha256, host, name), at) in seen {
            if !kept.contains_key(&sha256) {
                let (vault, path, digest) = (vault.clone(), self.path_of(&sha256), sha256.clone());
                let moved = api::rooms::blocking(move || move_into(&vault, &path, &digest)).await?;
                kept.insert(sha256.clone(), moved.map_err(api::Problem::internal)?);
            }
            let Some(Some(kept)) = kept.get(&sha256) else { continue };
            let arrived =
                Arrived { kept, name: &name, source: SightingSource::Wire, host: Some(host), at, priority: 0 };
            room::arrived(app, arrived, &app.act()).await?;
        }
        let folder = self.folder.clone();
        api::rooms::blocking(move || fs::remove_dir_all(folder)).await?.ok();
        Ok(kept.values().flatten().count() as u64)
    }

    fn path_of(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256.get(..2).unwrap_or_default()).join(sha256)
    }
}

/// Copies a file into the vault; none when the sensor did not keep it.
fn move_into(vault: &Vault, path: &Path, sha256: &str) -> io::Result<Option<Kept>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut incoming = vault.incoming()?;
    io::copy(&mut file, &mut incoming)?;
    let kept = incoming.finish()?;
    // What is not what the sensor digested was changed by somebody on the disk: it is not what went over the wire.
    Ok(Some(kept).filter(|kept| kept.sha256 == sha256))
}

/// Notes where files go.
struct Noting(Arc<Mutex<Places>>);

impl Output for Noting {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}

    fn file(&mut self, seen: &Seen<'_>, file: &FileRecord, _context: Event<'_>, _place: Place) {
        let Some(sha256) = file.hashes.sha256.filter(|_| file.stored) else { return };
        let receiver = match file.sender.other() {
            Side::Originator => seen.flow.originator.address,
            Side::Responder => seen.flow.responder.address,
        };
        let key = (wire::json::hex(&sha256), receiver.to_string(), String::from_utf8_lossy(&file.name).into_owned());
        let at = Timestamp::from_nanosecond(seen.now.time_ns.into()).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() < PLACES_MAX {
            places.entry(key).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
    }
}
