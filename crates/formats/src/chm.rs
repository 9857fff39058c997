//! Compiled help of Windows (ITSF): a directory of pages and other files, most of them packed together with LZX.

use crate::budget::Budget;
use crate::bytes::{has, slice, u8_at, u16_le, u32_le, u64_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names::{self, decode, until_zero};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, vectors};
use lzxd::{Lzxd, WindowSize};
use model::Message;
use std::ops::Range;

vectors! { "chm":
    "version" integer "Version of the container.";
    "language" integer "Language of the machine on which it was made, by its number.";
    "entries" integer "Files in the directory, with those of the format itself.";
    "names" texts "Names of files.";
    "title" text "Title.";
    "default_topic" text "Page that is shown first.";
    "compiler" text "Program that made it.";
    "programs" texts "Files in it that are programs, or scripts that do not belong to pages.";
}

/// Entries of the directory, and its chunks.
const ENTRIES_MAX: usize = 20_000;
const CHUNKS_MAX: usize = 20_000;
const NAMES_MAX: usize = 1000;
/// Bytes that one block unpacks to.
const BLOCK_BYTES: usize = 1 << 15;
const CONTENT: &str = "::DataSpace/Storage/MSCompressed/Content";
const CONTROL: &str = "::DataSpace/Storage/MSCompressed/ControlData";
const RESETS: &str =
    "::DataSpace/Storage/MSCompressed/Transform/{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable";
#[rustfmt::skip]
const PROGRAMS: &[&str] = &[
    "exe", "dll", "com", "scr", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "jse", "wsf", "wsh", "hta", "lnk", "ocx", "cpl", "jar", "msi",
];

/// One file of the directory.
struct Entry {
    name: String,
    section: u64,
    offset: u64,
    length: u64,
}

impl Entry {
    /// What belongs to the format and not to the help.
    fn is_internal(&self) -> bool {
        self.name.starts_with("::") || self.name.starts_with("/#") || self.name.starts_with("/$")
    }
}

/// Takes a help file apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let Some((directory, data)) = header(bytes, &mut reading) else {
        reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
        return reading;
    };
    match entries(bytes, directory, budget, &mut reading) {
        Ok(entries) => {
            let _ = parts(&Help { bytes, data, entries }, budget, &mut reading);
        }
        Err(limit) => reading.state(NAMESPACE, "entries", State::Limited(limit), None),
    }
    reading
}

/// Where the directory and the content begin.
fn header(bytes: &[u8], reading: &mut Reading) -> Option<(usize, usize)> {
    let version = u32_le(bytes, 4)?;
    reading.know_at(NAMESPACE, "version", version, 4);
    reading.know_at(NAMESPACE, "language", u32_le(bytes, 20)?, 20);
    let place = |at: usize| usize::try_from(u64_le(bytes, at)?).ok();
    let (directory, length) = (place(72)?, place(80)?);
    // Before version 3 the content follows the directory.
    let data = if version >= 3 { place(88)? } else { directory.checked_add(length)? };
    Some((directory, data))
}

