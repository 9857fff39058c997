//! Cabinets of Windows (MS-CAB): files in folders, each folder one stream of blocks, packed by MSZIP or LZX.

use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::decode::inflate;
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{Unpacked, damaged, unknown_method, unpack_up_to};
use crate::vector::{State, Value, vectors};
use lzxd::{Lzxd, WindowSize};
use model::Message;
use std::io::{self, Read};

vectors! { "cab":
    "entries" integer "Files.";
    "names" texts "Their names.";
    "folders" integer "Folders, which are what is packed together.";
    "methods" texts "Methods of packing, each once.";
    "set" integer "Number of the set it belongs to.";
    "part" integer "Which cabinet of the set it is, from zero.";
    "previous" text "Cabinet before it.";
    "next" text "Cabinet behind it.";
    "unpacked_bytes" integer "Bytes of all files as the header says.";
}

/// Files and folders of one cabinet; the format has places for 65,535.
const FILES_MAX: usize = 20_000;
const FOLDERS_MAX: usize = 4096;
/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
/// Bytes that one block unpacks to, and that deflate may refer back to.
const BLOCK_BYTES: usize = 1 << 15;

struct Folder {
    /// Where its blocks begin, and how many there are.
    at: usize,
    blocks: usize,
    method: u16,
}

struct File {
    name: String,
    at: u64,
    size: u64,
    start: u64,
    folder: usize,
}

/// Takes a cabinet apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let Some((folders, mut files, reserved)) = header(bytes, &mut reading) else {
        reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
        return reading;
    };
    // Each folder is unpacked once, from the front.
    files.sort_by_key(|file| (file.folder, file.start));
    for (number, folder) in folders.iter().enumerate() {
        let files: Vec<&File> = files.iter().filter(|file| file.folder == number).collect();
        if let Err(limit) = read_folder(bytes, folder, &files, reserved, budget, &mut reading) {
            reading.state(NAMESPACE, "entries", State::Limited(limit), None);
            return reading;
        }
    }
    for file in files.iter().filter(|file| file.folder >= folders.len()) {
        // Files that begin or end in another cabinet have no folder here.
        let content = Content::Failed(Message::new("cab.in-another-cabinet"));
        let child = Child { name: file.name.clone(), content, storage: Storage::Plain, at: Some(file.at) };
        if reading.child(budget, child).is_err() {
            break;
        }
    }
    reading
}

fn header(bytes: &[u8], reading: &mut Reading) -> Option<(Vec<Folder>, Vec<File>, usize)> {
    let told = u32_le(bytes, 8)? as usize;
    if told != bytes.len() {
        let message = Message::new("cab.size-differs").number("told", i64::try_from(told).unwrap_or(i64::MAX));
        reading.odd_at(message.number("found", i64::try_from(bytes.len()).unwrap_or(i64::MAX)), 8);
    }
    let files_at = u32_le(bytes, 16)? as usize;
    let (folder_count, file_count) = (usize::from(u16_le(bytes, 26)?), usize::from(u16_le(bytes, 28)?));
    let flags = u16_le(bytes, 30)?;
    reading.know(NAMESPACE, "set", u32::from(u16_le(bytes, 32)?));
    reading.know(NAMESPACE, "part", u32::from(u16_le(bytes, 34)?));
    let (mut at, mut folder_reserved, mut data_reserved) = (36, 0, 0);
    if flags & 4 != 0 {
        let header_reserved = usize::from(u16_le(bytes, at)?);
        folder_reserved = usize::from(*bytes.get(at + 2)?);
        data_reserved = usize::from(*bytes.get(at + 3)?);
        at += 4 + header_reserved;
    }
    for (bit, name) in [(1, "previous"), (2, "next")] {
        if flags & bit != 0 {
            let cabinet = names::until_zero(bytes.get(at..)?);
            at += cabinet.len() + 1;
            let disk = names::until_zero(bytes.get(at..)?);
            at += disk.len() + 1;
            crate::gather::text(reading, NAMESPACE, name, names::decode(cabinet));
        }
    }
    let mut folders = Vec::new();
    let mut methods = Gathered::new(NAMES_MAX);
    for _ in 0..folder_count.min(FOLDERS_MAX) {
        let folder = slice(bytes, at, 8)?;
        let method = u16_le(folder, 6)?;
        methods.push(method_label(method));
        folders.push(Folder { at: u32_le(folder, 0)? as usize, blocks: usize::from(u16_le(folder, 4)?), method });
        at += 8 + folder_reserved;
    }
    reading.know(NAMESPACE, "folders", Value::unsigned(folder_count as u64));
    methods.state(reading, NAMESPACE, "methods");
    let files = files(bytes, files_at, file_count, reading);
    if file_count > FILES_MAX || folder_count > FOLDERS_MAX {
        reading.state(NAMESPACE, "entries", State::Limited(Limit::Entries), None);
    }
    Some((folders, files, data_reserved))
}

