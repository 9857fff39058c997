//! Where the model of types lies. It is a file of its own, beside the program or in the cache of whoever built it; without
//! one, types are told by their signs alone, which a report says.

use crate::report::hex;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What it is called.
const NAME: &str = "type-model.onnx";

/// The model of types, where there is one: where `REDOUBT_TYPE_MODEL` says, beside this program or in the folder above it,
/// or where `./dev` keeps it.
pub fn type_model() -> Option<PathBuf> {
    if let Some(said) = std::env::var_os("REDOUBT_TYPE_MODEL") {
        return Some(PathBuf::from(said)).filter(|path| !path.as_os_str().is_empty());
    }
    let this = std::env::current_exe().ok()?;
    let beside = this.ancestors().skip(1).take(2).map(|folder| folder.join(NAME));
    beside.chain(cached()).find(|path| path.is_file())
}

fn cached() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(cache.join("redoubt/models").join(NAME))
}

/// The digest of a model, by which a report says with which it was made.
///
/// # Errors
/// When it cannot be read.
pub fn digest(model: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut portion) = (File::open(model)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut portion)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(portion.get(..read).unwrap_or_default()),
        }
    }
}

/// The file of its labels, which lies beside it.
pub fn labels_of(model: &Path) -> PathBuf {
    model.with_extension("json")
}
