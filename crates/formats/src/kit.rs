//! What tests of the rooms share: small files made by hand, and a tree as text.

use crate::{Budget, Kind, Limits, Oddity, Outcome, Part, Reading, State, Storage, Value, Vector, read, take_apart};
use model::{Message, Param};
use std::fmt::Write as _;
use std::io::Write as _;

/// Takes some bytes apart without passwords and in any time.
pub fn apart(bytes: &[u8]) -> Part {
    take_apart("x", bytes, &Limits::default(), &[], &|| false)
}

/// Reads some bytes as a kind.
pub fn reading(kind: Kind, bytes: &[u8]) -> Reading {
    read(kind, bytes, &mut Budget::new(&Limits::default(), &|| false), &[])
}

/// A tree, a line a part: its path, what it is and how far it was read; then what is odd.
pub fn tree(part: &Part) -> String {
    let mut text = String::new();
    line(part, 0, &mut text);
    text
}

fn line(part: &Part, depth: usize, text: &mut String) {
    let kind = part.file.as_ref().map_or("-".to_owned(), |file| format!("{} {}", file.identified.kind, file.size));
    let storage = match &part.storage {
        Storage::Plain => "",
        Storage::Packed(how) | Storage::Encoded(how) => how,
        Storage::Encrypted => "encrypted",
    };
    let outcome = match &part.outcome {
        Outcome::Read => String::new(),
        Outcome::Same(number) => format!("same as {number}"),
        Outcome::Partial(message) => format!("partial: {}", spelled(message)),
        Outcome::Failed(message) => format!("failed: {}", spelled(message)),
        Outcome::Limited(limit) => format!("limited: {}", limit.label()),
    };
    let words = [part.path.as_str(), &kind, storage, &outcome].map(str::trim);
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    writeln!(text, "{}{}", "  ".repeat(depth), words.join(" | ")).unwrap();
    for oddity in &part.oddities {
        writeln!(text, "{}! {}", "  ".repeat(depth + 1), odd(oddity)).unwrap();
    }
    part.children.iter().for_each(|child| line(child, depth + 1, text));
}

/// What is odd, a line each.
pub fn oddities(reading: &Reading) -> String {
    reading.oddities.iter().fold(String::new(), |text, oddity| text + &odd(oddity) + "\n")
}

fn odd(oddity: &Oddity) -> String {
    spelled(&oddity.message) + &oddity.at.map_or(String::new(), |at| format!(" @{at}"))
}

fn spelled(message: &Message) -> String {
    let mut text = message.code.clone();
    for (name, param) in &message.params {
        match param {
            Param::Number(number) => write!(text, " {name}={number}").unwrap(),
            other => write!(text, " {name}={other:?}").unwrap(),
        }
    }
    text.replace("Text(", "").replace("\")", "\"")
}

/// Facts, a line each.
pub fn facts(vectors: &[Vector]) -> String {
    vectors.iter().fold(String::new(), |mut text, vector| {
        let state = match &vector.state {
            State::Known(Value::Text(text)) => format!("{text:?}"),
            State::Known(Value::Flag(flag)) => flag.to_string(),
            State::Known(Value::Integer(number)) => number.to_string(),
            State::Known(Value::Real(number)) => number.to_string(),
            State::Known(Value::Digest(bytes)) => format!("{bytes:02x?}"),
            State::Known(Value::Time(time)) => format!("{}s", time / 1_000_000),
            State::Known(Value::Texts(texts)) => format!("{texts:?}"),
            State::Absent => "absent".to_owned(),
            State::Failed(message) => format!("failed: {}", spelled(message)),
            State::Limited(limit) => format!("limited: {}", limit.label()),
        };
        writeln!(text, "{}.{} = {state}", vector.namespace, vector.name).unwrap();
        text
    })
}

/// One entry of an archive that is to be made.
pub struct Entry<'a> {
    pub name: &'a str,
    pub content: &'a [u8],
    pub method: u16,
    /// The name in the local header, where it is another.
    pub local_name: &'a str,
    /// Listed in the directory.
    pub listed: bool,
}

/// An entry that is kept plain.
pub fn stored<'a>(name: &'a str, content: &'a [u8]) -> Entry<'a> {
    Entry { name, content, method: 0, local_name: name, listed: true }
}

/// An entry that is deflated.
pub fn deflated<'a>(name: &'a str, content: &'a [u8]) -> Entry<'a> {
    Entry { method: 8, ..stored(name, content) }
}

/// Deflates some bytes. A few of them stand in one block that is not packed, so that sizes and places in tests are the same
/// with whichever packer the program is built.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() < 1000 {
        let length = bytes.len() as u16;
        return [&[1], &length.to_le_bytes()[..], &(!length).to_le_bytes(), bytes].concat();
    }
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Deflates some bytes and puts the header and the sum of RFC 1950 around them.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    [&[0x78, 1], deflate(bytes).as_slice(), &(high << 16 | low).to_be_bytes()].concat()
}

/// Packs some bytes as `gzip` does.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let header = b"\x1f\x8b\x08\x08\x01\0\0\0\0\x03a.txt\0";
    let (sum, length) = (crc32fast::hash(bytes).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
    [header.as_slice(), &deflate(bytes), &sum, &length].concat()
}

