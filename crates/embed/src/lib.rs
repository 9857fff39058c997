//! Puts content of the repository into programs, so that a new file of it needs no Rust. For build scripts.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// From a crate to what is in the repository. Cargo runs a build script in the crate's folder, and paths stay relative to
/// it, so that checkouts can share a target directory.
const REPOSITORY: &str = "../..";

/// Writes a table of files into the folder of the build, in the order of their paths:
/// `include!(concat!(env!("OUT_DIR"), "/<table>.rs"))` is a `&[(key, …, text)]` with the keys of each file, which are its path
/// in the repository to begin with. Of a folder those files are taken that have the extension, not those in folders in it.
///
/// # Errors
/// When a folder or file cannot be read, or the table cannot be written.
pub fn table(table: &str, folders: &[&str], extension: &str, keys: impl Fn(&Path) -> Vec<String>) -> io::Result<()> {
    let mut rows = String::from("&[\n");
    for folder in folders {
        for file in files(Path::new(folder), extension)? {
            let place = format!("/{REPOSITORY}/{}", file.display());
            rows.push_str("    (");
            for key in keys(&file) {
                let _ = write!(rows, "{key:?}, ");
            }
            let _ = writeln!(rows, "include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?}))),");
        }
    }
    rows.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join(format!("{table}.rs")), rows)
}

/// `ledger/pe.toml` is `pe.toml`.
pub fn name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `ledger/pe.toml` is `pe`.
pub fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The files of a folder of the repository. The script runs again when one comes, goes or changes.
fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let there = Path::new(REPOSITORY).join(folder);
    println!("cargo:rerun-if-changed={}", there.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&there).map_err(|error| at(&there, &error))? {
        let file = folder.join(entry?.file_name());
        if file.extension().is_some_and(|found| found == extension) {
            println!("cargo:rerun-if-changed={}", Path::new(REPOSITORY).join(&file).display());
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_come_in_order_and_by_their_extension() {
        let found = files(Path::new("crates/embed"), "toml").unwrap_or_default();
        assert_eq!(found, [Path::new("crates/embed/Cargo.toml")]);
        assert_eq!((name(&found[0]).as_str(), stem(&found[0]).as_str()), ("Cargo.toml", "Cargo"));
        let missing = files(Path::new("no/such/folder"), "toml").map_err(|error| error.to_string());
        assert!(missing.is_err_and(|why| why.contains("no/such/folder")));
    }
}
