//! Archives of ARJ: a header of the archive, then entries one behind the other.

use crate::budget::Budget;
use crate::bytes::{has, slice, u8_at, u16_le, u32_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::lzh::{Method, lzh};
use crate::names::{self, decode, until_zero};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, encrypted, unknown_method, unpack_up_to};
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "arj":
    "name" text "Name of the archive when it was made.";
    "comment" text "Comment of the archive.";
    "entries" integer "Entries.";
    "names" texts "Their names.";
    "methods" texts "Methods of packing, each once.";
    "encrypted" integer "Entries that are encrypted.";
    "unpacked_bytes" integer "Bytes of all entries as they say they are when unpacked.";
}

const ENTRIES_MAX: u32 = 20_000;
const NAMES_MAX: usize = 1000;
/// Further headers of one entry.
const HEADERS_MAX: usize = 64;

struct Header<'a> {
    fields: &'a [u8],
    name: String,
    comment: String,
    /// Where the data begin.
    behind: usize,
}

/// Takes an archive apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let Some(main) = header(bytes, 0, &mut reading) else {
        reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
        return reading;
    };
    text(&mut reading, NAMESPACE, "name", main.name);
    text(&mut reading, NAMESPACE, "comment", main.comment);
    let (mut at, mut count, mut secret, mut size) = (main.behind, 0_u32, 0_u32, 0_u64);
    let (mut names, mut methods) = (Gathered::new(NAMES_MAX), Gathered::new(NAMES_MAX));
    // A header without bytes is the end.
    while u16_le(bytes, at + 2) != Some(0) {
        if count >= ENTRIES_MAX {
            reading.state(NAMESPACE, "entries", State::Limited(Limit::Entries), Some(at as u64));
            break;
        }
        let Some(header) = header(bytes, at, &mut reading) else {
            reading.odd_at(Message::new("arj.header-damaged"), at as u64);
            reading.state(NAMESPACE, "entries", State::Failed(damaged()), Some(at as u64));
            break;
        };
        count += 1;
        let packed = u32_le(header.fields, 12).unwrap_or(0) as usize;
        let method = u8_at(header.fields, 5).unwrap_or(0);
        secret += u32::from(u8_at(header.fields, 4).unwrap_or(0) & 1);
        size = size.saturating_add(u32_le(header.fields, 16).unwrap_or(0).into());
        names.push(header.name.as_str());
        methods.push(method.to_string());
        names::look(&mut reading, &header.name, at as u64);
        let start = header.behind;
        // Folders and labels of disks have no data.
        if u8_at(header.fields, 6).unwrap_or(0) <= 1 {
            let rest = bytes.get(start..).unwrap_or_default();
            let data = crate::bytes::head(rest, packed);
            let (content, storage) =
                content(&header, method, data, data.len() < packed, budget, &mut reading, at as u64);
            let child = Child { name: header.name, content, storage, at: Some(at as u64) };
            if reading.child(budget, child).is_err() {
                break;
            }
        }
        at = start.saturating_add(packed);
    }
    reading.know(NAMESPACE, "entries", count);
    reading.know(NAMESPACE, "encrypted", secret);
    reading.know(NAMESPACE, "unpacked_bytes", Value::unsigned(size));
    names.state(&mut reading, NAMESPACE, "names");
    methods.state(&mut reading, NAMESPACE, "methods");
    reading
}

fn header<'a>(bytes: &'a [u8], at: usize, reading: &mut Reading) -> Option<Header<'a>> {
    if !has(bytes, at, &[0x60, 0xea]) {
        return None;
    }
    let fields = slice(bytes, at + 4, u16_le(bytes, at + 2)?.into())?;
    let texts = fields.get(usize::from(u8_at(fields, 0)?)..)?;
    let name = until_zero(texts);
    let comment = until_zero(texts.get(name.len() + 1..).unwrap_or_default());
    let mut behind = at + 4 + fields.len();
    if u32_le(bytes, behind)? != crc32fast::hash(fields) {
        reading.odd_at(Message::new("arj.header-checksum-wrong"), at as u64);
    }
    behind += 4;
    for _ in 0..HEADERS_MAX {
        match u16_le(bytes, behind)? {
            0 => return Some(Header { fields, name: decode(name), comment: decode(comment), behind: behind + 2 }),
            length => behind += 6 + usize::from(length),
        }
    }
    None
}