fn files(bytes: &[u8], mut at: usize, count: usize, reading: &mut Reading) -> Vec<File> {
    let (mut files, mut listed) = (Vec::new(), Gathered::new(NAMES_MAX));
    for _ in 0..count.min(FILES_MAX) {
        let Some(entry) = slice(bytes, at, 16) else { break };
        let raw = names::until_zero(&bytes[at + 16..]);
        let number = |from: usize| u64::from(u32_le(entry, from).unwrap_or(0));
        let (folder, attributes) = (u16_le(entry, 8).unwrap_or(0), u16_le(entry, 14).unwrap_or(0));
        let name = if attributes & 0x80 != 0 { String::from_utf8_lossy(raw).into_owned() } else { names::decode(raw) };
        names::look(reading, &name, at as u64);
        listed.push(name.as_str());
        files.push(File { name, at: at as u64, size: number(0), start: number(4), folder: usize::from(folder) });
        at += 16 + raw.len() + 1;
    }
    reading.know(NAMESPACE, "entries", Value::unsigned(count as u64));
    if files.len() < count.min(FILES_MAX) {
        reading.state(NAMESPACE, "entries", State::Failed(damaged()), Some(at as u64));
    }
    listed.state(reading, NAMESPACE, "names");
    reading.know(NAMESPACE, "unpacked_bytes", Value::unsigned(files.iter().map(|file| file.size).sum()));
    files
}

fn method_label(method: u16) -> &'static str {
    match method & 15 {
        0 => "none",
        1 => "mszip",
        2 => "quantum",
        3 => "lzx",
        _ => "unknown",
    }
}

fn read_folder(
    bytes: &[u8],
    folder: &Folder,
    files: &[&File],
    reserved: usize,
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let label = method_label(folder.method);
    let mut blocks = Blocks::new(bytes, folder, reserved);
    let mut at = 0;
    for file in files {
        let content = match &mut blocks {
            None => Content::Failed(unknown_method(label)),
            // Its bytes begin before those that were given already.
            Some(_) if file.start < at => Content::Failed(Message::new("cab.overlapping-files")),
            Some(blocks) => {
                if file.start > at {
                    let skipped = io::copy(&mut blocks.by_ref().take(file.start - at), &mut io::sink()).unwrap_or(0);
                    budget.expand(usize::try_from(skipped).unwrap_or(usize::MAX))?;
                }
                at = file.start;
                let packed = usize::try_from(file.size).unwrap_or(usize::MAX);
                budget.pass(packed.min(bytes.len()))?;
                let unpacked = unpack_up_to(blocks.by_ref().take(file.size), 0, file.size, budget);
                at += file.size;
                match unpacked {
                    Unpacked::Whole(bytes) if (bytes.len() as u64) < file.size => Unpacked::Broken(bytes),
                    other => other,
                }
                .content()
            }
        };
        let ended = if let Content::Limited(limit) = content { Some(limit) } else { None };
        let storage = if label == "none" { Storage::Plain } else { Storage::Packed(label) };
        reading.child(budget, Child { name: file.name.clone(), content, storage, at: Some(file.at) })?;
        if let Some(limit) = ended {
            return Err(limit);
        }
    }
    Ok(())
}

/// The blocks of a folder as one stream.
struct Blocks<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
    reserved: usize,
    method: Method,
    block: Vec<u8>,
    given: usize,
}

enum Method {
    Plain,
    /// The last bytes, to which the next block may refer.
    MsZip(Vec<u8>),
    Lzx(Box<Lzxd>),
}

