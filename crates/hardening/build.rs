//! Embeds the controls, so that a new one needs no Rust.

fn main() -> std::io::Result<()> {
    embed::table("controls", &["data/controls"], "toml", |file| vec![embed::stem(file)])
}
