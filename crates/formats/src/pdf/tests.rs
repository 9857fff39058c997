use super::time;
use crate::Kind;
use crate::kit::{apart, facts, oddities, reading, shared, told, tree, zlib};
use expect_test::expect;

fn stream(number: u32, dictionary: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{number} 0 obj <</Length {} {dictionary}>> stream\n", data.len());
    [head.as_bytes(), data, b"\nendstream endobj\n"].concat()
}

#[test]
fn a_document_tells_what_it_runs_and_holds() {
    let inside =
        b"10 0 11 46 <</Type/Page/AA<</O 4 0 R>>/Parent 2 0 R>>    <</S/Launch/Win<</F(notes.txt)/P(one two)>>>>";
    let bytes = [
        b"%PDF-1.7\n1 0 obj <</Type/Catalog/Open#41ction 4 0 R/AcroForm 9 0 R/Names 3 0 R>> endobj\n".to_vec(),
        b"4 0 obj <</S/JavaScript/JS 5 0 R>> endobj\n".to_vec(),
        stream(5, "/Filter/FlateDecode", &zlib(b"app.alert('hello');")),
        b"6 0 obj <</Type/Filespec/F(a.txt)/EF<</F 7 0 R>>>> endobj\n".to_vec(),
        stream(
            7,
            "/Type/EmbeddedFile/Filter[/ASCIIHexDecode/FlateDecode]",
            format!("{}>", hex(&zlib(b"a file"))).as_bytes(),
        ),
        stream(8, "/Type/ObjStm/N 2/First 11/Filter/FlateDecode", &zlib(inside)),
        b"9 0 obj <</XFA[(template) 12 0 R]/A<</S/URI/URI(http://example.org/)>>>> endobj\n".to_vec(),
        stream(12, "", b"<xdp/>"),
        b"13 0 obj <</Producer(P)/CreationDate(D:20200101000000Z)>> endobj\n".to_vec(),
        b"trailer <</Root 1 0 R/Info 13 0 R/ID[<01><02>]>>\nstartxref\n0\n%%EOF\nmore".to_vec(),
    ]
    .concat();
    let part = apart(&bytes);
    expect![[r#"
        x | pdf 902
          ! pdf.data-behind bytes=4 @897
          ! pdf.hidden-names names=List(["Open#41ction"])
          txt 4
          script-5.js | txt 19 | deflate
          a.txt | txt 6 | hex
          template.xml | xml 6
    "#]]
    .assert_eq(&tree(&part));
    expect![[r#"
        pdf.version = "1.7"
        pdf.updates = 0
        pdf.objects = 11
        pdf.streams = 4
        pdf.object_streams = 1
        pdf.pages = 1
        pdf.hidden_names = ["Open#41ction"]
        pdf.encrypted = false
        pdf.id = [01]
        pdf.id_changed = [02]
        pdf.producer = "P"
        pdf.created = 1577836800s
        pdf.open_action = "JavaScript"
        pdf.additional_actions = 1
        pdf.scripts = 1
        pdf.rich_media = 0
        pdf.acro_form = true
        pdf.xfa = true
        pdf.actions = ["JavaScript", "URI", "Launch"]
        pdf.launches = ["notes.txt one two"]
        pdf.uris = ["http://example.org/"]
        pdf.embedded_files = ["a.txt"]
        pdf.filters = ["FlateDecode", "ASCIIHexDecode"]
    "#]]
    .assert_eq(&told(&part, "pdf"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_document_that_is_encrypted_or_cut_is_not_complete() {
    let bytes = [
        b"%PDF-1.4\n4 0 obj <</S/JavaScript/JS(abc)>> endobj\n5 0 obj <</V 1>> endobj\n".as_slice(),
        b"trailer <</Encrypt 5 0 R>> startxref 0 %%EOF",
    ]
    .concat();
    let part = apart(&bytes);
    assert!(!part.is_complete());
    expect![[r#"
        x | pdf 118
          script-at-9-1.js | - | pdf-text | failed: file.encrypted
    "#]]
    .assert_eq(&tree(&part));
    let cut = stream(7, "/Type/EmbeddedFile/Filter/FlateDecode", &zlib(&[b'a'; 500])[..12]);
    let part = apart(&[b"%PDF-1.4\n", cut.as_slice()].concat());
    expect![[r#"
        x | pdf 107
          ! pdf.no-end
          ! pdf.no-reference-table
          txt 5 | deflate | partial: file.damaged
    "#]]
    .assert_eq(&tree(&part));
}

#[test]
fn absurd_numbers_and_circles_end() {
    let bytes = b"%PDF-1.4\n1 0 obj 2 0 R endobj 2 0 obj 1 0 R endobj\n3 0 obj <</Length 1 0 R/JS 1 0 R/Filter 2 0 R>> stream\nx endstream\n\
        4 0 obj <</Type/ObjStm/N 999999999999/First 99999999999>> stream\n1 2 3 4 endstream\n5 0 obj <</Type/ObjStm/N -1/First -5>> stream\n1 0 endstream\n%%EOF";
    let reading = reading(Kind::Pdf, bytes);
    expect![[r#"
        pdf.version = "1.4"
        pdf.updates = 0
        pdf.objects = 5
        pdf.streams = 3
        pdf.object_streams = 2
        pdf.pages = 0
        pdf.encrypted = false
        pdf.additional_actions = 0
        pdf.scripts = 0
        pdf.rich_media = 0
        pdf.acro_form = false
        pdf.xfa = false
        pdf.no-reference-table
    "#]]
    .assert_eq(&(facts(&reading.vectors) + &oddities(&reading)));
    // Filters in a row, each of which unpacks to a hundred times as much.
    let mut data = vec![0; 50_000_000];
    for _ in 0..4 {
        data = zlib(&data);
    }
    let filters = "/Type/EmbeddedFile/Filter[/FlateDecode/FlateDecode/FlateDecode/FlateDecode]";
    let bytes = [b"%PDF-1.4\n".to_vec(), stream(1, filters, &data), stream(2, filters, &data)].concat();
    let start = std::time::Instant::now();
    assert_eq!(apart(&bytes).all().count(), 3);
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn dates_are_read() {
    assert_eq!(time("D:20110228173644+01'00'"), Some(1_298_911_004_000_000));
    assert_eq!(time("D:2011"), Some(1_293_840_000_000_000));
    assert_eq!(time("yesterday"), None);
}

#[test]
fn real_documents_are_read() {
    let Some(bytes) = shared("testPDF_multiFormatEmbFiles.pdf") else { return };
    let part = apart(&bytes);
    expect![[r#"
        x | pdf 2662
          Test.txt | txt 55
          Test.txt | txt 43
          Test.txt | txt 43
          Test.txt | txt 44
        pdf.version = "1.4"
        pdf.updates = 0
        pdf.objects = 25
        pdf.streams = 5
        pdf.object_streams = 0
        pdf.pages = 1
        pdf.encrypted = false
        pdf.id = [27, 5a, 30, 82, 10, 49, 64, 86, 50, 32, 29, 85, 22, a4, d4, ea]
        pdf.additional_actions = 0
        pdf.scripts = 0
        pdf.rich_media = 0
        pdf.acro_form = false
        pdf.xfa = false
        pdf.embedded_files = ["Test.txt"]
        pdf.filters = ["FlateDecode"]
    "#]]
    .assert_eq(&(tree(&part) + &told(&part, "pdf")));
}

#[test]
fn encrypted_documents_open_with_the_empty_password_or_one_that_is_tried() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pdf-encrypted");
    let mut all = String::new();
    for way in ["r2", "r3", "r4-rc4", "r4-aes", "r5", "r6"] {
        let file = |password: &str| std::fs::read(format!("{folder}/{way}-{password}.pdf")).unwrap();
        let passwords = ["wrong".to_owned(), "infected".to_owned()];
        let open = |bytes: &[u8]| crate::take_apart("x", bytes, &crate::Limits::default(), &passwords, &|| false);
        for (password, passwords_matter) in [("empty", false), ("infected", true)] {
            let part = open(&file(password));
            assert!(part.is_complete(), "{way}: {}", tree(&part));
            let script = part.all().find(|part| part.name.ends_with(".js")).and_then(|part| part.file.as_ref());
            let attached = part.all().find(|part| part.name == "a.txt").and_then(|part| part.file.as_ref());
            assert_eq!((script.unwrap().size, attached.unwrap().size), (31, 170), "{way}");
            let told = told(&part, "pdf");
            let kept = |line: &&str| ["encrypt", "empty", "opened", "title"].iter().any(|word| line.contains(word));
            let lines: Vec<&str> = told.lines().filter(kept).map(|line| line.trim_start_matches("pdf.")).collect();
            all += &format!("{way}: {}\n", lines.join(", "));
            assert_eq!(apart(&file(password)).is_complete(), !passwords_matter, "{way}");
        }
    }
    expect![[r#"
        r2: encrypted = true, encryption = "rc4-40", encryption_revision = 2, opened = true, empty_password = true, title = "A title"
        r2: encrypted = true, encryption = "rc4-40", encryption_revision = 2, opened = true, empty_password = false, title = "A title"
        r3: encrypted = true, encryption = "rc4-128", encryption_revision = 3, opened = true, empty_password = true, title = "A title"
        r3: encrypted = true, encryption = "rc4-128", encryption_revision = 3, opened = true, empty_password = false, title = "A title"
        r4-rc4: encrypted = true, encryption = "rc4-128", encryption_revision = 4, opened = true, empty_password = true, title = "A title"
        r4-rc4: encrypted = true, encryption = "rc4-128", encryption_revision = 4, opened = true, empty_password = false, title = "A title"
        r4-aes: encrypted = true, encryption = "aes-128", encryption_revision = 4, opened = true, empty_password = true, title = "A title"
        r4-aes: encrypted = true, encryption = "aes-128", encryption_revision = 4, opened = true, empty_password = false, title = "A title"
        r5: encrypted = true, encryption = "aes-256", encryption_revision = 5, opened = true, empty_password = true, title = "A title"
        r5: encrypted = true, encryption = "aes-256", encryption_revision = 5, opened = true, empty_password = false, title = "A title"
        r6: encrypted = true, encryption = "aes-256", encryption_revision = 6, opened = true, empty_password = true, title = "A title"
        r6: encrypted = true, encryption = "aes-256", encryption_revision = 6, opened = true, empty_password = false, title = "A title"
    "#]].assert_eq(&all);
}
