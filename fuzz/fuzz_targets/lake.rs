#![no_main]
//! What the lake reads from its disk and from other machines: a file of its log and one record of it, a batch that was
//! delivered, a block of an index, a whole index. The first byte tells which.

use lake::index::{Index, Question};
use lake::{TABLES, readers, unpack};
use std::path::PathBuf;
use std::sync::LazyLock;

/// Where an index lies for its reader, which wants a file.
static PLACE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.idx");
    (folder, path)
});

static ASKED: LazyLock<Question> = LazyLock::new(|| {
    let (indicators, _) = rules::Indicators::read("10.0.0.0/8\n2001:db8::/32\nevil.example\nevil.example/a\n");
    Question::new(indicators.iter())
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((0, rest)) => drop(readers::log(rest)),
        Some((1, rest)) => TABLES.iter().for_each(|table| drop(unpack(table, rest))),
        Some((2, rest)) => {
            std::fs::write(&PLACE.1, rest).expect("a writable folder");
            let _ = Index::open(&PLACE.1).and_then(|index| index.ask(&ASKED));
        }
        Some((pages, rest)) => {
            let Some((first, block)) = rest.split_first_chunk() else { return };
            readers::index_block(block, u64::from_le_bytes(*first), (*pages).into());
        }
        None => {}
    }
});
