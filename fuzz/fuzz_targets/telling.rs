#![no_main]
//! What an endpoint tells a server: its report, and lines of what happened. What is read is told again and read as the same.

use policy::telling::{Report, lines, read};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = Report::read(input);
    let Ok(told) = read(input) else { return };
    let again = lines(&told).ok().and_then(|bytes| read(&bytes).ok());
    assert!(again.is_some_and(|again| again.len() == told.len()));
});
