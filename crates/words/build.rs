//! Embeds every `locales/<language>/<namespace>.json`, so that a new namespace needs no Rust.

use std::{env, fmt::Write, fs, path::Path};

fn main() {
    // Cargo runs this in the crate's folder. Paths stay relative to it, so that checkouts can share a target directory.
    let locales = Path::new("../../locales");
    println!("cargo:rerun-if-changed={}", locales.display());
    let mut table = String::from("&[\n");
    for language in ["en", "zh-CN"] {
        let mut files: Vec<_> = fs::read_dir(locales.join(language))
            .unwrap_or_else(|error| panic!("cannot read locales/{language}: {error}"))
            .map(|entry| entry.expect("a readable directory entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        files.sort();
        for file in files {
            println!("cargo:rerun-if-changed={}", file.display());
            let namespace = file.file_stem().expect("a file name").to_string_lossy();
            let place = format!("/{}", file.display());
            let file = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?}))");
            writeln!(table, "    ({language:?}, {namespace:?}, {file}),").expect("writing to a string");
        }
    }
    table.push(']');
    let out = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("locales.rs");
    fs::write(out, table).expect("cannot write to OUT_DIR");
}
