#![no_main]
//! Bundles of the agent: as they are on the way, and what is behind a signature that holds.

use policy::orders::{TrustedKeys, open_release, readers};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = open_release(input, &TrustedKeys::default());
    if let Ok(bundle) = readers::release(input) {
        let _ = bundle.unpack(std::io::sink());
    }
});
