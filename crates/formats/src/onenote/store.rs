//! The store of revisions (MS-ONESTORE, section 2): files are found by the identifier in front of each, and their names by the
//! lists of nodes that lead to them.

use super::{NAMESPACE, Pages, properties};
use crate::budget::Budget;
use crate::bytes::{has, slice, u8_at, u16_le, u32_le, u64_le};
use crate::limits::Limit;
use crate::names::utf16;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::State;
use std::collections::HashMap;

/// In front of every embedded file (section 2.6.13).
pub const FILE: [u8; 16] =
    [0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac];
/// The identifier, the size, and twelve bytes that are not used.
const HEADER_BYTES: usize = 36;
/// In front of every piece of a list of nodes (section 2.4.1), and what stands behind it: two numbers.
pub const LIST: [u8; 8] = [0xc4, 0xf4, 0xf7, 0xf5, 0xb1, 0x7a, 0x56, 0xa4];
const LIST_HEADER_BYTES: usize = 16;
/// Pieces of lists in one notebook.
const LISTS_MAX: usize = 100_000;

/// Takes the files out of a store.
pub fn read(bytes: &[u8], pages: &mut Pages, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    budget.pass(bytes.len())?;
    let names = names(bytes, pages, budget);
    if let Err(limit) = names {
        reading.state(NAMESPACE, "texts", State::Limited(limit), None);
    }
    files(bytes, &names.unwrap_or_default(), pages, budget, reading)
}

fn files(
    bytes: &[u8],
    names: &HashMap<usize, String>,
    pages: &mut Pages,
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memmem::find(rest, &FILE)).map(|at| from + at) {
        let name = pages.file(names.get(&at).map(String::as_str))?;
        let start = at + HEADER_BYTES;
        let size = u64_le(bytes, at + 16).and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let end = start.saturating_add(size);
        let content = if end <= bytes.len() {
            Content::Range(start..end)
        } else {
            let there = bytes.get(start..).unwrap_or_default();
            budget.expand(there.len())?;
            Content::Partial(there.to_vec(), damaged())
        };
        // One that lies inside of another is that other's business.
        from = if end <= bytes.len() { end } else { start.min(bytes.len()) };
        reading.child(budget, Child { name, content, storage: Storage::Plain, at: Some(start as u64) })?;
    }
    Ok(())
}

/// What the lists of nodes lead to.
#[derive(Default)]
struct Nodes {
    /// Containers of files by their numbers: the identifier of the file, and its extension.
    containers: HashMap<u32, (String, String)>,
    /// Where files stand, by their identifiers.
    places: HashMap<String, usize>,
    /// Names of files by the numbers of their containers.
    names: HashMap<u32, String>,
}

/// Names of files by where these stand.
fn names(bytes: &[u8], pages: &mut Pages, budget: &mut Budget) -> Result<HashMap<usize, String>, Limit> {
    let mut nodes = Nodes::default();
    for (number, at) in memchr::memmem::find_iter(bytes, &LIST).enumerate() {
        if number >= LISTS_MAX {
            return Err(Limit::Entries);
        }
        let mut at = at + LIST_HEADER_BYTES;
        while let Some(length) = nodes.node(bytes, at, pages, budget)? {
            at += length;
        }
    }
    let Nodes { containers, places, names } = nodes;
    let named = containers.into_iter().filter_map(|(number, (id, extension))| {
        Some((*places.get(&id)?, names.get(&number).cloned().unwrap_or(extension)))
    });
    Ok(named.collect())
}

impl Nodes {
    /// Reads one node (section 2.4.3), and gives its length; none at the end of a piece.
    fn node(
        &mut self,
        bytes: &[u8],
        at: usize,
        pages: &mut Pages,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Limit> {
        budget.step(1)?;
        let Some(head) = u32_le(bytes, at) else { return Ok(None) };
        let (id, length) = (head & 0x3ff, (head >> 10 & 0x1fff) as usize);
        let Some(node) = slice(bytes, at, length).filter(|_| length >= 4) else { return Ok(None) };
        match id {
            // The end of the piece, and filling.
            0 | 0xff => return Ok(None),
            0x2d | 0x2e | 0x41 | 0x42 | 0xa4 | 0xa5 | 0xc4 | 0xc5 => {
                if let Some((start, size, _)) = place(node, head)
                    && let Some(set) = slice(bytes, start, size)
                {
                    self.object(set, pages, budget)?;
                }
            }
            0x72 | 0x73 => {
                self.container(node, if id == 0x72 { 13 } else { 16 });
            }
            0x94 => {
                if let Some((start, _, behind)) = place(node, head)
                    && let Some(id) = slice(node, behind, 16)
                    && has(bytes, start, &FILE)
                {
                    self.places.insert(spelled(id), start);
                }
            }
            _ => {}
        }
        Ok(Some(length))
    }

    fn object(&mut self, set: &[u8], pages: &mut Pages, budget: &mut Budget) -> Result<(), Limit> {
        budget.pass(set.len())?;
        let Some((objects, at)) = properties::references(set) else { return Ok(()) };
        let named = properties::read(&set[at..], pages, budget)?;
        if let Some(number) =
            named.container.and_then(|container| objects.get(container)).filter(|_| !named.name.is_empty())
        {
            self.names.insert(*number, named.name);
        }
        Ok(())
    }

    /// A container of a file (section 2.5.27): `<ifndf>{…}` is one that this notebook has.
    fn container(&mut self, node: &[u8], texts_at: usize) -> Option<()> {
        let number = u32_le(node, 4)?;
        let letters = |at: usize| slice(node, at + 4, u32_le(node, at)? as usize * 2);
        let id = letters(texts_at)?;
        let extension = utf16(letters(texts_at + 4 + id.len())?);
        let id = utf16(id).strip_prefix("<ifndf>")?.trim_matches(['{', '}']).to_ascii_lowercase();
        self.containers.insert(number, (id, extension));
        Some(())
    }
}

/// Where what a node leads to stands and how long it is, and where the node goes on (section 2.4.2).
fn place(node: &[u8], head: u32) -> Option<(usize, usize, usize)> {
    let number = |at: usize, width: usize| match width {
        1 => u8_at(node, at).map(u64::from),
        2 => u16_le(node, at).map(u64::from),
        4 => u32_le(node, at).map(u64::from),
        _ => u64_le(node, at),
    };
    // The shorter ones count in steps of eight bytes.
    let (place_bytes, place_step) = [(8, 1), (4, 1), (2, 8), (4, 8)][(head >> 23 & 3) as usize];
    let (size_bytes, size_step) = [(4, 1), (8, 1), (1, 8), (2, 8)][(head >> 25 & 3) as usize];
    let start = number(4, place_bytes)?.checked_mul(place_step)?;
    let size = number(4 + place_bytes, size_bytes)?.checked_mul(size_step)?;
    Some((usize::try_from(start).ok()?, usize::try_from(size).ok()?, 4 + place_bytes + size_bytes))
}

/// An identifier as it is spelled in texts.
fn spelled(id: &[u8]) -> String {
    id.first_chunk().map(crate::ole::class_text).unwrap_or_default()
}
