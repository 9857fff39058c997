#![no_main]
//! What any bytes name: addresses, paths, keys, wallets, also in other notations.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for found in formats::strings::indicators(bytes).indicators {
        assert!((found.at as usize) < bytes.len());
    }
});
