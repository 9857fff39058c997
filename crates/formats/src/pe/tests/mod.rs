mod build;
mod chains;
mod signing;

use super::image::{DEBUG, DOTNET, EXPORT, IMPORT, LOAD_CONFIG, RESOURCE, TLS};
use super::*;
use crate::exe::kit::{Room, told};
use crate::{State, Value};
use build::{Program, imports, laid, numbers, signed};
use expect_test::{expect, expect_file};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const ROOM: Room = Room { namespace: "pe", read, facts: facts::VECTORS, odds: oddities::ALL };

#[test]
fn tables_of_facts_and_oddities_are_sound() {
    ROOM.check_tables();
}

#[test]
fn bytes_that_are_no_program_tell_nothing() {
    for bytes in [&b""[..], b"MZ", b"PE\0\0", &[0x4d; 200]] {
        assert_eq!(read(bytes), Reading::default());
    }
}

#[test]
fn a_small_program() {
    ROOM.check(
        &Program::new(true).bytes(),
        &[
            "format",
            "role",
            "machine",
            "timestamp",
            "char",
            "subsystem",
            "image_base",
            "entry",
            "checksum",
            "sections",
            "linker",
        ],
        expect![[r#"
            sections.count: 1
            machine: "amd64"
            timestamp: 1600000000000000
            characteristics: executable | large-address-aware
            role: "exe"
            format: "pe32+"
            linker_version: "14.29"
            image_base: 5368709120
            subsystem_version: "6.0"
            subsystem: "console"
            entry: 4096
            entry.section: ".text"
            checksum: 0
            checksum.computed: 21732
            checksum.matches: absent
            sections: .text
            sections.addresses: 0x1000
            sections.virtual_sizes: 16
            sections.offsets: 0x400
            sections.raw_sizes: 512
            sections.flags: rx code
            sections.entropies: 0.2006
            sections.md5: 93a04e8683747ded03128c9f63ff9538
            sections.sha256: 074b542c6ddd66740ed25daf10da18eae9dd2ebb66ab304a03e84a11ace31c98
            timestamp.is_hash: false
            ! pe.no-imports 
        "#]],
    );
}

#[test]
fn imports_by_name_and_number_and_their_hash() {
    let functions = [Ok("CreateFileA"), Err(115), Ok("ReadFile"), Err(9000)];
    let program = Program::new(false).with(IMPORT, ".idata", |at| imports(at, "WS2_32.dll", &functions));
    let reading = ROOM.read(&program.bytes());
    let joined = "ws2_32.createfilea,ws2_32.wsastartup,ws2_32.readfile,ws2_32.ord9000";
    let expected = crate::cms::Hash::Md5.of(&[joined.as_bytes()]);
    assert_eq!(reading.value("pe", "imphash"), Some(&Value::Digest(expected)));
    expect![[r#"
        imports.count: 4
        imports.dlls: WS2_32.dll
        imports: WS2_32.dll!CreateFileA | WS2_32.dll!#115 WSAStartup | WS2_32.dll!ReadFile | WS2_32.dll!#9000
    "#]]
    .assert_eq(&told(&reading, &["imports"]));
}

#[test]
fn imports_that_lead_nowhere_are_told_as_far_as_they_go() {
    let lost = Program::new(false).with(IMPORT, ".idata", |_| numbers(&[0x9_0000, 0, 0, 0xffff_fff0, 0x9_0000]));
    ROOM.check(
        &lost.bytes(),
        &["imports"],
        expect![[r#"
        imports.count: 0
        imports.dlls: 
        imports: 
        ! pe.table-broken Text("import")
    "#]],
    );
    let mut outside = Program::new(false);
    outside.directories[IMPORT] = (0x7fff_ffff, 40);
    ROOM.check(
        &outside.bytes(),
        &["imports"],
        expect![[r#"
        imports.count: 0
        imports.dlls: absent
        imports: absent
        ! pe.table-broken Text("import")
        ! pe.no-imports 
    "#]],
    );
}

#[test]
fn more_imports_than_are_told_say_so() {
    let functions = vec![Ok("a"); 5_000];
    let program = Program::new(false).with(IMPORT, ".idata", |at| imports(at, "a.dll", &functions));
    let reading = ROOM.read(&program.bytes());
    let lists: Vec<_> = reading.vectors.iter().filter(|vector| vector.name == "imports").collect();
    assert!(matches!(&lists[0].state, State::Known(Value::Texts(texts)) if texts.len() == 4_096));
    assert_eq!(lists[1].state, State::Limited(crate::Limit::Entries));
    assert_eq!(reading.value("pe", "imports.count"), Some(&Value::Integer(5_000)));
}

#[test]
fn exports_by_name_by_number_and_of_others() {
    let table = |at: u32| {
        let head = numbers(&[0, 0, 0, at + 100, 5, 3, 2, at + 40, at + 60, at + 80]);
        let functions = numbers(&[0x1000, at + 110, 0x1001]);
        let names = numbers(&[at + 130, at + 136]);
        laid(
            160,
            &[
                (0, &head),
                (40, &functions),
                (60, &names),
                (80, &[0, 0, 1, 0]),
                (100, b"own.dll"),
                (110, b"ntdll.RtlMove"),
                (130, b"one"),
                (136, b"two"),
            ],
        )
    };
    let program = Program::new(true).with(EXPORT, ".edata", table);
    ROOM.check(
        &program.bytes(),
        &["exports"],
        expect![[r#"
            exports.name: "own.dll"
            exports.timestamp: absent
            exports.count: 3
            exports.ordinal_only: 1
            exports: one | two
            exports.forwards: two=ntdll.RtlMove
            ! pe.no-imports 
        "#]],
    );
}

/// A tree of one type with one name and one language each.
fn resource(kind: u32, at: u32, content: &[u8]) -> Vec<u8> {
    let directory = |id: u32, target: u32| [numbers(&[0, 0, 0]), vec![0, 0, 1, 0], numbers(&[id, target])].concat();
    let tree = [
        directory(kind, 0x8000_0000 | 24),
        directory(1, 0x8000_0000 | 48),
        directory(0x0804, 72),
        numbers(&[at + 88, content.len() as u32, 0, 0]),
    ];
    [tree.concat(), content.to_vec()].concat()
}

#[test]
fn resources_are_told_and_programs_in_them_are_given_on() {
    let inner = Program::new(false).bytes();
    let program = Program::new(true).with(RESOURCE, ".rsrc", |at| resource(10, at, &inner));
    ROOM.check(
        &program.bytes(),
        &["resources"],
        expect![[r#"
        resources.count: 1
        resources: data/1/2052
        resources.sizes: 1536
        resources.types: data
        resources.languages: 0804
        ! pe.no-imports 
        ! pe.resource-program Text("data/1/2052")
        > data/1/2052 Range(1624..3160)
    "#]],
    );
}

#[test]
fn resources_in_a_circle_come_to_an_end() {
    let circle = |_| [numbers(&[0, 0, 0]), vec![0, 0, 2, 0], numbers(&[1, 0x8000_0000, 2, 0x8000_0000])].concat();
    ROOM.check(
        &Program::new(true).with(RESOURCE, ".rsrc", circle).bytes(),
        &["resources"],
        expect![[r#"
        resources.count: 0
        resources: 
        resources.sizes: 
        resources.types: 
        resources.languages: 
        ! pe.no-imports 
        ! pe.resources-cycle 
    "#]],
    );
}

#[test]
fn a_manifest_says_which_rights_it_wants() {
    let text = br#"<assembly><requestedExecutionLevel level="requireAdministrator" uiAccess="false"/></assembly>"#;
    let program = Program::new(true).with(RESOURCE, ".rsrc", |at| resource(24, at, text));
    ROOM.check(
        &program.bytes(),
        &["manifest.level"],
        expect![[r#"
        manifest.level: "requireAdministrator"
        ! pe.no-imports 
    "#]],
    );
}

#[test]
fn version_information() {
    let wide = |text: &str| [text, "\0"].concat().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let block = |key: &str, value: &[u8], length: usize, text: bool, children: &[u8]| {
        let mut body =
            [vec![0, 0], (length as u16).to_le_bytes().to_vec(), vec![u8::from(text), 0], wide(key)].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(children);
        let size = body.len() as u16;
        body[..2].copy_from_slice(&size.to_le_bytes());
        body
    };
    let pair = |key, value: &str| block(key, &wide(value), value.len() + 1, true, &[]);
    let table = block("080404b0", &[], 0, true, &[pair("CompanyName", "Some Works!"), pair("Odd", "x y")].concat());
    let strings = block("StringFileInfo", &[], 0, true, &table);
    let var = block("VarFileInfo", &[], 0, true, &block("Translation", &[4, 8, 0xb0, 4], 4, false, &[]));
    let fixed = numbers(&[0xfeef_04bd, 0x1_0000, 0x1_0002, 0x3_0004, 0x5_0006, 0x7_0008, 0x3f, 1, 4, 1, 0, 0, 0]);
    let whole = block("VS_VERSION_INFO", &fixed, fixed.len(), false, &[strings, var].concat());
    let program = Program::new(true).with(RESOURCE, ".rsrc", |at| resource(16, at, &whole));
    ROOM.check(
        &program.bytes(),
        &["version"],
        expect![[r#"
            version.file: "1.2.3.4"
            version.product: "5.6.7.8"
            version.flags: debug
            version.company: "Some Works!"
            version.description: absent
            version.internal_name: absent
            version.original_name: absent
            version.product_name: absent
            version.copyright: absent
            version.strings: CompanyName=Some Works! | Odd=x y
            version.translations: 0804-04b0
            ! pe.no-imports 
        "#]],
    );
}

#[test]
fn symbols_threads_and_guards() {
    let symbols = [b"RSDS".to_vec(), (0..16).collect(), numbers(&[3]), b"C:\\work\\a.pdb\0".to_vec()].concat();
    let debug = |_| [numbers(&[0, 0, 0, 2, symbols.len() as u32, 0, 0x600 + 28]), symbols.clone()].concat();
    let threads = |at: u32| {
        let address = |offset: u32| (0x1_4000_0000_u64 + u64::from(at + offset)).to_le_bytes().to_vec();
        [vec![0; 24], address(40), vec![0; 8], address(0), vec![0; 8]].concat()
    };
    let guards = |_| laid(148, &[(0, &[148, 0, 0, 0]), (88, &[1; 8]), (136, &[7]), (144, &[0, 5, 1, 0x10])]);
    let mut program =
        Program::new(true).with(DEBUG, ".debug", debug).with(TLS, ".tls", threads).with(LOAD_CONFIG, ".guard", guards);
    program.directories[DEBUG].1 = 28;
    ROOM.check(
        &program.bytes(),
        &["pdb", "tls", "guard", "load", "security", "debug"],
        expect![[r#"
            tls.callbacks.count: 1
            tls.callbacks: 0x3000
            pdb.path: "C:\\work\\a.pdb"
            pdb.guid: "03020100-0504-0706-0809-0a0b0c0d0e0f"
            pdb.age: 3
            debug.types: codeview
            load_config.size: 148
            security_cookie: true
            guard.functions: 7
            guard.flags: cf | cf-table | long-jump-table
            ! pe.no-imports 
            ! pe.tls-callbacks Number(1)
        "#]],
    );
}

#[test]
fn the_tools_that_made_it_and_whether_the_header_was_changed() {
    let mut bytes = Program::new(true).bytes();
    // Two tools, coded with the checksum that the header has to have.
    let tools = [0x0105_7809_u32, 4, 0x0102_7809, 1];
    let mut key = 0x40_u32;
    for (at, byte) in (0_u32..).zip(&bytes[..0x40]) {
        key = key.wrapping_add(if (0x3c..0x40).contains(&at) { 0 } else { u32::from(*byte).rotate_left(at % 32) });
    }
    key = key.wrapping_add(tools[0].rotate_left(tools[1])).wrapping_add(tools[2].rotate_left(tools[3]));
    let clear = [u32::from_le_bytes(*b"DanS"), 0, 0, 0, tools[0], tools[1], tools[2], tools[3]];
    let coded = [clear.map(|number| number ^ key).to_vec(), vec![u32::from_le_bytes(*b"Rich"), key]].concat();
    bytes[0x40..0x68].copy_from_slice(&numbers(&coded));
    ROOM.check(
        &bytes,
        &["rich"],
        expect![[r#"
        rich.hash: 827d3fc67e758ab1c87143ea5e1ebc04
        rich.key: "125c71e3"
        rich.entries: 261.30729=4 | 258.30729=1
        rich.valid: true
        ! pe.no-imports 
    "#]],
    );
    bytes[0x10] ^= 1;
    ROOM.check(
        &bytes,
        &["rich.valid"],
        expect![[r#"
        rich.valid: false
        ! pe.no-imports 
        ! pe.rich-wrong 
    "#]],
    );
}

/// Metadata with one row in each table that facts are taken from, and the header of the runtime in front of it.
fn dotnet(at: u32) -> Vec<u8> {
    let strings = b"\0a.exe\0Own\0mscorlib\0user32.dll\0MessageBoxW\0GuidAttribute\0.ctor\0notes.txt\0";
    let string = |text: &[u8]| memchr::memmem::find(strings, text).unwrap() as u16;
    // A key of three bytes, a token of eight, and the value of an attribute.
    let blobs =
        [&[0, 3, 1, 2, 3, 8, 0xb7, 0x7a, 0x5c, 0x56, 0x19, 0x34, 0xe0, 0x89, 7, 1, 0, 2][..], b"id\0\0"].concat();
    let halves = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    let present =
        [0x00, 0x01, 0x0a, 0x0c, 0x1a, 0x1c, 0x20, 0x23, 0x28].iter().fold(0_u64, |bits, table| bits | 1 << table);
    let rows = [
        halves(&[0, string(b"a.exe"), 1, 0, 0]),
        halves(&[0, string(b"GuidAttribute"), 0]),
        // The member of the first referenced type; the attribute of the assembly by the first member.
        halves(&[1 << 3 | 1, string(b".ctor"), 0]),
        halves(&[1 << 5 | 14, 1 << 3 | 3, 14]),
        halves(&[string(b"user32")]),
        halves(&[0, 0, string(b"MessageBoxW"), 1]),
        [numbers(&[0x8004]), halves(&[1, 2, 3, 4]), numbers(&[1]), halves(&[1, string(b"Own"), 0])].concat(),
        [halves(&[4, 0, 0, 0]), numbers(&[0]), halves(&[5, string(b"mscorlib"), 0, 0])].concat(),
        [numbers(&[0, 1]), halves(&[string(b"notes.txt"), 0])].concat(),
    ];
    let mut tables = [numbers(&[0]), vec![2, 0, 0, 1], present.to_le_bytes().to_vec(), vec![0; 8]].concat();
    tables.extend(numbers(&[1; 9]));
    tables.extend(rows.concat());
    let streams = [("#~", tables), ("#Strings", strings.to_vec()), ("#Blob", blobs), ("#GUID", (0..16).collect())];
    let mut root =
        [b"BSJB".to_vec(), vec![1, 0, 1, 0, 0, 0, 0, 0, 12, 0, 0, 0], b"v4.0.30319\0\0".to_vec(), vec![0, 0, 4, 0]]
            .concat();
    let heads: usize = streams.iter().map(|(name, _)| 8 + (name.len() + 1).next_multiple_of(4)).sum();
    let (mut place, mut bodies) = (root.len() + heads, Vec::new());
    for (name, body) in streams {
        root.extend(numbers(&[place as u32, body.len() as u32]));
        let mut name = name.as_bytes().to_vec();
        name.resize((name.len() + 1).next_multiple_of(4), 0);
        root.extend(name);
        place += body.len();
        bodies.extend(body);
    }
    root.extend(bodies);
    let resources = 72 + root.len() as u32;
    let header = [72, 0x0005_0002, at + 72, root.len() as u32, 9, 0, at + resources, 8];
    [laid(72, &[(0, &numbers(&header))]), root, numbers(&[4]), b"text".to_vec()].concat()
}

#[test]
fn programs_of_dotnet() {
    let program = Program::new(true).with(DOTNET, ".dotnet", dotnet);
    ROOM.check(
        &program.bytes(),
        &["dotnet"],
        expect![[r#"
            dotnet: true
            dotnet.flags: il-only | strong-name-signed
            dotnet.runtime: "v4.0.30319"
            dotnet.streams: #~ | #Strings | #Blob | #GUID
            dotnet.module: "a.exe"
            dotnet.mvid: "03020100-0504-0706-0809-0a0b0c0d0e0f"
            dotnet.assembly: "Own"
            dotnet.version: "1.2.3.4"
            dotnet.culture: "neutral"
            dotnet.public_key_token: "cfdf4fa87937761d"
            dotnet.references: mscorlib 4.0.0.0 b77a5c561934e089
            dotnet.native_calls: user32.dll!MessageBoxW
            dotnet.typelib: "id"
            dotnet.framework: absent
            dotnet.types.count: 0
            dotnet.methods.count: 0
            > notes.txt Range(1971..1975)
        "#]],
    );
    let mut cut = program.bytes();
    cut.truncate(0x600 + 72 + 100);
    ROOM.check(
        &cut,
        &["dotnet"],
        expect![[r#"
        dotnet: true
        dotnet.flags: il-only | strong-name-signed
        dotnet.runtime: "v4.0.30319"
        dotnet.streams: #~ | #Strings | #Blob | #GUID
        ! pe.section-beyond-file Text(".dotnet")
        ! pe.metadata-broken 
    "#]],
    );
}

#[test]
fn what_stands_behind_the_sections_is_given_on() {
    let mut program = Program::new(true);
    program.overlay = b"PK\x03\x04 and so on".to_vec();
    ROOM.check(
        &program.bytes(),
        &["overlay"],
        expect![[r#"
        overlay.offset: 1536
        overlay.size: 14
        overlay.entropy: 3.182
        overlay.kind: "zip"
        ! pe.no-imports 
        > overlay Range(1536..1550)
    "#]],
    );
}

#[test]
fn a_signature_is_checked_and_a_change_is_seen() {
    const WANTED: &[&str] = &[
        "signatures",
        "signature.digest_",
        "signature.content",
        "signature.right",
        "signature.subject",
        "signature.serial",
        "signature.chain",
        "signature.time",
        "signature.program",
        "signature.url",
    ];
    for wide in [true, false] {
        let bytes = signed(Program::new(wide).bytes(), wide);
        let reading = ROOM.read(&bytes);
        let chain: Vec<_> =
            reading.vectors.iter().filter(|vector| vector.name != "signature.chain.thumbprints").cloned().collect();
        let without = Reading { vectors: chain, ..reading.clone() };
        expect![[r#"
            signature.digest_algorithm: "sha256"
            signature.digest_matches: true
            signature.content_matches: true
            signature.subject: "CN=Test Signer"
            signature.serial: "1234"
            signature.right: true
            signature.chain: CN=Test Signer
            signature.chain_right: true
            signature.program: "Tü"
            signature.url: "http://a"
            signature.time: absent
            signatures.count: 1
            ! pe.no-imports 
        "#]]
        .assert_eq(&told(&without, WANTED));
        let stated = reading.value("pe", "signature.digest");
        assert_eq!(stated, reading.value("pe", "authentihash"));

        let flag = |bytes: &[u8], name| ROOM.read(bytes).value("pe", name).cloned();
        let mut changed = bytes.clone();
        changed[0x400] ^= 1;
        assert_eq!(flag(&changed, "signature.digest_matches"), Some(Value::Flag(false)));
        assert_eq!(flag(&changed, "signature.right"), Some(Value::Flag(true)));
        // The checksum is not covered, and neither is what is behind the signature.
        let mut free = bytes.clone();
        free[0x80 + 24 + 64] ^= 1;
        assert_eq!(flag(&free, "signature.digest_matches"), Some(Value::Flag(true)));
        // Bytes behind the signature are covered by it as long as the table does not hold them.
        let longer = [bytes.clone(), vec![0x20; 64]].concat();
        assert_eq!(flag(&longer, "signature.digest_matches"), Some(Value::Flag(false)));
    }
}

#[test]
fn an_entry_outside_and_sections_that_are_odd() {
    let mut program = Program::new(true);
    program.entry = 0x9_0000;
    program.sections[0].0 = "UPX0";
    program.sections[0].1 = 0xe000_0020;
    ROOM.check(
        &program.bytes(),
        &["entry"],
        expect![[r#"
        entry: 589824
        entry.section: absent
        ! pe.entry-outside Text("0x90000")
        ! pe.section-writable-code Text("UPX0")
        ! pe.packer Text("UPX") Text("UPX0")
        ! pe.no-imports 
    "#]],
    );
}

#[test]
fn counts_that_are_extreme() {
    for count in [0_u16, 1, 96, 65_535] {
        let mut bytes = Program::new(true).bytes();
        bytes[0x86..0x88].copy_from_slice(&count.to_le_bytes());
        let reading = ROOM.read(&bytes);
        assert_eq!(reading.value("pe", "sections.count"), Some(&Value::Integer(count.into())));
    }
    let mut bytes = Program::new(true).bytes();
    // Sizes of four gigabytes, everywhere a section says one.
    bytes[0x188 + 8..0x188 + 28].fill(0xff);
    ROOM.read(&bytes);
    bytes[0x80 + 24 + 108..0x80 + 24 + 240].fill(0xff);
    ROOM.read(&bytes);
}

#[test]
fn the_smallest_program_that_windows_started() {
    // 97 bytes: the header of the program begins at 4, within the one of DOS, and the file ends within the optional one.
    let head = [
        &b"MZ\0\0PE\0\0\x4c\x01\x01\0"[..],
        &[0; 12],
        &[0x04, 0, 0x0f, 0x01, 0x0b, 0x01, 0, 0],
        &[0; 12],
        &numbers(&[0x60, 0x60, 0, 0x40_0000, 4, 4, 0, 0, 5, 0, 0x68, 0x64]),
        &[0; 4],
        &[2],
    ]
    .concat();
    let mut bytes = head;
    bytes.resize(97, 0);
    bytes[0x3c..0x40].copy_from_slice(&[4, 0, 0, 0]);
    ROOM.check(
        &bytes,
        &["format", "machine", "entry", "sections.count", "subsystem"],
        expect![[r#"
            sections.count: 1
            machine: "i386"
            format: "pe32"
            subsystem_version: "5.0"
            subsystem: failed pe.cut-off
            entry: 96
            entry.section: ""
            ! pe.headers-overlap 
            ! pe.timestamp-zero 
            ! pe.entry-not-code Text("")
            ! pe.section-odd-name Text("")
            ! pe.no-imports 
            > overlay Range(96..97)
        "#]],
    );
}

#[test]
fn sections_laid_over_one_another_are_not_hashed_for_ever() {
    let mut program = Program::new(true);
    program.sections[0].2 = vec![0x90; 0x10_0000];
    let mut bytes = program.bytes();
    let header = bytes[0x188..0x1b0].to_vec();
    // The headers of 2,000 sections fit where the first section is.
    bytes[0x86..0x88].copy_from_slice(&2_000_u16.to_le_bytes());
    for number in 1..2_000 {
        let at = 0x188 + number * 40;
        bytes[at..at + 40].copy_from_slice(&header);
    }
    let started = Instant::now();
    let reading = ROOM.read(&bytes);
    assert!(started.elapsed() < Duration::from_secs(5));
    let cut = |vector: &&crate::Vector| vector.name == "sections.md5" && matches!(vector.state, State::Limited(_));
    assert_eq!(reading.vectors.iter().filter(cut).count(), 1);
}

#[test]
fn real_programs_tell_what_other_tools_tell() {
    let Some(folder) = testkit::data("files") else { return };
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut text = String::new();
    for path in names {
        let bytes = std::fs::read(&path).unwrap();
        if crate::identify(&bytes).kind != crate::Kind::Pe {
            continue;
        }
        let reading = ROOM.read(&bytes);
        writeln!(text, "# {}", path.file_name().unwrap().to_string_lossy()).unwrap();
        let wanted = [
            "machine",
            "role",
            "timestamp",
            "entry.section",
            "checksum.matches",
            "sections.count",
            "sections.entropies",
            "imports.count",
            "imphash",
            "delay_imports.dlls",
            "exports.count",
            "exports.name",
            "resources.count",
            "resources.types",
            "icon",
            "manifest.level",
            "version.",
            "relocations",
            "tls",
            "debug.types",
            "pdb",
            "reproducible_hash",
            "guard",
            "rich",
            "overlay",
            "authentihash",
            "signature",
            "dotnet",
        ];
        text.push_str(&told(&reading, &wanted));
    }
    expect_file!["../../../tests/golden/pe.txt"].assert_eq(&text);
}

/// A program with a table of every sort in it.
fn full() -> Vec<u8> {
    let functions = [Ok("CreateFileA"), Err(115)];
    let program = Program::new(false).with(IMPORT, ".idata", |at| imports(at, "a.dll", &functions)).with(
        RESOURCE,
        ".rsrc",
        |at| resource(16, at, b"MZ"),
    );
    signed(program.bytes(), false)
}

#[test]
fn a_program_cut_off_anywhere_gives_what_is_left() {
    let bytes = full();
    for length in 0..bytes.len() {
        ROOM.read(&bytes[..length]);
    }
}

proptest! {
    #[test]
    fn changed_bytes_do_no_harm(changes in prop::collection::vec((0..0x800_usize, any::<u8>()), 1..12)) {
        let mut bytes = full();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let started = Instant::now();
        ROOM.read(&bytes);
        prop_assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn random_bytes_behind_a_header_do_no_harm(rest in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let head = laid(0x88, &[(0, b"MZ"), (0x3c, &[0x80]), (0x80, b"PE\0\0\x64\x86\x03\0")]);
        ROOM.read(&[head, rest].concat());
    }
}
