#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::read_with_tables("hosts.csv", data, &inventory::Limits::default());
});
