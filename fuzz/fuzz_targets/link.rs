#![no_main]
//! What collectors send: a message of a stream, a certificate, a request for one; what endpoints are told. The first byte
//! tells which.

use link::readers;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((0, rest)) => drop(readers::certificate(rest)),
        Some((1, rest)) => drop(readers::guides(rest)),
        Some((_, rest)) => drop(readers::message(rest)),
        None => {}
    }
});
