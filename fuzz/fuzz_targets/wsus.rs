#![no_main]

use cab::{CabinetBuilder, CompressionType};
use knowledge::import::{Limits, silent, wsus};
use std::io::{Cursor, Write};

fn cabinet(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = CabinetBuilder::new();
    let folder = builder.add_folder(CompressionType::None);
    for (name, _) in files {
        folder.add_file(*name);
    }
    let mut writer = builder.build(Cursor::new(Vec::new())).expect("memory does not fail");
    let mut contents = files.iter();
    while let Some(mut file) = writer.next_file().expect("memory does not fail") {
        let (_, bytes) = contents.next().expect("as many as were added");
        file.write_all(bytes).expect("memory does not fail");
    }
    writer.finish().expect("memory does not fail").into_inner()
}

// The two documents inside the cabinets, split at 0xFF; `knowledge_import` bends the cabinets themselves.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == 0xFF);
    let (package, properties) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let file = cabinet(&[
        ("package.cab", &cabinet(&[("package.xml", package)])),
        ("package2.cab", &cabinet(&[("x/100", properties)])),
    ]);
    let _ = wsus::build(Cursor::new(file), &Limits::default(), &mut silent);
});
