//! How long calls take, for the measurements beside this folder.

use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs a measurement with the folder and the number of the command line, and prints what it found.
pub fn main(name: &str, count: usize, all: impl FnOnce(&Path, usize) -> io::Result<Value>) -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), Some(asked)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: {name} DIR COUNT");
        std::process::exit(2);
    };
    let count = asked.to_str().and_then(|count| count.parse().ok()).unwrap_or(count);
    println!("{}", all(Path::new(&folder), count)?);
    Ok(())
}

/// The microseconds of the middle one, and of the slowest in a hundred.
pub fn times(count: usize, mut work: impl FnMut(usize) -> io::Result<()>) -> io::Result<Value> {
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        let start = Instant::now();
        work(number)?;
        took.push(start.elapsed());
    }
    took.sort();
    let us = |at: usize| took.get(at).copied().unwrap_or(Duration::ZERO).as_nanos() as f64 / 1000.0;
    Ok(json!({ "p50_us": us(count / 2), "p99_us": us(count * 99 / 100) }))
}
