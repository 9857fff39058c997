use super::*;
use crate::bytes::head;
use proptest::prelude::*;
use std::fmt::Write as _;

/// Says what some bytes are, as `kind by` and what else they are behind a plus.
fn told(bytes: &[u8]) -> String {
    let found = identify(bytes);
    let mut text = format!("{} {:?}", found.kind, found.by).to_lowercase();
    for also in &found.also {
        write!(text, " + {}@{}", also.kind, also.at).unwrap();
    }
    text
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let bytes = bytes.as_ref();
    assert_eq!(told(bytes), expected, "{}", String::from_utf8_lossy(head(bytes, 200)));
}

/// Bytes at offsets, and zeros elsewhere.
fn laid(length: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, piece) in pieces {
        bytes[*at..at + piece.len()].copy_from_slice(piece);
    }
    bytes
}

/// A ZIP archive of stored entries.
fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let (size, name_size, at) = (content.len() as u32, name.len() as u16, bytes.len() as u32);
        bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        bytes.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        bytes.extend([name_size.to_le_bytes(), [0, 0]].concat());
        bytes.extend([name.as_bytes(), content].concat());
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        directory.extend(name_size.to_le_bytes());
        directory.extend([0; 12]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, size, at) = (entries.len() as u16, directory.len() as u32, bytes.len() as u32);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

