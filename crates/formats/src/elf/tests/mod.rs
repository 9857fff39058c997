use super::*;
use crate::exe::kit::{Room, told};
use crate::{Limit, State, Value};
use expect_test::{expect, expect_file};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const BASE: u64 = 0x40_0000;
const CONTENT: usize = 0x400;

/// Writes numbers as a file of that width and byte order has them.
#[derive(Clone, Copy)]
struct Maker {
    wide: bool,
    big: bool,
}

impl Maker {
    fn half(self, number: u16) -> Vec<u8> {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }.to_vec()
    }

    fn four(self, number: u32) -> Vec<u8> {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }.to_vec()
    }

    fn word(self, number: u64) -> Vec<u8> {
        match self.wide {
            true if self.big => number.to_be_bytes().to_vec(),
            true => number.to_le_bytes().to_vec(),
            false => self.four(number as u32),
        }
    }

    fn segment(self, kind: u32, flags: u32, offset: u64, size: u64) -> Vec<u8> {
        let [address, align] = [BASE + offset, 0x1000].map(|number| self.word(number));
        let (offset, size) = (self.word(offset), self.word(size));
        let places = [offset, address.clone(), address, size.clone(), size].concat();
        match self.wide {
            true => [self.four(kind), self.four(flags), places, align].concat(),
            false => [self.four(kind), places, self.four(flags), align].concat(),
        }
    }

    fn symbol(self, name: u32, info: u8, section: u16) -> Vec<u8> {
        match self.wide {
            true => [self.four(name), vec![info, 0], self.half(section), vec![0; 16]].concat(),
            false => [self.four(name), vec![0; 8], vec![info, 0], self.half(section)].concat(),
        }
    }

    /// A program without sections, as the loader sees it: the hash table tells how many symbols there are.
    fn program(self) -> Vec<u8> {
        let mut content = vec![0; 0x600];
        let mut put =
            |at: usize, bytes: &[u8]| content[at - CONTENT..at - CONTENT + bytes.len()].copy_from_slice(bytes);
        put(0x400, b"/lib/ld-linux.so.2\0");
        let strings = b"\0libc.so.6\0/opt/a:build\0own\0open\0__stack_chk_fail\0offered\0";
        put(0x500, strings);
        let at = |text: &[u8]| memchr::memmem::find(strings, text).unwrap() as u32;
        let symbols = [
            self.symbol(0, 0, 0),
            self.symbol(at(b"open"), 0x12, 0),
            self.symbol(at(b"__stack"), 0x12, 0),
            self.symbol(at(b"offered"), 0x12, 7),
        ];
        put(0x600, &symbols.concat());
        put(0x700, &[self.four(1), self.four(4)].concat());
        let entries = [
            (1, u64::from(at(b"libc"))),
            (14, u64::from(at(b"own"))),
            (29, u64::from(at(b"/opt"))),
            (5, BASE + 0x500),
            (6, BASE + 0x600),
            (4, BASE + 0x700),
            (24, 0),
            (0, 0),
        ];
        let dynamic: Vec<u8> =
            entries.iter().flat_map(|(tag, value)| [self.word(*tag), self.word(*value)].concat()).collect();
        put(0x800, &dynamic);
        let note = [self.four(4), self.four(4), self.four(3), b"GNU\0\xde\xad\xbe\xef".to_vec()].concat();
        put(0x900, &note);
        let segments = [
            self.segment(1, 5, 0, 0xa00),
            self.segment(2, 6, 0x800, dynamic.len() as u64),
            self.segment(3, 4, 0x400, 19),
            self.segment(4, 4, 0x900, note.len() as u64),
            self.segment(0x6474_e551, 6, 0, 0),
            self.segment(0x6474_e552, 4, 0x800, 0x80),
        ];
        let mut bytes = self.header(3, BASE + 0x900, segments.len() as u16);
        bytes.extend(segments.concat());
        bytes.resize(CONTENT, 0);
        bytes.extend(content);
        bytes
    }

    fn header(self, role: u16, entry: u64, segments: u16) -> Vec<u8> {
        let [size, segment, section] = if self.wide { [64, 56, 64] } else { [52, 32, 40_u16] };
        let ident =
            [b"\x7fELF".to_vec(), vec![1 + u8::from(self.wide), 1 + u8::from(self.big), 1], vec![0; 9]].concat();
        let numbers =
            [self.half(role), self.half(62), self.four(1), self.word(entry), self.word(size.into()), self.word(0)];
        let halves = [size, segment, segments, section, 0, 0].map(|number| self.half(number)).concat();
        [ident, numbers.concat(), self.four(0), halves].concat()
    }
}

