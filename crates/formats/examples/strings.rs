//! Prints what files name: kind, value, where it stands and how it is written. Each word is a path; `--time` only says how
//! long it took.

#![allow(clippy::unwrap_used, reason = "an example that cannot go on ends")]

use formats::strings::indicators;
use std::time::Instant;

fn main() {
    let (flags, paths): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word == "--time");
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let start = Instant::now();
        let found = indicators(&bytes);
        if flags.is_empty() {
            for one in &found.indicators {
                let common = if one.common { " (common)" } else { "" };
                println!("{path}\t{}\t{}\t{}\t{}{common}", one.kind.label(), one.value, one.at, one.layer.label());
            }
        } else {
            println!("{path}: {} bytes, {} found, {:?}", bytes.len(), found.indicators.len(), start.elapsed());
        }
    }
}
