use crate::Kind;
use crate::kit::{facts, oddities, reading, stored, zip};
use expect_test::expect;
use sha1::{Digest, Sha1};

fn le(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Byte code with one class that names `Runtime.exec`.
fn dex() -> Vec<u8> {
    let texts = ["Ljava/lang/Runtime;", "Lorg/example/app/Main;", "exec", "http://example.org/a"];
    let (strings, types, methods, classes) = (112_u32, 128_u32, 136_u32, 144_u32);
    let mut data = Vec::new();
    let mut offsets = Vec::new();
    for text in texts {
        offsets.push(176 + data.len() as u32);
        data.extend([&[text.len() as u8][..], text.as_bytes(), &[0]].concat());
    }
    let size = 176 + data.len() as u32;
    let counts = [
        size,
        112,
        0x1234_5678,
        0,
        0,
        0,
        4,
        strings,
        2,
        types,
        0,
        0,
        0,
        0,
        1,
        methods,
        1,
        classes,
        data.len() as u32,
        176,
    ];
    let tables = [le(&offsets), le(&[0, 1]), vec![0, 0, 0, 0, 2, 0, 0, 0], le(&[1, 1, 0, 0, 0, 0, 0, 0])].concat();
    let body = [le(&counts), tables, data].concat();
    let signed = [Sha1::digest(&body).to_vec(), body].concat();
    let (low, high) = signed.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65521;
        (low, (high + low) % 65521)
    });
    [b"dex\n035\0".to_vec(), le(&[high << 16 | low]), signed].concat()
}

