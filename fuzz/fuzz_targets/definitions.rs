#![no_main]

use knowledge::import::Limits;
use knowledge::import::{silent, wesng};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes_max: 64 << 20, document_bytes_max: 16 << 20, ..Limits::default() };
    let _ = wesng::build_csv(bytes, &limits, &mut silent);
});
