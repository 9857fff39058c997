//! Images of optical discs (ISO 9660 and Joliet): the tree of folders, each file a part as it stands. A disc may have two trees,
//! and systems differ in which of them they show: what only the older one has is told as well.

use crate::budget::Budget;
use crate::bytes::{slice, u32_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;
use std::collections::HashSet;

vectors! { "iso":
    "volume" text "Name of the volume.";
    "publisher" text "Who published it.";
    "preparer" text "Who prepared it.";
    "application" text "Program that wrote it.";
    "joliet" flag "Whether it has long names.";
    "bootable" flag "Whether it has something to start a machine from.";
    "entries" integer "Files and folders.";
    "names" texts "Their paths.";
    "hidden" texts "Paths of files that are marked as hidden.";
}

const SECTOR_BYTES: usize = 2048;
/// The first descriptor, and how many are looked at.
const DESCRIPTORS_AT: usize = 16;
const DESCRIPTORS_MAX: usize = 64;
/// Files and folders of one image, folders in folders, bytes of one folder.
const ENTRIES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 32;
const FOLDER_BYTES_MAX: usize = 4 << 20;
/// Paths that are kept as a fact.
const NAMES_MAX: usize = 1000;

/// Takes an image apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let (mut primary, mut joliet, mut bootable) = (None, None, false);
    for number in 0..DESCRIPTORS_MAX {
        let Some(descriptor) = slice(bytes, (DESCRIPTORS_AT + number) * SECTOR_BYTES, SECTOR_BYTES) else { break };
        if &descriptor[1..6] != b"CD001" || descriptor[0] == 255 {
            break;
        }
        match descriptor[0] {
            0 => bootable = true,
            1 => primary = primary.or(Some(descriptor)),
            2 if matches!(&descriptor[88..91], b"%/@" | b"%/C" | b"%/E") => joliet = Some(descriptor),
            _ => {}
        }
    }
    reading.know(NAMESPACE, "joliet", joliet.is_some());
    reading.know(NAMESPACE, "bootable", bootable);
    let Some(descriptor) = joliet.or(primary) else {
        reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
        return reading;
    };
    let wide = joliet.is_some();
    for (range, name) in
        [(40..72, "volume"), (318..446, "publisher"), (446..574, "preparer"), (574..702, "application")]
    {
        text(&mut reading, NAMESPACE, name, decode(&descriptor[range], wide).trim_end());
    }
    let list = || Gathered::new(NAMES_MAX);
    let (seen, given) = (HashSet::new(), HashSet::new());
    let mut walk = Walk { bytes, wide, seen, given, again: false, entries: 0, names: list(), hidden: list() };
    let mut ended = walk.folder(&descriptor[156..190], "", 0, budget, &mut reading);
    if let Some(primary) = primary.filter(|_| wide && ended.is_ok()) {
        (walk.wide, walk.again) = (false, true);
        ended = walk.folder(&primary[156..190], "", 0, budget, &mut reading);
    }
    reading.know(NAMESPACE, "entries", Value::unsigned(walk.entries as u64));
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "entries", State::Limited(limit), None);
    }
    walk.names.state(&mut reading, NAMESPACE, "names");
    walk.hidden.state(&mut reading, NAMESPACE, "hidden");
    reading
}