/// A number in groups of seven bits, high ones first.
fn number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for _ in 0..9 {
        let byte = u8_at(bytes, *at)?;
        *at += 1;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn entries(bytes: &[u8], directory: usize, budget: &mut Budget, reading: &mut Reading) -> Result<Vec<Entry>, Limit> {
    let field = |at: usize| u32_le(bytes, directory.saturating_add(at)).unwrap_or(0) as usize;
    let (size, start, chunks) = (field(16), directory.saturating_add(field(8)), field(44));
    let mut entries = Vec::new();
    if !has(bytes, directory, b"ITSP") || size < 32 {
        reading.state(NAMESPACE, "entries", State::Failed(damaged()), None);
        return Ok(entries);
    }
    // All chunks in their order, not along the chain: those that are left out of it may hold something as well.
    for chunk in
        (0..chunks.min(CHUNKS_MAX)).filter_map(|chunk| slice(bytes, start.checked_add(chunk.checked_mul(size)?)?, size))
    {
        budget.step(1)?;
        if !chunk.starts_with(b"PMGL") {
            continue;
        }
        let end = size.saturating_sub(u32_le(chunk, 4).unwrap_or(0) as usize);
        let mut at = 20;
        while at < end {
            budget.step(1)?;
            let Some(entry) = entry(chunk, &mut at) else {
                reading.odd_at(Message::new("chm.directory-damaged"), start as u64);
                break;
            };
            if entries.len() >= ENTRIES_MAX {
                return Err(Limit::Entries);
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn entry(chunk: &[u8], at: &mut usize) -> Option<Entry> {
    let length = usize::try_from(number(chunk, at)?).ok()?;
    let name = decode(slice(chunk, *at, length)?);
    *at += length;
    Some(Entry { name, section: number(chunk, at)?, offset: number(chunk, at)?, length: number(chunk, at)? })
}

/// The directory and what it points into.
struct Help<'a> {
    bytes: &'a [u8],
    data: usize,
    entries: Vec<Entry>,
}

impl<'a> Help<'a> {
    /// The place of a file that is not packed.
    fn plain(&self, entry: &Entry) -> Option<Range<usize>> {
        let start = self.data.checked_add(usize::try_from(entry.offset).ok()?)?;
        let end = start.checked_add(usize::try_from(entry.length).ok()?)?;
        (end <= self.bytes.len()).then_some(start..end)
    }

    fn internal(&self, name: &str) -> Option<&'a [u8]> {
        let entry = self.entries.iter().find(|entry| entry.section == 0 && entry.name == name)?;
        self.bytes.get(self.plain(entry)?)
    }

    /// Everything that is packed, unpacked.
    fn packed(&self, budget: &mut Budget) -> Result<Option<Packed>, Limit> {
        let (Some(content), Some(control), Some(resets)) =
            (self.internal(CONTENT), self.internal(CONTROL), self.internal(RESETS))
        else {
            return Ok(None);
        };
        let scale = if u32_le(control, 8).unwrap_or(2) >= 2 { BLOCK_BYTES } else { 1 };
        let scaled = |at: usize| (u32_le(control, at).unwrap_or(0) as usize).saturating_mul(scale);
        let (interval, window) = ((scaled(12) / BLOCK_BYTES).max(1), scaled(16));
        let Some(window) = window_size(window) else { return Ok(None) };
        let total = u64_le(resets, 16).unwrap_or(0);
        if total > budget.file_bytes() {
            return Err(Limit::FileBytes);
        }
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let start = u32_le(resets, 12).unwrap_or(40) as usize;
        let place = |number: usize| usize::try_from(u64_le(resets, start.checked_add(number.checked_mul(8)?)?)?).ok();
        let mut packed = Packed { bytes: Vec::new(), damaged: Vec::new() };
        let mut decoder = Lzxd::new(window);
        let mut broken = false;
        for block in 0..total.div_ceil(BLOCK_BYTES) {
            let at = packed.bytes.len();
            let size = BLOCK_BYTES.min(total - at);
            if block % interval == 0 {
                (decoder, broken) = (Lzxd::new(window), false);
            }
            let Some(from) = place(block).filter(|from| *from < content.len()) else { break };
            let to = place(block + 1).unwrap_or(content.len()).min(content.len());
            budget.expand(size)?;
            let data = content.get(from..to).unwrap_or_default();
            match decoder.decompress_next(data, size) {
                Ok(unpacked) if !broken && unpacked.len() == size => packed.bytes.extend_from_slice(unpacked),
                _ => {
                    // What follows up to where the decoder begins anew refers to what is lost.
                    broken = true;
                    packed.bytes.resize(at + size, 0);
                    packed.damaged.push(at..at + size);
                }
            }
        }
        Ok(Some(packed))
    }
}

fn window_size(bytes: usize) -> Option<WindowSize> {
    Some(match bytes.checked_next_power_of_two()?.trailing_zeros() {
        15 => WindowSize::KB32,
        16 => WindowSize::KB64,
        17 => WindowSize::KB128,
        18 => WindowSize::KB256,
        19 => WindowSize::KB512,
        20 => WindowSize::MB1,
        21 => WindowSize::MB2,
        _ => return None,
    })
}

/// What was packed together.
struct Packed {
    bytes: Vec<u8>,
    /// Where it could not be unpacked.
    damaged: Vec<Range<usize>>,
}

impl Packed {
    fn content(&self, entry: &Entry, budget: &mut Budget) -> Content {
        let (Ok(start), Ok(length)) = (usize::try_from(entry.offset), usize::try_from(entry.length)) else {
            return Content::Failed(damaged());
        };
        let Some(piece) = start.checked_add(length).and_then(|end| self.bytes.get(start..end)) else {
            return Content::Failed(damaged());
        };
        // Entries may share their bytes.
        if let Err(limit) = budget.expand(piece.len()) {
            return Content::Limited(limit);
        }
        let lost = |range: &Range<usize>| range.start < start + length && start < range.end;
        match self.damaged.iter().find(|range| lost(range)) {
            None => Content::Bytes(piece.to_vec()),
            Some(range) if range.start <= start => Content::Failed(damaged()),
            Some(range) => Content::Partial(piece.get(..range.start - start).unwrap_or_default().to_vec(), damaged()),
        }
    }
}

fn parts(help: &Help, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    reading.know(NAMESPACE, "entries", u32::try_from(help.entries.len()).unwrap_or(u32::MAX));
    let (mut names, mut programs) = (Gathered::new(NAMES_MAX), Gathered::new(NAMES_MAX));
    for entry in help.entries.iter().filter(|entry| !entry.is_internal()) {
        names.push(entry.name.as_str());
        let extension = entry.name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        if extension.is_some_and(|extension| PROGRAMS.contains(&extension.as_str())) {
            programs.push(entry.name.as_str());
        }
    }
    let found: Vec<String> = programs.iter().take(5).map(names::shown).collect();
    if !found.is_empty() {
        reading.odd(Message::new("chm.programs").list("names", found));
    }
    names.state(reading, NAMESPACE, "names");
    programs.state(reading, NAMESPACE, "programs");
    if let Some(system) = help.internal("/#SYSTEM") {
        settings(system, reading);
    }
    let is_packed = help.entries.iter().any(|entry| entry.section == 1 && entry.length > 0);
    let packed = if is_packed { help.packed(budget) } else { Ok(None) };
    if let Err(limit) = packed {
        reading.state(NAMESPACE, "entries", State::Limited(limit), None);
    }
    for entry in help.entries.iter().filter(|entry| !entry.is_internal() && entry.length > 0) {
        let (content, storage) = match (entry.section, &packed) {
            (0, _) => (help.plain(entry).map_or_else(|| Content::Failed(damaged()), Content::Range), Storage::Plain),
            (1, Ok(Some(packed))) => (packed.content(entry, budget), Storage::Packed("lzx")),
            (1, Err(limit)) => (Content::Limited(*limit), Storage::Packed("lzx")),
            _ => (Content::Failed(damaged()), Storage::Packed("lzx")),
        };
        let name = entry.name.trim_start_matches('/');
        names::look(reading, name, help.data as u64);
        reading.child(budget, Child { name: name.to_owned(), content, storage, at: None })?;
    }
    Ok(())
}

/// Settings of the help: records of a number, a length and data.
fn settings(system: &[u8], reading: &mut Reading) {
    let mut at = 4;
    while let (Some(code), Some(length)) = (u16_le(system, at), u16_le(system, at + 2)) {
        let Some(data) = slice(system, at + 4, length.into()) else { return };
        let fact = match code {
            2 => Some("default_topic"),
            3 => Some("title"),
            9 => Some("compiler"),
            _ => None,
        };
        if let Some(fact) = fact {
            text(reading, NAMESPACE, fact, decode(until_zero(data)));
        }
        at += 4 + data.len();
    }
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, shared, told, tree};
    use expect_test::expect;

    #[test]
    fn a_real_help_file_comes_apart() {
        let Some(bytes) = shared("admin.chm") else { return };
        let part = apart(&bytes);
        assert!(part.is_complete(), "{}", tree(&part));
        let lines: Vec<String> = tree(&part).lines().take(8).map(str::to_owned).collect();
        expect![[r#"
            x | chm 49749
              admin.hhc | html 2441 | lzx
              admin.hhk | html 16755 | lzx
              html/_topic_not_found.htm | html 1254 | lzx
              html/adminadministeringnetframeworksecuritypolicy.htm | html 7044 | lzx
              html/adminapplicationconfigurationfiles.htm | html 3206 | lzx
              html/adminaspnetandxmlwebservices.htm | html 4894 | lzx
              html/admincodeaccesssecuritypolicytool.htm | html 2614 | lzx
            chm.version = 3
            chm.language = 1033
            chm.entries = 57
            chm.names = ["/", "/admin.hhc", "/admin.hhk", "/html/", "/html/_topic_not_found.htm", "/html/adminadministeringnetframeworksecuritypolicy.htm", "/html/adminapplicationconfigurationfiles.htm", "/html/adminaspnetandxmlwebservices.htm", "/html/admincodeaccesssecuritypolicytool.htm", "/html/admincomputerconfiguration.htm", "/html/adminconfiguringaspnetapplications.htm", "/html/adminnetframeworkadministratoroverview.htm", "/html/adminnetframeworkconfigurationfilesoverview.htm", "/html/adminnetframeworkconfigurationtool.htm", "/html/adminnetframeworkoverview.htm", "/html/adminsecurityconfigurationfiles.htm", "/html/adminwindowsforms.htm", "/html/filter1a.gif", "/html/filter1b.gif", "/html/filter1c.gif", "/html/requirements1a.gif", "/html/requirements1b.gif", "/html/requirements1c.gif", "/html/seealso1a.gif", "/html/seealso1b.gif", "/html/seealso1c.gif", "/html/vs70.js", "/html/vs70_5.css", "/html/vs70link.js"]
            chm.compiler = "HHA Version 4.74.8702"
            chm.default_topic = "html/adminnetframeworkadministratoroverview.htm"
            chm.title = ".NET Framework Administrator Overview"
        "#]].assert_eq(&(lines.join("\n") + "\n" + &told(&part, "chm")));
        let broken = [&bytes[..40_000], &[0x55; 64], &bytes[40_064..]].concat();
        let failed = tree(&apart(&broken)).matches("file.damaged").count();
        assert!(failed > 0 && failed < 20, "{}", tree(&apart(&broken)));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let Some(bytes) = shared("testChm_oom.chm") else { return };
        let part = apart(&bytes);
        let failed = |part: &&crate::Part| matches!(part.outcome, crate::Outcome::Failed(_));
        assert_eq!((part.children.len(), part.children.iter().filter(failed).count()), (106, 106));
    }
}
