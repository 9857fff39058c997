//! What some tests need of the machine. Absent, a test is skipped with a loud line; under `CI` that is a failure, so that
//! nobody believes in tests that did not run.

use std::path::{Path, PathBuf};

/// True when this process may mount disks and watch files.
pub fn root() -> bool {
    rustix::process::geteuid().is_root() || missing("root", "run as root")
}

/// True when the program is here; `package` is the Debian package that has it.
pub fn tool(name: &str, package: &str) -> bool {
    find(name).is_some() || missing(name, &format!("install `{package}`"))
}

/// The server's program: the one beside the agent's, or the one that is named.
pub fn server() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_BIN_EXE_redoubt-agent")).with_file_name("redoubt");
    let path = std::env::var_os("REDOUBT_SERVER_BIN").map_or_else(beside, PathBuf::from);
    (path.is_file() || missing("redoubt", "build it with `cargo build -p redoubt`, or name it in REDOUBT_SERVER_BIN"))
        .then_some(path)
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Where the tools of disks are, which is not on everybody's path.
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|folder| folder.join(name)).find(|path: &PathBuf| Path::is_file(path))
}

fn missing(what: &str, hint: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "no `{what}` here: {hint}");
    eprintln!("SKIPPED: no `{what}` here; {hint} to run this test");
    false
}
