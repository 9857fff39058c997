//! The package of elements (MS-FSSHTTPB, section 2.2.1): objects with a header each, one inside of another. Every file that is
//! kept by itself is a part; objects with properties say how it is called.

use super::{NAMESPACE, Pages, properties};
use crate::budget::Budget;
use crate::bytes::{slice, u8_at, u16_le, u32_le, u64_le};
use crate::limits::Limit;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::State;
use std::collections::HashMap;

/// Behind four identifiers and four bytes.
const START: usize = 68;
/// Objects of one package.
const OBJECTS_MAX: usize = 1 << 20;

/// Kinds of objects that matter here (section 2.2.1.5.1).
const ELEMENT: u32 = 0x01;
const BLOB: u32 = 0x02;
const BLOB_DECLARATION: u32 = 0x05;
const OBJECT_DATA: u32 = 0x16;
const OBJECT_DECLARATION: u32 = 0x18;
const PACKAGE: u32 = 0x7a;

/// An identifier with a number in front, as its bytes.
type Id = Vec<u8>;

/// Takes the files out of a package.
pub fn read(bytes: &[u8], pages: &mut Pages, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    budget.pass(bytes.len())?;
    let mut walk = Walk { bytes, at: START, ..Walk::default() };
    walk.objects(pages, budget, reading)?;
    let Walk { blobs, blob_of, names, .. } = walk;
    // A blob is called as the object that refers to the one that it belongs to.
    let name_of: HashMap<&Id, &String> =
        names.iter().filter_map(|(object, name)| Some((blob_of.get(object)?, name))).collect();
    for (id, range) in &blobs {
        let name = pages.file(name_of.get(id).map(|name| name.as_str()))?;
        let at = Some(range.start as u64);
        reading.child(budget, Child { name, content: Content::Range(range.clone()), storage: Storage::Plain, at })?;
    }
    Ok(())
}

/// An object with its kind and its data, or the end of one that holds others.
enum Header<'a> {
    Object(u32, &'a [u8]),
    End(u32),
}

#[derive(Default)]
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The element that is read, and the objects that are declared in it, in their order.
    element: Id,
    declared: Vec<Id>,
    given: usize,
    blobs: Vec<(Id, std::ops::Range<usize>)>,
    /// Blobs by the objects that they belong to, and names by objects.
    blob_of: HashMap<Id, Id>,
    names: HashMap<Id, String>,
}

impl<'a> Walk<'a> {
    fn objects(&mut self, pages: &mut Pages, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        for number in 0.. {
            budget.step(1)?;
            if number >= OBJECTS_MAX {
                return Err(Limit::Steps);
            }
            let start = self.at;
            let Some(header) = self.header(number == 0) else {
                reading.state(NAMESPACE, "embedded", State::Failed(damaged()), Some(start as u64));
                return Ok(());
            };
            match header {
                Header::End(PACKAGE) => break,
                Header::End(_) => {}
                Header::Object(kind, data) => {
                    let at = self.at - data.len();
                    if self.object(kind, data, at, pages, budget)?.is_none() {
                        reading.state(NAMESPACE, "embedded", State::Failed(damaged()), Some(start as u64));
                    }
                }
            }
        }
        let behind = self.bytes.get(self.at..).unwrap_or_default();
        if behind.iter().any(|byte| *byte != 0) {
            reading.child(budget, Child::range("", self.at..self.bytes.len()))?;
        }
        Ok(())
    }