#[test]
fn byte_code_tells_its_sums_and_calls() {
    let mut bytes = dex();
    expect![[r#"
        dex.version = "035"
        dex.size = 249
        dex.checksum_matches = true
        dex.signature = [83, 64, eb, bd, d8, b7, 41, 1e, 9a, 20, 84, 1b, ee, ff, b6, ef, 1e, 44, d1, d9]
        dex.signature_matches = true
        dex.strings = 4
        dex.types = 2
        dex.methods = 1
        dex.classes = 1
        dex.calls = ["java.lang.Runtime.exec"]
        dex.urls = ["http://example.org/a"]
        dex.packages = ["org.example"]
    "#]]
    .assert_eq(&(facts(&reading(Kind::Dex, &bytes).vectors) + &oddities(&reading(Kind::Dex, &bytes))));
    bytes[180] ^= 1;
    bytes.extend(b"behind");
    expect![[r#"
        dex.data-behind bytes=6 @249
        dex.checksum-differs @8
        dex.signature-differs @12
    "#]]
    .assert_eq(&oddities(&reading(Kind::Dex, &bytes)));
    let short = reading(Kind::Dex, &bytes[..100]);
    expect![[r#"
        dex.classes = failed: file.damaged
    "#]]
    .assert_eq(&facts(&short.vectors));
}

/// Each a name, the number of its type, and its value.
type Attributes<'a> = &'a [(&'a str, u8, &'a str)];

/// Binary XML of elements: a name and attributes of a name, a type and a value; an empty name closes one.
fn xml(elements: &[(&str, Attributes)]) -> Vec<u8> {
    let mut pool: Vec<String> = vec!["exported".into()];
    let mut number = |text: &str| {
        let known = pool.iter().position(|other| other == text);
        known.unwrap_or_else(|| {
            pool.push(text.into());
            pool.len() - 1
        }) as u32
    };
    let mut chunks = vec![le(&[0x0008_0180, 12, 0x0101_0010])];
    for (name, attributes) in elements {
        if name.is_empty() {
            chunks.push(le(&[0x0010_0103, 24, 0, u32::MAX, u32::MAX, 0]));
            continue;
        }
        let head = [u32::MAX, number(name), 0x0014_0014, attributes.len() as u32, 0];
        let mut body = le(&head);
        for (name, kind, value) in *attributes {
            let data = if *kind == 3 { number(value) } else { value.parse().unwrap() };
            body.extend(le(&[u32::MAX, number(name), u32::MAX, u32::from(*kind) << 24 | 8, data]));
        }
        chunks.push([le(&[0x0010_0102, 16 + body.len() as u32, 0, u32::MAX]), body].concat());
    }
    let (mut offsets, mut texts) = (Vec::new(), Vec::new());
    for text in &pool {
        offsets.push(texts.len() as u32);
        texts.extend([&[text.len() as u8, text.len() as u8][..], text.as_bytes(), &[0]].concat());
    }
    texts.resize(texts.len().next_multiple_of(4), 0);
    let start = 28 + offsets.len() as u32 * 4;
    let head = [0x001c_0001, start + texts.len() as u32, pool.len() as u32, 0, 0x100, start, 0];
    let strings = [le(&head), le(&offsets), texts].concat();
    let body = [strings, chunks.concat()].concat();
    [le(&[0x0008_0003, 8 + body.len() as u32]), body].concat()
}

#[test]
fn a_manifest_tells_what_it_asks_for_and_exports() {
    let bytes = xml(&[
        ("manifest", &[("package", 3, "org.example.app"), ("versionCode", 0x10, "7"), ("versionName", 3, "1.2")]),
        ("uses-sdk", &[("minSdkVersion", 0x10, "21"), ("targetSdkVersion", 0x10, "33")]),
        ("", &[]),
        ("uses-permission", &[("name", 3, "android.permission.READ_SMS")]),
        ("", &[]),
        ("application", &[("debuggable", 0x12, "4294967295"), ("name", 3, "org.example.App")]),
        ("activity", &[("name", 3, ".Main")]),
        ("intent-filter", &[]),
        ("action", &[("name", 3, "android.intent.action.MAIN")]),
        ("", &[]),
        ("category", &[("name", 3, "android.intent.category.LAUNCHER")]),
        ("", &[]),
        ("", &[]),
        ("", &[]),
        ("service", &[("name", 3, ".Private"), ("exported", 0x12, "0")]),
        ("intent-filter", &[]),
        ("", &[]),
        ("", &[]),
        ("", &[]),
        ("", &[]),
    ]);
    expect![[r#"
        android.package = "org.example.app"
        android.version_code = 7
        android.version_name = "1.2"
        android.min_sdk = 21
        android.target_sdk = 33
        android.debuggable = true
        android.application = "org.example.App"
        android.root_element = "manifest"
        android.activities = 1
        android.services = 1
        android.receivers = 0
        android.providers = 0
        android.permissions = ["android.permission.READ_SMS"]
        android.exported = ["activity:.Main"]
        android.main = [".Main"]
        android.actions = ["android.intent.action.MAIN"]
    "#]]
    .assert_eq(&facts(&reading(Kind::AndroidXml, &bytes).vectors));
    expect![[r#"
        android.cut-off @1356
    "#]]
    .assert_eq(&oddities(&reading(Kind::AndroidXml, &bytes[..bytes.len() - 5])));
}

#[test]
fn a_package_tells_how_it_is_signed() {
    let archive =
        zip(&[stored("AndroidManifest.xml", b"x"), stored("classes.dex", b"y"), stored("META-INF/CERT.RSA", b"z")]);
    let directory = memchr::memmem::rfind(&archive, b"PK\x01\x02").unwrap();
    let directory = memchr::memmem::find(&archive[..=directory], b"PK\x01\x02").unwrap();
    let entry =
        |number: u32, data: &[u8]| [&(data.len() as u64 + 4).to_le_bytes()[..], &number.to_le_bytes(), data].concat();
    let entries = [entry(0x7109_871a, b"abc"), entry(0xf053_68c0, b""), entry(0x1234_5678, b"hidden")].concat();
    let size = (entries.len() as u64 + 24).to_le_bytes();
    let block = [&size[..], &entries, &size, b"APK Sig Block 42"].concat();
    let mut bytes = [&archive[..directory], &block, &archive[directory..]].concat();
    let end = bytes.len() - 22;
    bytes[end + 16..end + 20].copy_from_slice(&((directory + block.len()) as u32).to_le_bytes());
    let read = reading(Kind::Apk, &bytes);
    let told: Vec<_> = read.vectors.iter().filter(|vector| vector.namespace == "apk").cloned().collect();
    expect![[r#"
        apk.code_files = 1
        apk.block_bytes = 69
        apk.block = ["7109871a", "f05368c0", "12345678"]
        apk.schemes = ["v1", "v2", "v3"]
        apk.unknown-block bytes=10 number="12345678" @175
    "#]]
    .assert_eq(&(facts(&told) + &oddities(&read)));
}
