#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::hosts(inventory::read_with_tables("any", data, &inventory::Limits::default()).observations);
});
