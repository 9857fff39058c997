//! The family of compound files (MS-CFB): what is built on them is told by the class of the root and by the names of the
//! streams right below it. Names further down are those of embedded objects and prove nothing.

use crate::bytes::{array, slice, u8_at, u16_le, u32_le};
use crate::kind::Kind;

/// Sectors of the directory that are walked; each has 4 or 32 entries.
const DIRECTORY_SECTORS_MAX: usize = 1024;
/// Sectors of the table of tables that are walked, for files above 6 MB.
const TABLE_SECTORS_MAX: usize = 1024;
/// Entries right below the root.
const CHILDREN_MAX: usize = 4096;

const ENTRY_BYTES: usize = 128;
const END_OF_CHAIN: u32 = 0xffff_fffa;

/// A compound file as far as its directory goes.
struct Compound<'a> {
    bytes: &'a [u8],
    sector_shift: u32,
    /// Offsets of the directory's sectors.
    directory: Vec<usize>,
}

/// One entry of the directory.
struct Entry {
    name: Vec<u16>,
    kind: u8,
    left: u32,
    right: u32,
    child: u32,
    class: [u8; 16],
    start: u32,
}

/// The kind of a compound file; one that is broken is still one.
pub fn identify(bytes: &[u8]) -> Option<Kind> {
    let compound = Compound::open(bytes);
    let Some(root) = compound.as_ref().and_then(|compound| compound.entry(0)) else { return Some(Kind::Ole) };
    let compound = compound?;
    let names = compound.names(root.child);
    let has = |name: &str| names.iter().any(|other| spelled(other, name));
    if let Some(kind) = by_name(&has) {
        return Some(if kind == Kind::Ole { by_class(&root.class).unwrap_or(kind) } else { kind });
    }
    if let Some(kind) = by_class(&root.class) {
        return Some(kind);
    }
    // Tables of an installer have names that are packed two letters into one, behind a letter of their own.
    if names.iter().any(|name| name.first() == Some(&0x4840)) {
        return Some(Kind::Msi);
    }
    if has("FileHeader") && compound.begins(&names, "FileHeader", b"HWP Document File") {
        return Some(Kind::Hwp);
    }
    Some(Kind::Ole)
}

fn spelled(name: &[u16], text: &str) -> bool {
    name.iter().copied().eq(text.encode_utf16())
}

/// What the streams right below the root say.
fn by_name(has: &dyn Fn(&str) -> bool) -> Option<Kind> {
    if has("EncryptedPackage") && has("EncryptionInfo") {
        return Some(Kind::OoxmlEncrypted);
    }
    if has("__properties_version1.0") || has("__nameid_version1.0") {
        return Some(Kind::Msg);
    }
    const STREAMS: &[(&str, Kind)] = &[
        ("WordDocument", Kind::Doc),
        ("PowerPoint Document", Kind::Ppt),
        ("PP40", Kind::Ppt),
        ("PP97_DUALSTORAGE", Kind::Ppt),
        ("Workbook", Kind::Xls),
        ("WORKBOOK", Kind::Xls),
        ("Book", Kind::Xls),
        ("BOOK", Kind::Xls),
        ("VisioDocument", Kind::Visio),
        ("Quill", Kind::Publisher),
        ("DestList", Kind::JumpList),
        ("MatOST", Kind::Works),
        ("WksSSWorkBook", Kind::Works),
        ("StarWriterDocument", Kind::StarOffice),
        ("StarCalcDocument", Kind::StarOffice),
        ("StarDrawDocument", Kind::StarOffice),
        ("StarDrawDocument3", Kind::StarOffice),
        ("StarMathDocument", Kind::StarOffice),
        ("StarChartDocument", Kind::StarOffice),
        ("Props9", Kind::Project),
        ("Props12", Kind::Project),
        ("Props14", Kind::Project),
        ("PerfectOffice_MAIN", Kind::WordPerfect),
    ];
    if let Some((_, kind)) = STREAMS.iter().find(|(name, _)| has(name)) {
        return Some(*kind);
    }
    if has("VBA") && (has("PROJECT") || has("PROJECTwm")) {
        return Some(Kind::VbaProject);
    }
    if has("Catalog") || has("256_1") {
        return Some(Kind::ThumbsDb);
    }
    if has("\u{1}Ole10Native") || has("Equation Native") {
        return Some(Kind::OleObject);
    }
    None
}

