//! Archives of LHA (header levels 0 to 2): entries one behind the other, each with its own header.

use crate::budget::Budget;
use crate::bytes::{slice, u8_at, u16_le, u32_le};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::lzh::{Method, crc16, lzh};
use crate::lzhuf::lzhuf;
use crate::names::{self, decode};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, unknown_method, unpack_up_to};
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "lha":
    "entries" integer "Entries.";
    "names" texts "Their names.";
    "methods" texts "Methods of packing, each once.";
    "levels" texts "Levels of their headers, each once.";
    "unpacked_bytes" integer "Bytes of all entries as they say they are when unpacked.";
}

const ENTRIES_MAX: u32 = 20_000;
const NAMES_MAX: usize = 1000;
/// Further headers of one entry.
const HEADERS_MAX: usize = 64;

struct Entry<'a> {
    name: String,
    method: &'a [u8],
    level: u8,
    packed: &'a [u8],
    size: u32,
    crc: u16,
    /// The data are cut off.
    short: bool,
    behind: usize,
}

/// Takes an archive apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let list = || Gathered::new(NAMES_MAX);
    let (mut at, mut count, mut size) = (0, 0_u32, 0_u64);
    let (mut names, mut methods, mut levels) = (list(), list(), list());
    while at < bytes.len() && bytes.get(at) != Some(&0) {
        if count >= ENTRIES_MAX {
            reading.state(NAMESPACE, "entries", State::Limited(Limit::Entries), Some(at as u64));
            break;
        }
        let Some(entry) = entry(bytes, at) else {
            reading.odd_at(Message::new("lha.header-damaged"), at as u64);
            reading.state(NAMESPACE, "entries", State::Failed(damaged()), Some(at as u64));
            break;
        };
        count += 1;
        size = size.saturating_add(entry.size.into());
        names.push(entry.name.as_str());
        methods.push(decode(entry.method));
        levels.push(entry.level.to_string());
        names::look(&mut reading, &entry.name, at as u64);
        if entry.method != b"-lhd-" {
            let (content, storage) = content(&entry, budget, &mut reading, at as u64);
            let child = Child { name: entry.name, content, storage, at: Some(at as u64) };
            if reading.child(budget, child).is_err() {
                break;
            }
        }
        at = entry.behind;
    }
    reading.know(NAMESPACE, "entries", count);
    reading.know(NAMESPACE, "unpacked_bytes", Value::unsigned(size));
    names.state(&mut reading, NAMESPACE, "names");
    methods.state(&mut reading, NAMESPACE, "methods");
    levels.state(&mut reading, NAMESPACE, "levels");
    reading
}

fn entry(bytes: &[u8], at: usize) -> Option<Entry<'_>> {
    let method = slice(bytes, at + 2, 5)?;
    let (packed, size, level) = (u32_le(bytes, at + 7)? as usize, u32_le(bytes, at + 11)?, u8_at(bytes, at + 20)?);
    let (mut name, crc, mut next, data) = if level >= 2 {
        (String::new(), u16_le(bytes, at + 21)?, Some(at + 24), at + usize::from(u16_le(bytes, at)?))
    } else {
        let length = usize::from(u8_at(bytes, at + 21)?);
        let name = spelled(slice(bytes, at + 22, length)?);
        let end = at + 2 + usize::from(u8_at(bytes, at)?);
        (name, u16_le(bytes, at + 22 + length)?, (level == 1).then(|| end.saturating_sub(2)), end)
    };
    // Headers that follow begin behind the size in front of each; those of level 1 are counted as packed bytes.
    let (mut folder, mut data) = (String::new(), data);
    for _ in 0..HEADERS_MAX {
        let Some(place) = next else { break };
        let Some(length) = u16_le(bytes, place).map(usize::from).filter(|length| *length >= 3) else { break };
        let header = slice(bytes, place + 2, length)?;
        match header.split_first()? {
            (1, rest) => name = spelled(rest.get(..length - 3)?),
            (2, rest) => folder = spelled(rest.get(..length - 3)?),
            _ => {}
        }
        if level == 1 {
            data += length;
        }
        next = Some(place + length);
    }
    let headers = if level == 1 { data.checked_sub(at + 2 + usize::from(u8_at(bytes, at)?))? } else { 0 };
    let packed = packed.checked_sub(headers)?;
    let end = data.checked_add(packed)?;
    if data <= at + 20 {
        return None;
    }
    let name = if folder.is_empty() || folder.ends_with('/') { folder + &name } else { format!("{folder}/{name}") };
    let content = bytes.get(data..end.min(bytes.len()))?;
    Some(Entry { name, method, level, packed: content, size, crc, short: end > bytes.len(), behind: end })
}

/// A name; between folders stands a byte that no letter has.
fn spelled(raw: &[u8]) -> String {
    decode(&raw.iter().map(|byte| if *byte == 0xff { b'/' } else { *byte }).collect::<Vec<u8>>())
}

