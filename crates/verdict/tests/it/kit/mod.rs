//! Small harmless files that are built as attackers build theirs.

#![allow(dead_code, reason = "each test takes what it needs")]

use formats::strings::indicators;
use formats::{Limits, Part};
use std::collections::BTreeMap;
use verdict::{Found, Ledger, Verdict};
use words::Language;

/// Takes a file apart and judges it, with what its bytes name.
pub fn judged(name: &str, bytes: &[u8]) -> (Part, Verdict) {
    judged_with(name, bytes, &[])
}

pub fn judged_with(name: &str, bytes: &[u8], passwords: &[String]) -> (Part, Verdict) {
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    let root =
        formats::take_apart_with(name, bytes, &Limits::default(), passwords, &|| false, None, &mut |part, bytes| {
            found.insert(part.number, Found { indicators: indicators(bytes).indicators, matches: Vec::new() });
        });
    let verdict = verdict::judge(Ledger::builtin(), &root, &found);
    (root, verdict)
}

/// A verdict as a person reads it, in both languages.
pub fn told(verdict: &Verdict) -> String {
    let mut text = format!("{} {}\n", verdict.state.label(), verdict.score);
    for reason in &verdict.reasons {
        let [en, zh] = Language::ALL.map(|language| words::text(&reason.message, language));
        let head = format!("{:+} {} #{} {}", reason.counted, reason.rule, reason.part, reason.techniques.join(" "));
        text += &format!("{}\n  {en}\n  {zh}\n", head.trim_end());
    }
    text
}

pub struct Entry<'a> {
    pub name: &'a str,
    pub content: &'a [u8],
    pub encrypted: bool,
}

pub fn entry<'a>(name: &'a str, content: &'a [u8]) -> Entry<'a> {
    Entry { name, content, encrypted: false }
}

