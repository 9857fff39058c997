//! Reads captures into EVE JSON with nothing of the product around it: `eve CAPTURE --eve OUT [--options NAMES]`.

use sensor::Options;
use sensor::reading::{Progress, Reading, read};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut paths, mut eve, mut options, mut workers) = (Vec::new(), None, Options::default(), 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--eve" => eve = arguments.next().map(Into::into),
            "--options" => options = Options::only(&arguments.next().unwrap_or_default())?,
            "--workers" => workers = arguments.next().unwrap_or_default().parse()?,
            _ => paths.push(argument.into()),
        }
    }
    let summary = read(&Reading { paths, options, workers, merged: false, eve }, &Progress::default())?;
    eprintln!("{:?}", summary.counts);
    for finding in &summary.findings {
        eprintln!("{finding:?}");
    }
    Ok(())
}
