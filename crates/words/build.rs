//! Embeds every `locales/<language>/<namespace>.json`, so that a new namespace needs no Rust.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let language = |file: &Path| file.parent().map(embed::name).unwrap_or_default();
    embed::table("locales", &["locales/en", "locales/zh-CN"], "json", |file| vec![language(file), embed::stem(file)])
}
