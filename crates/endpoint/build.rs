//! Embeds the rules of behaviour and the sequences, so that a new one needs no Rust.

fn main() -> std::io::Result<()> {
    embed::table("sigma", &["data/sigma"], "yml", |file| vec![embed::stem(file)])?;
    embed::table("sequences", &["data/sequences"], "toml", |file| vec![embed::stem(file)])
}
