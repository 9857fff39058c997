//! A table's own log: which files are its rows, and up to where each source is in them. It is a Delta table, which other
//! tools read.

use crate::disk::Act;
use crate::error::Error;
use crate::files::DataFile;
use crate::storage::{Bucket, Storage, Waiter};
use crate::table::Table;
use arrow_schema::{DataType, Field, Schema};
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, LogicalFileView, Remove, StructField, StructType, Transaction};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::config::TableProperty;
use deltalake_core::{DeltaTable, DeltaTableError};
use object_store::prefix::PrefixStore;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The column that folders are made by; it is in their names and not in the files.
const DAY: &str = "day";
/// What is told of the columns of a file is told of its time only. To expect it of every column makes reading the log three
/// times as dear.
const TOLD_OF: &str = "delta.dataSkippingStatsColumns";
/// How often a commit is tried again when others came first.
const RETRIES: usize = 15;

pub(crate) struct Delta {
    table: &'static Table,
    pub root: PathBuf,
    delta: DeltaTable,
    storage: Storage,
    /// When the table was last told of files: each time is later than the one before, whatever the clock does.
    pub named_ms: i64,
}

/// What the library makes a table of.
enum At {
    Folder(String),
    Bucket(LogStoreRef),
}

/// A table's own log in a bucket. A version is written only where nobody wrote it before, which is what lets several servers
/// write: whoever comes second takes the next one.
fn log_of(bucket: &Bucket, table: &Table) -> Result<LogStoreRef, DeltaTableError> {
    let unusable = |error: &dyn std::fmt::Display| DeltaTableError::generic(error.to_string());
    let location = bucket.location().join(&format!("{}/", table.name)).map_err(|error| unusable(&error))?;
    let below = object_store::path::Path::from_url_path(location.path()).map_err(|error| unusable(&error))?;
    let store = Arc::new(PrefixStore::new(bucket.store(), below));
    Ok(default_logstore(store, bucket.store(), &location, &StorageConfig::default()))
}

/// What a commit changes.
#[derive(Default)]
pub(crate) struct Change<'a> {
    pub added: &'a [DataFile],
    pub removed: &'a [DataFile],
    /// Up to where the sources are in this table from now on.
    pub marks: BTreeMap<String, i64>,
    /// False when the rows stay the same and only lie in other files.
    pub new_rows: bool,
}

impl Delta {
    /// Opens the table, or makes it. Columns that it does not have yet are added.
    pub fn open(waiter: &Waiter, folder: &Path, table: &'static Table, storage: Storage) -> Result<Delta, Error> {
        let failed = Error::table(table.name);
        let (root, at) = match &storage {
            Storage::Disk(_) => {
                let root = folder.join(table.name);
                std::fs::create_dir_all(&root).map_err(Error::disk(&root))?;
                let root = root.canonicalize().map_err(Error::disk(&root))?;
                let location = url::Url::from_directory_path(&root).map_err(|()| failed(&"path"))?;
                (root, At::Folder(location.into()))
            }
            Storage::Bucket(bucket) => {
                (bucket.root(table.name), At::Bucket(log_of(bucket, table).map_err(|error| failed(&error))?))
            }
        };
        let columns = kernel(&schema(table)).map_err(|error| failed(&error))?;
        let make = async || {
            let create = CreateBuilder::new()
                .with_table_name(table.name)
                .with_columns(columns.fields().cloned())
                .with_partition_columns([DAY])
                .with_configuration_property(TableProperty::DataSkippingStatsColumns, Some(table.time))
                // Of two who make it at once the second would go on and make it again.
                .with_commit_properties(CommitProperties::default().with_max_retries(0))
                .with_save_mode(SaveMode::Ignore);
            let create = match &at {
                At::Folder(location) => create.with_location(location),
                At::Bucket(log) => create.with_log_store(log.clone()),
            };
            let mut delta = create.await?;
            let known: Vec<String> = delta.snapshot()?.schema().fields().map(|field| field.name().clone()).collect();
            let new: Vec<StructField> =
                columns.fields().filter(|field| !known.contains(field.name())).cloned().collect();
            if !new.is_empty() {
                delta = delta.add_columns().with_fields(new).await?;
            }
            // Tables that were made before this was told.
            let told = delta.snapshot()?.metadata().configuration().get(TOLD_OF).cloned();
            if told.as_deref() != Some(table.time) {
                let properties = HashMap::from([(TOLD_OF.to_owned(), table.time.to_owned())]);
                delta = delta.set_tbl_properties().with_properties(properties).await?;
            }
            Ok::<_, DeltaTableError>(delta)
        };
        // Another server may be making it at the same moment; then it is there the second time.
        let made = waiter.wait(make());
        let delta = match (&at, made) {
            (At::Bucket(_), Err(_)) => waiter.wait(make()),
            (_, made) => made,
        };
        let delta = delta.map_err(|error| failed(&error))?;
        let delta = Delta { table, root, delta, storage, named_ms: 0 };
        delta.make_last()?;
        let named_ms = delta.files()?.iter().map(|file| file.named_ms).max().unwrap_or_default();
        Ok(Delta { named_ms, ..delta })
    }

