#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::read("scan.xml", &[b"<nmaprun>".as_slice(), data].concat(), &inventory::Limits::default());
});
