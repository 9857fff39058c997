//! Reads captures into EVE JSON with nothing of the product around it: `eve CAPTURE --eve OUT [--options NAMES]`.

use sensor::output::{Eve, Output};
use sensor::{Options, Worker, source};
use std::error::Error;
use std::fs::File;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut captures, mut out, mut options) = (Vec::new(), None, Options::default());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--eve" => out = arguments.next(),
            "--options" => options = Options::only(&arguments.next().unwrap_or_default())?,
            _ => captures.push(argument),
        }
    }
    let outputs: Vec<Box<dyn Output>> = match out {
        Some(out) => vec![Box::new(Eve::new(File::create(out)?))],
        None => Vec::new(),
    };
    let mut worker = Worker::new(options, outputs);
    let mut number = 0;
    for capture in captures {
        for path in source::files(Path::new(&capture))? {
            source::read(&path, &mut |frame| {
                number += 1;
                worker.frame(frame, number);
                true
            })?;
        }
    }
    worker.finish()?;
    eprintln!("{:?}", worker.counts);
    Ok(())
}
