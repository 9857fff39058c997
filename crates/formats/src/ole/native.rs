//! Packages of OLE 1 (MS-OLEDS): a file that was put into a document as an icon, with the name and paths it had.

use super::properties::decode;
use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::vector::vectors;

vectors! { "ole1":
    "labels" texts "Names that packages show.";
    "paths" texts "Paths that files of packages had on the machine where they were packed.";
    "classes" texts "Classes of embedded objects.";
}

/// Labels and paths that are kept.
const TEXTS_MAX: usize = 200;
/// Letters of a label or path.
const TEXT_BYTES_MAX: usize = 4096;

/// A file in a package.
pub struct Package<'a> {
    pub label: String,
    pub source: String,
    pub temporary: String,
    pub data: &'a [u8],
    /// It says it has more than is there.
    pub cut: bool,
}

/// Reads the native data of a package, which begin with their size when they are a stream of their own.
pub fn package(bytes: &[u8]) -> Option<Package<'_>> {
    // A size in front is left out where the object around it has one.
    let mut at = if u16_le(bytes, 0)? == 2 && u16_le(bytes, 4)? != 2 { 2 } else { 6 };
    if u16_le(bytes, at - 2)? != 2 {
        return None;
    }
    let text = |at: &mut usize| {
        let rest = bytes.get(*at..)?;
        let text = &rest[..memchr::memchr(0, &rest[..rest.len().min(TEXT_BYTES_MAX)])?];
        *at += text.len() + 1;
        Some(names::decode(text))
    };
    let label = text(&mut at)?;
    let source = text(&mut at)?;
    // Two numbers whose meaning is not written down, the second three when a file is embedded.
    at += 4;
    let length = u32_le(bytes, at)? as usize;
    let temporary = decode(names::until_zero(slice(bytes, at + 4, length.min(TEXT_BYTES_MAX))?), 1252);
    at = at.checked_add(4)?.checked_add(length)?;
    let size = u32_le(bytes, at)? as usize;
    let rest = bytes.get(at + 4..)?;
    let cut = size > rest.len();
    Some(Package { label, source, temporary, data: &rest[..size.min(rest.len())], cut })
}

/// An object of OLE 1 (MS-OLEDS, 2.2.5): its class and its native data.
pub struct Object<'a> {
    pub class: String,
    pub linked: bool,
    pub topic: String,
    pub data: &'a [u8],
    pub cut: bool,
}

/// Reads an object as RTF and old documents embed it.
pub fn object(bytes: &[u8]) -> Option<Object<'_>> {
    let format = u32_le(bytes, 4)?;
    let mut at = 8;
    let text = |at: &mut usize| {
        let length = u32_le(bytes, *at)? as usize;
        let text = slice(bytes, *at + 4, length.min(TEXT_BYTES_MAX))?;
        *at = at.checked_add(4)?.checked_add(length)?;
        Some(names::decode(names::until_zero(text)))
    };
    let class = text(&mut at)?;
    let topic = text(&mut at).unwrap_or_default();
    let _item = text(&mut at);
    let rest = bytes.get(at..)?;
    let size = u32_le(rest, 0).unwrap_or(0) as usize;
    let data = rest.get(4..).unwrap_or_default();
    let cut = size > data.len();
    Some(Object { class, linked: format == 1, topic, data: &data[..size.min(data.len())], cut })
}

/// What packages say, gathered over a file.
pub struct Said {
    labels: Gathered,
    paths: Gathered,
    pub classes: Gathered,
}

impl Default for Said {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Said { labels: list(), paths: list(), classes: list() }
    }
}

impl Said {
    pub fn state(self, reading: &mut Reading) {
        self.labels.state(reading, NAMESPACE, "labels");
        self.paths.state(reading, NAMESPACE, "paths");
        self.classes.state(reading, NAMESPACE, "classes");
    }

    /// Keeps the file of a package as a part.
    ///
    /// # Errors
    /// When there are too many parts.
    pub fn keep(&mut self, package: &Package, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        self.labels.push(package.label.as_str());
        self.paths.push(package.source.as_str());
        self.paths.push(package.temporary.as_str());
        let content = match budget.expand(package.data.len()) {
            Err(limit) => Content::Limited(limit),
            Ok(()) if package.cut => Content::Partial(package.data.to_vec(), crate::unpack::damaged()),
            Ok(()) => Content::Bytes(package.data.to_vec()),
        };
        let name = if package.label.is_empty() { &package.source } else { &package.label };
        reading.child(budget, Child { name: name.clone(), content, storage: Storage::Plain, at: None })
    }
}
