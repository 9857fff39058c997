//! Where the machines of a cluster find a lake: in a folder that each of them sees, or in a bucket.

use datafusion::common::Result;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path as Name;
use datafusion::object_store::prefix::PrefixStore;
use datafusion::object_store::{self, ObjectStore};
use lake::{Bucket, Disk, Storage};
use model::Message;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a process that only reads is called in a bucket; no file is named after it.
const READER: &str = "reader";

/// The files of a lake, all of which have names below one root.
#[derive(Debug, Clone)]
pub struct Shared {
    /// A folder, or the address of a folder of a bucket.
    root: PathBuf,
    storage: Storage,
}

impl Shared {
    /// A lake by its folder, or by the address of the bucket that its tables are in. The settings of the bucket are those
    /// of this process.
    pub fn at(place: &Path) -> Result<Shared, Message> {
        let unusable =
            |error: &dyn Display| Message::new("query.cluster-lake").with("path", place.display()).with("cause", error);
        let address = place.to_str().filter(|address| address.starts_with("s3://"));
        if let Some(address) = address {
            let bucket = Bucket::of(address, READER, std::env::vars()).map_err(|error| unusable(&error))?;
            return Ok(Shared::in_bucket(bucket));
        }
        let folder = place.canonicalize().map_err(|error| unusable(&error))?;
        let bucket = Bucket::of_lake(&folder, std::env::vars()).map_err(|error| unusable(&error))?;
        Ok(Shared::of(&folder, bucket))
    }

    /// The lake of a folder, whose tables may be in a bucket.
    pub fn of(folder: &Path, bucket: Option<Bucket>) -> Shared {
        match bucket {
            Some(bucket) => Shared::in_bucket(bucket),
            None => Shared { root: folder.to_owned(), storage: Storage::Disk(Disk::default()) },
        }
    }

    fn in_bucket(bucket: Bucket) -> Shared {
        Shared { root: bucket.location().as_str().into(), storage: Storage::Bucket(bucket) }
    }

    /// What the names of all files begin with.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    pub fn bucket(&self) -> Option<&Bucket> {
        match &self.storage {
            Storage::Bucket(bucket) => Some(bucket),
            Storage::Disk(_) => None,
        }
    }

    /// Where the files of a table are.
    pub fn table(&self, name: &str) -> PathBuf {
        match &self.storage {
            Storage::Disk(_) => self.root.join("tables").join(name),
            Storage::Bucket(_) => self.root.join(name),
        }
    }

    /// Everything below the root, by names below it.
    pub fn store(&self) -> Result<Arc<dyn ObjectStore>> {
        Ok(match &self.storage {
            Storage::Disk(_) => Arc::new(LocalFileSystem::new_with_prefix(&self.root)?),
            Storage::Bucket(bucket) => {
                // A text would be written otherwise where it has a `~`.
                let folder = Name::parse(bucket.location().path()).map_err(object_store::Error::from)?;
                Arc::new(PrefixStore::new(bucket.store(), folder))
            }
        })
    }
}
