//! RAR archives: the headers of both formats, 4 and 5. What is kept without packing is a part; for what is packed there is
//! no reader, and the part says so.

use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, encrypted, unknown_method};
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "rar":
    "format" integer "Which format it is: 4 or 5.";
    "entries" integer "Files and folders.";
    "names" texts "Their names.";
    "encrypted" integer "Files that are encrypted.";
    "encrypted_headers" flag "Whether the headers are encrypted.";
    "solid" flag "Whether files are packed together.";
    "volume" flag "Whether it is one of several volumes.";
    "comment" flag "Whether it has a comment.";
    "unpacked_bytes" integer "Bytes of all files as the headers say.";
}

/// Blocks of one archive.
const BLOCKS_MAX: usize = 50_000;
/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
const SIGNATURE_5: &[u8] = b"Rar!\x1a\x07\x01\0";
const SIGNATURE_4: &[u8] = b"Rar!\x1a\x07\0";

/// Reads the headers of an archive.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let mut found = Found {
        bytes,
        names: Gathered::new(NAMES_MAX),
        entries: 0,
        encrypted: 0,
        unpacked: 0,
        headers: false,
        solid: false,
        volume: false,
        comment: false,
    };
    let (format, ended) = if bytes.starts_with(SIGNATURE_5) {
        (5_u32, found.five(budget, &mut reading))
    } else if bytes.starts_with(SIGNATURE_4) {
        (4, found.four(budget, &mut reading))
    } else {
        (0, Ok(false))
    };
    reading.know(NAMESPACE, "format", format);
    reading.know(NAMESPACE, "entries", Value::unsigned(found.entries));
    match ended {
        Ok(true) => {}
        Ok(false) => reading.state(NAMESPACE, "entries", State::Failed(damaged()), None),
        Err(limit) => reading.state(NAMESPACE, "entries", State::Limited(limit), None),
    }
    if found.headers {
        reading.state(NAMESPACE, "entries", State::Failed(encrypted()), None);
    }
    reading.know(NAMESPACE, "encrypted", Value::unsigned(found.encrypted));
    reading.know(NAMESPACE, "unpacked_bytes", Value::unsigned(found.unpacked));
    for (flag, name) in [
        (found.headers, "encrypted_headers"),
        (found.solid, "solid"),
        (found.volume, "volume"),
        (found.comment, "comment"),
    ] {
        reading.know(NAMESPACE, name, flag);
    }
    found.names.state(&mut reading, NAMESPACE, "names");
    reading
}

struct Found<'a> {
    bytes: &'a [u8],
    names: Gathered,
    entries: u64,
    encrypted: u64,
    unpacked: u64,
    headers: bool,
    solid: bool,
    volume: bool,
    comment: bool,
}

/// One file as a header tells it.
struct File {
    name: String,
    size: u64,
    is_folder: bool,
    is_encrypted: bool,
    is_stored: bool,
    is_split: bool,
    method: String,
}