impl<'a> Blocks<'a> {
    fn new(bytes: &'a [u8], folder: &Folder, reserved: usize) -> Option<Self> {
        let method = match folder.method & 15 {
            0 => Method::Plain,
            1 => Method::MsZip(Vec::new()),
            3 => Method::Lzx(Box::new(Lzxd::new(match folder.method >> 8 & 31 {
                15 => WindowSize::KB32,
                16 => WindowSize::KB64,
                17 => WindowSize::KB128,
                18 => WindowSize::KB256,
                19 => WindowSize::KB512,
                20 => WindowSize::MB1,
                21 => WindowSize::MB2,
                _ => return None,
            }))),
            _ => return None,
        };
        Some(Blocks { bytes, at: folder.at, left: folder.blocks, reserved, method, block: Vec::new(), given: 0 })
    }

    fn next(&mut self) -> io::Result<bool> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let head = slice(self.bytes, self.at, 8).ok_or_else(broken)?;
        let packed = usize::from(u16_le(head, 4).unwrap_or(0));
        let size = usize::from(u16_le(head, 6).unwrap_or(0));
        let data = slice(self.bytes, self.at + 8 + self.reserved, packed).ok_or_else(broken)?;
        if size > BLOCK_BYTES {
            return Err(broken());
        }
        self.at += 8 + self.reserved + packed;
        self.given = 0;
        self.block = match &mut self.method {
            Method::Plain => data.to_vec(),
            Method::MsZip(before) => {
                let block = ms_zip(data, before).ok_or_else(broken)?;
                if block.len() != size {
                    return Err(broken());
                }
                before.extend_from_slice(&block);
                let surplus = before.len().saturating_sub(BLOCK_BYTES);
                before.drain(..surplus);
                block
            }
            Method::Lzx(decoder) => decoder.decompress_next(data, size).map_err(|_| broken())?.to_vec(),
        };
        Ok(true)
    }
}

/// One block: deflate that may refer to what came before it, which is put in front of it as a block that is kept plain.
fn ms_zip(data: &[u8], before: &[u8]) -> Option<Vec<u8>> {
    let data = data.strip_prefix(b"CK")?;
    let mut input = Vec::with_capacity(before.len() + data.len() + 10);
    let (front, back) = before.split_at(before.len() / 2);
    for piece in [front, back].into_iter().filter(|piece| !piece.is_empty()) {
        let length = u16::try_from(piece.len()).ok()?;
        input.push(0);
        input.extend(length.to_le_bytes());
        input.extend((!length).to_le_bytes());
        input.extend_from_slice(piece);
    }
    input.extend_from_slice(data);
    let mut out = Vec::new();
    inflate(&input).take((before.len() + BLOCK_BYTES + 1) as u64).read_to_end(&mut out).ok()?;
    Some(out.split_off(before.len()))
}

impl Read for Blocks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.block.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let rest = &self.block[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, shared, told, tree};
    use expect_test::expect;

    #[test]
    fn real_cabinets_come_apart() {
        for (name, expected) in [
            (
                "license_lzx15.cab",
                expect![[r#"
                x | cab 4400
                  LICENSE | txt 11357 | lzx
                cab.set = 4660
                cab.part = 0
                cab.folders = 1
                cab.methods = ["lzx"]
                cab.entries = 1
                cab.names = ["LICENSE"]
                cab.unpacked_bytes = 11357
            "#]],
            ),
            (
                "license_lzx18.cab",
                expect![[r#"
                x | cab 4402
                  LICENSE | txt 11357 | lzx
                cab.set = 4660
                cab.part = 0
                cab.folders = 1
                cab.methods = ["lzx"]
                cab.entries = 1
                cab.names = ["LICENSE"]
                cab.unpacked_bytes = 11357
            "#]],
            ),
            (
                "big_mszip.cab",
                expect![[r#"
                x | cab 12687
                  BIG.TXT | txt 90856 | mszip
                cab.set = 0
                cab.part = 0
                cab.folders = 1
                cab.methods = ["mszip"]
                cab.entries = 1
                cab.names = ["BIG.TXT"]
                cab.unpacked_bytes = 90856
            "#]],
            ),
        ] {
            let Some(bytes) = shared(name) else { return };
            let part = apart(&bytes);
            expected.assert_eq(&(tree(&part) + &told(&part, "cab")));
            assert!(part.is_complete());
            assert!(!apart(&bytes[..bytes.len() - 40]).is_complete());
        }
    }
}
