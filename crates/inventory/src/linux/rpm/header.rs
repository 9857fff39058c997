//! Headers of rpm (rpm.org, "RPM header format"): an index of sixteen bytes an entry, and the data behind it.

use super::{source_of, version_of};
use crate::linux::{Package, some};

/// Entries of one header; real ones have some hundred.
const ENTRIES_MAX: usize = 65_536;
const ENTRY_BYTES: usize = 16;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const ARCHITECTURE: u32 = 1022;
const SOURCE: u32 = 1044;

const INT32: u32 = 4;
const STRING: u32 = 6;

/// The package that a header of the database describes; none where it says no name or version.
pub fn package(bytes: &[u8]) -> Option<Package> {
    let header = Header::new(bytes)?;
    let text = |tag| header.string(tag).and_then(some);
    let name = text(NAME)?;
    Some(Package {
        version: version_of(header.number(EPOCH).unwrap_or(0), &text(VERSION)?, &text(RELEASE)?),
        architecture: text(ARCHITECTURE),
        source: text(SOURCE).and_then(|file| source_of(&file)).filter(|source| *source != name),
        vendor: text(VENDOR),
        manager: "rpm".to_owned(),
        name,
    })
}

struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn new(bytes: &'a [u8]) -> Option<Header<'a>> {
        let (counts, rest) = bytes.split_first_chunk::<8>()?;
        let entries = usize::try_from(word(counts, 0)?).ok().filter(|entries| *entries <= ENTRIES_MAX)?;
        let (index, data) = rest.split_at_checked(entries * ENTRY_BYTES)?;
        let data = data.get(..usize::try_from(word(counts, 1)?).ok()?)?;
        Some(Header { index, data })
    }

    /// The data from the first value of a tag on.
    fn values(&self, tag: u32, kind: u32) -> Option<&'a [u8]> {
        let fits = |entry: &&[u8]| word(entry, 0) == Some(tag) && word(entry, 1) == Some(kind);
        let entry = self.index.chunks_exact(ENTRY_BYTES).find(fits)?;
        self.data.get(usize::try_from(word(entry, 2)?).ok()?..)
    }

    fn string(&self, tag: u32) -> Option<&'a [u8]> {
        let data = self.values(tag, STRING)?;
        data.get(..data.iter().position(|byte| *byte == 0)?)
    }

    fn number(&self, tag: u32) -> Option<u32> {
        word(self.values(tag, INT32)?, 0)
    }
}

/// The word of four bytes at this place, counted in words.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at * 4..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}
