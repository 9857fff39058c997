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
const FILE_STATES: u32 = 1029;
const FILE_DIGESTS: u32 = 1035;
const FOLDER_NUMBERS: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const FOLDER_NAMES: u32 = 1118;
const DIGEST_ALGORITHM: u32 = 5011;

const CHAR: u32 = 1;
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRINGS: u32 = 8;

/// Of algorithms (RFC 4880, 9.4); a package that says none is older than the choice.
const MD5: u32 = 1;
const SHA256: u32 = 8;
/// It lies on the disk, and no other package's file does in its place.
const NORMAL: u8 = 0;
/// Characters of a path.
const PATH_BYTES_MAX: usize = 4096;

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

/// Hands over the files of a package that have a digest, which are those with something in them that lie on the disk as it
/// brought them, each with its path. None where it is no header, or says no name.
pub fn files(bytes: &[u8], take: &mut dyn FnMut(&str, &[u8], FileDigest)) -> Option<()> {
    let header = Header::new(bytes)?;
    let package = header.string(NAME).and_then(some)?;
    let (Some(names), Some(numbers)) = (header.strings(BASE_NAMES), header.words(FOLDER_NUMBERS)) else {
        return Some(());
    };
    let (Some(folders), Some(digests)) = (header.strings(FOLDER_NAMES), header.strings(FILE_DIGESTS)) else {
        return Some(());
    };
    let folders: Vec<&[u8]> = folders.collect();
    let is_sha256 = match header.number(DIGEST_ALGORITHM).unwrap_or(MD5) {
        MD5 => false,
        SHA256 => true,
        // A digest that cannot be made here vouches for nothing.
        _ => return Some(()),
    };
    let states = header.values(FILE_STATES, CHAR).unwrap_or_default().iter().map(Some).chain(std::iter::repeat(None));
    let mut path = Vec::new();
    for (((name, number), digest), state) in names.zip(numbers).zip(digests).zip(states) {
        let folder = usize::try_from(number).ok().and_then(|number| folders.get(number));
        let digest = FileDigest::read(digest, is_sha256);
        if let (Some(folder), Some(digest)) = (folder, digest)
            && state.is_none_or(|state| *state == NORMAL)
            && folder.len() + name.len() <= PATH_BYTES_MAX
        {
            path.clear();
            path.extend_from_slice(folder);
            path.extend_from_slice(name);
            take(&package, &path, digest);
        }
    }
    Some(())
}

/// What a file had in it when its package brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileDigest {
    Md5([u8; 16]),
    Sha256([u8; 32]),
}

impl FileDigest {
    /// Of hexadecimal digits; folders, links and what is made later have none.
    fn read(digits: &[u8], is_sha256: bool) -> Option<FileDigest> {
        if is_sha256 { bytes_of(digits).map(FileDigest::Sha256) } else { bytes_of(digits).map(FileDigest::Md5) }
    }
}

fn bytes_of<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    if digits.len() != N * 2 {
        return None;
    }
    for (byte, two) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = two.first_chunk::<2>()?;
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
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

    /// How many values a tag has, and the data from the first one on.
    fn tag(&self, tag: u32, kind: u32) -> Option<(usize, &'a [u8])> {
        let fits = |entry: &&[u8]| word(entry, 0) == Some(tag) && word(entry, 1) == Some(kind);
        let entry = self.index.chunks_exact(ENTRY_BYTES).find(fits)?;
        let (at, count) = (usize::try_from(word(entry, 2)?).ok()?, usize::try_from(word(entry, 3)?).ok()?);
        Some((count, self.data.get(at..)?))
    }

    /// Values of one byte.
    fn values(&self, tag: u32, kind: u32) -> Option<&'a [u8]> {
        let (count, data) = self.tag(tag, kind)?;
        data.get(..count)
    }

    fn string(&self, tag: u32) -> Option<&'a [u8]> {
        let (_, data) = self.tag(tag, STRING)?;
        data.get(..data.iter().position(|byte| *byte == 0)?)
    }

    fn strings(&self, tag: u32) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let (count, data) = self.tag(tag, STRINGS)?;
        Some(data.split(|byte| *byte == 0).take(count))
    }

    fn words(&self, tag: u32) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let (count, data) = self.tag(tag, INT32)?;
        Some((0..count).map_while(|at| word(data, at)))
    }

    fn number(&self, tag: u32) -> Option<u32> {
        word(self.tag(tag, INT32)?.1, 0)
    }
}

/// The word of four bytes at this place, counted in words.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at * 4..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}
