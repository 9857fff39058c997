//! The tables of the metadata (ECMA-335, sections II.22 and II.24.2.6). How wide a column is depends on how many rows
//! the tables have that it points into, so every table has to be known to find any.

use crate::bytes::{slice, u8_at, u16_le, u32_le, u64_le};

/// Tables that facts are taken from, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Module = 0x00,
    TypeRef = 0x01,
    TypeDef = 0x02,
    MethodDef = 0x06,
    MemberRef = 0x0a,
    CustomAttribute = 0x0c,
    ModuleRef = 0x1a,
    ImplMap = 0x1c,
    Assembly = 0x20,
    AssemblyRef = 0x23,
    ManifestResource = 0x28,
}

/// How wide a column is.
#[derive(Clone, Copy)]
enum Column {
    Two,
    Four,
    String,
    Guid,
    Blob,
    /// The number of a row.
    Row(usize),
    /// The number of a row with bits below it that say of which table.
    Coded(u32, &'static [usize]),
}

use Column::{Blob as B, Coded, Four as D, Guid as G, Row as R, String as S, Two as W};

const TYPE_DEF_OR_REF: Column = Coded(2, &[0x02, 0x01, 0x1b]);
const HAS_CONSTANT: Column = Coded(2, &[0x04, 0x08, 0x17]);
#[rustfmt::skip]
const HAS_ATTRIBUTE: Column = Coded(5, &[
    0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00, 0x0e, 0x17, 0x14, 0x11, 0x1a, 0x1b, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2a,
    0x2c, 0x2b,
]);
const HAS_MARSHAL: Column = Coded(1, &[0x04, 0x08]);
const HAS_SECURITY: Column = Coded(2, &[0x02, 0x06, 0x20]);
const MEMBER_PARENT: Column = Coded(3, &[0x02, 0x01, 0x1a, 0x06, 0x1b]);
const HAS_SEMANTICS: Column = Coded(1, &[0x14, 0x17]);
const METHOD_DEF_OR_REF: Column = Coded(1, &[0x06, 0x0a]);
const FORWARDED: Column = Coded(1, &[0x04, 0x06]);
const IMPLEMENTATION: Column = Coded(2, &[0x26, 0x23, 0x27]);
const ATTRIBUTE_TYPE: Column = Coded(3, &[0x06, 0x0a]);
const SCOPE: Column = Coded(2, &[0x00, 0x1a, 0x23, 0x01]);
const TYPE_OR_METHOD: Column = Coded(1, &[0x02, 0x06]);

/// Columns of each table, in the order of the tables' numbers.
#[rustfmt::skip]
const SCHEMA: [&[Column]; 0x2d] = [
    &[W, S, G, G, G],                                // 00 Module
    &[SCOPE, S, S],                                  // 01 TypeRef
    &[D, S, S, TYPE_DEF_OR_REF, R(0x04), R(0x06)],   // 02 TypeDef
    &[R(0x04)],                                      // 03 FieldPtr
    &[W, S, B],                                      // 04 Field
    &[R(0x06)],                                      // 05 MethodPtr
    &[D, W, W, S, B, R(0x08)],                       // 06 MethodDef
    &[R(0x08)],                                      // 07 ParamPtr
    &[W, W, S],                                      // 08 Param
    &[R(0x02), TYPE_DEF_OR_REF],                     // 09 InterfaceImpl
    &[MEMBER_PARENT, S, B],                          // 0a MemberRef
    &[W, HAS_CONSTANT, B],                           // 0b Constant
    &[HAS_ATTRIBUTE, ATTRIBUTE_TYPE, B],             // 0c CustomAttribute
    &[HAS_MARSHAL, B],                               // 0d FieldMarshal
    &[W, HAS_SECURITY, B],                           // 0e DeclSecurity
    &[W, D, R(0x02)],                                // 0f ClassLayout
    &[D, R(0x04)],                                   // 10 FieldLayout
    &[B],                                            // 11 StandAloneSig
    &[R(0x02), R(0x14)],                             // 12 EventMap
    &[R(0x14)],                                      // 13 EventPtr
    &[W, S, TYPE_DEF_OR_REF],                        // 14 Event
    &[R(0x02), R(0x17)],                             // 15 PropertyMap
    &[R(0x17)],                                      // 16 PropertyPtr
    &[W, S, B],                                      // 17 Property
    &[W, R(0x06), HAS_SEMANTICS],                    // 18 MethodSemantics
    &[R(0x02), METHOD_DEF_OR_REF, METHOD_DEF_OR_REF],// 19 MethodImpl
    &[S],                                            // 1a ModuleRef
    &[B],                                            // 1b TypeSpec
    &[W, FORWARDED, S, R(0x1a)],                     // 1c ImplMap
    &[D, R(0x04)],                                   // 1d FieldRVA
    &[D, D],                                         // 1e EncLog
    &[D],                                            // 1f EncMap
    &[D, W, W, W, W, D, B, S, S],                    // 20 Assembly
    &[D],                                            // 21 AssemblyProcessor
    &[D, D, D],                                      // 22 AssemblyOS
    &[W, W, W, W, D, B, S, S, B],                    // 23 AssemblyRef
    &[D, R(0x23)],                                   // 24 AssemblyRefProcessor
    &[D, D, D, R(0x23)],                             // 25 AssemblyRefOS
    &[D, S, B],                                      // 26 File
    &[D, D, S, S, IMPLEMENTATION],                   // 27 ExportedType
    &[D, D, S, IMPLEMENTATION],                      // 28 ManifestResource
    &[R(0x02), R(0x02)],                             // 29 NestedClass
    &[W, W, TYPE_OR_METHOD, S],                      // 2a GenericParam
    &[METHOD_DEF_OR_REF, B],                         // 2b MethodSpec
    &[R(0x2a), TYPE_DEF_OR_REF],                     // 2c GenericParamConstraint
];

/// Where each table is and how wide its columns are.
pub struct Tables<'a> {
    places: Vec<Place<'a>>,
}

