#![no_main]
//! The type of any file, and what else it is; the name in the first line is compared to it.

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let found = formats::identify(input);
    let _ = formats::extension_mismatch(&String::from_utf8_lossy(&input[..end]), &found.kind);
    let _ = formats::hashes(input);
});
