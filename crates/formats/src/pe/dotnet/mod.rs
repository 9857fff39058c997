//! Programs of .NET: the header of the runtime, and from its metadata what the assembly is and uses (ECMA-335, part II).

mod metadata;
mod tables;

use self::metadata::Metadata;
use self::tables::{Row, Table, Tables};
use super::image::{DOTNET, Image};
use super::tables::guid;
use super::{facts, oddities};
use crate::bytes::{slice, u16_le, u32_le};
use crate::exe::{hex, list};
use crate::{Child, Content, Limit, Reading, Storage};
use md5::Digest as _;
use std::collections::BTreeSet;

const LIST_MAX: usize = 4_096;
const CHILDREN_MAX: usize = 256;
/// Attributes that are searched for those of the assembly.
const ATTRIBUTES_MAX: u32 = 1 << 16;

const FLAGS: &[(u32, &str)] = &[
    (0x0000_0001, "il-only"),
    (0x0000_0002, "32-bit-required"),
    (0x0000_0004, "il-library"),
    (0x0000_0008, "strong-name-signed"),
    (0x0000_0010, "native-entry"),
    (0x0001_0000, "track-debug-data"),
    (0x0002_0000, "32-bit-preferred"),
];

/// Tells what .NET says of the program.
pub fn read(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(DOTNET) else {
        facts::DOTNET.known(reading, false);
        return;
    };
    facts::DOTNET.known(reading, true);
    let header = image.at(directory.address, 72).unwrap_or_default();
    let field = |at| u32_le(header, at).unwrap_or(0);
    facts::DOTNET_FLAGS.known(reading, list(field(16), FLAGS));
    let bytes = image.from(field(8));
    let Some(metadata) = Metadata::read(bytes) else {
        oddities::METADATA_BROKEN.note(reading);
        facts::DOTNET_RUNTIME.failed(reading, oddities::METADATA_BROKEN.message());
        return;
    };
    facts::DOTNET_RUNTIME.known(reading, metadata.runtime.as_str());
    facts::DOTNET_STREAMS.list(reading, metadata.names(), metadata.more);
    let Some(tables) = metadata.tables.and_then(Tables::read) else {
        oddities::METADATA_BROKEN.note(reading);
        return;
    };
    let of = Assembly { metadata: &metadata, tables: &tables };
    of.module(reading);
    of.assembly(reading);
    of.references(reading);
    of.native_calls(reading);
    of.attributes(reading);
    of.resources(image, field(24), reading);
    facts::DOTNET_TYPES_COUNT.known(reading, tables.rows(Table::TypeDef));
    facts::DOTNET_METHODS_COUNT.known(reading, tables.rows(Table::MethodDef));
}

/// The metadata and its tables.
struct Assembly<'m> {
    metadata: &'m Metadata<'m>,
    tables: &'m Tables<'m>,
}