impl Found<'_> {
    fn file(
        &mut self,
        file: File,
        start: usize,
        packed: u64,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        self.entries += 1;
        self.encrypted += u64::from(file.is_encrypted);
        self.unpacked = self.unpacked.saturating_add(file.size);
        self.names.push(file.name.as_str());
        names::look(reading, &file.name, start as u64);
        if file.is_folder {
            return Ok(());
        }
        let end = usize::try_from(packed).ok().and_then(|packed| start.checked_add(packed));
        let end = end.filter(|end| *end <= self.bytes.len());
        let (content, storage) = match end {
            _ if file.is_encrypted => (Content::Failed(encrypted()), Storage::Encrypted),
            _ if file.is_split => (Content::Failed(Message::new("rar.in-another-volume")), Storage::Packed("rar")),
            Some(end) if file.is_stored => (Content::Range(start..end), Storage::Plain),
            None if file.is_stored => (Content::Failed(damaged()), Storage::Plain),
            _ if file.size == 0 => (Content::Bytes(Vec::new()), Storage::Packed("rar")),
            _ => (Content::Failed(unknown_method(file.method)), Storage::Packed("rar")),
        };
        reading.child(budget, Child { name: file.name, content, storage, at: Some(start as u64) })
    }

    /// Format 5: every number is written in groups of seven bits. Says whether it ended as it should.
    fn five(&mut self, budget: &mut Budget, reading: &mut Reading) -> Result<bool, Limit> {
        let mut at = SIGNATURE_5.len();
        for _ in 0..BLOCKS_MAX {
            budget.step(1)?;
            let mut cursor = at + 4;
            let Some(size) = number(self.bytes, &mut cursor).and_then(|size| usize::try_from(size).ok()) else {
                return Ok(false);
            };
            let Some(header) = slice(self.bytes, cursor, size) else { return Ok(false) };
            let checked = self.bytes.get(at + 4..cursor + size).map(crc32fast::hash);
            if checked != u32_le(self.bytes, at) {
                reading.odd_at(Message::new("rar.checksum-wrong"), at as u64);
            }
            let data = cursor + size;
            let mut cursor = 0;
            let mut next = || number(header, &mut cursor);
            let (Some(kind), Some(flags)) = (next(), next()) else { return Ok(false) };
            let extra = if flags & 1 != 0 { next().unwrap_or(0) } else { 0 };
            let packed = if flags & 2 != 0 { next().unwrap_or(0) } else { 0 };
            match kind {
                1 => {
                    let archive = next().unwrap_or(0);
                    self.volume |= archive & 1 != 0;
                    self.solid |= archive & 4 != 0;
                }
                2 | 3 => {
                    let Some(mut file) = file_5(header, cursor, extra) else { return Ok(false) };
                    file.is_split = flags & 0x18 != 0;
                    if kind == 2 {
                        self.file(file, data, packed, budget, reading)?;
                    } else {
                        self.comment |= file.name == "CMT";
                    }
                }
                4 => {
                    self.headers = true;
                    return Ok(true);
                }
                5 => return self.behind(data, budget, reading),
                _ => {}
            }
            let Some(behind) = usize::try_from(packed).ok().and_then(|packed| data.checked_add(packed)) else {
                return Ok(false);
            };
            at = behind;
        }
        Err(Limit::Entries)
    }

    fn four(&mut self, budget: &mut Budget, reading: &mut Reading) -> Result<bool, Limit> {
        let mut at = SIGNATURE_4.len();
        for _ in 0..BLOCKS_MAX {
            budget.step(1)?;
            // The block at the end is younger than the format.
            if at == self.bytes.len() {
                return Ok(true);
            }
            let Some(size) = u16_le(self.bytes, at + 5).map(usize::from).filter(|size| *size >= 7) else {
                return Ok(false);
            };
            let Some(header) = slice(self.bytes, at, size) else { return Ok(false) };
            let flags = u16_le(header, 3).unwrap_or(0);
            let mut packed = if flags & 0x8000 != 0 { u64::from(u32_le(header, 7).unwrap_or(0)) } else { 0 };
            if header.get(2..).is_some_and(|rest| crc32fast::hash(rest) as u16 != u16_le(header, 0).unwrap_or(0)) {
                reading.odd_at(Message::new("rar.checksum-wrong"), at as u64);
            }
            match header[2] {
                0x73 => {
                    (self.volume, self.solid, self.comment) = (flags & 1 != 0, flags & 8 != 0, flags & 2 != 0);
                    if flags & 0x80 != 0 {
                        self.headers = true;
                        return Ok(true);
                    }
                }
                0x74 => {
                    let Some((file, high)) = file_4(header, flags) else { return Ok(false) };
                    packed |= high << 32;
                    self.file(file, at + size, packed, budget, reading)?;
                }
                0x7b => return self.behind(at + size, budget, reading),
                _ => {}
            }
            let next = usize::try_from(packed).ok().and_then(|packed| (at + size).checked_add(packed));
            let Some(next) = next else { return Ok(false) };
            at = next;
        }
        Err(Limit::Entries)
    }

    fn behind(&mut self, at: usize, budget: &mut Budget, reading: &mut Reading) -> Result<bool, Limit> {
        if at < self.bytes.len() {
            let count = i64::try_from(self.bytes.len() - at).unwrap_or(i64::MAX);
            reading.odd_at(Message::new("rar.data-behind").number("bytes", count), at as u64);
            reading.child(budget, Child::range("", at..self.bytes.len()))?;
        }
        Ok(true)
    }
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in 0..10 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift * 7)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn file_5(header: &[u8], mut at: usize, extra: u64) -> Option<File> {
    let flags = number(header, &mut at)?;
    let size = number(header, &mut at)?;
    let _attributes = number(header, &mut at)?;
    at += if flags & 2 != 0 { 4 } else { 0 };
    at += if flags & 4 != 0 { 4 } else { 0 };
    let packing = number(header, &mut at)?;
    let _system = number(header, &mut at)?;
    let length = usize::try_from(number(header, &mut at)?).ok()?;
    let name = String::from_utf8_lossy(slice(header, at, length)?).into_owned();
    let mut extra_at = header.len().checked_sub(usize::try_from(extra).ok()?)?;
    let mut is_encrypted = false;
    while let Some(record) =
        number(header, &mut extra_at).and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
    {
        let mut inside = extra_at;
        is_encrypted |= number(header, &mut inside) == Some(1);
        let Some(next) = extra_at.checked_add(record) else { break };
        extra_at = next;
    }
    let method = packing >> 7 & 7;
    Some(File {
        name,
        size,
        is_folder: flags & 1 != 0,
        is_encrypted,
        is_stored: method == 0,
        is_split: false,
        method: format!("rar5-{method}"),
    })
}