    /// What begins or ends here; none when it is neither.
    fn header(&mut self, first: bool) -> Option<Header<'a>> {
        let low = u8_at(self.bytes, self.at)?;
        let (kind, length) = match low & 3 {
            0 => {
                let head = u32::from(u16_le(self.bytes, self.at)?);
                self.at += 2;
                (head >> 3 & 0x3f, u64::from(head >> 9))
            }
            2 => {
                let head = u32_le(self.bytes, self.at)?;
                self.at += 4;
                let length = head >> 17;
                (head >> 3 & 0x3fff, if length == 0x7fff { self.compact()? } else { length.into() })
            }
            1 => {
                self.at += 1;
                return (!first).then_some(Header::End(u32::from(low >> 2)));
            }
            _ => {
                let kind = u16_le(self.bytes, self.at)? >> 2;
                self.at += 2;
                return (!first).then_some(Header::End(kind.into()));
            }
        };
        if kind == 0 || first && kind != PACKAGE {
            return None;
        }
        let data = slice(self.bytes, self.at, usize::try_from(length).ok()?)?;
        self.at += data.len();
        Some(Header::Object(kind, data))
    }

    /// Reads an object; none when it is damaged.
    fn object(
        &mut self,
        kind: u32,
        data: &'a [u8],
        at: usize,
        pages: &mut Pages,
        budget: &mut Budget,
    ) -> Result<Option<()>, Limit> {
        let mut fields = Fields { data, at: 0 };
        let read = |fields: &mut Fields| Some((fields.id()?, fields.id()?));
        match kind {
            ELEMENT => {
                let Some(id) = fields.id() else { return Ok(None) };
                self.element = id;
                self.declared.clear();
                self.given = 0;
            }
            OBJECT_DECLARATION => {
                let Some(id) = fields.id() else { return Ok(None) };
                self.declared.push(id);
            }
            BLOB_DECLARATION => {
                let Some((object, blob)) = read(&mut fields) else { return Ok(None) };
                self.blob_of.insert(object, blob);
            }
            BLOB => {
                let Some(length) = fields.item() else { return Ok(None) };
                let start = at + fields.at;
                self.blobs.push((self.element.clone(), start..start + length));
            }
            OBJECT_DATA => {
                let Some(objects) = fields.ids() else { return Ok(None) };
                let Some(length) = fields.skip_cells().and_then(|()| fields.item()) else { return Ok(None) };
                self.given += 1;
                let set = &data[fields.at..fields.at + length];
                return self.properties(set, &objects, at + fields.at, pages, budget).map(Some);
            }
            _ => {}
        }
        Ok(Some(()))
    }

    /// The data of an object: properties, or a file that stands in the object itself.
    fn properties(
        &mut self,
        set: &[u8],
        objects: &[Id],
        at: usize,
        pages: &mut Pages,
        budget: &mut Budget,
    ) -> Result<(), Limit> {
        budget.pass(set.len())?;
        let kind = crate::identify::identify(set).kind;
        if !kind.is_text() && !matches!(kind, crate::Kind::Data | crate::Kind::Empty) {
            let own = self.declared.get(self.given - 1).cloned().unwrap_or_default();
            self.blobs.push((own.clone(), at..at + set.len()));
            self.blob_of.insert(own.clone(), own);
            return Ok(());
        }
        let Some((_, start)) = properties::references(set) else { return Ok(()) };
        let named = properties::read(&set[start..], pages, budget)?;
        if let Some(object) = named.container.and_then(|container| objects.get(container)) {
            self.names.insert(object.clone(), named.name);
        }
        Ok(())
    }

    /// A number in one to nine bytes (section 2.2.1.1).
    fn compact(&mut self) -> Option<u64> {
        let mut fields = Fields { data: self.bytes, at: self.at };
        let number = fields.compact();
        self.at = fields.at;
        number
    }
}

/// Fields of an object, one behind the other.
struct Fields<'a> {
    data: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn compact(&mut self) -> Option<u64> {
        let first = u8_at(self.data, self.at)?;
        let extra = first.trailing_zeros() as usize;
        let (width, number) = match extra {
            // A zero stands for itself, and what has no room for a mark has it in a byte of its own.
            8 => (1, 0),
            7 => (9, u64_le(self.data, self.at + 1)?),
            extra => {
                let raw = slice(self.data, self.at, extra + 1)?;
                let number = raw.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
                (extra + 1, number >> (extra + 1))
            }
        };
        self.at += width;
        Some(number)
    }

    /// An identifier with a number (section 2.2.1.7).
    fn id(&mut self) -> Option<Id> {
        let first = u8_at(self.data, self.at)?;
        let width = match first {
            0 => 1,
            0x80 => 21,
            first if first & 7 == 4 => 17,
            first if first & 0x3f == 0x20 => 18,
            first if first & 0x7f == 0x40 => 19,
            _ => return None,
        };
        let id = slice(self.data, self.at, width)?.to_vec();
        self.at += width;
        Some(id)
    }

    fn ids(&mut self) -> Option<Vec<Id>> {
        let count = self.compact()?;
        // Each takes a byte at least, so that a count is no larger than what follows.
        (0..count).map(|_| self.id()).collect()
    }

    fn skip_cells(&mut self) -> Option<()> {
        let count = self.compact()?;
        (0..count).try_for_each(|_| self.id().and_then(|_| self.id()).map(|_| ()))
    }

    /// The length of bytes that begin where the fields stand now.
    fn item(&mut self) -> Option<usize> {
        let length = usize::try_from(self.compact()?).ok()?;
        slice(self.data, self.at, length).map(<[u8]>::len)
    }
}
