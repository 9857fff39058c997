#![no_main]

use knowledge::import::Limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes_max: 64 << 20, document_bytes_max: 16 << 20, ..Limits::default() };
    let _ = knowledge::kev::Kev::read(bytes, &limits);
});
