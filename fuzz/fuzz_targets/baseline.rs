#![no_main]
//! A file of configuration checks, and what an endpoint read for each of those that are shipped.

use policy::baseline::{Baseline, Read};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = Baseline::read([("linux.toml", text)]);
    let read = Read::Value(text.to_owned());
    let list = Read::List(text.lines().map(str::to_owned).collect());
    for check in Baseline::builtin().iter() {
        for way in &check.ways {
            let _ = (way.evaluate(&read), way.evaluate(&list));
        }
    }
});
