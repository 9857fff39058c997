//! Test helpers: real data by path and a PostgreSQL of the test's own, both skipped loudly when absent; and conversations as captures.

mod disk;
pub mod packets;
mod postgres;

pub use disk::{SmallDisk, small_disk};
pub use postgres::{Postgres, postgres};

use std::path::{Path, PathBuf};

/// The path of real test data, or `None` with a loud line when it is not on this machine.
///
/// The data is `$REDOUBT_TEST_DATA`, else `shared/data` beside the checkout.
pub fn data(relative: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("REDOUBT_TEST_DATA").map(PathBuf::from).unwrap_or_else(|| workspace().join("../shared/data"));
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: no shared test data at `{}`; set REDOUBT_TEST_DATA to run this test", path.display());
    None
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
