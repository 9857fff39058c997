use super::packed::{Container, begins, find};
use super::{Signs, signs};
use crate::Reading;
use crate::kit::{apart, compound, facts, shared, told, tree};
use expect_test::expect;
use std::io::Read;

fn unpacked(packed: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    Container::new(packed).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8(bytes).unwrap())
}

/// Packs some bytes without finding anything twice.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for chunk in bytes.chunks(3000) {
        let data: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
        out.extend((0xb000 | (data.len() as u16 - 1)).to_le_bytes());
        out.extend(data);
    }
    out
}

/// The directory of a project with one module, whose source begins at an offset.
fn directory(name: &str, offset: u32) -> Vec<u8> {
    let record = |id: u16, data: &[u8]| [&id.to_le_bytes()[..], &(data.len() as u32).to_le_bytes(), data].concat();
    [
        record(3, &1252_u16.to_le_bytes()),
        record(4, b"Project"),
        record(0x19, name.as_bytes()),
        record(0x1a, name.as_bytes()),
        record(0x31, &offset.to_le_bytes()),
        record(0x21, &[]),
        record(0x2b, &[]),
    ]
    .concat()
}

#[test]
fn the_examples_of_the_specification_unpack() {
    // MS-OVBA, section 3.2: no, normal and greatest packing.
    let none = b"\x01\x19\xb0\x00abcdefgh\x00ijklmnop\x00qrstuv.";
    assert_eq!(unpacked(none).as_deref(), Some("abcdefghijklmnopqrstuv."));
    let normal = b"\x01\x2f\xb0\x00#aaabcde\x82f\x00paghij\x018\x08akl\x000mnop\x06q\x02p\x04\x10rstuv\x10wxyz\x00<";
    assert_eq!(unpacked(normal).as_deref(), Some("#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"));
    assert_eq!(unpacked(b"\x01\x03\xb0\x02a\x45\x00"), Some("a".repeat(73)));
    assert_eq!(unpacked(b""), None);
    assert_eq!(unpacked(b"\x02\x03\xb0"), None);
    assert_eq!(unpacked(&packed(b"just a few words")).as_deref(), Some("just a few words"));
}

#[test]
fn a_source_is_found_by_how_it_begins() {
    let stream = [&[0; 70][..], &packed(b"Attribute VB_Name = \"a\"")].concat();
    assert_eq!((find(&stream), begins(&stream, 70), begins(&stream, 69)), (Some(70), true, false));
}

#[test]
fn what_sources_name_is_told() {
    let source = "Attribute VB_Name = \"Shell\"\r\nPrivate Declare PtrSafe Function Later Lib \"kernel32\" Alias \"Sleep\" (ByVal n As Long)\r\n\
        Sub AutoOpen()\r\n' Shell in a comment\r\nMsgBox \"hello ' there\"\r\nSet a = CreateObject(\"WScript.Shell\")\r\n\
        b = \"http://example.org/a.txt\"\r\nEnd Sub\r\nSub Button1_Click()\r\nEnd Sub";
    let mut reading = Reading::default();
    let mut found = Signs::default();
    found.look(source);
    found.state(&mut reading);
    expect![[r#"
        vba.auto_run = ["AutoOpen", "Button1_Click"]
        vba.calls = ["CreateObject", "Shell", "wscript.shell"]
        vba.declared = ["kernel32!Sleep"]
        vba.urls = ["http://example.org/a.txt"]
    "#]]
    .assert_eq(&facts(&reading.vectors));
    assert!(signs::has_code(source) && !signs::has_code("Attribute VB_Name = \"a\"\r\nOption Explicit\r\n' words\r\n"));
}

#[test]
fn a_project_gives_its_sources() {
    let source = b"Attribute VB_Name = \"Greeting\"\r\nSub AutoOpen()\r\nMsgBox \"hello\"\r\nEnd Sub\r\n";
    let module = [vec![0; 100], packed(source)].concat();
    let part = apart(&compound(&[
        ("WordDocument", b"letters"),
        ("Macros/PROJECT", b"ID=\"{0}\"\r\nDPB=\"0E0CD1ECDFF4E7F5E7F5E7\"\r\n"),
        ("Macros/VBA/dir", &packed(&directory("Greeting", 100))),
        ("Macros/VBA/Greeting", &module),
    ]));
    expect![[r#"
        x | doc 4096
          WordDocument | txt 7
          Macros/PROJECT | txt 40
          Greeting.bas | vbscript 73 | vba
        vba.projects = 1
        vba.project = ["Project"]
        vba.modules = ["Greeting:module"]
        vba.code_page = 1252
        vba.protected = false
        vba.source_bytes = 73
        vba.auto_run = ["AutoOpen"]
    "#]]
    .assert_eq(&(tree(&part) + &told(&part, "vba")));
}

#[test]
fn a_project_whose_source_is_gone_says_so() {
    let module = [vec![7; 5000], packed(b"Attribute VB_Name = \"Greeting\"\r\n")].concat();
    let part = apart(&compound(&[
        ("WordDocument", b"letters"),
        ("Macros/VBA/dir", &packed(&directory("Greeting", 5000))),
        ("Macros/VBA/Greeting", &module),
        ("Macros/VBA/Other", &[7; 3000]),
    ]));
    expect![[r#"
        x | doc 11264
          ! vba.unlisted-modules modules=1
          ! vba.no-source compiled=5000 module="Greeting"
          ! vba.no-source compiled=3000 module="Other"
          WordDocument | txt 7
          Greeting.bas | vbscript 32 | vba
          Other.bas | - | vba | failed: file.damaged
    "#]]
    .assert_eq(&tree(&part));
}

#[test]
fn real_macros_are_read() {
    let Some(bytes) = shared("testWORD_macros.doc") else { return };
    let part = apart(&bytes);
    expect![[r#"
        vba.module_hash = [3e, ed, 92, 57, 65, 2a, 5b, c7, c1, 2a, 51, 68, 48, c4, 83, f0, cf, 82, c3, 41, 23, c5, 50, 5c, 8d, 9b, 89, db, c4, b6, fa, 6f]
        vba.projects = 1
        vba.project = ["Project"]
        vba.modules = ["ThisDocument:document", "NewMacros:module"]
        vba.references = ["*\\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\\Windows\\SysWOW64\\stdole2.tlb#OLE Automation", "*\\CNormal", "*\\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\\Program Files (x86)\\Common Files\\Microsoft Shared\\OFFICE16\\MSO.DLL#Microsoft Office 16.0 Object Library"]
        vba.code_page = 1252
        vba.protected = false
        vba.source_bytes = 880
        x | doc 38400
          Data | data 4096
          1Table | thmx 7277
            ! zip.data-before bytes=1854 @0
            ! zip.data-behind bytes=2285 @4992
            [Content_Types].xml | xml 540 | deflate
            _rels/.rels | xml 310 | deflate
            theme/theme/themeManager.xml | xml 138 | deflate
            theme/theme/theme1.xml | xml 6799 | deflate
            theme/theme/_rels/themeManager.xml.rels | xml 283 | deflate
            xml 2285
          WordDocument | data 4096
          SummaryInformation | data 4096
          DocumentSummaryInformation | data 4096
          Macros/PROJECT | ini 422
          Macros/PROJECTwm | data 71
          CompObj | data 114
          ThisDocument.cls | vbscript 285 | vba
          NewMacros.bas | vbscript 595 | vba
    "#]].assert_eq(&(told(&part, "vba") + &tree(&part)));
}
