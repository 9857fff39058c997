//! What the machines of a cluster read for one question only: it lies beside the tables, and goes with the question.

use crate::shared::Shared;
use datafusion::object_store::path::Path as Name;
use datafusion::object_store::{ObjectStore, ObjectStoreExt};
use datafusion::parquet::arrow::ArrowWriter;
use engine::ask::ASKED;
use engine::tables::LakeTable;
use futures_util::TryStreamExt;
use model::Message;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What questions left behind that ended by force goes after so long.
const LEFT: Duration = Duration::from_hours(24);

/// So long the end of a question that was broken off may take.
const REMOVING: Duration = Duration::from_secs(5);

/// A folder of the lake for one question.
pub struct Beside {
    shared: Shared,
    store: Arc<dyn ObjectStore>,
    folder: PathBuf,
    /// What is in it.
    put: Vec<Name>,
}

impl Beside {
    pub async fn new(shared: &Shared) -> Result<Beside, Message> {
        let all = shared.root().join(ASKED);
        let store = shared.store().map_err(|error| unwritable(&all, &error))?;
        let folder = all.join(uuid::Uuid::new_v4().to_string());
        match shared.bucket() {
            Some(_) => sweep_bucket(&*store).await,
            None => {
                sweep_folder(&all);
                query::own_folder(&folder).map_err(|error| unwritable(&folder, &error))?;
            }
        }
        Ok(Beside { shared: shared.clone(), store, folder, put: Vec::new() })
    }

    /// Puts a file there; gives its path.
    pub async fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<PathBuf, Message> {
        let path = self.folder.join(name);
        let below = path.strip_prefix(self.shared.root()).map_err(|error| unwritable(&path, &error))?;
        let name: Name = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        // It goes with the question also when nobody knows whether it came to be.
        self.put.push(name.clone());
        self.store.put(&name, bytes.into()).await.map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// Puts the rows of a table there that are in no file, so that others can read them.
    pub async fn with_waiting(&mut self, table: LakeTable) -> Result<LakeTable, Message> {
        let Some(first) = table.waiting().first() else { return Ok(table) };
        let name = format!("waiting-{}.parquet", table.name());
        let failed = |error: &dyn Display| unwritable(Path::new(&name), error);
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, first.schema(), None).map_err(|error| failed(&error))?;
        for rows in table.waiting() {
            writer.write(rows).map_err(|error| failed(&error))?;
        }
        writer.close().map_err(|error| failed(&error))?;
        let length = bytes.len() as u64;
        Ok(table.with_waiting_in(self.put(&name, bytes).await?, length))
    }

    /// Copies the files of a folder, for instance tables that lie elsewhere on this machine.
    pub async fn copy(&mut self, folder: &Path) -> Result<(), Message> {
        let failed = |error: &dyn Display| unwritable(folder, error);
        for file in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
            let path = file.map_err(|error| failed(&error))?.path();
            let bytes = std::fs::read(&path).map_err(|error| failed(&error))?;
            if let Some(name) = copy_of(&path) {
                self.put(&name, bytes).await?;
            }
        }
        Ok(())
    }

    /// Where the copy of a file is.
    pub fn copied(&self, path: &Path) -> Option<PathBuf> {
        Some(self.folder.join(copy_of(path)?))
    }

    /// Takes it away, as far as it can be; what stays goes with what else was left.
    pub async fn remove(mut self) {
        let put = std::mem::take(&mut self.put);
        if self.shared.bucket().is_some() {
            delete(&*self.store, put).await;
        }
    }
}

async fn delete(store: &dyn ObjectStore, names: Vec<Name>) {
    for name in names {
        let _ = store.delete(&name).await;
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.shared.bucket().is_none() {
            let _ = std::fs::remove_dir_all(&self.folder);
            return;
        }
        // A question that ended before its time, where nothing may be waited for; the process ends with it.
        let (store, put) = (self.store.clone(), std::mem::take(&mut self.put));
        if put.is_empty() {
            return;
        }
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let removing = async { tokio::time::timeout(REMOVING, delete(&*store, put)).await };
            let _ = runtime.block_on(removing);
            Ok::<_, std::io::Error>(())
        };
        let _ = std::thread::spawn(remove).join();
    }
}

fn sweep_folder(all: &Path) {
    let is_old = |entry: &std::fs::DirEntry| {
        entry.metadata().and_then(|of| of.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT))
    };
    for left in std::fs::read_dir(all).into_iter().flatten().flatten().filter(is_old) {
        let _ = std::fs::remove_dir_all(left.path());
    }
}

/// One that cannot be listed is told by whoever puts something there.
async fn sweep_bucket(store: &dyn ObjectStore) {
    let listed: Vec<_> = store.list(Some(&Name::from(ASKED))).try_collect().await.unwrap_or_default();
    let now = jiff::Timestamp::now().as_second();
    for left in listed {
        if now - left.last_modified.timestamp() > LEFT.as_secs().cast_signed() {
            let _ = store.delete(&left.location).await;
        }
    }
}

pub fn unwritable(path: &Path, error: &dyn Display) -> Message {
    Message::new("query.folder").with("path", path.display()).with("cause", error)
}

fn copy_of(path: &Path) -> Option<String> {
    Some(format!("copy-{}", path.file_name()?.to_str()?))
}
