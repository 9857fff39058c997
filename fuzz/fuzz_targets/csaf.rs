#![no_main]

use knowledge::import::Limits;
use knowledge::import::csaf;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes_max: 64 << 20, document_bytes_max: 16 << 20, ..Limits::default() };
    let _ = csaf::build(bytes, &limits);
});
