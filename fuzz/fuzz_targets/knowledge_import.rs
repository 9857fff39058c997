#![no_main]

use knowledge::import::{Limits, read, silent};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes_max: 64 << 20, document_bytes_max: 16 << 20, ..Limits::default() };
    let _ = read(Cursor::new(bytes), &limits, &mut silent);
});
