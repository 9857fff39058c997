#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::read_with_tables(
        "mix.zip",
        &[b"PK\x03\x04".as_slice(), data].concat(),
        &inventory::Limits::default(),
    );
});
