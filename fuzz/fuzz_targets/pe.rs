#![no_main]
//! Everything a program of Windows tells.

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = formats::pe::read(input);
});
