#![no_main]

use knowledge::catalogue::Catalogue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(catalogue) = Catalogue::from_bytes(bytes) {
        let _ = (catalogue.counts(), catalogue.as_of(), catalogue.to_bytes());
    }
});
