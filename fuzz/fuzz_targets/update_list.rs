#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::read("HOST_qfe.txt", data, &inventory::Limits::default());
});
