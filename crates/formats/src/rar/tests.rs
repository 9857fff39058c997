use crate::kit::{apart, reading, shared, told, tree};
use crate::{Kind, Limit, Limits, Outcome, Storage, take_apart};
use expect_test::expect;

#[test]
fn headers_of_format_5_are_read_and_what_is_kept_plain_is_had() {
    let block = |body: &[u8]| {
        let sized = [&[body.len() as u8][..], body].concat();
        [&crc32fast::hash(&sized).to_le_bytes()[..], &sized].concat()
    };
    let stored = [&[2, 2, 3, 0, 3, 0, 0, 1, 5][..], b"a.txt"].concat();
    // A method above one needs a second group of bits.
    let packed = block(&[&[2, 2, 3, 0, 99, 0, 0x80, 3, 1, 5][..], b"b.txt"].concat());
    let bytes = [
        b"Rar!\x1a\x07\x01\0".to_vec(),
        block(&[1, 0, 0]),
        block(&stored),
        b"abc".to_vec(),
        packed,
        b"xyz".to_vec(),
        block(&[5, 0, 0]),
    ]
    .concat();
    expect![[r#"
        x | rar 69
          a.txt | txt 3
          b.txt | - | rar | failed: file.damaged
    "#]]
    .assert_eq(&tree(&apart(&bytes)));
    assert!(reading(Kind::Rar, &bytes[..40]).value("rar", "format").is_some());
}

#[test]
fn a_real_archive_comes_apart() {
    let Some(bytes) = shared("test-documents.rar") else { return };
    let part = apart(&bytes);
    assert!(part.is_complete());
    let lines: Vec<String> =
        part.children.iter().map(|child| format!("{} {}", child.path, child.file.as_ref().unwrap().size)).collect();
    expect![[r#"
        test-documents\testEXCEL.xls 13824
        test-documents\testHTML.html 167
        test-documents\testOpenOffice2.odt 26448
        test-documents\testPDF.pdf 34824
        test-documents\testPPT.ppt 16384
        test-documents\testRTF.rtf 3410
        test-documents\testTXT.txt 49
        test-documents\testWORD.doc 19456
        test-documents\testXML.xml 766"#]]
    .assert_eq(&lines.join("\n"));
}

/// An archive of the folder beside the tests.
fn golden(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rar");
    std::fs::read(folder.join(name).with_extension("rar")).unwrap()
}

fn with_password(bytes: &[u8], password: &str) -> crate::Part {
    take_apart("x", bytes, &Limits::default(), &["wrong".to_owned(), password.to_owned()], &|| false)
}

#[test]
fn every_format_and_way_of_packing_gives_the_same_files() {
    let names = ["15-solid", "20", "29", "29-best", "29-locked", "40-solid", "40-shut"];
    for name in names.into_iter().chain(["50", "50-solid", "50-locked", "50-shut", "70-solid"]) {
        let part = with_password(&golden(name), "secret");
        let files: Vec<(&str, u64, u32)> = part
            .children
            .iter()
            .filter(|child| child.path != "CMT")
            .map(|child| {
                let file = child.file.as_ref().unwrap();
                (child.path.as_str(), file.size, u32::from_be_bytes(*file.hashes.sha256.first_chunk().unwrap()))
            })
            .collect();
        let expected = [
            ("folder/text.txt", 3876, 0x4b32_18ee),
            ("code.bin", 1802, 0x3f25_262b),
            ("again.txt", 3870, 0x4d02_1708),
            ("sound.bin", 1400, 0x91ad_8a35),
            ("empty", 0, 0xe3b0_c442),
        ];
        assert_eq!(files, expected, "{name}");
        assert!(part.is_complete(), "{name}");
    }
}

#[test]
fn without_the_password_nothing_comes_out() {
    expect![[r#"
        x | rar 1844
          folder/text.txt | - | encrypted | failed: file.encrypted
          code.bin | - | encrypted | failed: file.encrypted
          again.txt | - | encrypted | failed: file.encrypted
          sound.bin | - | encrypted | failed: file.encrypted
          empty | empty 0 | encrypted
    "#]]
    .assert_eq(&tree(&with_password(&golden("50-locked"), "no")));
    for name in ["40-shut", "50-shut", "29-locked", "50-locked"] {
        let part = with_password(&golden(name), "no");
        assert!(!part.is_complete(), "{name}");
        let shut = name.ends_with("shut");
        assert_eq!(told(&part, "rar").contains("rar.entries = failed: file.encrypted"), shut, "{name}");
        assert_eq!(part.children.is_empty(), shut, "{name}");
    }
}

#[test]
fn what_was_changed_is_told_and_what_came_out_is_kept() {
    // A byte within the packed text: what comes out, or does not, is not what it was.
    let mut bytes = golden("50-solid");
    let at = bytes.len() / 4;
    bytes[at] ^= 0x10;
    let part = apart(&bytes);
    assert!(!part.is_complete());
    // The checksum of the first file, with that of its header set right again.
    let mut bytes = golden("29");
    let header = memchr::memmem::find(&bytes, b"folder").unwrap() - 32;
    bytes[header + 16] ^= 1;
    let size = usize::from(bytes[header + 5]);
    let sum = crc32fast::hash(&bytes[header + 2..header + size]) as u16;
    bytes[header..header + 2].copy_from_slice(&sum.to_le_bytes());
    expect![[r#"
        x | rar 1545
          ! rar.content-checksum-wrong name="folder/text.txt" @131
          folder/text.txt | txt 3876 | rar | partial: rar.content-checksum-wrong
          code.bin | msdos 1802 | rar
          again.txt | txt 3870 | rar
          sound.bin | data 1400 | rar
          empty | empty 0
    "#]]
    .assert_eq(&tree(&apart(&bytes)));
}

#[test]
fn a_file_that_builds_on_one_beyond_a_limit_is_beyond_it_too() {
    let limits = Limits { file_bytes: 3_875, ..Limits::default() };
    for name in ["40-solid", "50-solid"] {
        let part = take_apart("x", &golden(name), &limits, &[], &|| false);
        let packed = part.children.iter().filter(|child| child.storage != Storage::Plain && child.name != "empty");
        let outcomes: Vec<_> = packed.map(|child| child.outcome.clone()).collect();
        assert!(outcomes.len() > 2, "{name}");
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Limited(Limit::FileBytes)), "{name}: {outcomes:?}");
    }
}

#[test]
fn a_volume_that_is_alone_says_so() {
    for name in ["40-volume-1", "40-volume-2", "50-volume-1", "50-volume-2"] {
        let part = apart(&golden(name));
        let elsewhere = Outcome::Failed(model::Message::new("rar.in-another-volume"));
        assert_eq!(part.children[0].outcome, elsewhere, "{name}");
        assert!(!part.is_complete());
    }
}

#[test]
fn no_cut_and_no_bit_breaks_a_reader() {
    let limits = Limits { file_bytes: 1 << 20, expanded_bytes: 4 << 20, steps: 1 << 14, ..Limits::default() };
    let names = ["15-solid", "20", "29-best", "40-solid", "40-volume-1", "50", "50-solid", "70-solid"];
    for name in names {
        let whole = golden(name);
        let mut end_early = 0;
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1 << (at % 8);
            let start = std::time::Instant::now();
            end_early += usize::from(!take_apart("x", &bent, &limits, &[], &|| false).is_complete());
            if at % 7 == 0 {
                take_apart("x", &whole[..at], &limits, &[], &|| false);
            }
            assert!(start.elapsed() < std::time::Duration::from_secs(10), "{name} {at}");
        }
        // Times, attributes and what else is no content may change; most of an archive is content.
        assert!(end_early > whole.len() / 2, "{name}: {end_early} of {}", whole.len());
    }
}

#[test]
fn a_dictionary_is_not_had_because_a_header_says_so() {
    // The first file says that it has one of 4 GB; its name stands 2 bytes behind, and two of its own follow.
    let mut bytes = golden("50");
    let name = memchr::memmem::find(&bytes, b"folder/text.txt").unwrap();
    let packing = name - 4;
    bytes[packing + 1] |= 0x78;
    let part = apart(&bytes);
    let text = part.children.iter().find(|child| child.name == "text.txt").unwrap();
    assert_eq!(text.file.as_ref().map(|file| file.size), Some(3876));
}

#[test]
fn names_of_any_script_are_read() {
    let letters = |packed: &[u8]| super::four::wide_name(&[b"abc.txt\0", packed].concat());
    // Two letters of a page, a letter of its own, then four of the plain name.
    assert_eq!(letters(&[0x4e, 0b0101_1011, 0x00, 0x2d, 0x87, 0x65, 2]), "\u{4e00}\u{4e2d}\u{6587}.txt");
    assert_eq!(super::four::wide_name("中文.txt".as_bytes()), "中文.txt");
    assert_eq!(letters(&[]), "abc.txt");
}
