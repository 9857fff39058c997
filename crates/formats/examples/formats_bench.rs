//! Reads a list of paths and identifies the files, or reads the facts of each without going into it, for comparing with
//! programs that do the same: `formats_bench identify|read LIST`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use formats::{Budget, Limits};
use std::io::Read;

/// As much of a file as is looked at to tell what it is: its beginning, or all of it when it is not much more.
const WHOLE_UP_TO: u64 = 64 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (what, list) = (arguments.next().unwrap(), arguments.next().unwrap());
    let limits = Limits::default();
    let (mut files, mut bytes, mut facts) = (0_u64, 0_u64, 0_u64);
    for path in std::fs::read_to_string(list).unwrap().lines() {
        let mut content = Vec::new();
        let Ok(file) = std::fs::File::open(path) else { continue };
        file.take(WHOLE_UP_TO).read_to_end(&mut content).unwrap();
        files += 1;
        bytes += content.len() as u64;
        let identified = formats::identify(&content);
        match what.as_str() {
            "identify" => println!("{}", identified.kind.label()),
            "read" => {
                let is_late = || false;
                let mut budget = Budget::new(&limits, &is_late);
                facts += formats::read(identified.kind, &content, &mut budget, &[]).vectors.len() as u64;
            }
            _ => panic!("identify or read"),
        }
    }
    eprintln!("{{\"files\":{files},\"bytes\":{bytes},\"facts\":{facts}}}");
}
