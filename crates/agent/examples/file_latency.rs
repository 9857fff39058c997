//! How long the calls take that a guard stands in the way of: `file_latency DIR COUNT`, where DIR has `large` and `old/0.txt`,
//! `old/1.txt` and so on. Prints one JSON object, for each kind of call the microseconds of the middle one and of the
//! slowest in a hundred.

mod timing;

use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use timing::times;

/// Of a large file so much is kept at once.
const BLOCK_BYTES: u64 = 64 << 10;
const LINE: &[u8; 64] = b"2024-03-14 09:26:53 a line of text as an honest program writes.\n";

fn main() -> io::Result<()> {
    timing::main("file_latency", 1000, all)
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
    let opened = times(count, |number| File::open(old(number)).map(drop))?;
    let made = times(count, |number| File::create_new(new.join(format!("{number}.txt")))?.write_all(&page))?;
    let first = times(count, |number| OpenOptions::new().write(true).open(old(number))?.write_all_at(LINE, 0))?;
    let open = OpenOptions::new().write(true).open(old(0))?;
    let further = times(count, |number| open.write_all_at(LINE, 64 * (number as u64 % 100)))?;
    let large = OpenOptions::new().write(true).open(folder.join("large"))?;
    let blocks = (large.metadata()?.len() / BLOCK_BYTES).max(1);
    let place = |number: usize| number as u64 * 7 % blocks * BLOCK_BYTES;
    let in_large = times(count.min(1000), |number| large.write_all_at(LINE, place(number)))?;
    let in_large_again = times(count.min(1000), |number| large.write_all_at(LINE, place(number)))?;
    let run = times(count / 10, |_| Command::new("/bin/true").status().map(drop))?;
    Ok(json!({ "open": opened, "read": read, "new": made, "first write": first, "further write": further,
        "large write": in_large, "large write again": in_large_again, "exec": run }))
}
