#![no_main]
//! What collectors send: a message of a stream, a certificate, a request for one. The first byte tells which.

use link::readers;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((0, rest)) => drop(readers::certificate(rest)),
        Some((_, rest)) => drop(readers::message(rest)),
        None => {}
    }
});