    /// The table as it is, if there is one: for reading beside whoever has the lake.
    pub fn look(
        waiter: &Waiter,
        folder: &Path,
        table: &'static Table,
        storage: Storage,
    ) -> Result<Option<Delta>, Error> {
        let failed = Error::table(table.name);
        if let Storage::Bucket(bucket) = &storage {
            let mut delta = DeltaTable::new(log_of(bucket, table).map_err(|error| failed(&error))?);
            return match waiter.wait(delta.load()) {
                Ok(()) => Ok(Some(Delta { table, root: bucket.root(table.name), delta, storage, named_ms: 0 })),
                Err(DeltaTableError::NotATable(_)) => Ok(None),
                Err(error) => Err(failed(&error)),
            };
        }
        let root = folder.join(table.name);
        // A log without anything in it is what a crash leaves of a table that was being made.
        let log = std::fs::read_dir(root.join("_delta_log"));
        if log.map_or(true, |mut entries| entries.next().is_none()) {
            return Ok(None);
        }
        let root = root.canonicalize().map_err(Error::disk(&root))?;
        let location = url::Url::from_directory_path(&root).map_err(|()| failed(&"path"))?;
        let delta = waiter.wait(deltalake_core::open_table(location)).map_err(|error| failed(&error))?;
        Ok(Some(Delta { table, root, delta, storage, named_ms: 0 }))
    }

    /// In a bucket, everything is listed once, so that sizes are known without asking for each.
    pub fn list(&self) -> Result<(), Error> {
        if self.storage.is_shared() {
            self.storage.list(&self.root).map_err(Error::disk(&self.root))?;
        }
        Ok(())
    }

    /// The files that are its rows now.
    pub fn files(&self) -> Result<Vec<DataFile>, Error> {
        let failed = Error::table(self.table.name);
        let state = self.delta.snapshot().map_err(|error| failed(&error))?;
        state.log_data().iter().map(|view| self.file(&view)).collect()
    }

    fn file(&self, view: &LogicalFileView) -> Result<DataFile, Error> {
        let failed = Error::table(self.table.name);
        let stats = view.stats().and_then(|stats| serde_json::from_str(&stats).ok());
        let stats: serde_json::Value = stats.unwrap_or_default();
        let time = |which: &str| {
            let text = stats[which][self.table.time].as_str()?;
            Some(text.parse::<jiff::Timestamp>().ok()?.as_microsecond())
        };
        let day = view.partition_values_map().remove(DAY).flatten().ok_or_else(|| failed(&"a file without its day"))?;
        let name = view.path().into_owned();
        Ok(DataFile {
            table: self.table.name,
            path: self.root.join(&name),
            storage: self.storage.clone(),
            name,
            day,
            bytes: view.size().max(0) as u64,
            rows: stats["numRecords"].as_u64().unwrap_or_default(),
            first_us: time("minValues").unwrap_or(i64::MIN),
            last_us: time("maxValues").unwrap_or(i64::MAX),
            named_ms: view.modification_time(),
        })
    }

    /// Up to where a source is in this table.
    pub fn mark(&self, waiter: &Waiter, source: &str) -> Result<Option<i64>, Error> {
        let failed = Error::table(self.table.name);
        let state = self.delta.snapshot().map_err(|error| failed(&error))?;
        let store = self.delta.log_store();
        let asked = waiter.wait(state.snapshot().transaction_version(store.as_ref(), source));
        asked.map_err(|error| failed(&error))
    }

