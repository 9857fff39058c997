use super::*;
use crate::cms::Hash;
use crate::exe::kit::{Room, told};
use crate::{State, Value};
use expect_test::{expect, expect_file};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

fn le(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn be(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn named(name: &str, bytes: usize) -> Vec<u8> {
    let mut name = name.as_bytes().to_vec();
    name.resize(bytes, 0);
    name
}

fn command(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(8), 0);
    [le(&[kind, body.len() as u32 + 8]), body].concat()
}

/// A program of 64 bits with one segment, a library, symbols, and a signature without a signer.
fn program() -> Vec<u8> {
    const CONTENT: u32 = 0x400;
    const SIGNATURE: u32 = 0x500;
    let strings = b"\0_open\0___stack_chk_fail\0_own\0";
    let symbol = |name: u32, kind: u8, value: u32| [le(&[name]), vec![kind, 1, 0, 0], le(&[value, 0])].concat();
    let symbols = [symbol(1, 0x01, 0), symbol(7, 0x01, 0), symbol(25, 0x0f, 0x400)].concat();
    let section =
        [named("__text", 16), named("__TEXT", 16), le(&[0x400, 1, 16, 0, CONTENT, 0, 0, 0, 0, 0, 0, 0])].concat();
    let segment = [named("__TEXT", 16), le(&[0, 1, 0x1000, 0, 0, 0, SIGNATURE, 0, 5, 5, 1, 0]), section].concat();
    let dylib = [le(&[24, 2, 0x0001_0203, 0x1_0000]), named("/usr/lib/libSystem.B.dylib", 32)].concat();
    let commands = [
        command(0x19, &segment),
        command(0xc, &dylib),
        command(0x1b, &(0..16).collect::<Vec<u8>>()),
        command(0x32, &le(&[1, 0x000b_0000, 0x000e_0200, 0])),
        command(0x8000_0028, &le(&[0x400, 0, 0, 0])),
        command(0x2, &le(&[0x420, 3, 0x460, strings.len() as u32])),
        command(0x1d, &le(&[SIGNATURE, 0x200])),
    ];
    let size = commands.iter().map(Vec::len).sum::<usize>() as u32;
    let head = le(&[0xfeed_facf, 0x0100_000c, 0, 2, commands.len() as u32, size, 0x20_0085, 0]);
    let mut bytes = [head, commands.concat()].concat();
    bytes.resize(CONTENT as usize, 0);
    bytes.extend([0xc0; 16]);
    bytes.resize(0x420, 0);
    bytes.extend(symbols);
    bytes.resize(0x460, 0);
    bytes.extend(strings);
    bytes.resize(SIGNATURE as usize, 0);
    let hash = Hash::Sha256.of(&[&bytes]);
    let directory = [
        be(&[0xfade_0c02, 44 + 8 + 32, 0x2_0001, 2, 52, 44, 0, 1, SIGNATURE]),
        vec![32, 2, 0, 12],
        be(&[0]),
        b"own.app\0".to_vec(),
        hash,
    ]
    .concat();
    bytes.extend(be(&[0xfade_0cc0, 20 + directory.len() as u32, 1, 0, 20]));
    bytes.extend(directory);
    bytes.resize(SIGNATURE as usize + 0x200, 0);
    bytes
}

fn fat_file() -> Vec<u8> {
    let slice = program();
    let size = slice.len() as u32;
    let mut bytes = be(&[0xcafe_babe, 2, 0x0100_0007, 3, 0x1000, size, 12, 0x0100_000c, 0, 0x2000, size, 12]);
    bytes.resize(0x1000, 0);
    bytes.extend(&slice);
    bytes.resize(0x2000, 0);
    bytes.extend(slice);
    bytes
}

const ROOM: Room = Room { namespace: "macho", read, facts: facts::VECTORS, odds: oddities::ALL };

#[test]
fn tables_of_facts_and_oddities_are_sound() {
    ROOM.check_tables();
}

#[test]
fn bytes_that_are_no_program_tell_nothing() {
    for bytes in [&b""[..], b"\xcf\xfa\xed", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xcd0000"] {
        assert_eq!(read(bytes), Reading::default());
    }
}

#[test]
fn a_small_program() {
    let names: Vec<_> = facts::VECTORS.iter().map(|fact| fact.name).collect();
    ROOM.check(
        &program(),
        &names,
        expect![[r#"
            fat: false
            format: "macho64"
            byte_order: "little"
            machine: "arm64"
            role: "exe"
            flags: no-undefined | dynamic-link | two-level | pie
            commands.count: 7
            commands: build-version | code-signature | load-dylib | main | segment-64 | symtab | uuid
            segments: __TEXT
            segments.flags: rx
            segments.addresses: 0x100000000
            segments.offsets: 0x0
            segments.sizes: 1280
            segments.entropies: 1.2633
            sections: __TEXT,__text
            sections.sizes: 16
            sections.md5: 68d95075a47a50389efb7bfec301a9fb
            dylibs: /usr/lib/libSystem.B.dylib
            dylibs.versions: 1.2.3
            id: absent
            rpaths: 
            loader: absent
            uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f"
            entry: 1024
            platform: "macos"
            os_version: "11.0.0"
            sdk_version: "14.2.0"
            source_version: absent
            encrypted: false
            symbols.count: 3
            imports.count: 2
            imports: _open | ___stack_chk_fail
            exports.count: 1
            exports: _own
            canary: true
            signed: true
            signature.flags: adhoc
            signature.identifier: "own.app"
            signature.team: absent
            signature.digest_algorithm: "sha256"
            signature.cdhash: ded19c087e69666a07c9b76ed3100b3b6b555d41
            signature.pages_match: true
            entitlements: absent
            overlay.offset: absent
            overlay.size: absent
        "#]],
    );
}

#[test]
fn a_change_of_a_signed_program_is_seen() {
    let mut bytes = program();
    bytes[0x404] ^= 1;
    ROOM.check(
        &bytes,
        &["signature.pages"],
        expect![[r#"
            signature.pages_match: false
            ! macho.signature-pages-wrong 
        "#]],
    );
}

#[test]
fn programs_for_several_processors_are_given_on() {
    ROOM.check(
        &fat_file(),
        &["fat", "architectures", "overlay"],
        expect![[r#"
        fat: true
        architectures: amd64 | arm64
        overlay.offset: absent
        overlay.size: absent
        > amd64 Range(4096..5888)
        > arm64 Range(8192..9984)
    "#]],
    );
    ROOM.check(
        &fat_file()[..0x2100],
        &["architectures"],
        expect![[r#"
        architectures: amd64 | arm64
        ! macho.slice-outside Text("arm64")
        > amd64 Range(4096..5888)
        > arm64 Failed(Message { code: "macho.slice-outside", params: {"machine": Text("arm64")} })
    "#]],
    );
    let mut many = fat_file();
    many[4..8].copy_from_slice(&[0xff; 4]);
    let reading = ROOM.read(&many);
    assert!(reading.vectors.iter().any(|vector| matches!(vector.state, State::Limited(_))));
    assert!(reading.children.len() <= 65);
}

#[test]
fn commands_that_cannot_be_end_the_list() {
    let mut bytes = program();
    bytes[0x24..0x28].copy_from_slice(&[4, 0, 0, 0]);
    ROOM.check(
        &bytes,
        &["commands"],
        expect![[r#"
        commands.count: 7
        commands: 
        ! macho.commands-broken Number(4) Number(0)
    "#]],
    );
    bytes[0x10..0x14].copy_from_slice(&[0xff; 4]);
    let reading = ROOM.read(&bytes);
    assert_eq!(reading.value("macho", "commands.count"), Some(&Value::Integer(u32::MAX.into())));
}

#[test]
fn real_programs_tell_what_other_tools_tell() {
    let Some(folder) = testkit::data("files") else { return };
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut text = String::new();
    for path in names {
        let bytes = std::fs::read(&path).unwrap();
        if crate::identify(&bytes).kind != crate::Kind::MachO {
            continue;
        }
        writeln!(text, "# {}", path.file_name().unwrap().to_string_lossy()).unwrap();
        let wanted = [
            "machine",
            "role",
            "flags",
            "commands",
            "segments",
            "dylibs",
            "id",
            "rpaths",
            "uuid",
            "entry",
            "platform",
            "os_version",
            "sdk_version",
            "symbols",
            "imports.count",
            "exports.count",
            "canary",
            "signed",
            "signature",
            "overlay",
        ];
        text.push_str(&told(&ROOM.read(&bytes), &wanted));
    }
    expect_file!["../../../tests/golden/macho.txt"].assert_eq(&text);
}

#[test]
fn a_program_cut_off_anywhere_gives_what_is_left() {
    for bytes in [program(), fat_file()] {
        for length in (0..bytes.len()).step_by(5) {
            ROOM.read(&bytes[..length]);
        }
    }
}

proptest! {
    #[test]
    fn changed_bytes_do_no_harm(changes in prop::collection::vec((4..0x700_usize, any::<u8>()), 1..12)) {
        let mut bytes = program();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let started = Instant::now();
        ROOM.read(&bytes);
        prop_assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn random_bytes_behind_a_mark_do_no_harm(mark in 0..4_usize, rest in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let marks = [[0xcf, 0xfa, 0xed, 0xfe], [0xce, 0xfa, 0xed, 0xfe], [0xfe, 0xed, 0xfa, 0xcf], [0xca, 0xfe, 0xba, 0xbe]];
        ROOM.read(&[marks[mark].to_vec(), rest].concat());
    }
}
