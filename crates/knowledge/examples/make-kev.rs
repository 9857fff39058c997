//! Makes the list of known exploited vulnerabilities the product ships: `make-kev <kev.json> <out>`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use knowledge::import::Limits;
use knowledge::kev::Kev;
use std::fs;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, out] = arguments.as_slice() else {
        return Err("usage: make-kev <kev.json> <out>".into());
    };
    let (kev, report) = Kev::read(fs::File::open(source)?, &Limits::default())?;
    println!("{report:#?}");
    fs::write(out, serde_json::to_string(&kev)? + "\n")?;
    Ok(())
}
