//! Embeds what a machine cannot do without and the configuration checks, so that a new one needs no Rust.

fn main() -> std::io::Result<()> {
    embed::table("essentials", &["data/essentials"], "toml", |file| vec![embed::name(file)])?;
    embed::table("baselines", &["data/baselines"], "toml", |file| vec![embed::name(file)])
}
