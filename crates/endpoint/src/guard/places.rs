//! The directories that are protected, by the handles under which the kernel speaks of them.

use super::directories::Directories;
pub use super::directories::Place;
use super::{Error, Settings};
use crate::keeping::{Kind, Lent};
use crate::kernel::fan::{self, Group, Handle, Purpose, Scope};
use crate::kernel::files::FileKey;
use crate::undo::ranges::LARGE_BYTES_MIN;
use crate::undo::shadow::{Kept, inode};
use crate::undo::{Images, Shadow};
use model::Message;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What could not be done for a directory or a file.
#[derive(Debug)]
pub enum Trouble {
    /// It is not watched at all.
    Unwatched { path: PathBuf, cause: io::Error },
    /// Its filesystem does not ask before what is in a file is touched: cuts by path are not seen.
    Unasked { path: PathBuf },
    /// No second link to it can be made.
    Unlinked { path: PathBuf, cause: io::Error },
    /// There are more files than are asked about by names in other folders.
    TooMany,
}

impl Trouble {
    pub fn message(&self) -> Message {
        match self {
            Trouble::Unwatched { path, cause } => {
                Message::new("guard.unwatched").with("path", path.display()).reason("cause", cause)
            }
            Trouble::TooMany => {
                Message::new("guard.too-many").number("files", i64::try_from(ASKED_MAX).unwrap_or(i64::MAX))
            }
            Trouble::Unasked { path } => Message::new("guard.unasked").with("path", path.display()),
            Trouble::Unlinked { path, cause } => {
                Message::new("guard.unlinked").with("path", path.display()).reason("cause", cause)
            }
        }
    }
}

/// Files that are asked about themselves, beside by the folders they are in. Each holds its inode in memory, about 1 KiB.
const ASKED_MAX: usize = 65_536;
/// A protected file has its name and a second link; one that has more may be reached from elsewhere.
const LINKS_MAX: u64 = 2;
/// Who opened a file before it was asked about is not asked when he writes into it. By then he is done with opening.
const SETTLED: Duration = Duration::from_secs(1);

/// Of a file itself: what is done with it by a name in another folder.
const ITSELF: u64 = fan::CONTENT | fan::CLOSED;
const ASKED: u64 = fan::CLOSED | fan::CHILDREN;
const NOTICED: u64 = fan::CREATED | fan::DELETED | fan::MOVED_FROM | fan::MOVED_TO | fan::DIRECTORIES;

pub struct Places {
    roots: Vec<PathBuf>,
    noticing: Lent<Group>,
    shadow: Shadow,
    directories: Directories,
    files: u64,
    /// Files that are asked about by whatever name, and since when.
    asked: HashMap<FileKey, Instant>,
    /// There are more than are.
    too_many: bool,
}

/// The folder of a guard, made and checked.
pub fn state(state: &Path, protected: &[PathBuf]) -> Result<PathBuf, Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Path { path, source }
    };
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(state).map_err(at(state))?;
    let state = fs::canonicalize(state).map_err(at(state))?;
    let device = fs::metadata(&state).map_err(at(&state))?.dev();
    for root in protected {
        let real = fs::canonicalize(root).map_err(at(root))?;
        if real.starts_with(&state) || state.starts_with(&real) {
            return Err(Error::Inside(state));
        }
        if fs::metadata(&real).map_err(at(root))?.dev() != device {
            return Err(Error::Elsewhere(state));
        }
    }
    Ok(state)
}

/// The path of a file that is open, as it is now.
pub fn path_of(file: &File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}