fn decode(raw: &[u8], wide: bool) -> String {
    if wide {
        encoding_rs::UTF_16BE.decode_without_bom_handling(raw).0.trim_end_matches('\0').to_owned()
    } else {
        names::decode(names::until_zero(raw))
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    wide: bool,
    /// Folders by where they stand.
    seen: HashSet<u32>,
    /// Files by where they stand and how long they are, and whether those that are there are left out.
    given: HashSet<(u32, u32)>,
    again: bool,
    entries: usize,
    names: Gathered,
    hidden: Gathered,
}

impl Walk<'_> {
    fn folder(
        &mut self,
        record: &[u8],
        path: &str,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        let (Some(sector), Some(size)) = (u32_le(record, 2), u32_le(record, 10)) else { return Ok(()) };
        if depth > DEPTH_MAX {
            return Err(Limit::Depth);
        }
        if !self.seen.insert(sector) {
            if self.again && depth == 0 {
                return Ok(());
            }
            reading.odd(Message::new("iso.folder-in-circle").with("name", names::shown(path)));
            return Ok(());
        }
        let start = (sector as usize).saturating_mul(SECTOR_BYTES);
        let cut = size as usize > FOLDER_BYTES_MAX;
        let size = (size as usize).min(FOLDER_BYTES_MAX);
        let Some(records) = slice(self.bytes, start, size) else {
            reading.state(NAMESPACE, "entries", State::Failed(damaged()), Some(start as u64));
            return Ok(());
        };
        let mut at = 0;
        while let Some(length) = records.get(at).copied().map(usize::from) {
            if length == 0 {
                // Records do not go over the end of a sector.
                at = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
                continue;
            }
            let Some(record) = slice(records, at, length).filter(|record| record.len() >= 34) else {
                reading.state(NAMESPACE, "entries", State::Failed(damaged()), Some((start + at) as u64));
                break;
            };
            at += length;
            self.record(record, path, depth, budget, reading)?;
        }
        // The folders that follow are read all the same.
        if cut {
            reading.state(NAMESPACE, "entries", State::Limited(Limit::Entries), Some(start as u64));
        }
        Ok(())
    }

    fn record(
        &mut self,
        record: &[u8],
        path: &str,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        budget.step(1)?;
        let raw = record.get(33..33 + usize::from(record[32])).unwrap_or_default();
        if matches!(raw, [0] | [1]) {
            return Ok(());
        }
        let (flags, place) = (record[25], (u32_le(record, 2).unwrap_or(0), u32_le(record, 10).unwrap_or(0)));
        let is_folder = flags & 2 != 0;
        // Whatever stands there, the name of an empty file says nothing.
        let known = self.again && (is_folder || place.1 == 0 || self.given.contains(&place));
        if known && !is_folder {
            return Ok(());
        }
        self.entries += usize::from(!known);
        if self.entries > ENTRIES_MAX {
            return Err(Limit::Entries);
        }
        let name = decode(raw, self.wide);
        let name = name.split(';').next().unwrap_or_default().trim_end_matches('.');
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if !known {
            names::look(reading, &path, 0);
            self.names.push(path.as_str());
            if flags & 1 != 0 {
                self.hidden.push(path.as_str());
            }
        }
        if is_folder {
            return self.folder(record, &path, depth + 1, budget, reading);
        }
        self.given.insert(place);
        let (sector, size) = place;
        let start = (sector as usize).saturating_mul(SECTOR_BYTES);
        let end = start.saturating_add(size as usize);
        let content = if end <= self.bytes.len() {
            Content::Range(start..end)
        } else {
            let there = self.bytes.get(start..).unwrap_or_default();
            budget.expand(there.len())?;
            Content::Partial(there.to_vec(), damaged())
        };
        reading.child(budget, Child { name: path, content, storage: Storage::Plain, at: Some(start as u64) })
    }
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, told, tree};
    use expect_test::expect;

    /// A record of a folder: where, how long, flags and a name.
    fn record(sector: u32, size: u32, flags: u8, name: &[u8]) -> Vec<u8> {
        let mut record = vec![0; 33];
        record[2..6].copy_from_slice(&sector.to_le_bytes());
        record[10..14].copy_from_slice(&size.to_le_bytes());
        record[25] = flags;
        record[32] = name.len() as u8;
        record.extend(name);
        record.resize(record.len().max(34).next_multiple_of(2), 0);
        record[0] = record.len() as u8;
        record
    }

    #[test]
    fn an_image_gives_its_files_and_circles_end() {
        let mut bytes = vec![0; 2048 * 21];
        let mut put = |at: usize, data: &[u8]| bytes[at..at + data.len()].copy_from_slice(data);
        put(2048 * 16, b"\x01CD001\x01");
        put(2048 * 16 + 40, b"VOLUME");
        put(2048 * 16 + 156, &record(18, 2048, 2, &[0]));
        put(2048 * 17, b"\xffCD001\x01");
        let root = [
            record(18, 2048, 2, &[0]),
            record(18, 2048, 2, &[1]),
            record(19, 2048, 2, b"DIR"),
            record(20, 3, 1, b"A.TXT;1"),
        ]
        .concat();
        put(2048 * 18, &root);
        put(2048 * 19, &[record(18, 2048, 2, b"BACK"), record(900, 9, 0, b"GONE.;1")].concat());
        put(2048 * 20, b"abc");
        let part = apart(&bytes);
        expect![[r#"
            x | iso 43008
              ! iso.folder-in-circle name="DIR/BACK"
              DIR/GONE | empty 0 | partial: file.damaged
              A.TXT | txt 3
            iso.joliet = false
            iso.bootable = false
            iso.volume = "VOLUME"
            iso.entries = 4
            iso.names = ["DIR", "DIR/BACK", "DIR/GONE", "A.TXT"]
            iso.hidden = ["A.TXT"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "iso")));
    }

    /// Windows shows the tree with long names, others the one with short ones.
    #[test]
    fn what_only_one_of_two_trees_has_is_a_part() {
        let mut bytes = vec![0; 2048 * 23];
        let mut put = |at: usize, data: &[u8]| bytes[at..at + data.len()].copy_from_slice(data);
        put(2048 * 16, b"\x01CD001\x01");
        put(2048 * 16 + 156, &record(19, 2048, 2, &[0]));
        put(2048 * 17, b"\x02CD001\x01");
        put(2048 * 17 + 88, b"%/E");
        put(2048 * 17 + 156, &record(20, 2048, 2, &[0]));
        put(2048 * 18, b"\xffCD001\x01");
        put(2048 * 19, &[record(21, 3, 0, b"LONG.TXT;1"), record(22, 4, 0, b"SHORT.TXT;1")].concat());
        put(2048 * 20, &record(21, 3, 0, b"\0l\0o\0n\0g\0.\0t\0x\0t"));
        put(2048 * 21, b"abc");
        put(2048 * 22, b"abcd");
        let part = apart(&bytes);
        expect![[r#"
            x | iso 47104
              long.txt | txt 3
              SHORT.TXT | txt 4
            iso.joliet = true
            iso.bootable = false
            iso.entries = 2
            iso.names = ["long.txt", "SHORT.TXT"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "iso")));
    }
}
