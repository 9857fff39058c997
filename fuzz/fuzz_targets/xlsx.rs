#![no_main]

use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

const PARTS: [&str; 5] = [
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
];

// The parts of a workbook, split at 0xFF: checksums and compression would keep a fuzzer out of the XML.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut book = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, part) in PARTS.iter().zip(data.split(|byte| *byte == 0xFF)) {
        book.start_file(*name, stored).expect("a name that is new");
        book.write_all(part).expect("memory does not fail");
    }
    let book = book.finish().expect("memory does not fail").into_inner();
    let _ = inventory::read_with_tables("hosts.xlsx", &book, &inventory::Limits::default());
});
