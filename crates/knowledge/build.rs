//! Embeds the content folders, so that a new weapon needs no Rust.

use std::path::Path;

const FOLDERS: [&str; 5] =
    ["data/weapons", "data/weapons/fixsets", "data/systems", "data/prerequisites", "data/urgency"];

fn main() -> std::io::Result<()> {
    // `weapons/fixsets/x.toml`
    let key = |file: &Path| file.strip_prefix("data").unwrap_or(file).display().to_string();
    embed::table("content", &FOLDERS, "toml", |file| vec![key(file)])
}