/// A compound file whose root has these streams, in one sector of directory.
fn compound(class: [u8; 16], names: &[&str]) -> Vec<u8> {
    assert!(names.len() <= 3);
    let mut bytes = laid(
        512 * 3,
        &[
            (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            (24, &[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]),
            (44, &[1, 0, 0, 0, 1, 0, 0, 0]),
            (68, &[0xfe, 0xff, 0xff, 0xff]),
            (76, &[0, 0, 0, 0]),
            // The table is sector 0 and the directory sector 1; both are chains of one.
            (512, &[0xfd, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff]),
        ],
    );
    let none = u32::MAX.to_le_bytes();
    let mut entry = |number: usize, name: &str, kind: u8, right: [u8; 4], child: [u8; 4]| {
        let at = 1024 + number * 128;
        let letters: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes[at..at + letters.len()].copy_from_slice(&letters);
        bytes[at + 64..at + 66].copy_from_slice(&(letters.len() as u16 + 2).to_le_bytes());
        bytes[at + 66] = kind;
        bytes[at + 68..at + 72].copy_from_slice(&none);
        bytes[at + 72..at + 76].copy_from_slice(&right);
        bytes[at + 76..at + 80].copy_from_slice(&child);
        bytes[at + 80..at + 96].copy_from_slice(&if number == 0 { class } else { [0; 16] });
    };
    entry(0, "Root Entry", 5, none, if names.is_empty() { none } else { 1_u32.to_le_bytes() });
    for (number, name) in (1..).zip(names) {
        let right = if number < names.len() { (number as u32 + 1).to_le_bytes() } else { none };
        entry(number, name, 2, right, none);
    }
    bytes
}

fn pe() -> Vec<u8> {
    laid(512, &[(0, b"MZ\x90\0"), (0x3c, &[0x80, 0, 0, 0]), (0x80, b"PE\0\0\x64\x86")])
}

#[test]
fn nothing_and_noise_are_told_as_such() {
    check(b"", "empty nothing");
    check([0; 64], "data nothing");
    check([0x9d, 0x01, 0x80, 0x00, 0xfe, 0x03], "data nothing");
    check("Just a few words.", "txt text");
}

#[test]
fn programs_with_a_program_of_dos_in_front() {
    check(pe(), "pe structure");
    check(laid(256, &[(0, b"MZ"), (0x3c, &[0x40]), (0x40, b"NE")]), "ne structure");
    check(laid(256, &[(0, b"MZ"), (0x3c, &[0x40]), (0x40, b"LX")]), "le structure");
    check(laid(256, &[(0, b"MZ"), (0x3c, &[0xff, 0xff])]), "msdos structure");
    check("MZ is how a text may begin, and this one goes on for more than a header has.", "txt text");
}

#[test]
fn a_class_of_java_and_a_binary_for_several_processors_begin_alike() {
    check(laid(64, &[(0, b"\xca\xfe\xba\xbe\0\0\0\x34")]), "class structure");
    check(laid(64, &[(0, b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07")]), "macho structure");
    check(laid(64, &[(0, b"\xcf\xfa\xed\xfe\x07\0\0\x01")]), "macho structure");
}

#[test]
fn archives_are_told_by_what_is_in_them() {
    let one = |name: &str| zipped(&[(name, b"x")]);
    check(one("a.txt"), "zip structure");
    check(zipped(&[("mimetype", b"application/vnd.oasis.opendocument.text")]), "odt structure");
    check(zipped(&[("mimetype", b"application/vnd.oasis.opendocument.text-template")]), "ott structure");
    check(zipped(&[("mimetype", b"application/epub+zip")]), "epub structure");
    check(zipped(&[("mimetype", b"application/hwp+zip")]), "hwpx structure");
    check(one("META-INF/MANIFEST.MF"), "jar structure");
    check(zipped(&[("META-INF/MANIFEST.MF", b""), ("AndroidManifest.xml", b"")]), "apk structure");
    check(zipped(&[("META-INF/MANIFEST.MF", b""), ("WEB-INF/web.xml", b"")]), "war structure");
    check(one("x-1.dist-info/WHEEL"), "whl structure");
    check(one("Payload/X.app/Info.plist"), "ipa structure");
}

#[test]
fn office_documents_are_told_by_the_type_of_their_main_part() {
    let document = |types: &str, part: &str| zipped(&[("[Content_Types].xml", types.as_bytes()), (part, b"<x/>")]);
    check(document("wordprocessingml.document.main+xml", "word/document.xml"), "docx structure");
    check(document("ms-word.document.macroEnabled.main+xml", "word/document.xml"), "docm structure");
    check(document("spreadsheetml.sheet.main+xml", "xl/workbook.xml"), "xlsx structure");
    check(document("", "xl/workbook.bin"), "xlsb structure");
    check(document("", "ppt/presentation.xml"), "pptx structure");
    check(document("", "x.nuspec"), "nupkg structure");
    check(document("", "x.txt"), "ooxml structure");
    // The sheet inside of a letter does not make it a table; nor does a name with the wrong slash.
    let types = "spreadsheetml.sheet.main+xml wordprocessingml.document.main+xml";
    check(document(types, "word\\document.xml"), "docx structure");
}

#[test]
fn an_archive_that_was_cut_off_is_still_told() {
    let whole = zipped(&[("mimetype", b"application/epub+zip"), ("a", &[7; 200])]);
    check(&whole[..120], "epub structure");
    let jar = zipped(&[("META-INF/MANIFEST.MF", b"x"), ("a", &[7; 200])]);
    check(&jar[..jar.len() - 60], "jar structure");
}

#[test]
fn compound_files_are_told_by_the_root_and_not_by_what_is_embedded() {
    let streams = |names: &[&str]| compound([0; 16], names);
    check(streams(&[]), "ole structure");
    check(streams(&["WordDocument", "1Table"]), "doc structure");
    check(streams(&["Workbook"]), "xls structure");
    check(streams(&["PowerPoint Document"]), "ppt structure");
    check(streams(&["__properties_version1.0"]), "msg structure");
    check(streams(&["EncryptionInfo", "EncryptedPackage"]), "ooxml-encrypted structure");
    check(streams(&["VBA", "PROJECT"]), "vba-project structure");
    check(streams(&["\u{4840}\u{3f3f}"]), "msi structure");
    let installer = [0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
    check(compound(installer, &["\u{5}SummaryInformation"]), "msi structure");
}

#[test]
fn chains_that_run_in_circles_end() {
    let mut bytes = compound([0; 16], &["WordDocument"]);
    // The directory's sector follows itself, and its only stream is its own neighbour.
    bytes[516..520].copy_from_slice(&1_u32.to_le_bytes());
    bytes[1024 + 128 + 72..][..4].copy_from_slice(&1_u32.to_le_bytes());
    check(&bytes, "doc structure");
    bytes[30..32].copy_from_slice(&14_u16.to_le_bytes());
    check(&bytes, "ole structure");
}

#[test]
fn containers_of_sound_and_film() {
    check(b"RIFF\x10\0\0\0WAVEfmt ", "wav structure");
    check(b"RIFF\x10\0\0\0WEBPVP8 ", "webp structure");
    check(b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "mp4 structure");
    check(b"\0\0\0\x18ftypM4A \0\0\0\0isommp42", "m4a structure");
    check(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "avif structure");
    check(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "mov structure");
    check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "webm structure");
    check(laid(189 * 4, &[(0, b"G"), (188, b"G"), (376, b"G"), (564, b"G")]), "mpegts structure");
    check(b"ID3\x04\0\0\0\0\0\x00fLaC", "flac structure");
}

#[test]
fn a_frame_of_sound_must_be_followed_by_another() {
    let frame = laid(417, &[(0, &[0xff, 0xfb, 0x90, 0x00])]);
    check([frame.clone(), frame.clone()].concat(), "mp3 structure");
    check([frame, vec![0; 100]].concat(), "data nothing");
}

#[test]
fn a_tape_archive_without_its_letters_is_told_by_its_sum() {
    let mut header = laid(1024, &[(0, b"a.txt"), (100, b"0000644\0"), (124, b"00000000000\0")]);
    let sum: u32 = header[..512].iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    check(&header, "tar structure");
    header[0] = b'b';
    check(&header, "data nothing");
}

#[test]
fn keys_and_certificates() {
    check(laid(260, &[(0, &[0x30, 0x82, 1, 0, 0x30, 0x81, 0xf0, 0xa0, 3, 2, 1, 2, 2])]), "der structure");
    check(b"-----BEGIN CERTIFICATE-----\nMIIB\n", "pem text");
    check(b"-----BEGIN PGP MESSAGE-----\n", "pgp-armor text");
}

#[test]
fn the_encoding_of_text_is_told() {
    let encoding = |bytes: &[u8]| identify(bytes).encoding.map(Encoding::label);
    let wide = |text: &str, number: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(number).collect::<Vec<u8>>();
    assert_eq!(encoding(b"plain"), Some("ascii"));
    assert_eq!(encoding("纵深防御".as_bytes()), Some("utf-8"));
    assert_eq!(encoding(b"\xef\xbb\xbfplain"), Some("utf-8-bom"));
    assert_eq!(encoding(&wide("\u{feff}纵深", u16::to_le_bytes)), Some("utf-16le"));
    assert_eq!(encoding(&wide("\u{feff}纵深", u16::to_be_bytes)), Some("utf-16be"));
    assert_eq!(encoding(&wide("a few words", u16::to_le_bytes)), Some("utf-16le"));
    // GBK.
    assert_eq!(encoding(b"\xd7\xdd\xc9\xee \xb7\xc0\xd3\xf9\n"), Some("legacy"));
    assert_eq!(encoding(&[0; 9]), None);
}

#[test]
fn scripts_by_their_first_line() {
    check("#!/bin/sh\n", "shell text");
    check("#! /usr/bin/env -S python3.11 -u\n", "python text");
    check("#!/usr/bin/perl5.36-x86_64-linux-gnu\n", "perl text");
    check("#!/usr/bin/env node\n", "js text");
    check("#!/opt/x/own-thing\n", "script text");
    check("#![allow(dead_code)]\npub fn main() {\n    let mut x = 1;\n}\n", "rust text");
    // A zipped application of Python: what runs it looks at the first line, what unpacks it at the end.
    let archive = [b"#!/usr/bin/env python3\n".as_slice(), &zipped(&[("__main__.py", b"")])].concat();
    let end = archive.len() - 22;
    check(&archive, &format!("python text + zip@{end}"));
}

#[test]
fn scripts_by_their_words() {
    check("import os\nfrom sys import argv\n\ndef main(x):\n    return os.getcwd()\n", "python text");
    check("use strict;\nmy ($a, $b) = @_;\nsub f {\n}\n1;\n", "perl text");
    check("set -e\nif [ -f x ]; then\n  echo \"$x\"\nfi\n", "shell text");
    check("@echo off\r\nsetlocal\r\ncopy %1 c:\\x\r\n", "batch text");
    check("REM x\r\nset A=b\r\nif not exist %A% goto end\r\n:end\r\n", "batch text");
    check("param(\n  [string]$Name\n)\n$x = Get-Process | Where-Object { $_.Name -eq $Name }\n", "powershell text");
    check("Option Explicit\nDim shell\nSet shell = CreateObject(\"WScript.Shell\")\n", "vbscript text");
    check("'use strict';\nconst fs = require('fs');\nmodule.exports = function (x) {\n};\n", "js text");
    check("var x = new ActiveXObject(\"WScript.Shell\");\nx.Run(\"a\");\n", "js text");
    check("<?php\necho 1;\n", "php text");
    check("#include <stdio.h>\nint main(void)\n{\n    return 0;\n}\n", "c text");
    check("#include <vector>\nnamespace a {\nstd::vector<int> b;\n}\n", "cpp text");
    check("CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\n", "sql text");
    check("#@~^AAAAAA==xxxx", "encoded-script magic");
}

#[test]
fn a_text_that_speaks_of_code_is_a_text() {
    check(
        "# Use\n\nCall it:\n\n```js\nconst x = require('x');\nmodule.exports = x;\n```\n\nThat is all.\n",
        "txt text",
    );
    check(
        "To import the module, use the command import from the list.\nIf it fails:\nask somebody else for help.\n",
        "txt text",
    );
}

#[test]
fn markup_by_its_first_element() {
    check("<!DOCTYPE html><title>x</title>", "html text");
    check("<!-- x -->\n<html><body></body></html>", "html text");
    check("<html><head><hta:application id=x></head></html>", "hta text");
    check("<?xml version='1.0'?>\n<a/>", "xml text");
    check("<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>", "svg text");
    check("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", "svg text");
    check("<?xml version='1.0'?><?mso-application progid='Word.Document'?><w:wordDocument/>", "wordml text");
    check("<?xml version='1.0'?><package><job><script>x</script></job></package>", "wsf text");
    check("<project><a>1</a></project>", "xml text");
    check("<!-- x -->", "txt text");
    check("<!-- x --> and words", "txt text");
    check("<not a tag, but a remark in brackets>", "txt text");
    check("<%@ page import=\"java.util.*\" %>", "jsp text");
    check("<%eval request(\"x\")%>", "asp text");
}

#[test]
fn mail_and_what_only_looks_like_it() {
    check("From: a@b.example\nTo: c@d.example\nSubject: x\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nx\n", "eml text");
    check("Received: from a\n\tby b\nMessage-ID: <1@b>\nSubject: x\n\nx\n", "eml text");
    check("From a@b.example Mon Jan  1 00:00:00 2024\nFrom: a@b.example\nSubject: x\n\nx\n", "mbox text");
    check("Package: x\nVersion: 1\nDescription: y\n", "txt text");
    check("{\\rtf1\\ansi x}", "rtf text");
}

#[test]
fn notations_by_most_of_their_lines() {
    check("{\"a\": [1, 2]}", "json text");
    check("[a]\nb=c\n[d]\ne=f\n", "ini text");
    check("[a]\nb = \"c\"\nd = 1\n", "toml text");
    check("---\na: b\nc:\n  - d\n", "yaml text");
    check("a,b,c\n1,2,3\n4,5,6\n", "csv text");
    check("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\x]\r\n", "reg text");
    check("[InternetShortcut]\r\nURL=https://x.example/\r\n", "url text");
    check("Some words on it.\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "diff text");
}

#[test]
fn what_else_the_same_bytes_are_is_kept() {
    let picture = laid(64, &[(0, b"\x89PNG\x0d\x0a\x1a\x0a")]);
    let archive = zipped(&[("a.txt", b"x")]);
    let both = [picture.clone(), archive.clone()].concat();
    check(&both, &format!("png magic + zip@{}", both.len() - 22));
    let program = [pe(), zipped(&[("META-INF/MANIFEST.MF", b"")])].concat();
    check(&program, &format!("pe structure + jar@{}", program.len() - 22));
    let document = [b"GIF89a=1;".as_slice(), b"%PDF-1.4\n1 0 obj\n"].concat();
    check(&document, "gif magic + pdf@9 + js@0");
    check([b"\xff\xd8\xff\xe0".as_slice(), &[0; 40], b"<?php eval(1);"].concat(), "jpeg magic + php@44");
    check(laid(256, &[(0, b"MZ"), (128, b"DICM")]), "msdos structure + dicom@128");
}

#[test]
fn what_nothing_else_explains_is_what_is_further_in() {
    check([b"\0\x01junk".as_slice(), b"%PDF-1.7\n"].concat(), "pdf structure");
    check([&[0, 1, 2, 3], zipped(&[("word/document.xml", b"")]).as_slice()].concat(), "docx structure");
    check("A text about the header %PDF-1.4 of documents.", "txt text");
}

#[test]
fn identification_looks_at_both_ends_and_not_between() {
    let mut bytes = vec![b'x'; 100 << 20];
    bytes[..8].copy_from_slice(b"\0\x01\x02\x03\x04\x05\x06\x0e");
    let begun = std::time::Instant::now();
    assert_eq!(identify(&bytes).kind, Kind::Data);
    assert!(begun.elapsed().as_millis() < 500, "{:?}", begun.elapsed());
}

/// Files of many kinds, cut and bent: real ones where there are, and those made here.
fn samples() -> Vec<Vec<u8>> {
    let mut samples = vec![
        pe(),
        zipped(&[("[Content_Types].xml", b"wordprocessingml.document.main+xml"), ("word/document.xml", b"x")]),
        compound([0; 16], &["WordDocument", "1Table"]),
        b"<?xml version='1.0'?><a b=\"c\"><!-- d --></a>".to_vec(),
        b"From: a\nTo: b\nSubject: c\n\nd".to_vec(),
        b"{\"a\": [1, {\"b\": null}]}".to_vec(),
    ];
    let folder = testkit::data("files").and_then(|folder| std::fs::read_dir(folder).ok());
    let files = folder.into_iter().flatten().filter_map(|entry| std::fs::read(entry.ok()?.path()).ok());
    samples.extend(files.filter(|bytes| bytes.len() < 1 << 20));
    samples
}

/// What readers of text and of archives look for.
#[rustfmt::skip]
const PIECES: &[&[u8]] = &[
    b"<", b">", b"<!--", b"-->", b"<?xml", b"?>", b"<!DOCTYPE", b"[", b"]>", b"]", b"</", b"/>", b"<html", b"<svg", b"<%",
    b"=\"", b"\"", b"'", b"{", b"}", b":", b",", b"\\", b"\n", b"\r\n", b" ", b"\t", b"#!", b"/", b"env", b"-S", b"=", b"a",
    b"1", b"\"\"\"", b"'''", b"/*", b"*/", b"=head1 ", b"=cut", b"```", b"---\n", b"+++ ", b"@@ -", b"$", b"$(", b"${", b"->",
    b"=>", b"return <<", b"print <<'", b";", b"def ", b"import ", b"from ", b"sub ", b"use ", b"#include <", b"@", b"::", b"%",
    b"%~", b"From ", b"From: ", b"Received: ", b"begin 644", b"999", b"0\n", b"SECTION", b"-*-", b"mode:", b"{%", b"{{",
    b"%PDF-1", b" obj", b"%%EOF", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\0", b"\0\0\0\0", b"\xff\xfe", b"\xfe\xff",
    b"\xef\xbb\xbf", b"\xe7\xba\xb5", b"\x80", b"\x1a",
];

static SAMPLES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(samples);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        identify(&bytes);
        crate::hashes(&bytes);
    }

    #[test]
    fn no_text_panics(text in "[ -~\\n\\t<>{}\"':;#=$%/\\\\-]{0,400}") {
        identify(text.as_bytes());
    }

    #[test]
    fn no_pieces_of_notations_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let bytes = pieces.concat();
        identify(&bytes);
        // What stands in front may be no text.
        identify(&[&[0, 1, 2], bytes.as_slice()].concat());
    }

    #[test]
    fn no_beginning_panics(beginning in 0..magic::beginnings().len(), rest in prop::collection::vec(any::<u8>(), 0..600)) {
        identify(&[magic::beginnings()[beginning], &rest].concat());
    }

    #[test]
    fn no_file_panics_when_cut_and_bent(
        number in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
        near in any::<bool>(),
    ) {
        let mut bytes = SAMPLES[number.index(SAMPLES.len())].clone();
        if cut.index(3) > 0 {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        // Headers and directories stand at the ends.
        let reach = if near { bytes.len().min(600) } else { bytes.len() };
        for (at, value) in flips.iter().take(reach) {
            bytes[at.index(reach)] = *value;
        }
        let found = identify(&bytes);
        prop_assert!(found.also.iter().all(|also| also.kind != found.kind));
        extension_mismatch("a.docx", &found.kind);
    }
}

#[test]
fn real_files_are_what_they_are_known_to_be() {
    let Some(folder) = testkit::data("files") else { return };
    let truth = std::fs::read_to_string(folder.join("truth.json")).unwrap();
    let truth: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&truth).unwrap();
    let (mut all, mut wrong) = (0, Vec::new());
    for (name, known) in truth.iter().filter(|(name, _)| !name.starts_with('_')) {
        let Ok(bytes) = std::fs::read(folder.join(name)) else { continue };
        all += 1;
        let kind = identify(&bytes).kind;
        if known["type"] != kind.label() && known["mime"] != kind.mime() {
            wrong.push(format!("{name}: {kind}, not {}", known["type"]));
        }
    }
    assert!(all > 0 && wrong.len() * 100 <= all, "{wrong:#?}");
}
