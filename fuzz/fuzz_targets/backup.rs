#![no_main]

use std::sync::LazyLock;
use store::{Options, Store};
use tokio::runtime::Runtime;

/// One database for all inputs: a restore replaces everything, and a refused one changes nothing.
static PLACE: LazyLock<(tempfile::TempDir, Runtime, Store)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = format!("sqlite:{}", folder.path().join("redoubt.db").display());
    let store = runtime.block_on(Store::open(&url, &Options::at(jiff::Timestamp::UNIX_EPOCH))).expect("an empty store");
    (folder, runtime, store)
});

// The lines of a backup; packed here, for checksums and compression would keep a fuzzer out. With a first byte of
// zero the rest is the packed file itself.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (folder, runtime, store) = &*PLACE;
    let file = folder.path().join("x.backup");
    let bytes = match data.split_first() {
        Some((0, packed)) => packed.to_vec(),
        _ => zstd::stream::encode_all(data, 1).expect("memory does not fail"),
    };
    std::fs::write(&file, bytes).expect("a writable folder");
    let _ = runtime.block_on(store.restore(&file, jiff::Timestamp::UNIX_EPOCH));
});
