//! Embeds the rules of the ledger, so that a new one needs no Rust.

fn main() -> std::io::Result<()> {
    embed::table("ledger", &["data/ledger"], "toml", |file| vec![embed::name(file)])
}
