//! Embeds every TOML file of the content folders, so that a new weapon needs no Rust.

use std::{env, fmt::Write, fs, io, path::Path};

const FOLDERS: [&str; 5] = ["weapons", "weapons/fixsets", "systems", "prerequisites", "urgency"];

fn main() -> io::Result<()> {
    // Cargo runs this in the crate's folder. Paths stay relative to it, so that checkouts can share a target directory.
    let data = Path::new("../../data");
    let mut table = String::from("&[\n");
    for folder in FOLDERS {
        let path = data.join(folder);
        println!("cargo:rerun-if-changed={}", path.display());
        let mut files = Vec::new();
        for entry in fs::read_dir(&path)? {
            files.push(entry?.path());
        }
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
            println!("cargo:rerun-if-changed={}", file.display());
            let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            let (key, place) = (format!("{folder}/{name}"), format!("/{}", file.display()));
            let _ = writeln!(table, "    ({key:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?}))),");
        }
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("content.rs"), table)
}
