//! How long the calls take that a guard stands in the way of: `file_latency DIR COUNT`, where DIR has `old/0.txt`,
//! `old/1.txt` and so on. Prints one JSON object, for each kind of call the microseconds of the middle one and of the
//! slowest in a hundred.

use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const LINE: &[u8; 64] = b"2024-03-14 09:26:53 a line of text as an honest program writes.\n";

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: file_latency DIR COUNT");
        std::process::exit(2);
    };
    let count: usize = count.to_str().and_then(|count| count.parse().ok()).unwrap_or(1000);
    println!("{}", all(Path::new(&folder), count)?);
    Ok(())
}

fn all(folder: &Path, count: usize) -> io::Result<Value> {
    let old = |number: usize| folder.join("old").join(format!("{number}.txt"));
    let new = folder.join("new");
    std::fs::create_dir_all(&new)?;
    let page = LINE.repeat(64);
    let read = times(count, |number| {
        let mut bytes = Vec::new();
        File::open(old(number))?.read_to_end(&mut bytes)?;
        black_box(bytes.len());
        Ok(())
    })?;
    let made = times(count, |number| File::create_new(new.join(format!("{number}.txt")))?.write_all(&page))?;
    let first = times(count, |number| OpenOptions::new().write(true).open(old(number))?.write_all_at(LINE, 0))?;
    let open = OpenOptions::new().write(true).open(old(0))?;
    let further = times(count, |number| open.write_all_at(LINE, 64 * (number as u64 % 100)))?;
    let run = times(count / 10, |_| Command::new("/bin/true").status().map(drop))?;
    Ok(json!({ "read": read, "new": made, "first write": first, "further write": further, "exec": run }))
}

fn times(count: usize, mut work: impl FnMut(usize) -> io::Result<()>) -> io::Result<Value> {
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
