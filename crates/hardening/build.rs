//! Embeds every `data/controls/*.toml`, so that a new control needs no Rust.

use std::{env, fmt::Write, fs, path::Path};

fn main() {
    // Cargo runs this in the crate's folder. Paths stay relative to it, so that checkouts can share a target directory.
    let folder = Path::new("../../data/controls");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot read data/controls: {error}"))
        .map(|entry| entry.expect("a readable directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        println!("cargo:rerun-if-changed={}", file.display());
        let stem = file.file_stem().expect("a file name").to_string_lossy();
        let place = format!("/{}", file.display());
        writeln!(table, "    ({stem:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?}))),")
            .expect("writing to a string");
    }
    table.push(']');
    let out = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("controls.rs");
    fs::write(out, table).expect("cannot write to OUT_DIR");
}
