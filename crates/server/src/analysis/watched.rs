//! Folders whose files are analysed as they come: a share where scanners, mail gateways or people put them.
//!
//! Folders are looked through again and again, since what lies on another machine tells nobody that it changed. A file is
//! taken when it was the same in two looks, and stays where it is.

use analysis::Vault;
use analysis::vault::Kept;
use api::analysis::{self as room, Arrived};
use api::state::App;
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::SightingSource;
use tokio::sync::watch;

/// Between two looks through all folders.
const LOOK: Duration = Duration::from_secs(5);
/// Files that are remembered; of more the newest are looked at as if they were new.
const FILES_MAX: usize = 1_000_000;
const DEPTH_MAX: usize = 32;

/// What a file is known by without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand {
    size: u64,
    changed: Option<SystemTime>,
    taken: bool,
}

impl Stand {
    fn of(metadata: &Metadata) -> Stand {
        Stand { size: metadata.len(), changed: metadata.modified().ok(), taken: false }
    }

    fn is(&self, other: &Stand) -> bool {
        (self.size, self.changed) == (other.size, other.changed)
    }
}

/// Watches folders until the server goes down.
pub async fn run(app: App, folders: Vec<PathBuf>, mut shutdown: watch::Receiver<bool>) {
    let mut known: HashMap<PathBuf, Stand> = HashMap::new();
    while !*shutdown.borrow() && !folders.is_empty() {
        let (looked, ready) = match look(&folders, known).await {
            Ok(looked) => looked,
            Err(problem) => {
                tracing::error!(code = problem.message.code, "folders are not watched any more");
                return;
            }
        };
        known = looked;
        for path in ready {
            match take(&app, &path).await {
                Ok(()) => {
                    if let Some(stand) = known.get_mut(&path) {
                        stand.taken = true;
                    }
                }
                // It is tried again with the next look.
                Err(why) => tracing::warn!(path = %path.display(), why, "a file of a watched folder was not taken"),
            }
            if *shutdown.borrow() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = shutdown.changed() => {}
        }
    }
}

type Looked = (HashMap<PathBuf, Stand>, Vec<PathBuf>);

/// What lies in the folders now, and what of it is to be taken.
async fn look(folders: &[PathBuf], before: HashMap<PathBuf, Stand>) -> Result<Looked, api::Problem> {
    let folders = folders.to_vec();
    api::rooms::blocking(move || {
        let (mut now, mut ready) = (HashMap::new(), Vec::new());
        for folder in &folders {
            if let Err(error) = walk(folder, 0, &before, &mut now, &mut ready) {
                tracing::warn!(path = %folder.display(), cause = %error, "a watched folder cannot be looked through");
            }
        }
        (now, ready)
    })
    .await
}

/// Links are not followed, and what is neither file nor folder is passed over.
fn walk(
    folder: &Path,
    depth: usize,
    before: &HashMap<PathBuf, Stand>,
    now: &mut HashMap<PathBuf, Stand>,
    ready: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // It may be gone by now.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() && depth < DEPTH_MAX {
            if let Err(error) = walk(&path, depth + 1, before, now, ready) {
                tracing::warn!(path = %path.display(), cause = %error, "a watched folder cannot be looked through");
            }
        } else if metadata.is_file() && now.len() < FILES_MAX {
            let mut stand = Stand::of(&metadata);
            if let Some(known) = before.get(&path).filter(|known| known.is(&stand)) {
                stand.taken = known.taken;
                if !stand.taken {
                    ready.push(path.clone());
                }
            }
            now.insert(path, stand);
        }
    }
    Ok(())
}

async fn take(app: &App, path: &Path) -> Result<(), String> {
    let problem = |problem: api::Problem| problem.message.code;
    let vault = app.analysis.vaults().map_err(problem)?.files;
    let (from, most) = (path.to_owned(), app.place.upload_bytes_max);
    let keeping = api::rooms::blocking(move || keep(&vault, &from, most)).await.map_err(problem)?;
    let kept = keeping.map_err(|error| error.to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arrived =
        Arrived { kept: &kept, name: &name, source: SightingSource::Folder, host: None, at: app.now(), priority: 10 };
    room::arrived(app, arrived, &app.act()).await.map(|_| ()).map_err(problem)
}

fn keep(vault: &Vault, path: &Path, most: u64) -> io::Result<Kept> {
    let mut incoming = vault.incoming()?;
    // It may grow while it is read.
    let read = io::copy(&mut io::Read::take(File::open(path)?, most + 1), &mut incoming)?;
    if read > most { Err(io::Error::from(io::ErrorKind::FileTooLarge)) } else { incoming.finish() }
}
