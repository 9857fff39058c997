//! Makes the catalogue the product ships: `make-catalogue <definitions.zip> <out>`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use knowledge::catalogue::Catalogue;
use knowledge::import::{Limits, wesng};
use std::{fs, io::BufReader, ops::ControlFlow, time::Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [definitions, out] = arguments.as_slice() else {
        return Err("usage: make-catalogue <definitions.zip> <out>".into());
    };
    let start = Instant::now();
    let reader = BufReader::new(fs::File::open(definitions)?);
    let (catalogue, report) = wesng::build(reader, &Limits::default(), &mut |_| ControlFlow::Continue(()))?;
    println!("imported in {:?}: {report:#?}", start.elapsed());
    let bytes = catalogue.to_bytes()?;
    fs::write(out, &bytes)?;
    let start = Instant::now();
    let read = Catalogue::from_bytes(&bytes)?;
    println!("{} bytes, loaded in {:?}, same: {}", bytes.len(), start.elapsed(), read == catalogue);
    Ok(())
}
