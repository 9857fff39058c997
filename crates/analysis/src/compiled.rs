//! Rules that were compiled on this machine, kept by their digest, so that who begins again has them at once.
//!
//! Compiled rules are machine code. They are taken only from a folder that nobody else can write to, and only when the
//! program that would run them loads them.

use crate::opener::{Opener, Setup};
use crate::report::hex;
use crate::vault::private_folder;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Sets that are kept; the oldest go.
const KEPT_MAX: usize = 4;
const DIGITS: usize = 16;

/// Where compiled rules are kept.
pub struct CompiledRules {
    program: PathBuf,
    /// Which program compiled them: another build of it may not load them.
    build: String,
    folder: PathBuf,
    /// When there is no place that lasts.
    _passing: Option<tempfile::TempDir>,
}

impl CompiledRules {
    /// In that folder, or in the cache of this account, or where nothing of that can be used in a folder that goes with
    /// this process.
    ///
    /// # Errors
    /// When the folder that was said cannot be used.
    pub fn open(program: PathBuf, said: Option<&Path>) -> io::Result<CompiledRules> {
        let build = digest(&program)?;
        let (folder, passing) = match (said, cached()) {
            (Some(said), _) => (own(said).map(|()| said.to_owned())?, None),
            (None, Some(cached)) if own(&cached).is_ok() => (cached, None),
            (None, _) => {
                let passing = tempfile::tempdir()?;
                (passing.path().to_owned(), Some(passing))
            }
        };
        Ok(CompiledRules { program, build, folder, _passing: passing })
    }

    /// The compiled rules of a digest, if they are here and can be loaded.
    pub fn find(&self, digest: &str) -> Option<PathBuf> {
        let path = self.place(digest)?;
        let setup = Setup { rules: Some(path.clone()), model: None };
        if !path.is_file() {
            return None;
        }
        if Opener::start(&self.program, &setup).is_ok() {
            return Some(path);
        }
        let _ = fs::remove_file(&path);
        None
    }

    /// Compiles sources, which have names, into those of a digest.
    ///
    /// # Errors
    /// When it cannot be done, or the sources are not those of that digest.
    pub fn compile(&self, digest: &str, sources: Vec<(String, String)>) -> io::Result<PathBuf> {
        let other = || io::Error::new(io::ErrorKind::InvalidData, "these are not the rules of that digest");
        let place = self.place(digest).ok_or_else(other)?;
        let work = tempfile::tempdir()?;
        let (texts, into) = (work.path().join("sources"), work.path().join("rules"));
        fs::create_dir(&texts)?;
        for (name, text) in sources {
            // Names are names; what would be a path is none of them.
            let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
            fs::write(texts.join(name), text)?;
        }
        let compiled = crate::rules::compile(&self.program, &texts, &into);
        if compiled.map_err(|why| io::Error::other(why.code))?.digest != digest {
            return Err(other());
        }
        // Another worker may be at it as well: whoever is last puts the same in the same place, whole.
        let mut whole = tempfile::NamedTempFile::new_in(&self.folder)?;
        io::copy(&mut File::open(&into)?, &mut whole)?;
        whole.persist(&place).map_err(|error| error.error)?;
        self.make_room(&place);
        Ok(place)
    }

    /// A digest becomes a name only when it is one.
    fn place(&self, digest: &str) -> Option<PathBuf> {
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| self.folder.join(format!("{digest}-{}.rules", self.build)))
    }

    /// Lets go of the oldest, and never of what was compiled just now.
    fn make_room(&self, but: &Path) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut others: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path != but && path.extension().is_some_and(|extension| extension == "rules"))
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
            .collect();
        others.sort();
        for (_, path) in others.iter().rev().skip(KEPT_MAX - 1) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes the folder, or takes one that is this account's alone.
fn own(folder: &Path) -> io::Result<()> {
    private_folder(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    let is_own = metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw();
    if is_own && metadata.mode() & 0o022 == 0 { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn cached() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(cache.join("redoubt/rules")).filter(|folder| folder.is_absolute())
}

fn digest(program: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut portion) = (File::open(program)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut portion)? {
            0 => return Ok(hex(&digest.finalize()).chars().take(DIGITS).collect()),
            read => digest.update(portion.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn rules(folder: &Path) -> io::Result<CompiledRules> {
        CompiledRules::open(PathBuf::from("/bin/true"), Some(folder))
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(rules(&folder.path().join("made/here")).is_ok());
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(rules(&open).is_err());
        symlink(folder.path().join("made"), folder.path().join("link")).unwrap();
        assert!(rules(&folder.path().join("link")).is_err());
    }

    #[test]
    fn the_oldest_go_and_what_is_no_digest_has_no_place() {
        let folder = tempfile::tempdir().unwrap();
        let rules = rules(folder.path()).unwrap();
        assert_eq!(rules.place("../../etc/passwd"), None);
        let digests = ["a", "b", "c", "d", "e", "f"].map(|letter| letter.repeat(64));
        for (at, digest) in digests.iter().enumerate() {
            let file = File::create(rules.place(digest).unwrap()).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at as u64)).unwrap();
        }
        // The oldest was compiled just now, by a clock that went back.
        rules.make_room(&rules.place(&digests[0]).unwrap());
        let there = digests.map(|digest| rules.place(&digest).unwrap().exists());
        assert_eq!(there, [true, false, false, true, true, true]);
        // What does not load is not taken, and makes room for what does.
        assert_eq!(rules.find(&"d".repeat(64)), None);
        assert!(!rules.place(&"d".repeat(64)).unwrap().exists());
    }
}