    /// Changes the table; when this returns, the change lasts. Of servers that take away the same files one does.
    pub fn commit(&mut self, waiter: &Waiter, change: &Change<'_>) -> Result<(), Error> {
        if !self.storage.is_shared() || change.removed.is_empty() {
            return self.try_commit(waiter, change, RETRIES);
        }
        // The library lets two put the same files together, and has their rows twice then. So what is taken away is looked
        // for in the newest version, and the change is made to that one or not at all.
        let mut attempt = 0;
        loop {
            self.reload(waiter)?;
            let named: BTreeSet<String> = self.files()?.into_iter().map(|file| file.name).collect();
            if !change.removed.iter().all(|file| named.contains(&file.name)) {
                return Err(Error::table(self.table.name)(&"another server took the same files away meanwhile"));
            }
            attempt += 1;
            match self.try_commit(waiter, change, 0) {
                Err(_) if attempt < RETRIES => {}
                outcome => return outcome,
            }
        }
    }

    fn try_commit(&mut self, waiter: &Waiter, change: &Change<'_>, retries: usize) -> Result<(), Error> {
        let failed = Error::table(self.table.name);
        let log = self.root.join("_delta_log");
        if let Storage::Disk(disk) = &self.storage {
            disk.may(Act::Commit, &log).map_err(Error::disk(&log))?;
        }
        let now = jiff::Timestamp::now().as_millisecond().max(self.named_ms + 1);
        self.named_ms = now;
        let added = change.added.iter().map(|file| Action::Add(self.add(file, now, change.new_rows)));
        let removed = change.removed.iter().map(|file| Action::Remove(remove(file, now, change.new_rows)));
        let marks =
            change.marks.iter().map(|(source, mark)| Transaction::new_with_last_update(source, *mark, Some(now)));
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: Some(vec![DAY.to_owned()]), predicate: None };
        let properties =
            CommitProperties::default().with_application_transactions(marks.collect()).with_max_retries(retries);
        let builder = CommitBuilder::from(properties).with_actions(removed.chain(added).collect());
        let committed = waiter.wait(async {
            let state = self.delta.snapshot()?;
            builder.build(Some(state), self.delta.log_store(), operation).await?;
            self.delta.update_state().await
        });
        committed.map_err(|error| failed(&error))?;
        self.make_last()
    }

    /// Reads the table's log again.
    pub fn reload(&mut self, waiter: &Waiter) -> Result<(), Error> {
        let failed = Error::table(self.table.name);
        waiter.wait(self.delta.update_state()).map_err(|error| failed(&error))
    }

    /// The library leaves it to the system when a commit reaches the disk. In a bucket it lasts when it was taken.
    fn make_last(&self) -> Result<(), Error> {
        let Storage::Disk(disk) = &self.storage else { return Ok(()) };
        let log = self.root.join("_delta_log");
        if let Some(version) = self.delta.version() {
            let commit = log.join(format!("{version:020}.json"));
            let lasts = || {
                let file = std::fs::File::open(&commit)?;
                disk.sync(&file, &commit)?;
                disk.sync_folder(&log)
            };
            lasts().map_err(Error::disk(&commit))?;
        }
        Ok(())
    }

    fn add(&self, file: &DataFile, now_ms: i64, data_change: bool) -> Add {
        let time = |us: i64| jiff::Timestamp::from_microsecond(us).unwrap_or_default().to_string();
        let stats = serde_json::json!({
            "numRecords": file.rows,
            "minValues": { self.table.time: time(file.first_us) },
            "maxValues": { self.table.time: time(file.last_us) },
            "nullCount": { self.table.time: 0 },
        });
        Add {
            path: file.name.clone(),
            partition_values: HashMap::from([(DAY.to_owned(), Some(file.day.clone()))]),
            size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
            modification_time: now_ms,
            data_change,
            stats: Some(stats.to_string()),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        }
    }
}

fn remove(file: &DataFile, now_ms: i64, data_change: bool) -> Remove {
    Remove {
        path: file.name.clone(),
        data_change,
        deletion_timestamp: Some(now_ms),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::from([(DAY.to_owned(), Some(file.day.clone()))])),
        size: Some(i64::try_from(file.bytes).unwrap_or(i64::MAX)),
        ..Remove::default()
    }
}

/// The columns of the table, with the one that is only in the names of folders.
fn schema(table: &Table) -> Schema {
    let rows = table.schema();
    let day = Field::new(DAY, DataType::Date32, false);
    Schema::new(rows.fields().iter().map(|field| field.as_ref().clone()).chain([day]).collect::<Vec<_>>())
}

fn kernel(schema: &Schema) -> Result<StructType, arrow_schema::ArrowError> {
    schema.try_into_kernel()
}
