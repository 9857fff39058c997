//! Writes each case of `testkit::packets` as a capture: `packets FOLDER`.

use std::path::PathBuf;
use testkit::packets::{Shape, cases, frames, pcap};

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: cargo run -p testkit --example packets -- FOLDER");
        std::process::exit(2);
    };
    std::fs::create_dir_all(&folder)?;
    for case in cases() {
        let path = folder.join(case.file_name());
        std::fs::write(&path, pcap(&frames(&case, Shape::default())))?;
        let signs: Vec<&str> = case.signs.iter().map(|(sign, _)| *sign).collect();
        println!("{}: {}", path.display(), if signs.is_empty() { "nothing".to_owned() } else { signs.join(", ") });
    }
    Ok(())
}