#[derive(Default)]
struct Place<'a> {
    bytes: &'a [u8],
    rows: u32,
    widths: Vec<usize>,
}

/// One row of a table.
pub struct Row<'a> {
    bytes: &'a [u8],
    widths: &'a [usize],
}

impl<'a> Tables<'a> {
    pub fn read(stream: &'a [u8]) -> Option<Self> {
        let heaps = u8_at(stream, 6)?;
        let present = u64_le(stream, 8)?;
        let mut counts = [0_u32; 64];
        let mut at = 24;
        for (number, count) in counts.iter_mut().enumerate() {
            if present >> number & 1 == 1 {
                *count = u32_le(stream, at)?;
                at += 4;
            }
        }
        // A flag says that one more number stands here; obfuscators set it.
        if heaps & 0x40 != 0 {
            at += 4;
        }
        let mut places = Vec::with_capacity(SCHEMA.len());
        for (columns, rows) in SCHEMA.iter().zip(counts) {
            let widths: Vec<usize> = columns.iter().map(|column| column.bytes(heaps, &counts)).collect();
            let bytes = widths.iter().sum::<usize>().checked_mul(rows as usize)?;
            // The last table may be cut off; what is there can be read.
            let table = crate::bytes::head(stream.get(at..).unwrap_or_default(), bytes);
            places.push(Place { bytes: table, rows, widths });
            at = at.checked_add(bytes)?;
        }
        Some(Tables { places })
    }

    /// How many rows a table has, as it says.
    pub fn rows(&self, table: Table) -> u32 {
        self.places[table as usize].rows
    }
}

impl Tables<'_> {
    /// A row; they are counted from one.
    pub fn row<'t>(&'t self, table: Table, number: u32) -> Option<Row<'t>> {
        let place = &self.places[table as usize];
        let width = place.widths.iter().sum::<usize>();
        let number = number.checked_sub(1).filter(|number| *number < place.rows)? as usize;
        let bytes = slice(place.bytes, number.checked_mul(width)?, width)?;
        Some(Row { bytes, widths: &place.widths })
    }
}

impl Row<'_> {
    /// What stands in a column.
    pub fn index(&self, column: usize) -> u32 {
        let at: usize = self.widths.iter().take(column).sum();
        let number = match self.widths.get(column) {
            Some(2) => u16_le(self.bytes, at).map(u32::from),
            _ => u32_le(self.bytes, at),
        };
        number.unwrap_or(0)
    }
}

impl Column {
    fn bytes(self, heaps: u8, counts: &[u32; 64]) -> usize {
        let wide = match self {
            Column::Two => false,
            Column::Four => true,
            Column::String => heaps & 1 != 0,
            Column::Guid => heaps & 2 != 0,
            Column::Blob => heaps & 4 != 0,
            Column::Row(table) => counts[table] >= 1 << 16,
            Column::Coded(bits, tables) => tables.iter().any(|table| counts[*table] >= 1 << (16 - bits)),
        };
        if wide { 4 } else { 2 }
    }
}