fn content(
    header: &Header,
    method: u8,
    data: &[u8],
    short: bool,
    budget: &mut Budget,
    reading: &mut Reading,
    at: u64,
) -> (Content, Storage) {
    if u8_at(header.fields, 4).unwrap_or(0) & 1 != 0 {
        return (Content::Failed(encrypted()), Storage::Encrypted);
    }
    let size = u32_le(header.fields, 16).unwrap_or(0);
    let (content, storage) = match method {
        0 => match budget.expand(data.len()) {
            Ok(()) if short => (Content::Partial(data.to_vec(), damaged()), Storage::Plain),
            Ok(()) => (Content::Bytes(data.to_vec()), Storage::Plain),
            Err(limit) => (Content::Limited(limit), Storage::Plain),
        },
        1..=3 => {
            let unpacked = unpack_up_to(lzh(data, Method::ARJ), data.len(), size.into(), budget);
            (unpacked.content(), Storage::Packed("arj"))
        }
        other => (Content::Failed(unknown_method(other)), Storage::Packed("other")),
    };
    if let Content::Bytes(bytes) = &content
        && u32_le(header.fields, 20) != Some(crc32fast::hash(bytes))
    {
        reading.odd_at(Message::new("arj.checksum-wrong").with("name", names::shown(&header.name)), at);
    }
    (content, storage)
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, told, tree};
    use expect_test::expect;

    fn header(method: u8, flags: u8, kind: u8, name: &str, sizes: [u32; 2], crc: u32) -> Vec<u8> {
        let mut fields = vec![30, 11, 1, 2, flags, method, kind, 0, 0, 0, 0, 0];
        [sizes[0], sizes[1], crc].iter().for_each(|number| fields.extend(number.to_le_bytes()));
        fields.extend([0; 6]);
        fields.extend([name.as_bytes(), b"\0a comment\0"].concat());
        let length = (fields.len() as u16).to_le_bytes();
        [&[0x60, 0xea][..], &length, &fields, &crc32fast::hash(&fields).to_le_bytes(), &[0, 0]].concat()
    }

    #[test]
    fn entries_come_apart() {
        let crc = crc32fast::hash(b"plain");
        let bytes = [
            header(0, 0, 2, "x.arj", [0, 0], 0),
            header(0, 0, 0, "a.txt", [5, 5], crc),
            b"plain".to_vec(),
            header(0, 0, 0, "wrong.txt", [5, 5], crc ^ 1),
            b"plain".to_vec(),
            header(1, 1, 0, "secret.txt", [3, 5], crc),
            b"xyz".to_vec(),
            header(4, 0, 0, "fast.txt", [3, 5], crc),
            b"xyz".to_vec(),
            header(0, 0, 3, "folder", [0, 0], 0),
            b"\x60\xea\0\0".to_vec(),
        ];
        let part = apart(&bytes.concat());
        expect![[r#"
            x | arj 369
              ! arj.checksum-wrong name="wrong.txt" @117
              a.txt | txt 5
              wrong.txt | txt 5 | same as 1
              secret.txt | - | encrypted | failed: file.encrypted
              fast.txt | - | other | failed: file.method-unknown method="4"
            arj.name = "x.arj"
            arj.comment = "a comment"
            arj.entries = 5
            arj.encrypted = 1
            arj.unpacked_bytes = 20
            arj.names = ["a.txt", "wrong.txt", "secret.txt", "fast.txt", "folder"]
            arj.methods = ["0", "1", "4"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "arj")));
        let cut = bytes.concat();
        expect![[r#"
            x | arj 329
              ! arj.checksum-wrong name="wrong.txt" @117
              ! arj.header-damaged @308
              a.txt | txt 5
              wrong.txt | txt 5 | same as 1
              secret.txt | - | encrypted | failed: file.encrypted
              fast.txt | - | other | failed: file.method-unknown method="4"
        "#]]
        .assert_eq(&tree(&apart(&cut[..cut.len() - 40])));
    }
}