/// The file, and the upper half of its packed size.
fn file_4(header: &[u8], flags: u16) -> Option<(File, u64)> {
    let big = flags & 0x100 != 0;
    let high = |at: usize| if big { u32_le(header, at).map(u64::from) } else { Some(0) };
    let (high_packed, high_size) = (high(32)?, high(36)?);
    let length = usize::from(u16_le(header, 26)?);
    let raw = slice(header, if big { 40 } else { 32 }, length)?;
    // Behind a zero the name follows in a packing of its own; what is in front of it is readable.
    let name = names::decode(names::until_zero(raw));
    let method = *header.get(25)?;
    let file = File {
        name,
        size: u64::from(u32_le(header, 11)?) | high_size << 32,
        is_folder: flags & 0xe0 == 0xe0,
        is_encrypted: flags & 4 != 0,
        is_stored: method == 0x30,
        is_split: flags & 3 != 0,
        method: format!("rar4-{method:02x}"),
    };
    Some((file, high_packed))
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::kit::{apart, reading, shared, tree};
    use expect_test::expect;

    #[test]
    fn headers_of_format_5_are_read_and_what_is_kept_plain_is_had() {
        let block = |body: &[u8]| {
            let sized = [&[body.len() as u8][..], body].concat();
            [&crc32fast::hash(&sized).to_le_bytes()[..], &sized].concat()
        };
        let stored = [&[2, 2, 3, 0, 3, 0, 0, 1, 5][..], b"a.txt"].concat();
        // A method above one needs a second group of bits.
        let packed = block(&[&[2, 2, 3, 0, 99, 0, 0x80, 3, 1, 5][..], b"b.txt"].concat());
        let bytes = [
            b"Rar!\x1a\x07\x01\0".to_vec(),
            block(&[1, 0, 0]),
            block(&stored),
            b"abc".to_vec(),
            packed,
            b"xyz".to_vec(),
            block(&[5, 0, 0]),
        ]
        .concat();
        expect![[r#"
            x | rar 69
              a.txt | txt 3
              b.txt | - | rar | failed: file.method-unknown method="rar5-3"
        "#]]
        .assert_eq(&tree(&apart(&bytes)));
        assert!(reading(Kind::Rar, &bytes[..40]).value("rar", "format").is_some());
    }

    #[test]
    fn a_real_archive_tells_its_names() {
        let Some(bytes) = shared("test-documents.rar") else { return };
        let part = apart(&bytes);
        expect![[r#"
            x | rar 67945
              test-documents\testEXCEL.xls | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testHTML.html | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testOpenOffice2.odt | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testPDF.pdf | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testPPT.ppt | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testRTF.rtf | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testTXT.txt | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testWORD.doc | - | rar | failed: file.method-unknown method="rar4-33"
              test-documents\testXML.xml | - | rar | failed: file.method-unknown method="rar4-33"
        "#]]
        .assert_eq(&tree(&part));
        assert!(!part.is_complete());
    }
}
