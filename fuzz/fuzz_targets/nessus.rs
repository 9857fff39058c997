#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::read(
        "scan.nessus",
        &[b"<NessusClientData_v2>".as_slice(), data].concat(),
        &inventory::Limits::default(),
    );
});
