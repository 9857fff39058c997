//! Chores of the workspace: `cargo run -p xtask -- openapi [--check]`.

use anyhow::{Context, bail};
use std::path::Path;

const USAGE: &str = "usage: cargo run -p xtask -- openapi [--check]";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["openapi"] => write_openapi(),
        ["openapi", "--check"] => check_openapi(),
        _ => bail!(USAGE),
    }
}

fn openapi_path() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/redoubt.json"))
}

fn write_openapi() -> anyhow::Result<()> {
    let path = openapi_path();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    let text = api::openapi::json().context("cannot describe the API")?;
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn check_openapi() -> anyhow::Result<()> {
    let path = openapi_path();
    let committed = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    if committed != api::openapi::json().context("cannot describe the API")? {
        bail!("`openapi/redoubt.json` is not what the routes say: run `./dev update`");
    }
    Ok(())
}
