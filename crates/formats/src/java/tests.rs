use crate::Kind;
use crate::kit::{apart, facts, oddities, reading, shared, stored, told, zip};
use expect_test::expect;

fn utf8(text: &str) -> Vec<u8> {
    [&[1][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

fn two(tag: u8, first: u16, second: u16) -> Vec<u8> {
    [&[tag][..], &first.to_be_bytes(), &second.to_be_bytes()].concat()
}

fn one(tag: u8, first: u16) -> Vec<u8> {
    [&[tag][..], &first.to_be_bytes()].concat()
}

/// A class `A` that names `Runtime.exec` and an address, with one method and the name of its source.
fn class() -> Vec<u8> {
    let pool = [
        utf8("A"),                       // 1
        one(7, 1),                       // 2
        utf8("java/lang/Object"),        // 3
        one(7, 3),                       // 4
        vec![5, 0, 0, 0, 0, 0, 0, 0, 1], // 5 and 6
        utf8("java/lang/Runtime"),       // 7
        one(7, 7),                       // 8
        utf8("exec"),                    // 9
        utf8("()V"),                     // 10
        two(12, 9, 10),                  // 11
        two(10, 8, 11),                  // 12
        utf8("http://example.org/a"),    // 13
        one(8, 13),                      // 14
        utf8("SourceFile"),              // 15
        utf8("A.java"),                  // 16
        utf8("main"),                    // 17
    ];
    let body = [0, 0x21, 0, 2, 0, 4, 0, 1, 0, 4, 0, 0, 0, 1, 0, 9, 0, 17, 0, 10, 0, 0, 0, 1, 0, 15, 0, 0, 0, 2, 0, 16];
    [&b"\xca\xfe\xba\xbe\0\0\0\x34\0\x12"[..], &pool.concat(), &body].concat()
}

#[test]
fn a_class_tells_what_it_reaches_for() {
    let bytes = class();
    expect![[r#"
        class.version = "52.0"
        class.release = 8
        class.strings = 1
        class.references = ["A", "java/lang/Object", "java/lang/Runtime"]
        class.calls = ["java.lang.Runtime.exec"]
        class.urls = ["http://example.org/a"]
        class.access = 33
        class.name = "A"
        class.super = "java/lang/Object"
        class.interfaces = ["java/lang/Object"]
        class.fields = 0
        class.methods = ["main"]
        class.source_file = "A.java"
    "#]]
    .assert_eq(&facts(&reading(Kind::Class, &bytes).vectors));
    let behind = [&bytes[..], b"abc"].concat();
    expect![[r#"
        class.data-behind bytes=3 @181
    "#]]
    .assert_eq(&oddities(&reading(Kind::Class, &behind)));
    for end in 0..bytes.len() {
        assert!(!reading(Kind::Class, &bytes[..end]).vectors.iter().all(|vector| vector.name == "calls"));
    }
    let cut = reading(Kind::Class, &bytes[..bytes.len() - 3]);
    expect![[r#"
        class.cut-off
    "#]]
    .assert_eq(&oddities(&cut));
}

#[test]
fn a_real_class_is_read_to_its_end() {
    let Some(bytes) = shared("AppleSingleFileParser.class") else { return };
    let part = apart(&bytes);
    assert!(part.is_complete() && part.oddities.is_empty());
    expect![[r#"
        class.version = "55.0"
        class.release = 11
        class.strings = 4
        class.references = ["org/apache/tika/metadata/Metadata", "org/apache/tika/sax/XHTMLContentHandler", "org/apache/commons/io/input/CloseShieldInputStream", "org/apache/tika/parser/apple/AppleSingleFileParser$FieldInfo", "org/apache/tika/parser/apple/AppleSingleFileParser", "java/lang/Integer", "org/apache/tika/exception/TikaException", "java/lang/String", "java/util/ArrayList", "org/apache/tika/parser/apple/AppleSingleFileParser$FieldInfoComparator", "org/apache/tika/parser/AbstractParser", "java/io/InputStream", "org/xml/sax/ContentHandler", "org/apache/tika/parser/ParseContext", "org/apache/tika/extractor/EmbeddedDocumentExtractor", "java/util/List", "java/io/IOException", "org/xml/sax/SAXException", "java/util/Iterator", "[B", "org/apache/tika/extractor/EmbeddedDocumentUtil", "org/apache/commons/io/IOUtils", "java/nio/charset/StandardCharsets", "org/apache/tika/metadata/TikaCoreProperties", "org/apache/tika/io/EndianUtils", "java/util/Collections", "org/apache/tika/mime/MediaType", "java/lang/invoke/StringConcatFactory", "java/lang/invoke/MethodHandles$Lookup", "java/lang/invoke/MethodHandles"]
        class.access = 33
        class.name = "org/apache/tika/parser/apple/AppleSingleFileParser"
        class.super = "org/apache/tika/parser/AbstractParser"
        class.fields = 15
        class.methods = ["<init>", "getSupportedTypes", "parse", "getContentFieldInfo", "processFieldEntries", "getSortedFieldInfoList", "readThroughNumEntries", "<clinit>"]
        class.source_file = "AppleSingleFileParser.java"
    "#]].assert_eq(&told(&part, "class"));
}

#[test]
fn an_archive_tells_what_its_manifest_says() {
    let manifest = b"Manifest-Version: 1.0\r\nMain-Class: org.example.lo\r\n ng.Main\r\nAgent-Class: org.example.Agent\r\nClass-Path: a.jar http://exam\r\n ple.org/b.jar\r\n\r\nName: x\r\nMain-Class: no\r\n";
    let class = class();
    let bytes = zip(&[
        stored("META-INF/MANIFEST.MF", manifest),
        stored("META-INF/A.RSA", b"x"),
        stored("A.class", &class),
        stored("lib/a.dll", b"y"),
    ]);
    let part = apart(&bytes);
    expect![[r#"
        jar.classes = 1
        jar.signed = true
        jar.signature_files = ["META-INF/A.RSA"]
        jar.native = ["lib/a.dll"]
        jar.main_class = "org.example.long.Main"
        jar.agent_classes = ["org.example.Agent"]
        jar.class_path = ["a.jar", "http://example.org/b.jar"]
        class.version = "52.0"class.release = 8"#]]
    .assert_eq(&(told(&part, "jar") + &told(&part.children[2], "class").lines().take(2).collect::<String>()));
    assert_eq!(part.oddities.len(), 1);
    let Some(bytes) = shared("testJAR.jar") else { return };
    expect![[r#"
        jar.classes = 0
        jar.signed = false
        jar.created_by = "1.6.0_18 (Sun Microsystems Inc.)"
    "#]]
    .assert_eq(&told(&apart(&bytes), "jar"));
}
