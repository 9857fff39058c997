//! Images of optical discs in UDF (ECMA-167, UDF 1.02 to 2.01): partitions, folders, and each file as a part. Discs that have
//! ISO 9660 as well may show other files there, which is why both trees are read.

use crate::budget::Budget;
use crate::bytes::{slice, u8_at, u16_le, u32_le, u64_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names::{self, decode};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;
use std::collections::HashSet;
use std::ops::Range;

vectors! { "udf":
    "volume" text "Name of the volume.";
    "revision" text "Revision of UDF that a reader must know.";
    "entries" integer "Files and folders.";
    "names" texts "Their paths.";
    "hidden" texts "Paths of files that are marked as hidden.";
    "deleted" texts "Paths of files that are marked as deleted and still listed.";
}

const SECTOR_BYTES: usize = 2048;
/// Where the anchor stands.
const ANCHOR_AT: usize = 256;
const DESCRIPTORS_MAX: usize = 64;
/// Files and folders of one image, folders in folders, bytes of one folder, pieces of one file.
const ENTRIES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 32;
const FOLDER_BYTES_MAX: usize = 4 << 20;
const EXTENTS_MAX: usize = 10_000;
const NAMES_MAX: usize = 1000;

/// What the descriptors of the volume say.
#[derive(Default)]
struct Volume {
    /// Where partitions begin, by their number.
    partitions: Vec<(u16, usize)>,
    /// Partitions as addresses refer to them.
    maps: Vec<u16>,
    block_bytes: usize,
    root_set: Option<Place>,
}

/// Where something begins: a block of a partition, and how many bytes it has.
#[derive(Clone, Copy)]
struct Place {
    bytes: usize,
    block: u32,
    map: u16,
}

fn place(bytes: &[u8], at: usize) -> Option<Place> {
    let length = u32_le(bytes, at)? & 0x3fff_ffff;
    Some(Place { bytes: length as usize, block: u32_le(bytes, at + 4)?, map: u16_le(bytes, at + 8)? })
}

/// Whether an image has such a file system.
pub fn is_there(bytes: &[u8]) -> bool {
    u16_le(bytes, ANCHOR_AT * SECTOR_BYTES) == Some(2)
}

/// Takes an image apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let volume = volume(bytes, &mut reading);
    let list = || Gathered::new(NAMES_MAX);
    let mut walk =
        Walk { bytes, volume, seen: HashSet::new(), entries: 0, names: list(), hidden: list(), deleted: list() };
    let root = walk.volume.root_set.and_then(|set| place(walk.block(set)?, 400));
    let ended = match root {
        Some(root) => walk.folder(root, "", 0, budget, &mut reading),
        None => {
            reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
            Ok(())
        }
    };
    if root.is_some() {
        reading.know(NAMESPACE, "entries", Value::unsigned(walk.entries as u64));
    }
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "entries", State::Limited(limit), None);
    }
    walk.names.state(&mut reading, NAMESPACE, "names");
    walk.hidden.state(&mut reading, NAMESPACE, "hidden");
    walk.deleted.state(&mut reading, NAMESPACE, "deleted");
    reading
}

fn volume(bytes: &[u8], reading: &mut Reading) -> Volume {
    let mut volume = Volume { block_bytes: SECTOR_BYTES, ..Volume::default() };
    let anchor = ANCHOR_AT * SECTOR_BYTES;
    let start = u32_le(bytes, anchor + 20).unwrap_or(0) as usize;
    let sectors = u32_le(bytes, anchor + 16).unwrap_or(0) as usize / SECTOR_BYTES;
    for number in 0..sectors.min(DESCRIPTORS_MAX) {
        let at = start.saturating_add(number).saturating_mul(SECTOR_BYTES);
        let Some(descriptor) = slice(bytes, at, SECTOR_BYTES) else { break };
        match u16_le(descriptor, 0) {
            Some(1) => text(reading, NAMESPACE, "volume", fixed(&descriptor[24..56])),
            Some(5) => {
                let number = u16_le(descriptor, 22).unwrap_or(0);
                volume.partitions.push((number, u32_le(descriptor, 188).unwrap_or(0) as usize));
            }
            Some(6) => logical(descriptor, &mut volume, reading),
            Some(8) => break,
            _ => {}
        }
    }
    volume
}

