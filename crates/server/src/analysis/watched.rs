//! Folders whose files are analysed as they come: a share where scanners, mail gateways or people put them.
//!
//! Folders are looked through again and again, since what lies on another machine tells nobody that it changed. A file is
//! taken when it was the same in two looks, and stays where it is. Whoever may put things there is nobody to be trusted with
//! what this server may read: what is taken is the file that was looked at, and no link is followed.

use analysis::Vault;
use analysis::regular::{self, NoFile, Stand};
use analysis::vault::Kept;
use api::analysis::{self as room, Arrived};
use api::state::App;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::SightingSource;
use tokio::sync::watch;

/// Between two looks through all folders.
const LOOK: Duration = Duration::from_secs(5);
/// Files that are remembered; of more the newest are looked at as if they were new.
const FILES_MAX: usize = 1_000_000;
const DEPTH_MAX: usize = 32;

/// What lies in the folders, and what of it is to be taken.
#[derive(Default)]
struct Looked {
    files: HashMap<PathBuf, Known>,
    ready: Vec<Ready>,
    /// Passed over.
    links: u64,
}

#[derive(Clone, Copy)]
struct Known {
    stand: Stand,
    taken: bool,
}

/// A file that was the same in two looks.
struct Ready {
    folder: PathBuf,
    path: PathBuf,
    stand: Stand,
}

/// Watches folders until the server goes down.
pub async fn run(app: App, folders: Vec<PathBuf>, mut shutdown: watch::Receiver<bool>) {
    let mut known: HashMap<PathBuf, Known> = HashMap::new();
    let mut links = 0;
    while !*shutdown.borrow() && !folders.is_empty() {
        let looked = match look(&folders, known).await {
            Ok(looked) => looked,
            Err(problem) => {
                tracing::error!(code = problem.message.code, "folders are not watched any more");
                return;
            }
        };
        if looked.links != links {
            links = looked.links;
            tracing::warn!(links, "links in watched folders are not followed");
        }
        known = looked.files;
        for ready in looked.ready {
            match take(&app, &ready).await {
                Ok(()) => {
                    if let Some(known) = known.get_mut(&ready.path) {
                        known.taken = true;
                    }
                }
                // It is tried again with the next look.
                Err(why) => {
                    tracing::warn!(path = %ready.path.display(), why, "a file of a watched folder was not taken")
                }
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

/// What lies in the folders now, and what of it is to be taken.
async fn look(folders: &[PathBuf], before: HashMap<PathBuf, Known>) -> Result<Looked, api::Problem> {
    let folders = folders.to_vec();
    api::rooms::blocking(move || {
        let mut now = Looked::default();
        for folder in &folders {
            if let Err(error) = walk(folder, folder, 0, &before, &mut now) {
                tracing::warn!(path = %folder.display(), cause = %error, "a watched folder cannot be looked through");
            }
        }
        now
    })
    .await
}

/// Links are not followed, and what is neither file nor folder is passed over.
fn walk(
    watched: &Path,
    folder: &Path,
    depth: usize,
    before: &HashMap<PathBuf, Known>,
    now: &mut Looked,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // It may be gone by now.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() && depth < DEPTH_MAX {
            if let Err(error) = walk(watched, &path, depth + 1, before, now) {
                tracing::warn!(path = %path.display(), cause = %error, "a watched folder cannot be looked through");
            }
        } else if metadata.is_symlink() {
            now.links += 1;
        } else if metadata.is_file() && now.files.len() < FILES_MAX {
            let stand = Stand::of(&metadata);
            let same = before.get(&path).filter(|known| known.stand == stand);
            if same.is_some_and(|known| !known.taken) {
                now.ready.push(Ready { folder: watched.to_owned(), path: path.clone(), stand });
            }
            now.files.insert(path, Known { stand, taken: same.is_some_and(|known| known.taken) });
        }
    }
    Ok(())
}

async fn take(app: &App, ready: &Ready) -> Result<(), String> {
    let problem = |problem: api::Problem| problem.message.code;
    let vault = app.analysis.vaults().map_err(problem)?.files;
    let (folder, path, stand, most) =
        (ready.folder.clone(), ready.path.clone(), ready.stand, app.place.upload_bytes_max);
    let keeping = api::rooms::blocking(move || keep(&vault, &folder, &path, stand, most)).await.map_err(problem)?;
    let kept = keeping.map_err(|error| error.to_string())?;
    let name = ready.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arrived =
        Arrived { kept: &kept, name: &name, source: SightingSource::Folder, host: None, at: app.now(), priority: 10 };
    room::arrived(app, arrived, &app.act()).await.map(|_| ()).map_err(problem)
}

/// Keeps the file that was looked at; what took its place meanwhile, or changes while it is read, is looked at anew.
fn keep(vault: &Vault, folder: &Path, path: &Path, stand: Stand, most: u64) -> io::Result<Kept> {
    let changed = || io::Error::other("it changed meanwhile");
    let regular = regular::below(folder, path).map_err(|why| match why {
        NoFile::Open(error) => error,
        other => io::Error::other(other.to_string()),
    })?;
    if regular.stand != stand {
        return Err(changed());
    }
    let mut incoming = vault.incoming()?;
    // It may grow while it is read.
    let read = io::copy(&mut io::Read::take(&regular.file, most + 1), &mut incoming)?;
    if read > most {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    if regular.is_unchanged() { incoming.finish() } else { Err(changed()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    fn looked(folder: &Path, before: &HashMap<PathBuf, Known>) -> Looked {
        let mut now = Looked::default();
        walk(folder, folder, 0, before, &mut now).unwrap();
        now
    }

    #[test]
    fn files_are_ready_and_links_and_pipes_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("inner")).unwrap();
        fs::write(at("inner/file"), "words").unwrap();
        symlink("/etc/shadow", at("link")).unwrap();
        symlink("/dev/zero", at("endless")).unwrap();
        symlink("/etc", at("inner/etc")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let first = looked(folder.path(), &HashMap::new());
        assert_eq!((first.files.len(), first.ready.len(), first.links), (1, 0, 3));
        let second = looked(folder.path(), &first.files);
        assert_eq!(second.ready.iter().map(|ready| ready.path.clone()).collect::<Vec<_>>(), [at("inner/file")]);
    }

    #[test]
    fn what_took_the_place_of_a_file_is_not_taken() {
        let (folder, vault) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let vault = Vault::open(vault.path()).unwrap();
        let (path, secret) = (folder.path().join("inner/file"), folder.path().join("secret"));
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(&path, "words").unwrap();
        fs::write(&secret, "words").unwrap();
        let stand = Stand::of(&fs::symlink_metadata(&path).unwrap());
        let keep = || super::keep(&vault, folder.path(), &path, stand, 100).map_err(|error| error.to_string());
        let kept = keep().unwrap();
        assert_eq!(kept.size, 5);
        let mut read = String::new();
        vault.read(&kept.sha256).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "words");

        let replaced = |why: &str| assert!(keep().unwrap_err().contains(why), "{why}");
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        replaced("link");
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        replaced("neither a file nor a folder");
        fs::remove_file(&path).unwrap();
        fs::hard_link(&secret, &path).unwrap();
        replaced("changed");
        // The folder on the way may be a link by now as well.
        fs::rename(folder.path().join("inner"), folder.path().join("moved")).unwrap();
        symlink(folder.path(), folder.path().join("inner")).unwrap();
        replaced("link");
    }
}