/// An archive of some entries.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory, mut listed) = (Vec::new(), Vec::new(), 0_u16);
    for entry in entries {
        let packed = if entry.method == 8 { deflate(entry.content) } else { entry.content.to_vec() };
        let at = bytes.len() as u32;
        let sizes = [crc32fast::hash(entry.content), packed.len() as u32, entry.content.len() as u32];
        let common: Vec<u8> = [&entry.method.to_le_bytes()[..], &[0, 0, 0x21, 0x50]]
            .concat()
            .into_iter()
            .chain(sizes.iter().flat_map(|size| size.to_le_bytes()))
            .collect();
        bytes.extend(b"PK\x03\x04\x14\0\0\0");
        bytes.extend(&common);
        bytes.extend([(entry.local_name.len() as u16).to_le_bytes(), [0, 0]].concat());
        bytes.extend([entry.local_name.as_bytes(), &packed].concat());
        if entry.listed {
            listed += 1;
            directory.extend(b"PK\x01\x02\x14\x03\x14\0\0\0");
            directory.extend(&common);
            directory.extend((entry.name.len() as u16).to_le_bytes());
            directory.extend([0; 12]);
            directory.extend(at.to_le_bytes());
            directory.extend(entry.name.as_bytes());
        }
    }
    let (size, at) = (directory.len() as u32, bytes.len() as u32);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([listed.to_le_bytes(), listed.to_le_bytes()].concat());
    bytes.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

/// One header of a tape archive and its content.
pub fn tar_entry(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000001\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000root");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

/// An archive of some entries, with its end.
pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

/// A compound file of streams in folders, `folder/stream`; every stream stands in long sectors.
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    const SECTOR: usize = 512;
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
            let last = depth + 1 == pieces.len();
            let known = nodes[parent].children.iter().copied().find(|child| nodes[*child].name == *piece);
            parent = known.unwrap_or_else(|| {
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
    let directory_sectors = nodes.len().div_ceil(4);
    let data_sectors: usize = nodes.iter().map(|node| node.content.len().div_ceil(SECTOR)).sum();
    // Each sector of the table tells of 128, of which it is one itself.
    let tables = (directory_sectors + data_sectors).div_ceil(SECTOR / 4 - 1);
    let mut table = vec![0xffff_fffd_u32; tables];
    let behind = |n: usize| (tables + n + 1) as u32;
    table.extend((0..directory_sectors).map(|n| if n + 1 < directory_sectors { behind(n) } else { 0xffff_fffe }));
    let mut data = Vec::new();
    let mut starts = Vec::new();
    for node in &nodes {
        let sectors = node.content.len().div_ceil(SECTOR);
        starts.push(if sectors == 0 { 0xffff_fffe } else { table.len() as u32 });
        for number in 0..sectors {
            let next = table.len() as u32 + 1;
            table.push(if number + 1 < sectors { next } else { 0xffff_fffe });
        }
        data.extend(&node.content);
        data.resize(data.len().next_multiple_of(SECTOR), 0);
    }
    table.resize(tables * SECTOR / 4, 0xffff_ffff);
    let mut header = vec![0_u8; SECTOR];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    header[24..34].copy_from_slice(&[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    header[44] = tables as u8;
    header[48] = tables as u8;
    // No stream is short.
    header[56..60].copy_from_slice(&0_u32.to_le_bytes());
    header[60..64].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    header[68..72].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    header[76..].fill(0xff);
    (0..tables).for_each(|n| header[76 + n * 4..][..4].copy_from_slice(&(n as u32).to_le_bytes()));
    let mut directory = Vec::new();
    let right_of = |number: usize| {
        let siblings = nodes.iter().find(|node| node.children.contains(&number));
        let siblings = siblings.map_or(&[][..], |node| &node.children);
        let at = siblings.iter().position(|other| *other == number);
        at.and_then(|at| siblings.get(at + 1)).map_or(u32::MAX, |next| *next as u32)
    };
    for (number, node) in nodes.iter().enumerate() {
        let letters: Vec<u8> = node.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut entry = vec![0_u8; 128];
        entry[..letters.len()].copy_from_slice(&letters);
        entry[64..66].copy_from_slice(&(letters.len() as u16 + 2).to_le_bytes());
        entry[66] = node.kind;
        entry[68..72].fill(0xff);
        entry[72..76].copy_from_slice(&right_of(number).to_le_bytes());
        let child = node.children.first().map_or(u32::MAX, |child| *child as u32);
        entry[76..80].copy_from_slice(&child.to_le_bytes());
        entry[116..120].copy_from_slice(&starts[number].to_le_bytes());
        entry[120..124].copy_from_slice(&(node.content.len() as u32).to_le_bytes());
        directory.extend(entry);
    }
    directory.resize(directory_sectors * SECTOR, 0);
    let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, table, directory, data].concat()
}

/// A shared file, or none where they are not.
pub fn shared(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(testkit::data("files")?.join(name)).unwrap())
}

/// The facts of one namespace.
pub fn told(part: &Part, namespace: &str) -> String {
    let vectors: Vec<Vector> = part.vectors.iter().filter(|vector| vector.namespace == namespace).cloned().collect();
    facts(&vectors)
}
