#![no_main]
//! The files of a spool: each as bytes, and a whole spool that is opened, read and added to. The first byte tells which,
//! and for a whole one how much of the rest is its state.

use link::spool::Options;
use link::{Spool, readers};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    if *kind % 4 != 0 {
        readers::spool(rest);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (state, segment) = rest.split_at((usize::from(*kind) * 32).min(rest.len()));
    if !state.is_empty() {
        std::fs::write(folder.path().join("state"), state).expect("write");
    }
    std::fs::write(folder.path().join("00000000000000000007.spool"), segment).expect("write");
    let spool = Spool::open(folder.path(), Options { limit_bytes: 1 << 16, ..Options::default() }).expect("a disk");
    let mut reader = spool.reader(0);
    while reader.next().expect("a disk").is_some() {}
    let next = spool.append("session", 1, b"x").expect("room");
    assert_eq!(next + 1, reader.position() + 1);
});
