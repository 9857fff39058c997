//! Embeds every TOML file of the content folders, so that a new weapon needs no Rust.

use std::{env, fmt::Write, fs, io, path::Path};

const FOLDERS: [&str; 5] = ["weapons", "weapons/fixsets", "systems", "prerequisites", "urgency"];

fn main() -> io::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
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
            let full = file.canonicalize()?.display().to_string();
            let _ = writeln!(table, "    ({:?}, include_str!({full:?})),", format!("{folder}/{name}"));
        }
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("content.rs"), table)
}