fn content(entry: &Entry, budget: &mut Budget, reading: &mut Reading, at: u64) -> (Content, Storage) {
    let method = match entry.method {
        b"-lh0-" | b"-lz4-" | b"-pm0-" => None,
        b"-lh1-" => {
            let unpacked = unpack_up_to(lzhuf(entry.packed), entry.packed.len(), entry.size.into(), budget);
            return (checked(unpacked.content(), entry, reading, at), Storage::Packed("lh1"));
        }
        b"-lh4-" | b"-lh5-" => Some((Method::LH5, "lh5")),
        b"-lh6-" => Some((Method::LH6, "lh6")),
        b"-lh7-" => Some((Method::LH7, "lh7")),
        other => return (Content::Failed(unknown_method(decode(other))), Storage::Packed("other")),
    };
    let Some((method, label)) = method else {
        let content = match budget.expand(entry.packed.len()) {
            Ok(()) if entry.short => Content::Partial(entry.packed.to_vec(), damaged()),
            Ok(()) => Content::Bytes(entry.packed.to_vec()),
            Err(limit) => Content::Limited(limit),
        };
        return (checked(content, entry, reading, at), Storage::Plain);
    };
    let unpacked = unpack_up_to(lzh(entry.packed, method), entry.packed.len(), entry.size.into(), budget);
    (checked(unpacked.content(), entry, reading, at), Storage::Packed(label))
}

fn checked(content: Content, entry: &Entry, reading: &mut Reading, at: u64) -> Content {
    if let Content::Bytes(bytes) = &content
        && crc16(bytes) != entry.crc
    {
        reading.odd_at(Message::new("lha.checksum-wrong").with("name", names::shown(&entry.name)), at);
    }
    content
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, told, tree};
    use crate::lzh::crc16;
    use expect_test::expect;

    /// Bits, high ones first.
    fn packed(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(u8::is_ascii_digit).map(|bit| bit - b'0').collect();
        bits.chunks(8).map(|bits| (0..8).fold(0, |byte, at| byte << 1 | bits.get(at).copied().unwrap_or(0))).collect()
    }

    fn level_0(method: &[u8], name: &str, data: &[u8], content: &[u8]) -> Vec<u8> {
        let head = [
            method,
            &(data.len() as u32).to_le_bytes(),
            &(content.len() as u32).to_le_bytes(),
            &[0, 0, 0, 0, 0x20, 0, name.len() as u8],
            name.as_bytes(),
            &crc16(content).to_le_bytes(),
        ];
        let head = head.concat();
        let sum = head.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        [&[head.len() as u8, sum][..], &head, data].concat()
    }

    #[test]
    fn entries_come_apart() {
        // One block of five codes, each of which is the letter `a` and takes no bits.
        let single = packed("0000000000000101 00000 00000 000000000 001100001 0000 0000");
        let folder = [&b"\x05\0\x02a\xff"[..], b"\0\0"].concat();
        let level_2 = [
            &[0, 0][..],
            b"-lh0-",
            &5_u32.to_le_bytes(),
            &5_u32.to_le_bytes(),
            &[0, 0, 0, 0, 0x20, 2],
            &crc16(b"hello").to_le_bytes(),
            b"U",
            b"\x08\0\x01b.txt",
            &folder,
        ];
        let mut level_2 = level_2.concat();
        level_2[0] = level_2.len() as u8;
        let bytes = [
            level_0(b"-lh0-", "a.txt", b"plain", b"plain"),
            level_0(b"-lh5-", "five.txt", &single, b"aaaaa"),
            level_0(b"-lh0-", "wrong.txt", b"plaim", b"plain"),
            level_0(b"-lh3-", "old.txt", b"xyz", b"plain"),
            level_0(b"-lh5-", "cut.txt", &single[..4], b"aaaaa"),
            level_2,
            b"hello\0".to_vec(),
        ];
        let part = apart(&bytes.concat());
        expect![[r#"
            x | lha 225
              ! lha.checksum-wrong name="wrong.txt" @73
              a.txt | txt 5
              five.txt | txt 5 | lh5
              wrong.txt | txt 5
              old.txt | - | other | failed: file.method-unknown method="-lh3-"
              cut.txt | - | lh5 | failed: file.damaged
              a/b.txt | txt 5
            lha.entries = 6
            lha.unpacked_bytes = 30
            lha.names = ["a.txt", "five.txt", "wrong.txt", "old.txt", "cut.txt", "a/b.txt"]
            lha.methods = ["-lh0-", "-lh5-", "-lh3-"]
            lha.levels = ["0", "2"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "lha")));
    }

    /// Copies in the first, and so many letters in the second that their counts are halved.
    #[test]
    fn the_first_method_is_unpacked() {
        let digits = "1b842d6c68312d210000003600000000000000200005612e7478740eacf6eb003e20987b8c49703dec5fd7c23007fbb7f4c2ff47842e5b58\
            aeffd7ff201f00";
        let bytes: Vec<u8> = crate::encoded::hexadecimal(digits.as_bytes()).collect();
        let child = &crate::kit::reading(crate::Kind::Lha, &bytes).children[0];
        assert_eq!(child.bytes(&bytes).unwrap(), b"a text, a text, a text and another text that is a text");
        let part = apart(include_bytes!("../tests/golden/lha/lh1.lzh"));
        expect![[r#"
            x | lha 6274
              letters.txt | txt 40000 | lh1
        "#]]
        .assert_eq(&tree(&part));
        let cut = &bytes[..bytes.len() - 9];
        assert!(!apart(cut).is_complete());
    }
}
