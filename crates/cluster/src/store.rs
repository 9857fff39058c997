//! The one store that a plan can name: the files of the lake, to read.
//!
//! A plan comes over the network and says which files are read. The engine as it is would look for any path on the
//! machine, and write where a plan says so; here is no other store than this one, and nothing is written to it.

use crate::session;
use crate::shared::Shared;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::path::Path as Location;
use datafusion::object_store::{
    self, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// Opens what holds the files of a lake.
pub fn open(lake: &Shared) -> Result<Arc<dyn ObjectStore>> {
    let folder = lake.bucket().is_none().then(|| lake.root().to_owned());
    Ok(Arc::new(ReadOnly { files: lake.store()?, folder }))
}

/// What an executor answers with: the files of the lake, and a folder for what does not fit into memory.
pub fn runtime(lake: &Shared, spill: &Path) -> Result<Arc<RuntimeEnv>> {
    let registry = OnlyTheLake { store: open(lake)? };
    RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::new(registry))
        .with_temp_file_path(spill.to_owned())
        .build_arc()
}

/// What a process that reads no file runs with: plans name the store, and nothing is in it.
pub fn nothing() -> Result<Arc<RuntimeEnv>> {
    let registry = OnlyTheLake { store: Arc::new(InMemory::new()) };
    RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(registry)).build_arc()
}

#[derive(Debug)]
struct OnlyTheLake {
    store: Arc<dyn ObjectStore>,
}

impl ObjectStoreRegistry for OnlyTheLake {
    fn register_store(&self, _: &Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if url.as_str().starts_with(session::STORE) {
            return Ok(self.store.clone());
        }
        Err(DataFusionError::Execution(format!("no store `{url}`: only files of the lake can be read")))
    }
}

/// Files of a lake.
#[derive(Debug)]
struct ReadOnly {
    files: Arc<dyn ObjectStore>,
    /// Where they are when they are on a disk, which has links.
    folder: Option<PathBuf>,
}

impl std::fmt::Display for ReadOnly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "files of the lake, to read")
    }
}

impl ReadOnly {
    /// A link is followed only to where files of the lake are.
    fn check(&self, location: &Location) -> object_store::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path: PathBuf = std::iter::once(folder.as_os_str().to_owned())
            .chain(location.parts().map(|part| part.as_ref().to_owned().into()))
            .collect();
        match path.canonicalize() {
            Ok(path) if !path.starts_with(folder) => Err(refused(location, "it leads out of the lake")),
            // What is not there is told by whoever opens it.
            _ => Ok(()),
        }
    }
}

fn refused(location: &Location, why: &str) -> object_store::Error {
    object_store::Error::PermissionDenied { path: location.to_string(), source: why.into() }
}

const ONLY_READ: &str = "files of the lake are only read here";

#[async_trait::async_trait]
impl ObjectStore for ReadOnly {
    async fn put_opts(&self, location: &Location, _: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
        Err(refused(location, ONLY_READ))
    }

    async fn put_multipart_opts(
        &self,
        location: &Location,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Err(refused(location, ONLY_READ))
    }

    async fn get_opts(&self, location: &Location, options: GetOptions) -> object_store::Result<GetResult> {
        self.check(location)?;
        let mut got = self.files.get_opts(location, options).await?;
        // A store below a folder of a bucket says the whole name.
        got.meta.location = location.clone();
        Ok(got)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Location>>,
    ) -> BoxStream<'static, object_store::Result<Location>> {
        locations.map(|location| location.and_then(|location| Err(refused(&location, ONLY_READ)))).boxed()
    }

    fn list(&self, _: Option<&Location>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        // A plan names its files.
        stream::once(async { Err(refused(&Location::ROOT, ONLY_READ)) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Location>) -> object_store::Result<ListResult> {
        Err(refused(&Location::ROOT, ONLY_READ))
    }

    async fn copy_opts(&self, from: &Location, _: &Location, _: CopyOptions) -> object_store::Result<()> {
        Err(refused(from, ONLY_READ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use datafusion::object_store::{Error, ObjectStoreExt};

    fn denied<T: std::fmt::Debug>(result: object_store::Result<T>) {
        assert!(matches!(result, Err(Error::PermissionDenied { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn files_of_the_lake_are_read_and_nothing_else_is_done() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (secret, inside) = (outside.path().join("secret"), folder.path().join("tables"));
        std::fs::write(&secret, "of another").unwrap();
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("one"), "of the lake").unwrap();
        std::os::unix::fs::symlink(&secret, inside.join("leads-out")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("folder-leads-out")).unwrap();
        std::os::unix::fs::symlink(inside.join("one"), inside.join("leads-in")).unwrap();
        let store = open(&Shared::at(folder.path()).unwrap()).unwrap();
        let name = |name: &str| Location::parse(name).unwrap();

        for read in ["tables/one", "tables/leads-in"] {
            let got = store.get(&name(read)).await.unwrap();
            assert_eq!(got.meta.location, name(read));
            assert_eq!(got.bytes().await.unwrap().as_ref(), b"of the lake");
        }
        for refused in ["tables/leads-out", "folder-leads-out/secret"] {
            denied(store.get(&name(refused)).await);
            denied(store.head(&name(refused)).await);
            denied(store.get_range(&name(refused), 0..2).await);
        }
        assert!(matches!(store.get(&name("tables/two")).await, Err(Error::NotFound { .. })));
        // There is no way up in a name.
        assert!(Location::parse("../secret").is_err() || store.get(&name("../secret")).await.is_err());
        denied(store.put(&name("tables/one"), "x".into()).await);
        denied(store.put_multipart(&name("tables/two")).await.map(|_| ()));
        denied(store.delete(&name("tables/one")).await);
        denied(store.copy(&name("tables/one"), &name("tables/two")).await);
        denied(store.rename(&name("tables/one"), &name("tables/two")).await);
        denied(store.list(None).next().await.unwrap());
        denied(store.list_with_delimiter(None).await);
        assert_eq!(std::fs::read(inside.join("one")).unwrap(), b"of the lake");
        assert!(!inside.join("two").exists());
    }

    #[test]
    fn no_other_store_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime(&Shared::at(folder.path()).unwrap(), folder.path()).unwrap();
        assert!(runtime.object_store_registry.get_store(&Url::parse("lake://files/tables/x").unwrap()).is_ok());
        for other in ["file:///etc/passwd", "lake://elsewhere/x", "s3://bucket/x", "http://localhost/x"] {
            assert!(runtime.object_store_registry.get_store(&Url::parse(other).unwrap()).is_err(), "{other}");
        }
        let lake = Url::parse("file:///").unwrap();
        runtime.object_store_registry.register_store(&lake, Arc::new(InMemory::new()));
        assert!(runtime.object_store_registry.get_store(&lake).is_err(), "none is added");
    }
}
