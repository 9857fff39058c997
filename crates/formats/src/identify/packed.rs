//! Archives and packed streams with a short beginning: a second field must agree with the first.

use crate::bytes::{has, slice, u8_at, u16_le, u32_le};
use crate::kind::Kind;

/// ARJ: the size of a basic header, its own first size, and known numbers for version and system.
pub fn arj(bytes: &[u8]) -> Option<Kind> {
    let header = u16_le(bytes, 2)?;
    let first = u8_at(bytes, 4)?;
    ((1..=2600).contains(&header) && (20..=60).contains(&first) && u8_at(bytes, 7)? <= 11).then_some(Kind::Arj)
}

/// ARC: a method, then a name of at most 12 characters that ends with a zero, then a size.
pub fn arc(bytes: &[u8]) -> Option<Kind> {
    let method = u8_at(bytes, 1)?;
    let name = slice(bytes, 2, 13)?;
    let used = name.iter().position(|byte| *byte == 0)?;
    let printable = name[..used].iter().all(u8::is_ascii_graphic);
    let size = u32_le(bytes, 15)? as usize;
    ((1..=11).contains(&method) && used > 0 && printable && size <= bytes.len()).then_some(Kind::Arc)
}

pub fn zoo(bytes: &[u8]) -> Option<Kind> {
    has(bytes, 20, b"\xdc\xa7\xc4\xfd").then_some(Kind::Zoo)
}

/// LHA: the method between hyphens, at the third byte.
pub fn lha(bytes: &[u8]) -> Option<Kind> {
    let [b'-', b'l', family, method, b'-'] = slice(bytes, 2, 5)? else { return None };
    let known = match family {
        b'h' => matches!(method, b'0'..=b'9' | b'd' | b'x'),
        _ => matches!(method, b's' | b'4' | b'5'),
    };
    (known && u8_at(bytes, 20)? <= 3).then_some(Kind::Lha)
}

/// The old binary form of cpio: the size of a name, and a name that ends with a zero where it says.
pub fn cpio_binary(bytes: &[u8]) -> Option<Kind> {
    let swapped = u8_at(bytes, 0)? == 0x71;
    let number = u16_le(bytes, 20)?;
    let size = usize::from(if swapped { number.swap_bytes() } else { number });
    let name = slice(bytes, 26, size)?;
    ((2..1024).contains(&size) && name.last() == Some(&0)).then_some(Kind::Cpio)
}

/// An archive of Unix; Debian's packages are such, with `debian-binary` first.
pub fn ar(bytes: &[u8]) -> Option<Kind> {
    let debian = has(bytes, 8, b"debian-binary") || has(bytes, 8, b"debian-split");
    Some(if debian { Kind::Deb } else { Kind::Ar })
}

/// Electron's archive: sizes within sizes, then a header in JSON.
pub fn asar(bytes: &[u8]) -> Option<Kind> {
    has(bytes, 16, b"{\"files\":").then_some(Kind::Asar)
}

/// The bits of a code are 9 to 16, and two bits of the same byte are never used.
pub fn compress(bytes: &[u8]) -> Option<Kind> {
    let flags = u8_at(bytes, 2)?;
    ((9..=16).contains(&(flags & 0x1f)) && flags & 0x60 == 0).then_some(Kind::Compress)
}

/// The size before packing, in four bytes, and the depth of a tree.
pub fn pack(bytes: &[u8]) -> Option<Kind> {
    ((1..=24).contains(&u8_at(bytes, 6)?)).then_some(Kind::Pack)
}

/// The size of a block as a digit, and a block or the end.
pub fn bzip2(bytes: &[u8]) -> Option<Kind> {
    let block = has(bytes, 4, b"\x31\x41\x59\x26\x53\x59") || has(bytes, 4, b"\x17\x72\x45\x38\x50\x90");
    (matches!(u8_at(bytes, 3)?, b'1'..=b'9') && block).then_some(Kind::Bzip2)
}

/// LZMA alone has no magic: the usual properties, a dictionary of a usual size, and a size that is unknown or sane.
pub fn lzma(bytes: &[u8]) -> Option<Kind> {
    let dictionary = u32_le(bytes, 1)?;
    let usual = dictionary.is_power_of_two() || (dictionary / 3).is_power_of_two() || dictionary == u32::MAX;
    let size = crate::bytes::u64_le(bytes, 5)?;
    let sane = size == u64::MAX || size < 1 << 40;
    (usual && dictionary >= 0x1000 && sane && u8_at(bytes, 13)? == 0).then_some(Kind::Lzma)
}

/// A frame that decoders of Zstandard and of LZ4 skip (RFC 8878, section 3.1.2), by what follows it.
pub fn skippable(bytes: &[u8]) -> Option<Kind> {
    let behind = (u32_le(bytes, 4)? as usize).checked_add(8)?;
    let lz4 = has(bytes, behind, b"\x04\x22\x4d\x18");
    (u8_at(bytes, 0)? >> 4 == 5 && behind <= bytes.len()).then_some(if lz4 { Kind::Lz4 } else { Kind::Zstd })
}

pub fn lzip(bytes: &[u8]) -> Option<Kind> {
    (u8_at(bytes, 4)? <= 1).then_some(Kind::Lzip)
}

/// A stream of zlib (RFC 1950) has two bytes in front, so its beginning is unpacked to see whether it is one.
pub fn zlib(bytes: &[u8]) -> Option<Kind> {
    let mut unpacked = [0; 256];
    let mut stream = flate2::Decompress::new(true);
    let taken = &bytes[..bytes.len().min(4096)];
    let status = stream.decompress(taken, &mut unpacked, flate2::FlushDecompress::None).ok()?;
    let ended = status == flate2::Status::StreamEnd;
    (stream.total_out() >= 128 || ended && stream.total_out() > 0).then_some(Kind::Zlib)
}
