//! How a collector on the same machine delivers: it writes batches to a file of its own, and whoever has the lake takes
//! whole files in. Neither waits for the other, and a lake that is not open loses nothing.

use crate::disk::Disk;
use crate::error::{Error, Refused};
use crate::log::{self, Batch};
use crate::table::Table;
use crate::{Lake, fit};
use arrow_array::RecordBatch;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file that is not whole yet.
const PARTIAL: &str = "partial";
/// A whole file that could not be taken in; it stays for whoever looks after it.
const REFUSED: &str = "refused";
/// A file that is not whole and that nobody wrote to for so long belongs to nobody.
const LEFT_BEHIND: Duration = Duration::from_hours(24);

/// A delivery that is being written. Dropped before it is [delivered](Outbox::deliver) it leaves nothing.
pub struct Outbox {
    folder: PathBuf,
    source: String,
    disk: Disk,
    open: Option<(PathBuf, File)>,
    next: i64,
}

impl Outbox {
    /// A delivery from a source to the lake in a folder, which need not exist yet. The name of the source must be new:
    /// its batches are numbered from zero.
    pub fn begin(lake: &Path, source: &str) -> Result<Outbox, Error> {
        let folder = lake.join("incoming");
        std::fs::create_dir_all(&folder).map_err(Error::disk(&folder))?;
        Ok(Outbox { folder, source: source.to_owned(), disk: Disk::default(), open: None, next: 0 })
    }

    /// Adds rows; they are delivered with the next [`Outbox::deliver`].
    pub fn push(&mut self, table: &'static Table, rows: &RecordBatch) -> Result<(), Refused> {
        let rows = fit::fit(table, rows)?;
        let batch = Batch { table, source: self.source.clone(), sequence: self.next, rows };
        let record = log::framed(&log::encode(&batch)?);
        let (path, mut file) = match self.open.take() {
            Some(open) => open,
            None => self.create()?,
        };
        let written = self.disk.write(&mut file, &path, &record).map_err(Error::disk(&path));
        self.open = Some((path, file));
        self.next += 1;
        Ok(written?)
    }

    fn create(&self) -> Result<(PathBuf, File), Error> {
        let path = self.folder.join(format!("{}.{PARTIAL}", crate::files::unique(self.next)));
        let begun = || {
            let mut file = self.disk.create(&path)?;
            self.disk.write(&mut file, &path, log::MAGIC)?;
            Ok(file)
        };
        let file = begun().map_err(Error::disk(&path))?;
        Ok((path, file))
    }

    /// Everything pushed until now is delivered: when this returns, it lasts and will be taken in.
    pub fn deliver(&mut self) -> Result<(), Error> {
        let Some((path, file)) = self.open.take() else { return Ok(()) };
        let whole = path.with_extension("log");
        let done = || {
            self.disk.sync(&file, &path)?;
            std::fs::rename(&path, &whole)?;
            self.disk.sync_folder(&self.folder)
        };
        done().map_err(Error::disk(&path))
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if let Some((path, _)) = self.open.take() {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Lake {
    /// Takes in what collectors have delivered. Gives how many batches came. A file that cannot be taken in is set aside
    /// and told; the others are taken all the same.
    pub fn take_in(&self) -> Result<usize, Error> {
        let folder = self.inner.folder.join("incoming");
        let names = match std::fs::read_dir(&folder) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(Error::disk(&folder)(error)),
        };
        let names: Vec<PathBuf> = names.filter_map(|entry| Some(entry.ok()?.path())).collect();
        names.iter().filter(|path| is_left_behind(path)).for_each(|path| drop(std::fs::remove_file(path)));
        let is_whole = |path: &PathBuf| path.extension().is_some_and(|is| is == "log");
        let mut whole: Vec<PathBuf> = names.into_iter().filter(is_whole).collect();
        whole.sort();
        let mut taken = 0;
        for path in whole {
            let mut refused = None;
            let broken = log::read(&path, &mut |batch| {
                if refused.is_none() {
                    match self.append(batch) {
                        Ok(new) => taken += usize::from(new),
                        Err(error) => refused = Some(error),
                    }
                }
            });
            let broken = broken.map_err(Error::disk(&path))?;
            match refused {
                // The lake is not able to take it now: it stays where it is, and what was taken of it is known.
                Some(Refused::Failed(error)) => return Err(error),
                Some(Refused::Full { .. }) => return Ok(taken),
                None if broken.is_empty() => self.inner.disk.remove(&path).map_err(Error::disk(&path))?,
                other => {
                    let why = other.map_or_else(|| format!("{broken:?}"), |refused| refused.to_string());
                    tracing::warn!(path = %path.display(), why, "a delivery could not be taken in whole; it is set aside");
                    let aside = path.with_extension(REFUSED);
                    std::fs::rename(&path, &aside).map_err(Error::disk(&path))?;
                }
            }
        }
        Ok(taken)
    }
}

/// True for what a reading that was killed had not delivered: it was never acknowledged.
fn is_left_behind(path: &Path) -> bool {
    let written = path.metadata().and_then(|data| data.modified()).ok();
    path.extension().is_some_and(|is| is == PARTIAL)
        && written.and_then(|written| written.elapsed().ok()).is_some_and(|age| age >= LEFT_BEHIND)
}
