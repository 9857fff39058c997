//! Embeds what is data: what a machine cannot do without, and the configuration checks. A new entry needs no Rust.

use std::{env, fmt::Write, fs, io, path::Path};

fn main() -> io::Result<()> {
    embed("essentials")?;
    embed("baselines")
}

/// `data/<name>/*.toml` as a table of names and texts.
fn embed(name: &str) -> io::Result<()> {
    // Cargo runs this in the crate's folder. Paths stay relative to it, so that checkouts can share a target directory.
    let folder = Path::new("../../data").join(name);
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        files.push(entry?.path());
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        println!("cargo:rerun-if-changed={}", file.display());
        let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let place = format!("/{}", file.display());
        let _ = writeln!(table, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?}))),");
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join(format!("{name}.rs")), table)
}
