#![no_main]
//! Everything a program of Unix tells.

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = formats::elf::read(input);
});