/// An archive whose entries are kept as they are; of encrypted ones the content is noise.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = bytes.len() as u32;
        let size = entry.content.len() as u32;
        let mut common = vec![u8::from(entry.encrypted), 8, 0, 0, 0, 0, 0x21, 0x50];
        for number in [crc32fast::hash(entry.content), size, size] {
            common.extend(number.to_le_bytes());
        }
        common.extend([(entry.name.len() as u16).to_le_bytes(), [0, 0]].concat());
        bytes.extend([b"PK\x03\x04\x14\0", &common[..], entry.name.as_bytes(), entry.content].concat());
        directory.extend(
            [b"PK\x01\x02\x14\x03\x14\0", &common[..], &[0; 10], &at.to_le_bytes(), entry.name.as_bytes()].concat(),
        );
    }
    let count = (entries.len() as u16).to_le_bytes();
    let (size, at) = ((directory.len() as u32).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
    [&bytes[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &size, &at, &[0, 0]].concat()
}

/// The smallest program of Windows that is one: it returns.
pub fn program() -> Vec<u8> {
    let mut bytes = b"MZ".to_vec();
    bytes.resize(0x3c, 0);
    bytes.extend(0x80_u32.to_le_bytes());
    bytes.resize(0x80, 0);
    bytes.extend(b"PE\0\0");
    bytes.extend([0x4c, 1, 1, 0]);
    bytes.extend([0x5f5e_1000_u32, 0, 0].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>());
    bytes.extend([224, 0, 0x02, 0x01]);
    let mut optional = vec![0_u8; 224];
    let mut put = |at: usize, number: u32| optional[at..at + 4].copy_from_slice(&number.to_le_bytes());
    put(0, 0x010b);
    for (at, number) in
        [(16, 0x1000), (20, 0x1000), (28, 0x40_0000), (32, 0x1000), (36, 0x200), (56, 0x2000), (60, 0x400), (92, 16)]
    {
        put(at, number);
    }
    put(68, 2);
    put(48, 4);
    bytes.extend(optional);
    bytes.extend(b".text\0\0\0");
    for number in [16_u32, 0x1000, 0x200, 0x400, 0, 0, 0, 0x6000_0020] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.resize(0x400, 0);
    bytes.push(0xc3);
    bytes.resize(0x600, 0);
    bytes
}

/// A shortcut by its path and its arguments.
pub fn shortcut(path: &str, arguments: &str, icon: &str) -> Vec<u8> {
    let mut bytes = vec![0_u8; 76];
    bytes[..20].copy_from_slice(b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F");
    // A path, arguments, an icon, and two bytes a letter.
    bytes[20] = 0x80 | 8 | 0x20 | 0x40;
    bytes[60] = 7;
    for text in [path, arguments, icon] {
        bytes.extend((text.encode_utf16().count() as u16).to_le_bytes());
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
    bytes.extend([0; 4]);
    bytes
}

/// An image of a disc with files, of which some are hidden.
pub fn disc(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
    const SECTOR: usize = 2048;
    let record = |sector: usize, size: usize, flags: u8, name: &[u8]| {
        let mut record = vec![0; 33];
        record[2..6].copy_from_slice(&(sector as u32).to_le_bytes());
        record[10..14].copy_from_slice(&(size as u32).to_le_bytes());
        record[25] = flags;
        record[32] = name.len() as u8;
        record.extend(name);
        record.resize(record.len().next_multiple_of(2), 0);
        record[0] = record.len() as u8;
        record
    };
    let mut root = [record(18, SECTOR, 2, &[0]), record(18, SECTOR, 2, &[1])].concat();
    let mut data = Vec::new();
    for (name, content, hidden) in files {
        root.extend(record(19 + data.len() / SECTOR, content.len(), u8::from(*hidden), format!("{name};1").as_bytes()));
        data.extend_from_slice(content);
        data.resize(data.len().next_multiple_of(SECTOR), 0);
    }
    let mut bytes = vec![0; 19 * SECTOR];
    let mut put = |at: usize, data: &[u8]| bytes[at..at + data.len()].copy_from_slice(data);
    put(SECTOR * 16, b"\x01CD001\x01");
    put(SECTOR * 16 + 156, &record(18, SECTOR, 2, &[0]));
    put(SECTOR * 17, b"\xffCD001\x01");
    put(SECTOR * 18, &root);
    bytes.extend(data);
    bytes
}

/// A mail with one attachment.
pub fn mail(name: &str, attached: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: someone <someone@example.org>\r\nTo: you@example.org\r\nSubject: your invoice\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlease see.\r\n--b\r\n\
        Content-Type: application/octet-stream; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
    );
    format!("{head}{}\r\n--b--\r\n", base64(attached)).into_bytes()
}

pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |value: u32| char::from(LETTERS[value as usize & 63]);
    bytes.chunks(3).fold(String::new(), |mut text, chunk| {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..4).for_each(|nth| text.push(if nth > chunk.len() { '=' } else { letter(bits >> (18 - 6 * nth)) }));
        text
    })
}

/// A document of Word with one module of macros.
pub fn macro_document(source: &str) -> Vec<u8> {
    let module = [vec![0; 100], packed(format!("Attribute VB_Name = \"Greeting\"\r\n{source}").as_bytes())].concat();
    let record = |id: u16, data: &[u8]| [&id.to_le_bytes()[..], &(data.len() as u32).to_le_bytes(), data].concat();
    let directory = [
        record(3, &1252_u16.to_le_bytes()),
        record(4, b"Project"),
        record(0x19, b"Greeting"),
        record(0x1a, b"Greeting"),
        record(0x31, &100_u32.to_le_bytes()),
        record(0x21, &[]),
        record(0x2b, &[]),
    ]
    .concat();
    compound(&[("WordDocument", b"letters"), ("Macros/VBA/dir", &packed(&directory)), ("Macros/VBA/Greeting", &module)])
}

/// Packs some bytes as macros are, without finding anything twice (MS-OVBA, 2.4.1).
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for chunk in bytes.chunks(3000) {
        let data: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
        out.extend((0xb000 | (data.len() as u16 - 1)).to_le_bytes());
        out.extend(data);
    }
    out
}

