use super::legacy::{Length, made};
use crate::kit::{apart, compound, facts, oddities, reading, shared, told, tree};
use crate::{Budget, Kind, Limits, read, take_apart};
use expect_test::expect;

/// The native data of a package: a label, a path, a temporary path and the file.
fn package(label: &str, path: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = [b"\x02\0", label.as_bytes(), b"\0", path.as_bytes(), b"\0\0\0\x03\0"].concat();
    bytes.extend((path.len() as u32 + 1).to_le_bytes());
    bytes.extend([path.as_bytes(), b"\0"].concat());
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    [&(bytes.len() as u32).to_le_bytes()[..], &bytes].concat()
}

#[test]
fn streams_are_parts_and_packages_are_the_files_in_them() {
    let native = package("note.txt", "C:\\Users\\one\\note.txt", b"just a note");
    let part = apart(&compound(&[("WordDocument", b"letters"), ("ObjectPool/_1/\u{1}Ole10Native", &native)]));
    expect![[r#"
        x | doc 3072
          WordDocument | txt 7
          note.txt | txt 11
    "#]]
    .assert_eq(&tree(&part));
    expect![[r#"
        ole.version = 3
        ole.streams = ["WordDocument", "ObjectPool/", "ObjectPool/_1/", "ObjectPool/_1/\u{1}Ole10Native"]
        ole.encrypted = false
        ole1.labels = ["note.txt"]
        ole1.paths = ["C:\\Users\\one\\note.txt"]
    "#]]
    .assert_eq(&(told(&part, "ole") + &told(&part, "ole1")));
}

#[test]
fn chains_in_a_circle_end() {
    let mut bytes = compound(&[("a", &[b'a'; 2000])]);
    // The directory is sector 1, the stream begins at sector 2: both point at themselves.
    bytes[512 + 4..512 + 8].copy_from_slice(&1_u32.to_le_bytes());
    bytes[512 + 8..512 + 12].copy_from_slice(&2_u32.to_le_bytes());
    expect![[r#"
        ole.chain-in-circle chain="directory"
    "#]]
    .assert_eq(&oddities(&reading(Kind::Ole, &bytes)));
    // A folder that is its own child, and one that is its own neighbour.
    let mut bytes = compound(&[("a/b", b"b"), ("c", b"c")]);
    bytes[1024 + 128 + 76..1024 + 128 + 80].copy_from_slice(&1_u32.to_le_bytes());
    bytes[1024 + 128 * 3 + 72..1024 + 128 * 3 + 76].copy_from_slice(&3_u32.to_le_bytes());
    expect![[r#"
        ole.directory-in-circle
        ole.unreached-entries entries=1
    "#]]
    .assert_eq(&oddities(&reading(Kind::Ole, &bytes)));
}

#[test]
fn a_stream_with_an_absurd_size_is_as_long_as_its_chain() {
    let mut bytes = compound(&[("a", b"abc")]);
    bytes[1024 + 128 + 120..1024 + 128 + 124].copy_from_slice(&60_000_000_u32.to_le_bytes());
    let part = apart(&bytes);
    expect![[r#"
        x | ole 2048
          ! ole.stream-short bytes=512 name="a"
          a | data 512 | partial: file.damaged
    "#]]
    .assert_eq(&tree(&part));
    assert!(!part.is_complete());
}

#[test]
fn real_documents_say_who_made_them() {
    for (name, expected) in [
        (
            "testWORD_custom_props.doc",
            expect![[r#"
                ole.version = 3
                ole.streams = ["1Table", "WordDocument", "\u{5}SummaryInformation", "\u{5}DocumentSummaryInformation", "\u{1}CompObj"]
                ole.class = "00020906-0000-0000-c000-000000000046"
                ole.encrypted = false
                ole.title = "My Title"
                ole.subject = "My subject"
                ole.keywords = "My Keyword"
                ole.comments = "My Comments"
                ole.template = "Normal.dotm"
                ole.revision = "6"
                ole.application = "Microsoft Office Word"
                ole.edited_minutes = 386
                ole.created = 1286269380s
                ole.saved = 1325628840s
                ole.pages = 1
                ole.words = 2
                ole.security = 0
                ole.links_dirty = false
                ole.custom_properties = ["MyCustomDate=1293750000000000", "MyCustomString=MyStringValue"]
                testWORD_custom_props.doc | doc 22528
                  1Table | thmx 7100
                    ! zip.data-before bytes=1954 @0
                    ! zip.data-behind bytes=2038 @5062
                    [Content_Types].xml | xml 540 | deflate
                    _rels/.rels | xml 310 | deflate
                    theme/theme/themeManager.xml | xml 138 | deflate
                    theme/theme/theme1.xml | xml 7077 | deflate
                    theme/theme/_rels/themeManager.xml.rels | xml 283 | deflate
                    xml 2038
                  WordDocument | data 4096
                  SummaryInformation | data 4096
                  DocumentSummaryInformation | data 4096
                  CompObj | data 114
            "#]],
        ),
        (
            "testEXCEL_macro.xls",
            expect![[r#"
            ole.version = 3
            ole.streams = ["Workbook", "_VBA_PROJECT_CUR/", "_VBA_PROJECT_CUR/VBA/", "_VBA_PROJECT_CUR/VBA/dir", "_VBA_PROJECT_CUR/VBA/Sheet1", "_VBA_PROJECT_CUR/VBA/Sheet2", "_VBA_PROJECT_CUR/VBA/Sheet3", "_VBA_PROJECT_CUR/VBA/Module1", "_VBA_PROJECT_CUR/VBA/__SRP_0", "_VBA_PROJECT_CUR/VBA/__SRP_1", "_VBA_PROJECT_CUR/VBA/__SRP_2", "_VBA_PROJECT_CUR/VBA/__SRP_3", "_VBA_PROJECT_CUR/VBA/ThisWorkbook", "_VBA_PROJECT_CUR/VBA/_VBA_PROJECT", "_VBA_PROJECT_CUR/PROJECT", "_VBA_PROJECT_CUR/PROJECTwm", "\u{5}SummaryInformation", "\u{5}DocumentSummaryInformation", "\u{1}CompObj"]
            ole.class = "00020820-0000-0000-c000-000000000046"
            ole.encrypted = false
            ole.application = "Microsoft Excel"
            ole.created = 1158364800s
            ole.saved = 1474488731s
            ole.security = 0
            ole.links_dirty = false
            vba.projects = 1
            vba.project = ["VBAProject"]
            vba.modules = ["Module1:module", "ThisWorkbook:document", "Sheet1:document", "Sheet2:document", "Sheet3:document"]
            vba.references = ["*\\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\\Windows\\SysWOW64\\stdole2.tlb#OLE Automation", "*\\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\\Program Files (x86)\\Common Files\\Microsoft Shared\\OFFICE12\\MSO.DLL#Microsoft Office 12.0 Object Library"]
            vba.code_page = 1252
            vba.protected = false
            vba.source_bytes = 1413
            testEXCEL_macro.xls | xls 30720
              Workbook | biff 13544
              _VBA_PROJECT_CUR/PROJECT | ini 567
              _VBA_PROJECT_CUR/PROJECTwm | data 128
              SummaryInformation | data 200
              DocumentSummaryInformation | data 244
              CompObj | data 107
              Module1.bas | vbscript 211 | vba
              ThisWorkbook.cls | vbscript 305 | vba
              Sheet1.cls | vbscript 299 | vba
              Sheet2.cls | vbscript 299 | vba
              Sheet3.cls | vbscript 299 | vba
        "#]],
        ),
        (
            "testPPT_embedded2.ppt",
            expect![[r#"
                ole.version = 3
                ole.streams = ["Pictures", "Current User", "\u{5}SummaryInformation", "PowerPoint Document", "\u{5}DocumentSummaryInformation"]
                ole.class = "64818d10-4f9b-11cf-86ea-00aa00b929e8"
                ole.encrypted = false
                ole.title = "PowerPoint Presentation"
                ole.revision = "5"
                ole.application = "Microsoft PowerPoint"
                ole.edited_minutes = 22
                ole.printed = absent
                ole.created = absent
                ole.saved = 1342429109s
                ole.words = 9
                ole.links_dirty = false
                ole.custom_properties = ["Version=1"]
                testPPT_embedded2.ppt | ppt 92160
                  Pictures | data 22120
                  Current User | data 86
                  SummaryInformation | data 44484
                  object at 5463 | xls 9728 | deflate
                    Ole | data 20
                    Workbook | data 2664
                    CompObj | data 101
                  object at 7007 | doc 46592 | deflate
                    Ole | data 20
                    1Table | data 4096
                    CompObj | data 113
                    WordDocument | data 4154
                    SummaryInformation | data 4096
                    DocumentSummaryInformation | data 4096
                    OlePres000 | data 4310
                  PowerPoint Document | data 12018
                  DocumentSummaryInformation | data 4096
            "#]],
        ),
    ] {
        let Some(bytes) = shared(name) else { return };
        let part = take_apart(name, &bytes, &Limits::default(), &[], &|| false);
        // Whose documents these are is nobody's business here.
        let said = told(&part, "ole");
        let said = said.lines().filter(|line| !line.contains("author") && !line.contains("company"));
        let said: String = said.map(|line| format!("{line}\n")).collect();
        expected.assert_eq(&(said + &told(&part, "vba") + &tree(&part)));
    }
}

#[test]
fn the_text_of_a_document_that_a_password_opens_is_a_part() {
    let (header, key) = made::rc4_header("a", Length::Bytes(16));
    let mut table = header.clone();
    table.resize(4096, 1);
    let mut document = vec![0; 4096];
    document[..2].copy_from_slice(&[0xec, 0xa5]);
    document[10..12].copy_from_slice(&0x0300_u16.to_le_bytes());
    document[14..18].copy_from_slice(&(header.len() as u32).to_le_bytes());
    document[2048..2059].copy_from_slice(b"secret text");
    let (all, behind) = (0..4096, header.len()..4096);
    key.undo(512).range(&mut document, 68..4096, &all);
    key.undo(512).range(&mut table, behind, &all);
    let bytes = compound(&[("WordDocument", &document), ("1Table", &table)]);
    for (passwords, expected) in [(vec!["a".to_owned()], true), (Vec::new(), false)] {
        let part = take_apart("x", &bytes, &Limits::default(), &passwords, &|| false);
        let children: Vec<&str> = part.children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(told(&part, "encryption").contains("opened = true"), expected);
        assert_eq!(children.contains(&"WordDocument (decrypted)"), expected);
        let read = read(Kind::Doc, &bytes, &mut Budget::new(&Limits::default(), &|| false), &passwords);
        let text = read.children.iter().filter_map(|child| child.bytes(&bytes));
        assert_eq!(text.into_iter().any(|bytes| bytes.get(2048..2059) == Some(b"secret text")), expected);
    }
}

#[test]
fn objects_of_a_presentation_that_a_password_opens_are_parts() {
    let (header, key) = made::rc4_header("VelvetSweatshop", Length::Bytes(16));
    let object = |version: u16, kind: u16, data: &[u8]| {
        [&version.to_le_bytes()[..], &kind.to_le_bytes(), &(data.len() as u32).to_le_bytes(), data].concat()
    };
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let inside = object(0, 0x1011, b"an object of text");
    let mut document = key.block(1, &inside);
    let session = document.len() as u32;
    document.extend(object(15, 0x2f14, &header));
    let directory = document.len() as u32;
    document.extend(object(0, 0x1772, &numbers(&[2 << 20 | 1, 0, session])));
    let edit = document.len() as u32;
    document.extend(object(0, 0x0ff5, &numbers(&[0, 0, 0, directory, 1, 3, 0, 2])));
    let user = [&object(0, 0x0ff6, &[])[..], &numbers(&[20, 0xf3d1_c4df, edit])].concat();
    let bytes = compound(&[("Current User", &user), ("PowerPoint Document", &document)]);
    let read = reading(Kind::Ppt, &bytes);
    assert!(read.children.iter().any(|child| child.bytes(&bytes) == Some(b"an object of text")), "{:?}", read.children);
    let cut = compound(&[("Current User", &user), ("PowerPoint Document", &document[..edit as usize])]);
    assert!(facts(&reading(Kind::Ppt, &cut).vectors).contains("encryption.scheme = failed"));
}
