#![no_main]

use knowledge::import::Limits;
use knowledge::import::cvrf;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes_max: 64 << 20, document_bytes_max: 16 << 20, ..Limits::default() };
    let _ = cvrf::build_json(bytes, &limits);
    let _ = cvrf::build_xml(bytes, &limits);
});
