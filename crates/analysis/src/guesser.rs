//! Where the model of types lies. It is a file of its own, beside the program or in the cache of whoever built it; without
//! one, types are told by their signs alone, which a report says.

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

/// The file of its labels, which lies beside it.
pub fn labels_of(model: &Path) -> PathBuf {
    model.with_extension("json")
}
