#![no_main]
//! The reader of one kind, whatever the file is: the first byte chooses it, or `REDOUBT_KIND=pdf` in the environment does.

use formats::{Budget, Kind, Limits};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let chosen = std::env::var("REDOUBT_KIND").ok().and_then(|label| Kind::from_label(&label));
    let kind = chosen.unwrap_or(READ[usize::from(*first) % READ.len()]);
    let limits = Limits { file_bytes: 4 << 20, expanded_bytes: 16 << 20, children: 500, steps: 1 << 17, ..Limits::default() };
    let reading = formats::read(kind, bytes, &mut Budget::new(&limits, &|| false), &["infected".to_owned()]);
    for child in &reading.children {
        let _ = child.bytes(bytes);
    }
});

/// One of each reader.
const READ: &[Kind] = &[
    Kind::Zip,
    Kind::Docx,
    Kind::Odt,
    Kind::Tar,
    Kind::Gzip,
    Kind::Bzip2,
    Kind::Xz,
    Kind::Lzma,
    Kind::Zstd,
    Kind::Lz4,
    Kind::Compress,
    Kind::Doc,
    Kind::Xls,
    Kind::Ppt,
    Kind::Msg,
    Kind::Msi,
    Kind::Pdf,
    Kind::Rtf,
    Kind::Eml,
    Kind::Mbox,
    Kind::Html,
    Kind::Lnk,
    Kind::SevenZip,
    Kind::Arj,
    Kind::Lha,
    Kind::Cab,
    Kind::Chm,
    Kind::Ar,
    Kind::Cpio,
    Kind::Rpm,
    Kind::Iso,
    Kind::Udf,
    Kind::Rar,
    Kind::OneNote,
    Kind::Tnef,
    Kind::Class,
    Kind::Dex,
    Kind::AndroidXml,
    Kind::Apk,
    Kind::Png,
    Kind::Jpeg,
    Kind::Gif,
    Kind::Ttf,
    Kind::Ttc,
    Kind::Tiff,
    Kind::Mp3,
    Kind::Ogg,
    Kind::Svg,
    Kind::JavaScript,
    Kind::VbScript,
    Kind::PowerShell,
    Kind::Batch,
    Kind::Shell,
    Kind::Php,
    Kind::Lua,
    Kind::EncodedScript,
];