impl Places {
    pub fn new(Settings { state, protected, kept, .. }: &Settings) -> Result<Places, Error> {
        let noticing = kept.lend(Kind::Noticing, state, || Group::new(Purpose::Noticing)).map_err(Error::Kernel)?;
        let path = state.join("shadow");
        let shadow = Shadow::open(&path).map_err(|source| Error::Path { path, source })?;
        let real = |root: &PathBuf| fs::canonicalize(root).map_err(|source| Error::Path { path: root.clone(), source });
        let roots = protected.iter().map(real).collect::<Result<Vec<_>, _>>()?;
        let directories = Directories::default();
        Ok(Places { roots, noticing, shadow, directories, files: 0, asked: HashMap::new(), too_many: false })
    }

    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    pub fn group(&self) -> &Group {
        &self.noticing
    }

    /// What happened to names is told without a gap since another guard ended.
    pub fn were_left(&self) -> bool {
        self.noticing.was_left()
    }

    /// The process of that guard, whose doings nobody did.
    pub fn left_by(&self) -> Option<i32> {
        self.noticing.left_by()
    }

    /// Names that had a file which they have no more.
    pub fn not_as_kept(&self) -> Vec<(Place, OsString)> {
        let places: HashMap<u64, &Place> = self.directories.all().map(|place| (place.inode, place)).collect();
        let differs = |kept: Kept| {
            let place = *places.get(&kept.directory)?;
            let there = inode(&place.path.join(&kept.name)).ok()?;
            (inode(&kept.path).ok()? != there).then(|| (place.clone(), kept.name))
        };
        self.shadow.all().filter_map(differs).collect()
    }

    pub fn shadow(&self) -> &Shadow {
        &self.shadow
    }

    pub fn of(&self, handle: &Handle) -> Option<Place> {
        self.directories.get(handle).cloned()
    }

    /// The protected directory that a path is in.
    pub fn around(&self, path: &Path) -> Option<Place> {
        path.parent().and_then(|folder| self.directories.at(folder)).cloned()
    }

    /// Files and directories that are protected.
    pub fn counts(&self) -> (u64, u64) {
        (self.files, self.directories.len() as u64)
    }

    /// Marks all protected directories and looks at every file in them; only marks them where nothing is to be kept aside.
    pub fn walk(&mut self, deciding: &Group, mut images: Option<&mut Images>) -> Vec<Trouble> {
        self.directories.clear();
        self.files = 0;
        let mut troubles = Vec::new();
        for root in self.roots.clone() {
            // By whatever name a file is opened, in a protected folder or by a link from elsewhere.
            if let Err(cause) = deciding.watch(&root, Scope::Filesystem, fan::OPEN) {
                troubles.push(Trouble::Unwatched { path: root.clone(), cause });
            }
            self.walk_below(root, deciding, images.as_deref_mut(), &mut troubles);
        }
        troubles
    }

