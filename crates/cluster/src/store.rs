//! The one store that a plan can name: the files of the lake, to read.
//!
//! A plan comes over the network and says which files are read. The engine as it is would look for any path on the
//! machine, and write where a plan says so; here is no other store than this one, and nothing is written to it.

use crate::session;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::object_store::local::LocalFileSystem;
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
pub fn open(lake: &Path) -> Result<Arc<dyn ObjectStore>> {
    let files = LocalFileSystem::new_with_prefix(lake)?;
    let root = lake.canonicalize()?;
    Ok(Arc::new(ReadOnly { files, root }))
}

/// What an executor answers with: the files of the lake, and a folder for what does not fit into memory.
pub fn runtime(lake: &Path, spill: &Path) -> Result<Arc<RuntimeEnv>> {
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

/// Files below a folder, wherever links in it lead.
#[derive(Debug)]
struct ReadOnly {
    files: LocalFileSystem,
    root: PathBuf,
}

impl std::fmt::Display for ReadOnly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "files of the lake, to read")
    }
}

impl ReadOnly {
    /// A link is followed only to where files of the lake are.
    fn check(&self, location: &Location) -> object_store::Result<()> {
        let path = self.files.path_to_filesystem(location)?;
        match path.canonicalize() {
            Ok(path) if !path.starts_with(&self.root) => Err(refused(location, "it leads out of the lake")),
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
        self.files.get_opts(location, options).await
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