/// A compound file of streams in folders, `folder/stream`; every stream stands in long sectors (MS-CFB).
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    struct Node {
        name: String,
        kind: u8,
        children: Vec<usize>,
        content: Vec<u8>,
    }
    let mut nodes = vec![Node { name: "Root Entry".into(), kind: 5, children: Vec::new(), content: Vec::new() }];
    for (path, content) in streams {
        let mut parent = 0;
        let pieces: Vec<&str> = path.split('/').collect();
        for (depth, piece) in pieces.iter().enumerate() {
            let known = nodes[parent].children.iter().copied().find(|child| nodes[*child].name == *piece);
            parent = known.unwrap_or_else(|| {
                let last = depth + 1 == pieces.len();
                let content = if last { content.to_vec() } else { Vec::new() };
                nodes.push(Node {
                    name: (*piece).into(),
                    kind: if last { 2 } else { 1 },
                    children: Vec::new(),
                    content,
                });
                let number = nodes.len() - 1;
                nodes[parent].children.push(number);
                number
            });
        }
    }
    let sectors = nodes.len().div_ceil(4) as u32;
    let mut table = vec![0xffff_fffd];
    table.extend((0..sectors).map(|nth| if nth + 1 < sectors { nth + 2 } else { END }));
    let (mut data, mut starts) = (Vec::new(), Vec::new());
    for node in &nodes {
        let count = node.content.len().div_ceil(SECTOR);
        starts.push(if count == 0 { END } else { table.len() as u32 });
        for nth in 0..count {
            let next = table.len() as u32 + 1;
            table.push(if nth + 1 < count { next } else { END });
        }
        data.extend(&node.content);
        data.resize(data.len().next_multiple_of(SECTOR), 0);
    }
    assert!(table.len() <= SECTOR / 4);
    table.resize(SECTOR / 4, u32::MAX);
    let mut header = vec![0_u8; SECTOR];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    header[24..34].copy_from_slice(&[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    header[44] = 1;
    header[48] = 1;
    header[60..64].copy_from_slice(&END.to_le_bytes());
    header[68..72].copy_from_slice(&END.to_le_bytes());
    header[80..].fill(0xff);
    let mut directory = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        let siblings = nodes.iter().find(|parent| parent.children.contains(&number));
        let siblings = siblings.map_or(&[][..], |parent| &parent.children);
        let place = siblings.iter().position(|other| *other == number);
        let right = place.and_then(|place| siblings.get(place + 1)).map_or(u32::MAX, |next| *next as u32);
        let letters: Vec<u8> = node.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut entry = vec![0_u8; 128];
        entry[..letters.len()].copy_from_slice(&letters);
        entry[64..66].copy_from_slice(&(letters.len() as u16 + 2).to_le_bytes());
        entry[66] = node.kind;
        entry[68..72].fill(0xff);
        entry[72..76].copy_from_slice(&right.to_le_bytes());
        let child = node.children.first().map_or(u32::MAX, |child| *child as u32);
        entry[76..80].copy_from_slice(&child.to_le_bytes());
        entry[116..120].copy_from_slice(&starts[number].to_le_bytes());
        entry[120..124].copy_from_slice(&(node.content.len() as u32).to_le_bytes());
        directory.extend(entry);
    }
    directory.resize(sectors as usize * SECTOR, 0);
    let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, table, directory, data].concat()
}

/// The digits of an object in rich text that packs a file.
pub fn package(name: &str, content: &[u8]) -> String {
    let native = [
        b"\x02\0",
        name.as_bytes(),
        b"\0C:\\",
        name.as_bytes(),
        b"\0\0\0\x03\0",
        &(name.len() as u32 + 4).to_le_bytes(),
        b"C:\\",
        name.as_bytes(),
        b"\0",
        &(content.len() as u32).to_le_bytes(),
        content,
    ]
    .concat();
    let head = b"\x01\x05\0\0\x02\0\0\0\x08\0\0\0Package\0\0\0\0\0\0\0\0\0";
    let object = [&head[..], &(native.len() as u32).to_le_bytes(), &native].concat();
    object.iter().map(|byte| format!("{byte:02x}")).collect()
}