    fn walk_below(
        &mut self,
        root: PathBuf,
        deciding: &Group,
        mut images: Option<&mut Images>,
        troubles: &mut Vec<Trouble>,
    ) {
        let mut directories = vec![root];
        while let Some(path) = directories.pop() {
            let place = match self.mark(&path, deciding, troubles) {
                Ok(place) => place,
                Err(cause) => {
                    // What went in the meantime needs no protection.
                    if cause.kind() != io::ErrorKind::NotFound {
                        troubles.push(Trouble::Unwatched { path, cause });
                    }
                    continue;
                }
            };
            // Its marks first: what is made from now on is told.
            let Ok(entries) = fs::read_dir(&path) else { continue };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => directories.push(entry.path()),
                    Ok(kind) if kind.is_file() => {
                        self.files += 1;
                        if let Some(images) = &mut images
                            && let Err(cause) = self.link(&place, &entry.file_name(), images)
                        {
                            troubles.push(Trouble::Unlinked { path: entry.path(), cause });
                        }
                        troubles.extend(self.ask_about(place.inode, &entry.file_name(), deciding));
                    }
                    _ => {}
                }
            }
        }
    }

    fn mark(&mut self, path: &Path, deciding: &Group, troubles: &mut Vec<Trouble>) -> io::Result<Place> {
        let place = Place { inode: fs::symlink_metadata(path)?.ino(), path: path.to_owned() };
        if deciding.watch(path, Scope::Inode, ASKED | fan::CONTENT).is_err() {
            deciding.watch(path, Scope::Inode, ASKED)?;
            troubles.push(Trouble::Unasked { path: path.to_owned() });
        }
        self.noticing.watch(path, Scope::Inode, NOTICED)?;
        self.directories.put(Handle::of(path)?, place.clone());
        Ok(place)
    }

    /// Makes the second link to a file.
    fn link(&mut self, place: &Place, name: &OsStr, images: &mut Images) -> io::Result<()> {
        let number = images.new_number();
        let aside = images.path(number);
        if self.shadow.look(place.inode, name, &place.path.join(name), &aside)?.put_aside() {
            // Nobody was there to see who did it.
            let _ = fs::remove_file(&aside);
        }
        Ok(())
    }

    /// Asks about a file by whatever name, also one in a folder that is not protected. Where there are too many only about
    /// those that have such a name already, or are large.
    pub fn ask_about(&mut self, directory: u64, name: &OsStr, deciding: &Group) -> Option<Trouble> {
        // By its second link, where nobody can put anything else in its place.
        let path = self.shadow.path(directory, name);
        let metadata = fs::symlink_metadata(&path).ok()?;
        // It may have been opened before it was protected.
        let _ = deciding.ask_when_opened(&path);
        let key = FileKey::of(&metadata);
        let is_full = self.asked.len() >= ASKED_MAX && !self.asked.contains_key(&key);
        if is_full && metadata.nlink() <= LINKS_MAX && metadata.len() < LARGE_BYTES_MIN {
            return (!std::mem::replace(&mut self.too_many, true)).then_some(Trouble::TooMany);
        }
        // Where it cannot be, it was said of its folder.
        if deciding.watch(&path, Scope::Inode, ITSELF).is_ok() {
            self.asked.entry(key).or_insert_with(Instant::now);
        }
        None
    }

    /// A file is none that is protected any more.
    pub fn forget(&mut self, path: &Path, deciding: &Group) {
        let Ok(metadata) = fs::symlink_metadata(path) else { return };
        if self.asked.remove(&FileKey::of(&metadata)).is_some() {
            let _ = deciding.unwatch(path, ITSELF);
        }
    }

    /// Whether whoever has a file open is asked before each write, whatever name he opened it by.
    pub fn is_asked_about(&self, key: FileKey) -> bool {
        self.asked.get(&key).is_some_and(|since| since.elapsed() >= SETTLED)
    }

    /// Moves second links to a folder whose files are not there under their names.
    pub fn put_away_leftovers(&self, unclaimed: &Path, images: &mut Images) {
        let places: HashMap<u64, &Path> =
            self.directories.all().map(|place| (place.inode, place.path.as_path())).collect();
        let is_there = |directory: u64, name: &OsStr| {
            places.get(&directory).is_some_and(|path| fs::symlink_metadata(path.join(name)).is_ok())
        };
        for kept in self.shadow.all().filter(|kept| !is_there(kept.directory, &kept.name)) {
            let put = fs::create_dir_all(unclaimed)
                .and_then(|()| fs::rename(&kept.path, unclaimed.join(images.new_number().to_string())));
            if let Err(error) = put {
                tracing::warn!(cause = %error, path = %kept.path.display(), "a second link is left lying");
            }
        }
    }

    /// A directory in a protected one came, went, or was moved.
    pub fn directory_changed(
        &mut self,
        parent: &Handle,
        name: &OsStr,
        deciding: &Group,
        images: &mut Images,
    ) -> Vec<Trouble> {
        let Some(place) = self.of(parent) else { return Vec::new() };
        let path = place.path.join(name);
        let is_there = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        // What is below it has other paths, or is not ours any more.
        self.directories.forget(&path);
        let mut troubles = Vec::new();
        if is_there {
            self.walk_below(path, deciding, Some(images), &mut troubles);
        }
        troubles
    }
}
