#![no_main]
//! Everything a program of macOS tells.

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = formats::macho::read(input);
});