fn logical(descriptor: &[u8], volume: &mut Volume, reading: &mut Reading) {
    // Blocks are as large as sectors on discs; what says otherwise is believed within reason.
    volume.block_bytes = (u32_le(descriptor, 212).unwrap_or(0) as usize).clamp(512, 1 << 15);
    if let Some(revision) = u16_le(descriptor, 240) {
        text(reading, NAMESPACE, "revision", format!("{:x}.{:02x}", revision >> 8, revision & 0xff));
    }
    volume.root_set = place(descriptor, 248);
    let (count, mut at) = (u32_le(descriptor, 268).unwrap_or(0).min(16), 440);
    for _ in 0..count {
        let (Some(kind), Some(length)) = (u8_at(descriptor, at), u8_at(descriptor, at + 1)) else { break };
        if kind == 1 {
            volume.maps.push(u16_le(descriptor, at + 4).unwrap_or(0));
        } else {
            // Virtual, sparable and metadata partitions move blocks about; the first partition is the best guess.
            reading.odd(Message::new("udf.unusual-partition").number("type", i64::from(kind)));
            volume.maps.push(volume.partitions.first().map_or(0, |(number, _)| *number));
        }
        at += usize::from(length.max(1));
    }
}

/// Text in a field of a fixed size, whose last byte says how much of it is used.
fn fixed(field: &[u8]) -> String {
    let Some((length, field)) = field.split_last() else { return String::new() };
    letters(field.get(..usize::from(*length)).unwrap_or(field))
}