const MAKERS: [Maker; 4] = [
    Maker { wide: true, big: false },
    Maker { wide: true, big: true },
    Maker { wide: false, big: false },
    Maker { wide: false, big: true },
];

const ROOM: Room = Room { namespace: "elf", read, facts: facts::VECTORS, odds: oddities::ALL };

#[test]
fn tables_of_facts_and_oddities_are_sound() {
    ROOM.check_tables();
}

#[test]
fn bytes_that_are_no_program_tell_nothing() {
    for bytes in [&b""[..], b"\x7fEL", b"\x7fELF", b"ELF\x7f0000"] {
        assert_eq!(read(bytes), Reading::default());
    }
}

#[test]
fn programs_of_either_width_and_order_tell_the_same() {
    const WANTED: &[&str] = &[
        "machine",
        "role",
        "entry",
        "segments",
        "interpreter",
        "needed",
        "soname",
        "rpath",
        "runpath",
        "dynamic_symbols",
        "imports",
        "exports",
        "build_id",
        "nx",
        "relro",
        "pie",
        "canary",
        "static",
        "stripped",
    ];
    let text = |maker: &Maker| {
        let told = told(&ROOM.read(&maker.program()), WANTED);
        let same =
            told.lines().filter(|line| !line.starts_with("segments.sizes") && !line.starts_with("segments.entropies"));
        same.collect::<Vec<_>>().join("\n")
    };
    let texts: Vec<_> = MAKERS.iter().map(text).collect();
    assert!(texts.windows(2).all(|two| two[0] == two[1]), "{texts:#?}");
    expect![[r#"
        role: "shared"
        machine: "amd64"
        entry: 4196608
        entry.section: absent
        segments.count: 6
        segments: load | dynamic | interpreter | note | gnu-stack | gnu-relro
        segments.flags: rx | rw | r | r | rw | r
        segments.addresses: 0x400000 | 0x400800 | 0x400400 | 0x400900 | 0x400000 | 0x400800
        segments.offsets: 0x0 | 0x800 | 0x400 | 0x900 | 0x0 | 0x800
        static: false
        pie: true
        interpreter: "/lib/ld-linux.so.2"
        nx: true
        relro: "full"
        needed: libc.so.6
        soname: "own"
        rpath: absent
        runpath: "/opt/a:build"
        stripped: true
        dynamic_symbols.count: 4
        imports.count: 2
        imports: open | __stack_chk_fail
        exports.count: 1
        exports: offered
        canary: true
        build_id: deadbeef
        ! elf.no-sections 
        ! elf.search-path-open Text("build")"#]]
    .assert_eq(&texts[0]);
}

#[test]
fn a_stack_that_runs_and_code_that_is_written() {
    let mut bytes = MAKERS[0].program();
    // Flags of the first segment, and of the one about the stack.
    bytes[64 + 4] = 7;
    bytes[64 + 4 * 56 + 4] = 7;
    ROOM.check(
        &bytes,
        &["nx"],
        expect![[r#"
        nx: false
        ! elf.segment-writable-code Number(0)
        ! elf.no-sections 
        ! elf.stack-executable 
        ! elf.search-path-open Text("build")
    "#]],
    );
}

#[test]
fn what_stands_behind_is_given_on() {
    let bytes = [MAKERS[0].program(), b"PK\x03\x04 and so on".to_vec()].concat();
    ROOM.check(
        &bytes,
        &["overlay"],
        expect![[r#"
        overlay.offset: 2560
        overlay.size: 14
        overlay.entropy: 3.182
        overlay.kind: "zip"
        ! elf.no-sections 
        ! elf.search-path-open Text("build")
        > overlay Range(2560..2574)
    "#]],
    );
}

#[test]
fn tables_outside_and_counts_that_are_extreme() {
    let mut bytes = MAKERS[0].program();
    bytes[32..40].fill(0xff);
    ROOM.check(
        &bytes,
        &["segments.count", "needed"],
        expect![[r#"
        segments.count: 6
        needed: absent
        ! elf.table-outside Text("segments")
    "#]],
    );
    let mut bytes = MAKERS[0].program();
    // 65,535 sections of no size, all of them at the same place.
    bytes[40..48].copy_from_slice(&64_u64.to_le_bytes());
    bytes[58..62].copy_from_slice(&[0, 0, 0xff, 0xff]);
    let started = Instant::now();
    let reading = ROOM.read(&bytes);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(reading.value("elf", "sections.count"), Some(&Value::Integer(65_535)));
    let cut = |vector: &&crate::Vector| vector.name == "sections" && vector.state == State::Limited(Limit::Entries);
    assert_eq!(reading.vectors.iter().filter(cut).count(), 1);
}

#[test]
fn a_table_of_hashes_that_leads_outside_gives_no_symbols() {
    let maker = MAKERS[0];
    let mut bytes = maker.program();
    let table = [1, 1, 0, 0, 0xffff_fff0].map(|number| maker.four(number)).concat();
    bytes[0x700..0x700 + table.len()].copy_from_slice(&table);
    let tag = [maker.word(0x6fff_fef5), maker.word(BASE + 0x700)].concat();
    bytes[0x800 + 5 * 16..0x800 + 6 * 16].copy_from_slice(&tag);
    assert_eq!(ROOM.read(&bytes).value("elf", "dynamic_symbols.count"), Some(&Value::Integer(0)));
}

#[test]
fn real_programs_tell_what_other_tools_tell() {
    let Some(folder) = testkit::data("files") else { return };
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut text = String::new();
    for path in names {
        let bytes = std::fs::read(&path).unwrap();
        if crate::identify(&bytes).kind != crate::Kind::Elf {
            continue;
        }
        let reading = ROOM.read(&bytes);
        writeln!(text, "# {}", path.file_name().unwrap().to_string_lossy()).unwrap();
        let wanted = [
            "machine",
            "role",
            "entry",
            "sections.count",
            "segments.count",
            "segments.entropies",
            "interpreter",
            "needed",
            "soname",
            "rpath",
            "runpath",
            "symbols",
            "dynamic",
            "imports.count",
            "exports.count",
            "telfhash",
            "build_id",
            "abi_tag",
            "features",
            "comments",
            "debug_link",
            "stripped",
            "static",
            "pie",
            "nx",
            "relro",
            "canary",
            "fortified",
            "overlay",
        ];
        text.push_str(&told(&reading, &wanted));
    }
    expect_file!["../../../tests/golden/elf.txt"].assert_eq(&text);
}

#[test]
fn a_program_cut_off_anywhere_gives_what_is_left() {
    for maker in MAKERS {
        let bytes = maker.program();
        for length in (0..bytes.len()).step_by(3) {
            ROOM.read(&bytes[..length]);
        }
    }
}

proptest! {
    #[test]
    fn changed_bytes_do_no_harm(maker in 0..4_usize, changes in prop::collection::vec((4..0xa00_usize, any::<u8>()), 1..12)) {
        let mut bytes = MAKERS[maker].program();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let started = Instant::now();
        ROOM.read(&bytes);
        prop_assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn random_bytes_behind_a_mark_do_no_harm(rest in prop::collection::vec(any::<u8>(), 0..2_000)) {
        ROOM.read(&[b"\x7fELF".to_vec(), rest].concat());
    }
}
