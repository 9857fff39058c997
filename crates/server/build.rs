//! Embeds the built console: each file as it is and, where that is smaller, packed with gzip.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    // Cargo runs this in the crate's folder. Paths stay relative to it, so that checkouts can share a target directory.
    let console = Path::new("../../console/dist");
    println!("cargo::rerun-if-changed={}", console.display());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?);
    let mut files = Vec::new();
    if console.is_dir() {
        collect(console, &mut files)?;
    }
    files.sort();
    // Each by its name, which says what is in it: another checkout has others, and what was made there is not for this one.
    files.iter().for_each(|file| println!("cargo::rerun-if-changed={}", file.display()));
    let mut code = String::from("&[\n");
    for (index, file) in files.iter().enumerate() {
        let name = file.strip_prefix(console).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let bytes = fs::read(file)?;
        let packed = pack(&bytes)?;
        let gzip = if packed.len() < bytes.len() {
            let name = format!("asset-{index}.gz");
            fs::write(out.join(&name), &packed)?;
            let place = format!("/{name}");
            format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), {place:?})))")
        } else {
            "None".to_owned()
        };
        let etag: String = Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let place = format!("/{}", file.display());
        let source = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?})");
        let _ = writeln!(
            code,
            "    Asset {{ path: {name:?}, etag: \"\\\"{etag}\\\"\", bytes: include_bytes!({source}), gzip: {gzip} }},"
        );
    }
    code.push(']');
    fs::write(out.join("console.rs"), code)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() {
            collect(&path, files)?;
        } else if !hidden {
            files.push(path);
        }
    }
    Ok(())
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