/// Text whose first byte says how many bits a letter has.
fn letters(raw: &[u8]) -> String {
    match raw.split_first() {
        Some((16, rest)) => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        Some((8, rest)) if rest.is_ascii() => decode(rest),
        Some((8, rest)) => rest.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::new(),
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    volume: Volume,
    seen: HashSet<usize>,
    entries: usize,
    names: Gathered,
    hidden: Gathered,
    deleted: Gathered,
}

/// A file or folder as its own entry tells it.
struct Node {
    is_folder: bool,
    size: usize,
    extents: Vec<Range<usize>>,
}

impl<'a> Walk<'a> {
    fn offset(&self, place: Place) -> Option<usize> {
        let number = self.volume.maps.get(usize::from(place.map))?;
        let (_, start) = self.volume.partitions.iter().find(|(other, _)| other == number)?;
        start.checked_mul(SECTOR_BYTES)?.checked_add((place.block as usize).checked_mul(self.volume.block_bytes)?)
    }

    fn block(&self, place: Place) -> Option<&'a [u8]> {
        slice(self.bytes, self.offset(place)?, self.volume.block_bytes)
    }

    fn node(&self, place: Place) -> Option<Node> {
        let start = self.offset(place)?;
        let entry = slice(self.bytes, start, self.volume.block_bytes)?;
        let fields = match u16_le(entry, 0)? {
            0x105 => 168,
            0x10a => 208,
            _ => return None,
        };
        let (skipped, length) = (u32_le(entry, fields)? as usize, u32_le(entry, fields + 4)? as usize);
        let at = (fields + 8).checked_add(skipped)?;
        let allocation = slice(entry, at, length)?;
        let size = usize::try_from(u64_le(entry, 56)?).ok()?;
        let extents = match u16_le(entry, 34)? & 7 {
            0 => self.extents(allocation, 8, place.map),
            1 => self.extents(allocation, 16, place.map),
            // The data stand in the entry itself.
            3 => std::iter::once(start + at..start + at + allocation.len()).collect(),
            _ => return None,
        };
        Some(Node { is_folder: u8_at(entry, 27)? == 4, size, extents })
    }

    /// Pieces of a file; short addresses are of the partition in which the entry is.
    fn extents(&self, allocation: &[u8], width: usize, map: u16) -> Vec<Range<usize>> {
        let pieces = allocation.chunks_exact(width).take(EXTENTS_MAX).map_while(|piece| {
            let raw = u32_le(piece, 0)?;
            let map = if width == 16 { u16_le(piece, 8)? } else { map };
            let place = Place { bytes: (raw & 0x3fff_ffff) as usize, block: u32_le(piece, 4)?, map };
            let start = self.offset(place)?;
            (place.bytes > 0).then(|| start..start.saturating_add(place.bytes))
        });
        pieces.collect()
    }

    /// The bytes of a node, at most so many.
    fn content(&self, node: &Node, most: usize, budget: &mut Budget) -> Content {
        let wanted = node.size.min(most);
        if wanted as u64 > budget.file_bytes() {
            return Content::Limited(Limit::FileBytes);
        }
        // Most files are one piece, which need not be copied.
        if let [only] = node.extents.as_slice() {
            let range = only.start..only.start.saturating_add(wanted).min(only.end);
            return match self.bytes.get(range.clone()) {
                Some(_) if range.len() == wanted => Content::Range(range),
                _ => Content::Failed(damaged()),
            };
        }
        let mut bytes = Vec::new();
        for extent in &node.extents {
            let piece = self.bytes.get(extent.clone()).unwrap_or_default();
            let piece = crate::bytes::head(piece, wanted - bytes.len());
            if let Err(limit) = budget.expand(piece.len()) {
                return Content::Limited(limit);
            }
            bytes.extend_from_slice(piece);
        }
        if bytes.len() < wanted { Content::Partial(bytes, damaged()) } else { Content::Bytes(bytes) }
    }

    fn folder(
        &mut self,
        at: Place,
        path: &str,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        let Some(node) = self.node(at).filter(|node| node.is_folder) else {
            reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
            reading.odd(Message::new("udf.folder-damaged").with("name", names::shown(path)));
            return Ok(());
        };
        let Some(place) = self.offset(at).filter(|place| self.seen.insert(*place)) else {
            reading.odd(Message::new("udf.folder-in-circle").with("name", names::shown(path)));
            return Ok(());
        };
        if depth > DEPTH_MAX {
            return Err(Limit::Depth);
        }
        if node.size > FOLDER_BYTES_MAX {
            reading.state(NAMESPACE, "entries", State::Limited(Limit::Entries), Some(place as u64));
        }
        let list = match self.content(&node, FOLDER_BYTES_MAX, budget) {
            Content::Range(range) => self.bytes.get(range).unwrap_or_default().to_vec(),
            Content::Bytes(bytes) => bytes,
            Content::Partial(bytes, why) => {
                reading.state(NAMESPACE, "entries", State::Failed(why), Some(place as u64));
                bytes
            }
            Content::Limited(limit) => return Err(limit),
            Content::Failed(why) => {
                reading.state(NAMESPACE, "entries", State::Failed(why), Some(place as u64));
                reading.odd_at(Message::new("udf.folder-damaged").with("name", names::shown(path)), place as u64);
                return Ok(());
            }
        };
        let mut at = 0;
        while let Some(next) = self.entry(&list, at, path, depth, budget, reading)? {
            at = next;
        }
        Ok(())
    }

    /// One entry of a folder; gives where the next one is.
    fn entry(
        &mut self,
        list: &[u8],
        at: usize,
        folder: &str,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<Option<usize>, Limit> {
        budget.step(1)?;
        let fields = (|| {
            let length = usize::from(u8_at(list, at + 19)?);
            let used = usize::from(u16_le(list, at + 36)?);
            let name = letters(slice(list, at + 38 + used, length)?);
            let is_entry = u16_le(list, at)? == 0x101;
            let behind = (at + 38 + used + length).next_multiple_of(4);
            is_entry.then_some((u8_at(list, at + 18)?, place(list, at + 20)?, name, behind))
        })();
        let Some((marks, node_at, name, behind)) = fields else {
            // One that is cut off where the list was cut is told of there.
            let more = list.get(at..).is_some_and(|rest| rest.iter().any(|byte| *byte != 0));
            if more && list.len() < FOLDER_BYTES_MAX {
                reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
            }
            return Ok(None);
        };
        // The folder above.
        if marks & 8 != 0 {
            return Ok(Some(behind));
        }
        self.entries += 1;
        if self.entries > ENTRIES_MAX {
            return Err(Limit::Entries);
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        self.names.push(path.as_str());
        let place = self.offset(node_at).unwrap_or(0) as u64;
        names::look(reading, &path, place);
        if marks & 1 != 0 {
            self.hidden.push(path.as_str());
        }
        if marks & 4 != 0 {
            self.deleted.push(path.as_str());
        }
        if marks & 2 != 0 {
            self.folder(node_at, &path, depth + 1, budget, reading)?;
            return Ok(Some(behind));
        }
        let content = match self.node(node_at) {
            Some(node) => self.content(&node, usize::MAX, budget),
            None => Content::Failed(damaged()),
        };
        reading.child(budget, Child { name: path, content, storage: Storage::Plain, at: Some(place) })?;
        Ok(Some(behind))
    }
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, told, tree};
    use expect_test::expect;

    fn put(image: &mut [u8], sector: usize, at: usize, bytes: &[u8]) {
        image[sector * 2048 + at..][..bytes.len()].copy_from_slice(bytes);
    }

    /// The entry of a file or folder whose data stand in it, or in pieces of a sector.
    fn node(image: &mut [u8], sector: usize, folder: bool, inside: Option<&[u8]>, pieces: &[(u32, u32)]) {
        let short: Vec<u8> =
            pieces.iter().flat_map(|(bytes, block)| [bytes.to_le_bytes(), block.to_le_bytes()]).flatten().collect();
        let allocation = inside.unwrap_or(&short);
        let size = inside.map_or(pieces.iter().map(|(bytes, _)| u64::from(*bytes)).sum(), |inside| inside.len() as u64);
        put(image, sector, 0, &[5, 1]);
        put(image, sector, 27, &[if folder { 4 } else { 5 }]);
        put(image, sector, 34, &[if inside.is_some() { 3 } else { 0 }]);
        put(image, sector, 56, &size.to_le_bytes());
        put(image, sector, 172, &(allocation.len() as u32).to_le_bytes());
        put(image, sector, 176, allocation);
    }

    fn entry(marks: u8, block: u32, name: &str) -> Vec<u8> {
        let name = [&[8][..], name.as_bytes()].concat();
        let mut entry = vec![0; 38];
        entry[..2].copy_from_slice(&[1, 1]);
        (entry[18], entry[19]) = (marks, name.len() as u8);
        entry[20..24].copy_from_slice(&2048_u32.to_le_bytes());
        entry[24..28].copy_from_slice(&block.to_le_bytes());
        entry.extend(name);
        entry.resize(entry.len().next_multiple_of(4), 0);
        entry
    }

    fn image() -> Vec<u8> {
        let mut image = vec![0; 280 * 2048];
        put(&mut image, 16, 1, b"BEA01");
        put(&mut image, 17, 1, b"NSR02");
        put(&mut image, 256, 0, &[2, 0]);
        put(&mut image, 256, 16, &[0, 0x20, 0, 0, 32]);
        put(&mut image, 32, 0, &[1, 0]);
        put(&mut image, 32, 24, b"\x08A volume");
        put(&mut image, 32, 55, &[9]);
        put(&mut image, 33, 0, &[5, 0]);
        put(&mut image, 33, 188, &260_u32.to_le_bytes());
        put(&mut image, 34, 0, &[6, 0]);
        put(&mut image, 34, 212, &2048_u32.to_le_bytes());
        put(&mut image, 34, 240, &[2, 1]);
        put(&mut image, 34, 248, &[0, 8]);
        put(&mut image, 34, 268, &[1]);
        put(&mut image, 34, 440, &[1, 6]);
        put(&mut image, 35, 0, &[8, 0]);
        // The set of files, its root, a folder with a file in two pieces, and one that leads back to the root.
        put(&mut image, 260, 400, &[0, 8, 0, 0, 1]);
        let root = [entry(8, 1, ""), entry(2, 2, "folder"), entry(1, 3, "a.txt"), entry(4, 9, "gone.txt")].concat();
        node(&mut image, 261, true, Some(&root), &[]);
        let folder = [entry(0, 4, "pieces.txt"), entry(2, 1, "circle")].concat();
        node(&mut image, 262, true, Some(&folder), &[]);
        node(&mut image, 263, false, Some(b"hello"), &[]);
        node(&mut image, 264, false, None, &[(2048, 5), (6, 7)]);
        put(&mut image, 265, 0, &[b'a'; 2048]);
        put(&mut image, 267, 0, b"behind");
        image
    }

    #[test]
    fn files_and_folders_are_found() {
        let part = apart(&image());
        expect![[r#"
            x | udf 573440
              ! udf.folder-in-circle name="folder/circle"
              folder/pieces.txt | txt 2054
              a.txt | txt 5
              gone.txt | - | failed: file.damaged
            udf.volume = "A volume"
            udf.revision = "1.02"
            udf.entries = 5
            udf.names = ["folder", "folder/pieces.txt", "folder/circle", "a.txt", "gone.txt"]
            udf.hidden = ["a.txt"]
            udf.deleted = ["gone.txt"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "udf")));
        let cut = &image()[..264 * 2048];
        expect![[r#"
            x | udf 540672
              ! udf.folder-in-circle name="folder/circle"
              folder/pieces.txt | - | failed: file.damaged
              a.txt | txt 5
              gone.txt | - | failed: file.damaged
        "#]]
        .assert_eq(&tree(&apart(cut)));
    }
}
