//! Embeds the detectors, so that a new one needs no Rust.

fn main() -> std::io::Result<()> {
    embed::table("detectors", &["data/detectors"], "toml", |file| vec![embed::name(file)])
}
