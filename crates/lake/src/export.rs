//! Taking what is in a lake away: as a backup, to another disk, from a disk to a bucket, or for tools that read its tables.

use crate::delta::{Change, Delta};
use crate::disk::Disk;
use crate::error::Error;
use crate::files::{self, DataFile};
use crate::storage::{Bucket, Storage, Waiter};
use crate::table::{TABLES, Table};
use crate::view::View;
use arrow_select::concat::concat_batches;
use std::collections::BTreeMap;
use std::path::Path;

/// What was taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files that are done, of how many.
    pub files: usize,
    pub of_files: usize,
    pub rows: u64,
    pub bytes: u64,
    /// It was stopped; nothing is left of it.
    pub stopped: bool,
}

/// Where it goes, and what of it.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// A folder that is a lake afterwards. With a bucket only its name is used, for what is told.
    pub folder: &'a Path,
    pub bucket: Option<&'a Bucket>,
    /// Files that have something from this time on, and before that one; microseconds since 1970.
    pub since_us: Option<i64>,
    pub until_us: Option<i64>,
}

impl View {
    /// Copies whole files with their indexes, and writes what is in no file yet, to a place where there is no lake. Each
    /// table is told of its files at once when all are there. `go_on` is asked after each file.
    ///
    /// How far sources are does not go with it: whoever delivers to the copy begins where they are.
    ///
    /// # Errors
    ///
    /// When there are tables already, a file cannot be read, or the copy cannot be written. Nothing is left of it then.
    pub fn export(&self, export: Export<'_>, go_on: &mut dyn FnMut(&Exported) -> bool) -> Result<Exported, Error> {
        let storage = Storage::of(export.bucket, &Disk::default());
        let mut copy = Copy::begin(&storage, export.folder)?;
        match self.copy(&export, &mut copy, go_on) {
            Ok(exported) if !exported.stopped => Ok(exported),
            other => {
                copy.undo();
                other
            }
        }
    }

    fn copy(
        &self,
        export: &Export<'_>,
        copy: &mut Copy,
        go_on: &mut dyn FnMut(&Exported) -> bool,
    ) -> Result<Exported, Error> {
        let concerns = |file: &DataFile| {
            export.since_us.is_none_or(|since| file.last_us >= since)
                && export.until_us.is_none_or(|until| file.first_us < until)
        };
        let of_files = self.files().filter(|file| concerns(file)).count();
        let mut done = Exported { of_files, ..Exported::default() };
        for table in &TABLES {
            for file in self.files().filter(|file| file.table == table.name && concerns(file)) {
                let made = copy.file(table, file)?;
                done.files += 1;
                done.rows += made.rows;
                done.bytes += made.bytes;
                if !go_on(&done) {
                    return Ok(Exported { stopped: true, ..done });
                }
            }
            let waiting: Vec<_> = self.waiting(table).cloned().collect();
            let waiting =
                concat_batches(&table.schema(), &waiting).map_err(|error| Error::table(table.name)(&error))?;
            for (day, rows) in files::parts(table, &files::in_order(table, &waiting)?) {
                let made = files::write(&copy.storage, &copy.root(table)?, table, day, &rows)?;
                if concerns(&made) {
                    done.rows += made.rows;
                    done.bytes += made.bytes;
                    copy.made.entry(table.name).or_default().push(made);
                } else {
                    crate::upkeep::forget(&made);
                }
            }
        }
        copy.name_all()?;
        Ok(done)
    }
}

/// Tables that are being made.
struct Copy {
    storage: Storage,
    waiter: Waiter,
    /// A folder of ours, removed with everything when the copy does not come about.
    folder: Option<std::path::PathBuf>,
    tables: Vec<(&'static Table, Delta)>,
    made: BTreeMap<&'static str, Vec<DataFile>>,
}

impl Copy {
    fn begin(storage: &Storage, folder: &Path) -> Result<Copy, Error> {
        let waiter = Waiter::of(storage).map_err(Error::disk(folder))?;
        let occupied = || {
            let there = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "there is something already");
            Error::disk(folder)(there)
        };
        let mut own = None;
        if !storage.is_shared() {
            match std::fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
                Ok(true) => return Err(occupied()),
                Ok(false) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    std::fs::create_dir_all(folder).map_err(Error::disk(folder))?;
                }
                Err(error) => return Err(Error::disk(folder)(error)),
            }
            own = Some(folder.join("tables"));
        }
        let mut tables = Vec::new();
        for table in &TABLES {
            if storage.is_shared() && Delta::look(&waiter, folder, table, storage.clone())?.is_some() {
                return Err(occupied());
            }
            tables.push((table, Delta::open(&waiter, &folder.join("tables"), table, storage.clone())?));
        }
        Ok(Copy { storage: storage.clone(), waiter, folder: own, tables, made: BTreeMap::new() })
    }

    fn root(&self, table: &'static Table) -> Result<std::path::PathBuf, Error> {
        let delta = self.tables.iter().find(|(of, _)| of.name == table.name);
        delta.map(|(_, delta)| delta.root.clone()).ok_or_else(|| Error::table(table.name)(&"no table"))
    }

    /// A file and its index, byte by byte.
    fn file(&mut self, table: &'static Table, file: &DataFile) -> Result<&DataFile, Error> {
        let root = self.root(table)?;
        let path = root.join(&file.name);
        let made = DataFile { path: path.clone(), storage: self.storage.clone(), ..file.clone() };
        for folder in [path.parent(), made.index().parent()].into_iter().flatten() {
            self.storage.make_folder(&root, folder).map_err(Error::disk(folder))?;
        }
        // One that is missing or damaged is made anew by whoever has the copy.
        if let Ok(index) = file.storage.open(&file.index()).and_then(|index| index.whole()) {
            let beside = made.index();
            self.storage.put(&beside, index).map_err(Error::disk(&beside))?;
        }
        let whole = file.open().and_then(|stored| stored.whole()).map_err(Error::disk(&file.path))?;
        if whole.len() as u64 != file.bytes {
            let other = format!("{} has {} bytes instead of {}", file.path.display(), whole.len(), file.bytes);
            return Err(Error::table(table.name)(&other));
        }
        self.storage.put(&path, whole).map_err(Error::disk(&path))?;
        let of_table = self.made.entry(table.name).or_default();
        of_table.push(made);
        of_table.last().ok_or_else(|| Error::table(table.name)(&"no file"))
    }

    fn name_all(&mut self) -> Result<(), Error> {
        for (table, delta) in &mut self.tables {
            if let Some(added) = self.made.get(table.name) {
                delta.commit(&self.waiter, &Change { added, new_rows: true, ..Change::default() })?;
            }
        }
        Ok(())
    }

    /// Removes what was made. In a bucket tables without rows may stay.
    fn undo(self) {
        self.made.values().flatten().for_each(crate::upkeep::forget);
        if let Some(folder) = self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