impl<'m> Assembly<'m> {
    fn first(&self, table: Table) -> Option<Row<'m>> {
        self.tables.row(table, 1)
    }

    fn module(&self, reading: &mut Reading) {
        let Some(row) = self.first(Table::Module) else { return };
        facts::DOTNET_MODULE.known(reading, self.metadata.string(row.index(1)));
        facts::DOTNET_MVID.maybe(reading, self.metadata.guid(row.index(2)).map(guid));
    }

    fn assembly(&self, reading: &mut Reading) {
        let Some(row) = self.first(Table::Assembly) else {
            facts::DOTNET_ASSEMBLY.absent(reading);
            return;
        };
        facts::DOTNET_ASSEMBLY.known(reading, self.metadata.string(row.index(7)));
        let version: Vec<_> = (1..5).map(|column| row.index(column).to_string()).collect();
        facts::DOTNET_VERSION.known(reading, version.join("."));
        let culture = self.metadata.string(row.index(8));
        facts::DOTNET_CULTURE.known(reading, if culture.is_empty() { "neutral".to_owned() } else { culture });
        let key = self.metadata.blob(row.index(6)).filter(|key| !key.is_empty());
        facts::DOTNET_TOKEN.maybe(reading, key.map(token));
    }

    fn references(&self, reading: &mut Reading) {
        let rows = self.tables.rows(Table::AssemblyRef);
        let text = |row: Row| {
            let version: Vec<_> = (0..4).map(|column| row.index(column).to_string()).collect();
            let key = self.metadata.blob(row.index(5)).unwrap_or_default();
            // A flag says that the whole key is there in place of its token.
            let token = if row.index(4) & 1 == 1 { token(key) } else { hex(crate::bytes::head(key, 8)) };
            let token = if token.is_empty() { "-".to_owned() } else { token };
            format!("{} {} {token}", self.metadata.string(row.index(6)), version.join("."))
        };
        let texts = self.rows(Table::AssemblyRef).take(LIST_MAX).map(text).collect();
        facts::DOTNET_REFERENCES.list(reading, texts, rows as usize > LIST_MAX);
    }

    fn native_calls(&self, reading: &mut Reading) {
        let text = |row: Row| {
            let library = self.tables.row(Table::ModuleRef, row.index(3)).map(|row| self.metadata.string(row.index(0)));
            format!("{}!{}", library.unwrap_or_default(), self.metadata.string(row.index(2)))
        };
        let more = self.tables.rows(Table::ImplMap) as usize > LIST_MAX;
        facts::DOTNET_NATIVE_CALLS.list(
            reading,
            self.rows(Table::ImplMap).take(LIST_MAX).map(text).collect::<BTreeSet<_>>().into_iter().collect(),
            more,
        );
    }

    /// What is said of the assembly itself, by the name of the attribute's type.
    fn attributes(&self, reading: &mut Reading) {
        let (mut typelib, mut framework) = (None, None);
        for row in self.rows(Table::CustomAttribute).take(ATTRIBUTES_MAX as usize) {
            // Tag 14 is an assembly, and there is one.
            if row.index(0) != 1 << 5 | 14 {
                continue;
            }
            let place = match self.attribute_name(row.index(1)).as_deref() {
                Some("GuidAttribute") => &mut typelib,
                Some("TargetFrameworkAttribute") => &mut framework,
                _ => continue,
            };
            *place = self.metadata.blob(row.index(2)).and_then(attribute_text);
        }
        facts::DOTNET_TYPELIB.maybe(reading, typelib);
        facts::DOTNET_FRAMEWORK.maybe(reading, framework);
    }

    /// An attribute is named by its constructor: one of another assembly, whose parent is a type there.
    fn attribute_name(&self, constructor: u32) -> Option<String> {
        let member = (constructor & 7 == 3).then(|| self.tables.row(Table::MemberRef, constructor >> 3))??;
        let parent = member.index(0);
        let class = (parent & 7 == 1).then(|| self.tables.row(Table::TypeRef, parent >> 3))??;
        Some(self.metadata.string(class.index(1)))
    }

    fn resources(&self, image: &Image, address: u32, reading: &mut Reading) {
        for (number, row) in self.rows(Table::ManifestResource).enumerate() {
            // Others lie in files beside this one.
            if row.index(3) != 0 || address == 0 {
                continue;
            }
            let name = self.metadata.string(row.index(2));
            let place = address.checked_add(row.index(0)).and_then(|at| {
                let bytes = image.u32(at)? as usize;
                let start = image.offset(at)?.checked_add(4)?;
                image.bytes.get(start..start.checked_add(bytes)?).map(|_| start..start + bytes)
            });
            let at = place.as_ref().map(|place| place.start as u64);
            let content = match place {
                _ if number >= CHILDREN_MAX => Content::Limited(Limit::Children),
                Some(place) => Content::Range(place),
                None => Content::Failed(oddities::RESOURCE_OUTSIDE.message().with("resource", &name)),
            };
            reading.children.push(Child { name, content, storage: Storage::Plain, at });
            if number >= CHILDREN_MAX {
                break;
            }
        }
    }

    fn rows(&self, table: Table) -> impl Iterator<Item = Row<'m>> {
        (1..=self.tables.rows(table)).map_while(move |number| self.tables.row(table, number))
    }
}

/// The last eight bytes of the SHA-1 of a key, the last one first.
fn token(key: &[u8]) -> String {
    let digest = sha1::Sha1::digest(key);
    hex(&digest.iter().rev().take(8).copied().collect::<Vec<_>>())
}

/// The first text that an attribute was given: a mark of two bytes, a length, and the letters.
fn attribute_text(blob: &[u8]) -> Option<String> {
    if u16_le(blob, 0)? != 1 {
        return None;
    }
    let (length, at) = metadata::compressed(blob, 2)?;
    slice(blob, at, length).map(crate::exe::spelled)
}