/// What the class of the root says: its bytes as they stand, the first three numbers with their low byte first.
fn by_class(class: &[u8; 16]) -> Option<Kind> {
    const OFFICE: &[u8] = &[0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
    let number = u32::from_le_bytes(*class.first_chunk()?);
    if class.ends_with(OFFICE) {
        return Some(match number {
            0x000c_1084 => Kind::Msi,
            0x000c_1086 => Kind::Msp,
            0x000c_1082 => Kind::Mst,
            0x0002_0900 | 0x0002_0901 | 0x0002_0906 | 0x0002_0907 => Kind::Doc,
            0x0002_0810 | 0x0002_0811 | 0x0002_0820 | 0x0002_0821 => Kind::Xls,
            0x0002_0d0b => Kind::Msg,
            0x0002_1a13 | 0x0002_1a14 => Kind::Visio,
            0x0002_1201 => Kind::Publisher,
            _ => return None,
        });
    }
    Some(match number {
        0x6481_8d10 | 0x6481_8d11 | 0xea7b_ae70 => Kind::Ppt,
        0x74b7_8f3a => Kind::Project,
        0x28cd_dbc2 => Kind::Works,
        _ => return None,
    })
}

impl<'a> Compound<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let sector_shift = match u16_le(bytes, 30)? {
            shift @ (7..=14) => u32::from(shift),
            // Broken on purpose or not: the version says which of the two usual sizes it has.
            _ => {
                if u16_le(bytes, 26)? == 4 {
                    12
                } else {
                    9
                }
            }
        };
        let mut compound = Compound { bytes, sector_shift, directory: Vec::new() };
        let mut sector = u32_le(bytes, 48)?;
        while sector < END_OF_CHAIN && compound.directory.len() < DIRECTORY_SECTORS_MAX {
            let at = compound.offset(sector)?;
            if at >= bytes.len() || compound.directory.contains(&at) {
                break;
            }
            compound.directory.push(at);
            match compound.next(sector) {
                Some(next) => sector = next,
                None => break,
            }
        }
        Some(compound)
    }

    fn sector_bytes(&self) -> usize {
        1 << self.sector_shift
    }

    /// Sectors are counted from behind the header, which has the size of one, and at least 512 bytes.
    fn offset(&self, sector: u32) -> Option<usize> {
        (sector as usize).checked_shl(self.sector_shift)?.checked_add(self.sector_bytes().max(512))
    }

    /// The sector that follows in a chain.
    fn next(&self, sector: u32) -> Option<u32> {
        let entries = self.sector_bytes() / 4;
        let table = self.table(sector as usize / entries)?;
        u32_le(self.bytes, self.offset(table)?.checked_add(sector as usize % entries * 4)?)
    }

    /// The sector of the allocation table with that number: 109 of them stand in the header, more in sectors of their own.
    fn table(&self, number: usize) -> Option<u32> {
        let Some(beyond) = number.checked_sub(109) else { return u32_le(self.bytes, 76 + number * 4) };
        let listed = self.sector_bytes() / 4 - 1;
        let mut sector = u32_le(self.bytes, 68)?;
        if beyond / listed > TABLE_SECTORS_MAX {
            return None;
        }
        for _ in 0..beyond / listed {
            sector = u32_le(self.bytes, self.offset(sector)? + listed * 4)?;
        }
        u32_le(self.bytes, self.offset(sector)? + beyond % listed * 4)
    }

    fn entry(&self, number: u32) -> Option<Entry> {
        let entries = self.sector_bytes() / ENTRY_BYTES;
        let sector = *self.directory.get(number as usize / entries)?;
        let entry = slice(self.bytes, sector + number as usize % entries * ENTRY_BYTES, ENTRY_BYTES)?;
        let length = usize::from(u16_le(entry, 64)?).clamp(2, 64) - 2;
        let name = entry.get(..length)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Some(Entry {
            name,
            kind: u8_at(entry, 66)?,
            left: u32_le(entry, 68)?,
            right: u32_le(entry, 72)?,
            child: u32_le(entry, 76)?,
            class: array(entry, 80)?,
            start: u32_le(entry, 116)?,
        })
    }

    /// Names right below the root. When its tree leads nowhere, all names count.
    fn names(&self, first: u32) -> Vec<Vec<u16>> {
        let (mut names, mut next) = (Vec::new(), vec![first]);
        let mut seen = std::collections::HashSet::new();
        while let Some(number) = next.pop() {
            if !seen.insert(number) || seen.len() > CHILDREN_MAX {
                continue;
            }
            let Some(entry) = self.entry(number) else { continue };
            if entry.kind == 1 || entry.kind == 2 {
                names.push(entry.name);
                next.extend([entry.left, entry.right]);
            }
        }
        if names.is_empty() {
            let used = (1..CHILDREN_MAX as u32).map_while(|number| self.entry(number));
            names = used.filter(|entry| matches!(entry.kind, 1 | 2)).map(|entry| entry.name).collect();
        }
        names
    }

    /// Whether a stream begins so; short ones lie inside the root's own stream, in pieces of 64 bytes.
    fn begins(&self, _names: &[Vec<u16>], name: &str, expected: &[u8]) -> bool {
        let entries = (1..CHILDREN_MAX as u32).map_while(|number| self.entry(number));
        let Some(stream) = entries.into_iter().find(|entry| spelled(&entry.name, name)) else { return false };
        let starts_at = |at: Option<usize>| at.is_some_and(|at| crate::bytes::has(self.bytes, at, expected));
        let mini = || self.mini_offset(stream.start);
        starts_at(self.offset(stream.start)) || starts_at(mini())
    }

    fn mini_offset(&self, sector: u32) -> Option<usize> {
        let at = (sector as usize).checked_mul(64)?;
        let mut holder = self.entry(0)?.start;
        for _ in 0..(at / self.sector_bytes()).min(DIRECTORY_SECTORS_MAX) {
            holder = self.next(holder)?;
        }
        self.offset(holder)?.checked_add(at % self.sector_bytes())
    }
}
