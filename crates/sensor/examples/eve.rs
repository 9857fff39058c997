//! Reads captures into EVE JSON with nothing of the product around it: `eve CAPTURE --eve OUT [--options NAMES]`.

use sensor::reading::{Progress, Reading, read};
use sensor::{Options, Policy};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut paths, mut eve, mut options, mut workers) = (Vec::new(), None::<PathBuf>, Options::default(), 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--eve" => eve = arguments.next().map(Into::into),
            "--options" => options = Options::only(&arguments.next().unwrap_or_default())?,
            "--workers" => workers = arguments.next().unwrap_or_default().parse()?,
            _ => paths.push(argument.into()),
        }
    }
    let folder =
        eve.as_deref().and_then(Path::parent).filter(|_| options.keep_files).map(|parent| parent.join("files"));
    let files = folder.map(|folder| (folder, Policy::default()));
    let reading = Reading { paths, options, workers, merged: false, eve, files, filter: None, indicators: None };
    let summary = read(&reading, &Progress::default())?;
    eprintln!("{:?}", summary.counts);
    for finding in &summary.findings {
        eprintln!("{finding:?}");
    }
    for finding in &summary.behaviour.findings {
        eprintln!("{finding:?}");
    }
    Ok(())
}
